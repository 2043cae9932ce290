"""The parts of the demo's story: the telegram, the feed, the ports and the figures."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from jetapp.demo import figures, place, ports
from jetapp.demo.feed import DATA, FEED, LONG_FEED, Feed
from jetapp.demo.place import CARRIER
from jetapp.demo.telegram import OURS, fresh
from jetapp.sandbox.knobs import Knobs
from models.db import db, transaction
from models.disaster import CheckState, Recipient, SafetyCheck
from models.message import Message, MessageState
from models.participant import Channel, ContactState
from models.types import db_now, now
from notifications.channels.base import Outgoing
from notifications.channels.smtp_email import SmtpEmail
from notifications.channels.twilio_sms import TwilioSms
from notifications.jma import feed as poller
from notifications.jma import telegram as jma
from notifications.safety.rules import DEFAULT_RULES, decide
from notifications.settings import Settings
from tests.factories import make_organisation, make_participant
from tests.sandbox_process import AUTH_TOKEN, Sandbox, sandbox, sandbox_server  # noqa: F401 - fixtures

AT = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
RECORDED = Path(__file__).parents[2] / "data" / "jma" / "synthetic_tsunami_3_released_VTSE41.xml"


def test_our_telegram_says_that_it_is_invented_and_starts_a_check() -> None:
    telegram = jma.read(OURS.read_bytes(), OURS.name)
    assert "気象庁の発表ではありません" in telegram.headline
    decision = decide(telegram, DEFAULT_RULES)
    assert decision.action == "start"
    assert decision.unknown_codes == ()
    # Every log-in of the demo has something to look at.
    assert {"07209", "04100"} <= decision.severities.keys()


@pytest.mark.parametrize("file", [OURS, RECORDED], ids=["ours", "with two events"])
def test_all_times_move_together_and_the_event_becomes_a_new_one(file: Path) -> None:
    before = jma.read(file.read_bytes(), file.name)
    moved = fresh(file, AT)
    after = jma.read(moved.data, moved.name)
    by = AT - before.reported_at
    assert after.reported_at == moved.reported_at == AT
    assert len(after.event_ids) == len(before.event_ids)
    for old, new in zip(before.event_ids, after.event_ids, strict=True):
        form = "%Y%m%d%H%M%S"
        assert datetime.strptime(new, form) - datetime.strptime(old, form) == by  # noqa: DTZ007 - both Japanese
    assert after.facts == before.facts
    assert moved.name == f"20261121010203_0_{before.type}_010000.xml"


@pytest.fixture
def feed() -> Iterator[Feed]:
    served = Feed(0)
    yield served
    served.close()


def get(feed: Feed, path: str, **headers: str) -> tuple[int, bytes, str]:
    connection = HTTPConnection(urlsplit(feed.base).netloc)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.getheader("ETag", "")
    connection.close()
    return found


def test_the_poller_finds_the_telegram_in_the_feed(feed: Feed) -> None:
    assert poller.entries(get(feed, FEED)[1], feed.url) == []
    telegram = fresh(OURS, AT)
    feed.publish(telegram)
    for path in (FEED, LONG_FEED):
        assert poller.entries(get(feed, path)[1], feed.url) == [feed.base + DATA + telegram.name]
    assert get(feed, DATA + telegram.name)[:2] == (200, telegram.data)
    assert get(feed, DATA + "other.xml")[0] == 404


def test_an_unchanged_feed_is_not_sent_again(feed: Feed) -> None:
    status, _, etag = get(feed, FEED)
    assert status == 200
    assert get(feed, FEED, **{"If-None-Match": etag})[:2] == (304, b"")
    feed.publish(fresh(OURS, AT))
    assert get(feed, FEED, **{"If-None-Match": etag})[0] == 200
    assert feed.readings == 3


def test_a_port_that_is_taken_or_claimed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        monkeypatch.setattr(ports, "USUAL", {"web": number})
        first = ports.Ports()
        assert first["web"] != number
    monkeypatch.setattr(ports, "USUAL", {"web": first["web"]})
    second = ports.Ports()
    assert second["web"] != first["web"]
    first.close()
    third = ports.Ports()
    assert third["web"] == first["web"]
    second.close()
    third.close()


def test_secrets_stay_and_are_for_the_owner_only(tmp_path: Path) -> None:
    claimed = ports.Ports()
    made = [place.prepare(tmp_path, "unix:///x", ["http://feed"], claimed, 5.0) for _ in range(2)]
    claimed.close()
    assert made[0].settings == made[1].settings
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert made[0].write_settings().stat().st_mode & 0o077 == 0
    assert "--settings" in place.carrier_command(made[0])


def test_settings_of_another_installation_do_not_reach_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JETAPP_METRICS_TOKEN_FILE", "/elsewhere")
    monkeypatch.setenv("JETAPP_ENV", "production")
    claimed = ports.Ports()
    environment = place.prepare(tmp_path, "unix:///x", [], claimed, 5.0).environment()
    claimed.close()
    assert environment["JETAPP_ENV"] == "demo"
    assert "JETAPP_METRICS_TOKEN_FILE" not in environment


def test_the_carrier_knows_our_knobs() -> None:
    assert Knobs().changed(json.loads(json.dumps(CARRIER)))


@pytest.fixture
def asked(app: Flask, system: None) -> list[Recipient]:
    """Three people asked: with a phone, with a dead phone, with nothing."""
    with transaction() as session:
        check = SafetyCheck(key="k", title_en="Quake", state=CheckState.RUNNING, event_at=now())
        session.add(check)
        organisation = make_organisation("04100")
        people = [
            make_participant(organisation, work="04100", phones=phones, emails=0)
            for phones in (1, [("+819000000001", ContactState.DEAD)], 0)
        ]
        session.flush()
        rows = [
            Recipient(
                check_id=check.id,
                participant_id=person.id,
                organisation_id=organisation.id,
                host_id=organisation.host_id,
                prefecture_code="04",
                asked_at=now(),
                token=f"token{number:06d}",
            )
            for number, person in enumerate(people)
        ]
        session.add_all(rows)
    return rows


def write(recipient: Recipient, state: MessageState, *, final: bool, key: str = "a", **values: object) -> Message:
    with transaction() as session:
        given = {"channel": Channel.SMS, "address": "+819000000000", "body": "x", "mark": recipient.token, **values}
        row = Message(
            key=key,
            check_id=recipient.check_id,
            recipient_id=recipient.id,
            state=state,
            finished_at=db_now() if final else None,
            **given,
        )
        session.add(row)
    return row


def test_lost_are_people_without_a_final_message_and_messages_not_final(asked: list[Recipient]) -> None:
    since = now() - timedelta(minutes=1)
    assert figures.lost(db.engine, since) == 1, "who cannot be written to is not lost"
    row = write(asked[0], MessageState.PENDING, final=False)
    assert figures.lost(db.engine, since) == 2
    with transaction() as session:
        session.execute(sa.update(Message).where(Message.id == row.id).values(finished_at=db_now()))
    assert figures.lost(db.engine, since) == 0
    write(asked[0], MessageState.UNKNOWN, final=False, key="b")
    assert figures.lost(db.engine, since) == 1
    assert figures.lost(db.engine, now() + timedelta(minutes=1)) == 0


async def _send(carrier: Sandbox, row: Message, body: str) -> None:
    settings = Settings(
        twilio_account_sid=carrier.account_sid,
        twilio_auth_token=(AUTH_TOKEN,),
        twilio_api_base=carrier.http,
        twilio_sender=carrier.sender,
        smtp_url=carrier.smtp,
        mail_from="jet@jet.example",
    )
    channel = TwilioSms(settings, 1) if row.channel is Channel.SMS else SmtpEmail(settings, 1)
    outgoing = Outgoing(row.id, row.uuid, row.address, "Are you safe?", body, row.mark, 1, 0)
    async with channel:
        await channel.send(outgoing)


@pytest.mark.parametrize(("channel", "address"), [(Channel.SMS, "+819011112222"), (Channel.EMAIL, "Ann@demo.example")])
def test_duplicates_are_seen_at_the_carrier(
    asked: list[Recipient],
    sandbox: Sandbox,  # noqa: F811
    channel: Channel,
    address: str,
) -> None:
    since = now() - timedelta(minutes=1)
    body = f"Are you safe? http://127.0.0.1:8000/s/{asked[0].token}"
    first = write(asked[0], MessageState.SENT, final=True, channel=channel, address=address)
    reminder = {"purpose": "reminder", "wave": 1}
    second = write(asked[0], MessageState.SENT, final=True, key="b", channel=channel, address=address, **reminder)
    db.session.refresh(first)
    db.session.refresh(second)
    asyncio.run(_send(sandbox, first, body))
    asyncio.run(_send(sandbox, second, body))
    assert figures.duplicates(db.engine, sandbox.http, since) == 0, "a reminder repeats the mark on purpose"
    asyncio.run(_send(sandbox, first, body))
    assert figures.duplicates(db.engine, sandbox.http, since) == 1
