"""Texts from people: a clear answer of one known person counts, STOP is obeyed, the rest waits for a human."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from models.access import acting_as, system
from models.db import db, transaction
from models.disaster import Answer, Recipient
from models.message import InboundMessage, InboundState, Message
from models.participant import Channel, ContactPoint, ContactState
from notifications import inbox
from notifications.safety import checks
from notifications.safety.checks import Area
from tests.factories import SENDAI, make_world
from tests.factories import World as People

ACTOR = system("test")


@pytest.fixture
def people(app: Flask) -> People:
    """The world of the factories, and a check that asks everybody in Sendai."""
    made = make_world()
    start("one")
    return made


def start(key: str, town: str = SENDAI.code, *, drill: bool = False) -> None:
    with acting_as(ACTOR), transaction():
        checks.start(key=key, title_en="Test", areas=[Area(town)], drill=drill)


def say(number: str, text: str, sid: str = "SM1", **fields: str) -> InboundState | None:
    with acting_as(ACTOR), transaction():
        return inbox.reply({"MessageSid": sid, "From": number, "To": "+15005550006", "Body": text, **fields})


def number_of(participant: int) -> str:
    with acting_as(ACTOR):
        found = db.session.scalars(
            sa.select(ContactPoint.value)
            .where(ContactPoint.participant_id == participant, ContactPoint.channel == Channel.SMS)
            .order_by(ContactPoint.rank)
        ).first()
        db.session.rollback()
        assert found is not None
        return found


def all_of(model: type[Any]) -> list[Any]:
    with acting_as(ACTOR):
        db.session.rollback()
        return list(db.session.scalars(sa.select(model).order_by(model.id)))


def written_back() -> list[str]:
    return [m.purpose for m in all_of(Message) if m.key.startswith("reply:")]


def answer_of(participant: int) -> Answer | None:
    return next(r.answer for r in all_of(Recipient) if r.participant_id == participant)


@pytest.mark.parametrize(
    ("text", "answer", "receipt"), [("1", Answer.SAFE, "ack"), ("help me", Answer.NEED_HELP, "help_received")]
)
def test_a_clear_answer_counts_and_is_confirmed(people: People, text: str, answer: Answer, receipt: str) -> None:
    assert say(number_of(people.aoife), text) is InboundState.ANSWERED
    assert answer_of(people.aoife) is answer
    assert written_back() == [receipt]
    (kept,) = all_of(InboundMessage)
    assert (kept.body, kept.state, kept.why) == (text, InboundState.ANSWERED, "")
    assert kept.recipient_id is not None
    (reply,) = [m for m in all_of(Message) if m.key.startswith("reply:")]
    assert (reply.address, reply.mark) == (kept.from_address, reply.mark if reply.mark in reply.body else "")


def test_the_same_text_twice_counts_once(people: People) -> None:
    number = number_of(people.aoife)
    say(number, "1")
    assert say(number, "1") is None
    assert len(all_of(InboundMessage)) == 1


def test_two_texts_get_one_confirmation(people: People) -> None:
    number = number_of(people.aoife)
    say(number, "1", "SM1")
    say(number, "safe", "SM2")
    assert written_back() == ["ack"]


def test_what_is_not_clear_waits_word_for_word(people: People) -> None:
    assert say(number_of(people.aoife), "maybe\x00") is InboundState.WAITING
    (kept,) = all_of(InboundMessage)
    assert (kept.body, kept.why, kept.guess) == ("maybe\N{REPLACEMENT CHARACTER}", "not clear", "unclear")
    assert kept.recipient_id is not None
    assert answer_of(people.aoife) is None
    assert written_back() == ["unclear"]


def test_whose_it_is_is_never_guessed(people: People) -> None:
    assert say("+819099999999", "1", "SM1") is InboundState.WAITING
    assert say(number_of(people.dana), "1", "SM2") is InboundState.WAITING
    with acting_as(ACTOR), transaction() as session:
        session.add(
            ContactPoint(
                participant_id=people.dana,
                channel=Channel.SMS,
                value=number_of_in(session, people.aoife),
                rank=1,
                state=ContactState.VERIFIED,
            )
        )
    assert say(number_of(people.aoife), "1", "SM3") is InboundState.WAITING
    reasons = [kept.why for kept in all_of(InboundMessage)]
    assert reasons == [
        "the number is not known",
        "nothing is being asked of this number",
        "the number belongs to several people",
    ]
    assert written_back() == []


def number_of_in(session: Any, participant: int) -> str:
    value = session.scalars(
        sa.select(ContactPoint.value).where(
            ContactPoint.participant_id == participant, ContactPoint.channel == Channel.SMS
        )
    ).first()
    return str(value)


def test_a_drill_beside_a_real_check_is_for_a_human(people: People) -> None:
    start("drill", drill=True)
    assert say(number_of(people.aoife), "1") is InboundState.WAITING
    assert all_of(InboundMessage)[0].why == "a drill and a real check run at the same time"


def test_of_two_checks_the_later_is_answered(people: People) -> None:
    start("two")
    say(number_of(people.aoife), "1")
    answered = [r.check_id for r in all_of(Recipient) if r.answer is not None]
    assert answered == [max(r.check_id for r in all_of(Recipient))]


def test_stop_is_obeyed_for_the_number(people: People) -> None:
    number = number_of(people.emil)
    assert say(number, "STOP") is InboundState.OPT_OUT
    states = {c.value: c.state for c in all_of(ContactPoint) if c.participant_id == people.emil}
    assert states.pop(number) is ContactState.OPTED_OUT
    assert set(states.values()) == {ContactState.VERIFIED}
    assert {m.state.value for m in all_of(Message) if m.address == number} == {"suppressed"}
    assert say(number, "1", "SM2") is InboundState.ANSWERED


def contact_state(number: str) -> ContactState:
    found = [c.state for c in all_of(ContactPoint) if c.value == number]
    assert len(found) == 1
    return ContactState(found[0])


def test_stop_with_more_to_say_waits_for_a_human(people: People) -> None:
    number = number_of(people.emil)
    assert say(number, "SAFE. STOP") is InboundState.WAITING
    assert contact_state(number) is ContactState.OPTED_OUT
    text = all_of(InboundMessage)[0]
    assert (text.why, text.recipient_id is not None) == ("asked us to stop, and said more", True)
    assert {r.answer for r in all_of(Recipient)} == {None}
    assert not [m for m in all_of(Message) if m.purpose == "unclear"], "nothing goes to who told us to stop"


def test_a_call_for_help_beside_stop_counts(people: People) -> None:
    number = number_of(people.emil)
    assert say(number, "2 STOP") is InboundState.ANSWERED
    assert contact_state(number) is ContactState.OPTED_OUT
    assert [r.answer for r in all_of(Recipient) if r.participant_id == people.emil] == [Answer.NEED_HELP]
    assert not [m for m in all_of(Message) if m.purpose == "help_received"]


def test_start_takes_stop_back(people: People) -> None:
    number = number_of(people.emil)
    before = contact_state(number)
    say(number, "STOP")
    assert say(number, "START", "SM2") is InboundState.OPT_IN
    assert contact_state(number) is before is ContactState.VERIFIED
    assert {r.answer for r in all_of(Recipient)} == {None}


def test_start_wakes_no_dead_number(people: People) -> None:
    number = number_of(people.emil)
    with acting_as(ACTOR), transaction() as session:
        session.execute(sa.update(ContactPoint).where(ContactPoint.value == number).values(state=ContactState.DEAD))
    say(number, "START")
    assert contact_state(number) is ContactState.DEAD


def test_numbers_are_known_however_they_are_written(people: People) -> None:
    number = number_of(people.aoife)
    assert say("0" + number.removeprefix("+81"), "1") is InboundState.ANSWERED
