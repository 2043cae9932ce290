"""Reminders by the database's clock, and another way where a message failed."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from models.db import db, transaction
from models.disaster import Answer, CheckRound
from models.message import Message, MessageState
from models.participant import Channel, ContactPoint, ContactState
from models.types import db_now, now
from notifications.safety import chase, checks
from notifications.safety.checks import Area
from notifications.safety.status import status
from tests.factories import SENDAI, make_participant, make_world
from tests.notifications.safety.steps import answer, sent, set_all, take_in
from tests.telegrams import cities, jst

pytestmark = pytest.mark.usefixtures("system")


def start(*codes: str) -> int:
    with transaction():
        areas = [Area(code, "intensity", 50, "5+") for code in codes]
        return checks.start(key="k", title_en="T", areas=areas).id


def remind(minutes: float) -> int:
    """As if the rounds had been opened so many minutes ago."""
    with transaction() as session:
        session.execute(sa.update(CheckRound).values(opened_at=db_now(-minutes * 60)))
    with transaction():
        return chase.remind()


def addresses(participant: int, **where: object) -> list[str]:
    query = sa.select(Message.address).where(Message.participant_id == participant).filter_by(**where)
    return list(db.session.scalars(query.order_by(Message.wave, Message.id)))


def test_reminders_come_when_due_to_those_who_are_silent() -> None:
    world = make_world()
    check = start(SENDAI.code)
    set_all(Message, state=MessageState.SENT)
    answer(check, world.aoife)
    assert remind(9) == 0
    assert remind(11) == 3
    assert remind(11) == 0
    assert sent(world.aoife, purpose="reminder") == {}
    assert sent(world.chidi, purpose="reminder") == {"sms": 1, "email": 1}
    set_all(Message, state=MessageState.SENT)
    answer(check, world.chidi, Answer.UNCLEAR)
    assert remind(61) == 3, "an unclear reply is no answer"
    assert status(check)[0]["duplicates"] == 0


def test_waves_missed_while_nobody_looked_are_not_made_up() -> None:
    world = make_world()
    start(SENDAI.code)
    set_all(Message, state=MessageState.SENT)
    assert remind(400) == 5
    assert sent(world.aoife, purpose="reminder") == {"sms": 1, "email": 1}
    assert db.session.scalars(sa.select(CheckRound.waves_done)).one() == 4


def test_a_reminder_does_not_pile_up_on_a_question_that_has_not_left() -> None:
    make_world()
    start(SENDAI.code)
    assert remind(11) == 0


def test_reminders_take_the_verified_addresses_in_turn() -> None:
    numbers = [(f"+81800000000{i}", state) for i, state in enumerate(
        (ContactState.VERIFIED, ContactState.VERIFIED, ContactState.UNVERIFIED)
    )]  # fmt: skip
    with transaction():
        one = make_participant(work=SENDAI.code, phones=numbers, emails=0).id
        loose = make_participant(work=SENDAI.code, phones=[("+818011111111", ContactState.UNVERIFIED)], emails=0).id
    start(SENDAI.code)
    for minutes in (11, 61, 181):
        set_all(Message, state=MessageState.SENT)
        remind(minutes)
    assert [number[-1] for number in addresses(one)] == ["0", "1", "0", "1"]
    assert addresses(loose) == ["+818011111111"] * 4


def test_the_clock_of_this_process_does_not_matter() -> None:
    make_world()
    start(SENDAI.code)
    set_all(Message, state=MessageState.SENT)
    with time_machine.travel(now() + timedelta(hours=1), tick=True), transaction():
        assert chase.remind() == 0
    with time_machine.travel(now() - timedelta(hours=1), tick=True):
        assert remind(11) == 5


def test_closed_and_withdrawn_rounds_are_left_alone() -> None:
    make_world()
    check = start(SENDAI.code)
    set_all(Message, state=MessageState.SENT)
    set_all(CheckRound, withdrawn_at=db_now())
    assert remind(11) == 0
    set_all(CheckRound, withdrawn_at=None)
    with transaction():
        checks.close(check)
    assert remind(11) == 0


def test_reminders_of_a_round_go_to_those_asked_in_it() -> None:
    world = make_world()
    at = jst("2026-01-01 12:00")
    take_in(cities("20260101120000", {SENDAI.code: "5+", "08201": "6-"}, at))
    take_in(cities("20260101200000", {SENDAI.code: "6+"}, jst("2026-01-01 20:00")))
    set_all(Message, state=MessageState.SENT)
    remind(11)
    assert set(db.session.scalars(
        sa.select(Message.round_number).where(Message.participant_id == world.aoife, Message.purpose == "reminder")
    )) == {2}  # fmt: skip
    assert sent(world.dana, purpose="reminder", round_number=1) == {"sms": 1, "email": 1}


def fail(address: str, state: MessageState = MessageState.FAILED) -> int:
    with transaction() as session:
        session.execute(sa.update(Message).where(Message.address == address).values(state=state, finished_at=db_now()))
    with transaction():
        return chase.other_ways()


def two_of_each() -> int:
    with transaction():
        return make_participant(
            work=SENDAI.code,
            phones=[("+818000000001", ContactState.VERIFIED), ("+818000000002", ContactState.UNVERIFIED)],
            emails=[("a@example.test", ContactState.VERIFIED)],
        ).id


def test_a_failed_message_goes_to_the_next_address_at_once_and_only_once() -> None:
    one = two_of_each()
    check = start(SENDAI.code)
    assert fail("+818000000001", MessageState.UNDELIVERED) == 1
    assert addresses(one, channel=Channel.SMS) == ["+818000000001", "+818000000002"]
    with transaction():
        assert chase.other_ways() == 0
    assert fail("+818000000002") == 0, "the e-mail is still under way"
    assert fail("a@example.test") == 0, "nothing is left"
    assert status(check)[0]["duplicates"] == 0


def test_a_person_without_a_working_phone_is_asked_by_mail_instead() -> None:
    one = two_of_each()
    start(SENDAI.code)
    set_all(Message, state=MessageState.SENT)
    with transaction() as session:
        session.execute(sa.delete(Message).where(Message.channel == Channel.EMAIL))
        session.execute(sa.update(ContactPoint).where(ContactPoint.rank == 1).values(state=ContactState.DEAD))
    assert fail("+818000000001") == 1
    assert addresses(one, channel=Channel.EMAIL) == ["a@example.test"]


def test_other_ways_are_not_for_those_who_answered_or_long_ago() -> None:
    one = two_of_each()
    check = start(SENDAI.code)
    answer(check, one)
    assert fail("+818000000001") == 0
    set_all(Message, finished_at=db_now(-7200))
    with transaction():
        assert chase.other_ways() == 0
