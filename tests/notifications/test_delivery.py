"""Draining against the real sandbox carrier: what leaves, what is stored, and what happens when sending goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from models.access import acting_as, system
from models.audit import AuditEntry
from models.db import db, system_connection, transaction
from models.message import Message, Sender
from models.participant import Channel
from models.types import db_now, now
from notifications import claims, delivery, outbox, reach
from notifications import settings as machine
from notifications.channels.base import Outgoing
from tests.notifications.carrier import (
    address,
    pass_time,
    rows,
    settings_for,
    states,
    use,
    write_messages,
)
from tests.sandbox_process import Sandbox


def settle(rounds: int = 8) -> None:
    """Drain and let time pass until nothing is open any more."""
    for _ in range(rounds):
        delivery.drain(20)
        if all(row.state.value in ("accepted", "sent", "delivered", "failed") for row in rows()):
            return
        pass_time(120)


def test_everything_due_is_sent_once_on_both_lanes(carrier: Sandbox) -> None:
    write_messages(30)
    write_messages(20, Channel.EMAIL)
    done = delivery.drain()
    assert done.accepted == 50
    stats = carrier.stats()
    assert (stats["accepted"], stats["mails"]["accepted"]) == (30, 20)
    assert stats["duplicates"] == {"by_reference": 0, "by_token": 0, "by_body": 0}
    assert states() == {"accepted": 30, "sent": 20}
    assert all(row.provider_id and row.attempts == 1 and row.claim_token == "" for row in rows())
    assert all((row.finished_at is not None) == (row.channel is Channel.EMAIL) for row in rows())


def test_a_message_written_twice_is_one_row(carrier: Sandbox) -> None:
    write_messages(3)
    write_messages(5)
    assert len(rows()) == 5
    delivery.drain()
    assert carrier.stats()["accepted"] == 5


def test_what_is_not_due_or_too_late_stays(carrier: Sandbox) -> None:
    write_messages(1, due_at=now() + timedelta(hours=1))
    write_messages(2, Channel.EMAIL, expires_at=now() - timedelta(seconds=5))
    delivery.drain()
    assert states() == {"pending": 1, "expired": 2}
    assert carrier.stats()["accepted"] == 0


def test_replies_go_before_questions_and_reminders(carrier: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, settings_for(carrier, send_in_flight=1))
    with acting_as(system("test")), transaction():
        outbox.write(
            [
                {"key": name, "channel": Channel.SMS, "address": address(i), "body": name, "priority": priority}
                for i, (name, priority) in enumerate([("reminder", 3), ("ask", 1), ("reply", 0)])
            ]
        )
    delivery.drain()
    assert [entry["body"] for entry in carrier.messages()] == ["reply", "ask", "reminder"]


def test_a_limit_of_rate_uses_up_no_attempt(carrier: Sandbox) -> None:
    carrier.set(share_429=0.5)
    write_messages(20)
    settle()
    assert states() == {"accepted": 20}
    assert {row.attempts for row in rows()} == {1}
    assert carrier.stats()["duplicates"]["by_token"] == 0


@pytest.mark.parametrize("fault", ["share_500_after", "share_close_after", "share_hang_after"])
def test_a_send_in_doubt_that_arrived_is_found_and_not_repeated(
    carrier: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    use(monkeypatch, settings_for(carrier, send_timeout_seconds=0.5))
    carrier.set(**{fault: 1.0})
    write_messages(4)
    done = delivery.drain()
    assert (done.accepted, done.in_doubt) == (0, 4)
    assert states() == {"unknown": 4}
    carrier.set(**{fault: 0.0})
    settle()
    stats = carrier.stats()
    assert stats["accepted"] == 4
    assert stats["duplicates"]["by_token"] == 0
    assert "unknown" not in states()


@pytest.mark.parametrize("fault", ["share_500_before", "share_close_before"])
def test_a_send_in_doubt_that_never_arrived_is_sent_after_two_look_ups(carrier: Sandbox, fault: str) -> None:
    carrier.set(**{fault: 1.0})
    write_messages(4)
    delivery.drain()
    assert states() == {"unknown": 4}
    carrier.set(**{fault: 0.0})
    delivery.drain()
    assert carrier.stats()["accepted"] == 0, "one look-up is not enough: the provider's list may lag"
    settle()
    assert carrier.stats()["accepted"] == 4
    assert {row.blind_resends for row in rows()} == {0}


def test_a_list_that_cannot_be_read_leads_to_one_more_send_and_never_two(carrier: Sandbox) -> None:
    carrier.set(share_500_before=1.0, share_list_429=1.0)
    write_messages(1)
    for _ in range(20):
        delivery.drain(20)
        pass_time(120)
    assert states() == {"failed": 1}
    (row,) = rows()
    assert (row.blind_resends, row.attempts) == (1, 2)


def test_no_connection_means_surely_not_sent(carrier: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, settings_for(carrier, twilio_api_base="http://127.0.0.1:9", smtp_url="smtp://127.0.0.1:9"))
    write_messages(2)
    write_messages(2, Channel.EMAIL)
    done = delivery.drain()
    assert done.put_back == 4
    assert states() == {"pending": 4}
    assert {row.attempts for row in rows()} == {0}


def test_a_refused_number_is_over_and_says_why(carrier: Sandbox) -> None:
    carrier.set(create_errors=[{"code": 21614, "to": address(1)}])
    write_messages(3)
    delivery.drain()
    refused = [row for row in rows() if row.state.value == "failed"]
    assert [(row.address, row.error_code) for row in refused] == [(address(1), "21614")]
    assert refused[0].reason == "The number cannot receive SMS"
    assert refused[0].finished_at is not None
    assert states() == {"accepted": 2, "failed": 1}


def test_wrong_credentials_stop_the_sender_and_lose_nothing(carrier: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, settings_for(carrier, twilio_auth_token=("wrong",)))
    write_messages(3)
    delivery.drain()
    assert states() == {"pending": 3}
    with acting_as(system("test")):
        sender = db.session.scalars(sa.select(Sender).where(Sender.channel == Channel.SMS)).one()
        assert sender.paused
        assert sender.paused_reason == "The provider refuses our sign-in"
        (entry,) = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.table_name == "sender"))
        assert (entry.by, entry.row_id) == ("system: delivery", str(sender.id))
        assert entry.changes["paused_reason"] == ["", "The provider refuses our sign-in"]
    use(monkeypatch, settings_for(carrier))
    pass_time(60)
    delivery.drain()
    assert states() == {"pending": 3}, "paused until an operator says otherwise"
    with system_connection(db.engine) as connection:
        connection.execute(sa.update(Sender.__table__).values(paused=False, slow_until=None))
    delivery.drain()
    assert states() == {"accepted": 3}


def test_mail_refusals_are_told_apart(carrier: Sandbox) -> None:
    carrier.set(
        smtp_errors=[{"code": 550, "to": address(0, Channel.EMAIL)}, {"code": 451, "to": address(1, Channel.EMAIL)}]
    )
    write_messages(3, Channel.EMAIL)
    delivery.drain()
    assert [row.state.value for row in rows()] == ["failed", "pending", "sent"]
    carrier.set(smtp_errors=[])
    with system_connection(db.engine) as connection:
        connection.execute(sa.update(Sender.__table__).values(slow_until=None))
    pass_time(120)
    delivery.drain()
    assert [row.state.value for row in rows()] == ["failed", "sent", "sent"]


def test_a_mail_that_cannot_be_written_is_refused_and_holds_up_nobody(carrier: Sandbox) -> None:
    write_messages(1, Channel.EMAIL, address="two\nlines@example.jp", key="broken")
    write_messages(1, Channel.EMAIL)
    delivery.drain()
    assert [(row.state.value, row.reason) for row in rows()] == [
        ("failed", "Our mail cannot be written to this address"),
        ("sent", ""),
    ]


def test_a_long_domain_of_ours_fits(carrier: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = ".".join(["a-very-long-name-of-a-department"] * 3) + ".example.jp"
    use(monkeypatch, settings_for(carrier, mail_from=f"JET <jet@{domain}>"))
    write_messages(1, Channel.EMAIL)
    delivery.drain()
    assert states() == {"sent": 1}
    assert rows()[0].provider_id == dict(carrier.mails()[0]["headers"])["Message-ID"]


def test_any_number_of_people_in_one_statement(app: Flask) -> None:
    with system_connection(db.engine) as connection:
        reach.refresh(connection, range(1, 70_001))


def test_a_mail_in_doubt_goes_once_more_under_the_same_name(carrier: Sandbox) -> None:
    carrier.set(share_smtp_drop_after=1.0)
    write_messages(1, Channel.EMAIL)
    delivery.drain()
    assert states() == {"unknown": 1}
    carrier.set(share_smtp_drop_after=0.0)
    settle()
    assert states() == {"sent": 1}
    names = [dict(mail["headers"])["Message-ID"] for mail in carrier.mails()]
    assert (len(names), len(set(names))) == (2, 1)
    assert rows()[0].blind_resends == 1


@pytest.mark.parametrize(("before", "state"), [(0, "sent"), (1, "sent"), (4, "sent"), (5, "failed")])
def test_a_mail_that_several_workers_took_with_them_still_leaves(carrier: Sandbox, before: int, state: str) -> None:
    (ident,) = write_messages(1, Channel.EMAIL)
    with system_connection(db.engine) as connection:
        claims.ensure_sender(connection, Channel.EMAIL, "x", 0)
        assert claims.claim(connection, Channel.EMAIL, 5, 8).messages
        message = Message.__table__
        connection.execute(sa.update(message).where(message.c.id == ident).values(blind_resends=before))
    pass_time(3600)
    settle()
    assert states() == {state: 1}
    assert rows()[0].blind_resends == min(before + 1, 5)
    assert carrier.stats()["mails"]["accepted"] == (state == "sent")


def test_a_claim_that_lost_its_lease_changes_nothing(carrier: Sandbox) -> None:
    (ident,) = write_messages(1)
    with system_connection(db.engine) as connection:
        claims.ensure_sender(connection, Channel.SMS, "x", 0)
        claim = claims.claim(connection, Channel.SMS, 5, 8)
    assert [m.id for m in claim.messages] == [ident]
    pass_time(3600)
    with system_connection(db.engine) as connection:
        assert claims.sweep(connection, 0)["in_doubt"] == 1
        claims.record_accepted(connection, [claims.Accepted(ident, claim.token, "SMlate")], final=False, address="x")
        claims.put_back(connection, claim.token, [ident], 0)
    (row,) = rows()
    assert (row.state.value, row.provider_id) == ("unknown", None)


def test_a_row_is_claimed_by_one_only(carrier: Sandbox) -> None:
    write_messages(10)
    seen: list[int] = []
    for _ in range(4):
        with system_connection(db.engine) as connection:
            claims.ensure_sender(connection, Channel.SMS, "x", 0)
            seen += [m.id for m in claims.claim(connection, Channel.SMS, 4, 60).messages]
    assert len(seen) == len(set(seen)) == 10


def test_the_rate_is_kept_in_segments_by_the_senders_clock(carrier: Sandbox) -> None:
    write_messages(40, segments=2)
    with system_connection(db.engine) as connection:
        claims.ensure_sender(connection, Channel.SMS, "x", 100.0)
        first = claims.claim(connection, Channel.SMS, 100, 60)
        second = claims.claim(connection, Channel.SMS, 100, 60)
        third = claims.claim(connection, Channel.SMS, 100, 60)
    assert [len(claim.messages) for claim in (first, second, third)] == [25, 0, 0]
    assert 0 < second.wait <= 0.5
    with system_connection(db.engine) as connection:
        ahead = connection.execute(
            sa.select(sa.literal(1)).where(Sender.__table__.c.next_free_at > db_now(0.2))
        ).first()
    assert ahead is not None


def test_outgoing_knows_how_long_it_is_of_use(carrier: Sandbox) -> None:
    write_messages(1, expires_at=now() + timedelta(minutes=10))
    with system_connection(db.engine) as connection:
        claims.ensure_sender(connection, Channel.SMS, "x", 0)
        (message,) = claims.claim(connection, Channel.SMS, 1, 60).messages
    assert isinstance(message, Outgoing)
    assert 590 <= message.valid_seconds <= 600


def test_a_channel_that_is_not_set_up_keeps_its_messages(carrier: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, replace(machine.current(), smtp_url=""))
    write_messages(2, Channel.EMAIL)
    assert delivery.drain().accepted == 0
    assert states() == {"pending": 2}


def test_what_waits_for_a_slot_is_given_back_when_the_time_is_up(carrier: Sandbox) -> None:
    write_messages(150)
    carrier.set(latency_ms=400)
    done = delivery.drain(budget=0.2)
    left = [row for row in rows() if row.state.value != "accepted"]
    assert done.unfinished
    assert carrier.stats()["accepted"] == 150 - len(left) == machine.current().send_in_flight
    assert {(row.state.value, row.attempts, row.claim_token) for row in left} == {("pending", 0, "")}
    carrier.set(latency_ms=0)
    delivery.drain()
    assert set(carrier.stats()["per_to"].values()) == {1}
    assert carrier.stats()["accepted"] == 150


def test_what_waits_for_a_slot_does_not_run_into_a_limit_of_rate(carrier: Sandbox) -> None:
    write_messages(100)
    carrier.set(segments_per_second=1)
    delivery.drain(budget=0.2)
    assert sum(carrier.stats()["refused"].values()) <= machine.current().send_in_flight
    assert {row.attempts for row in rows() if row.state.value == "pending"} == {0}
