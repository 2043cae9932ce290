"""The provider hangs, lags, refuses to tell, or is gone: nothing is sent twice, and e-mail goes on."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from models.message import Message
from models.participant import Channel
from models.types import db_now
from tests.faults.doors import inbound_call, post
from tests.faults.invariants import verify
from tests.faults.people import mailbox, phone, populate
from tests.faults.plant import Plant
from tests.faults.processes import wait_for
from tests.sandbox_process import sandbox_process

message = Message.__table__


def test_hangs_for_ever_and_e_mail_goes_on(plant: Plant) -> None:
    people = populate(plant, 30)
    plant.sandbox.set(share_hang_after=1.0, hang_seconds=600)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.count(message.c.channel == Channel.EMAIL, message.c.state == "sent") == 30, 30)
        wait_for(lambda: plant.sandbox.stats()["faults"].get("share_hang_after"), 30)
        plant.sandbox.set(share_hang_after=0.0)
        plant.settle(60)
    verify(plant, people, checks=[check])


def test_the_list_hangs_and_new_messages_still_leave(plant: Plant) -> None:
    """Everything there is in doubt is looked up at a list that never answers; what is new does not wait for it."""
    doubtful = populate(plant, 20, channels=[Channel.SMS])
    plant.sandbox.set(share_500_after=1.0)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.sandbox.stats()["accepted"] == 20, 30)
        plant.sandbox.set(share_500_after=0.0, share_list_429=1.0)
        more = populate(plant, 20, channels=[Channel.SMS], first=2001)
        again = plant.launch("again")
        plant.settle(60, message.c.check_id == again)
        plant.sandbox.set(share_list_429=0.0)
        plant.settle(60)
    verify(plant, doubtful, checks=[check])
    verify(plant, [*doubtful, *more], checks=[again])


def test_the_list_lags_longer_than_two_look_ups(plant: Plant) -> None:
    """What the list shows too late is sent once more and not oftener (I3: at most two, and only of doubtful rows)."""
    people = populate(plant, 20, channels=[Channel.SMS])
    plant.sandbox.set(share_500_after=1.0, callback_loss=1.0, list_lag_ms=600_000)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.sandbox.stats()["accepted"] >= 20, 30)
        plant.sandbox.set(share_500_after=0.0)
        wait_for(lambda: plant.count(message.c.state.in_(["pending", "submitting", "unknown"])) == 0, 60)
        plant.settle_by_asking()
    assert plant.sandbox.stats()["accepted"] <= 40
    assert max(plant.sandbox.stats()["per_to"].values()) <= 2
    assert plant.count() == len(people)
    assert check


def test_a_lag_shorter_than_the_look_ups_is_waited_for(plant: Plant) -> None:
    people = populate(plant, 20, channels=[Channel.SMS])
    plant.sandbox.set(share_500_after=1.0, callback_loss=1.0, list_lag_ms=1500)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.sandbox.stats()["accepted"] == 20, 30)
        plant.sandbox.set(share_500_after=0.0)
        plant.settle_by_asking()
    verify(plant, people, checks=[check])


def test_a_list_that_answers_429_for_a_while(make_plant: Callable[..., Plant]) -> None:
    """A refusal of the list is no "not there": waited for, and only what the list says is counted."""
    plant = make_plant(UNKNOWN_WAIT_SECONDS="3")
    people = populate(plant, 20, channels=[Channel.SMS])
    plant.sandbox.set(share_500_after=1.0, callback_loss=1.0, share_list_429=1.0)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.sandbox.stats()["accepted"] == 20, 30)
        # Shorter than the five waits after which a message is sent once more, blindly.
        wait_for(lambda: plant.sandbox.stats()["faults"].get("share_list_429", 0) >= 20, 30)
        plant.sandbox.set(share_500_after=0.0, share_list_429=0.0)
        plant.settle_by_asking()
    verify(plant, people, checks=[check])


BURSTS: list[dict[str, float]] = [
    {"share_429": 0.3},
    {"share_500_before": 0.1, "share_close_before": 0.1, "share_close_after": 0.1},
]


@pytest.mark.parametrize("burst", BURSTS, ids=["rate", "cuts"])
def test_a_burst_of_faults(plant: Plant, burst: dict[str, float]) -> None:
    people = populate(plant, 60, channels=[Channel.SMS])
    plant.sandbox.set(**burst)
    with plant.running(workers=2):
        check = plant.launch()
        plant.settle(60)
    verify(plant, people, checks=[check])
    assert all(plant.sandbox.stats()["faults"].get(name) for name in burst)
    if "share_429" in burst:
        assert plant.count(message.c.attempts > 1) == 0, "a limit of rate uses up no attempt"


def test_gone_and_back_again(make_plant: Callable[..., Plant]) -> None:
    """Nobody listens at the provider's address: mails go out, questions wait, and what came too late is not sent."""
    with sandbox_process(sent_after_ms=0, delivered_after_ms=0) as second:
        port = str(urlsplit(second.http).port)
        address = second.http
    plant = make_plant(TWILIO_API_BASE=address)
    people = populate(plant, 40)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.count(message.c.channel == Channel.EMAIL, message.c.state == "sent") == 40, 30)
        wait_for(lambda: plant.count(message.c.channel == Channel.SMS, message.c.submitted_at.is_not(None)) > 0, 30)
        assert plant.count(message.c.channel == Channel.SMS, message.c.attempts > 1) == 0
        too_late = [phone(1), phone(2)]
        with plant.look() as connection:
            connection.execute(sa.update(message).where(message.c.address.in_(too_late)).values(expires_at=db_now()))
        with sandbox_process("--http-port", port, sent_after_ms=0, delivered_after_ms=20) as back:
            plant.settle(60)
            numbers = set(back.stats()["per_to"])
            assert back.stats()["duplicates"]["by_reference"] == 0
    assert numbers == {phone(number) for number in range(3, 41)}
    assert plant.count(message.c.state == "expired") == 2
    verify(plant, people, checks=[check], carrier=False)


def test_mailboxes_that_are_full_or_gone(plant: Plant) -> None:
    """A full mailbox holds up nobody else; one that is gone is over; a cut after DATA is the same mail once more."""
    people = populate(plant, 40, channels=[Channel.EMAIL])
    plant.sandbox.set(
        smtp_errors=[{"code": 452, "to": mailbox(1)}, {"code": 550, "to": mailbox(2)}], share_smtp_drop_after=0.2
    )
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.count(message.c.state.in_(["sent", "failed"])) >= 30, 20)
        assert plant.count(message.c.address == mailbox(1), message.c.state == "pending") == 1
        assert plant.count(message.c.address == mailbox(2), message.c.state == "failed") == 1
        plant.sandbox.set(smtp_errors=[], share_smtp_drop_after=0.0)
        with plant.look() as connection:
            connection.execute(sa.update(message).where(message.c.state == "pending").values(due_at=db_now()))
        plant.settle(60)
    found = verify(plant, people, checks=[check])
    assert found.doubled_mails > 0
    names = [dict(mail["headers"])["Message-ID"] for mail in plant.sandbox.mails()]
    assert len(set(names)) == 39


def test_a_reply_in_doubt_is_not_taken_for_the_question(plant: Plant) -> None:
    """Both hold the same link and are minutes apart; the list shows the question only."""
    people = populate(plant, 1, channels=[Channel.SMS])
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle(30)
        plant.sandbox.set(share_500_before=1.0)
        assert post(plant, inbound_call(plant, phone(1), "1", "SMin1")) == 200
        wait_for(lambda: plant.count(message.c.purpose == "ack", message.c.state == "unknown") == 1, 30)
        plant.sandbox.set(share_500_before=0.0)
        plant.settle(30)
    with plant.look() as connection:
        rows = connection.execute(sa.select(message.c.purpose, message.c.provider_id, message.c.blind_resends)).all()
    assert len({row.provider_id for row in rows}) == 2
    assert {row.blind_resends for row in rows} == {0}
    assert len(plant.sandbox.messages(to=phone(1))) == 2
    verify(plant, people, checks=[check])
