"""Every answer is kept, the newest counts, and a person's own clear answer is not pushed away."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from models.db import db, transaction
from models.disaster import Answer, Recipient, SafetyAnswer
from models.errors import Conflict, Invalid, NotFound
from models.message import InboundMessage, InboundState, Message, MessageState
from models.types import now
from notifications.safety import answers, checks
from notifications.safety.checks import Area
from tests.factories import SENDAI, World, make_world
from tests.notifications.safety.steps import answer, person, set_all

pytestmark = pytest.mark.usefixtures("system")
SAFE, HELP, UNCLEAR = Answer.SAFE, Answer.NEED_HELP, Answer.UNCLEAR


def started() -> tuple[World, int]:
    world = make_world()
    with transaction():
        return world, checks.start(key="k", title_en="T", areas=[Area(SENDAI.code, "intensity", 50, "5+")]).id


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        (["safe", "need_help"], "need_help"),
        (["need_help", "safe"], "safe"),
        (["safe", "unclear"], "safe"),
        (["unclear", "safe"], "safe"),
        (["need_help", "unclear"], "need_help"),
        (["safe", "proxy safe"], "safe"),
        (["need_help", "proxy safe"], "need_help"),
        (["safe", "proxy need_help"], "need_help"),
        (["proxy need_help", "safe"], "safe"),
        (["proxy safe", "proxy need_help", "proxy safe"], "safe"),
        (["proxy safe", "unclear"], "safe"),
        (["unclear", "proxy safe"], "safe"),
    ],
)
def test_which_answer_counts(given: list[str], counts: str) -> None:
    world, check = started()
    for each in given:
        proxy, _, what = each.rpartition(" ")
        answer(check, world.aoife, Answer(what), given_by="the school" if proxy else "")
    row = person(check, world.aoife)
    assert row.answer == counts
    assert row.first_answer == given[0].rpartition(" ")[2]
    kept = db.session.scalars(sa.select(SafetyAnswer.answer).order_by(SafetyAnswer.id)).all()
    assert [a.value for a in kept] == [each.rpartition(" ")[2] for each in given]


def test_an_answer_of_an_earlier_round_gives_way_to_anything() -> None:
    world, check = started()
    answer(check, world.aoife)
    set_all(Recipient, asked_round=2)
    answer(check, world.aoife, SAFE, given_by="the school")
    row = person(check, world.aoife)
    assert (row.answer_round, row.answered_by) == (2, "the school")


def test_an_answer_stops_what_has_not_left_but_an_unclear_one_does_not() -> None:
    world, check = started()
    answer(check, world.aoife, UNCLEAR)
    assert db.session.query(Message).filter_by(participant_id=world.aoife, state=MessageState.PENDING).count() == 2
    answer(check, world.aoife)
    assert db.session.query(Message).filter_by(participant_id=world.aoife, state=MessageState.CANCELED).count() == 2
    assert db.session.query(Message).filter_by(state=MessageState.PENDING).count() == 3


def test_details_are_added_and_forgotten_by_another_answer_but_kept() -> None:
    world, check = started()
    row = person(check, world.aoife)
    with pytest.raises(Conflict), transaction():
        answers.add_details(row.id, {"note": "x"})
    answer(check, world.aoife, HELP, details={"needs": ["hurt"]})
    with transaction():
        answers.add_details(row.id, {"place": "roof"})
    assert person(check, world.aoife).details == {"needs": ["hurt"], "place": "roof"}
    answer(check, world.aoife, HELP)
    assert person(check, world.aoife).details == {"needs": ["hurt"], "place": "roof"}, "a second tap adds nothing"
    answer(check, world.aoife)
    assert person(check, world.aoife).details == {}
    kept = [a.details for a in db.session.scalars(sa.select(SafetyAnswer).order_by(SafetyAnswer.id))]
    assert kept == [{"needs": ["hurt"]}, {"place": "roof"}, {}, {}]


def test_an_answer_costs_three_statements_or_one_where_that_can_be() -> None:
    world, check = started()
    ident = person(check, world.aoife).id
    seen: list[str] = []

    def count(conn: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement.split()[0])

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        with transaction():
            answers.record(ident, SAFE, channel="page")
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert seen == (["WITH"] if db.engine.dialect.name == "postgresql" else ["UPDATE", "INSERT", "UPDATE"])


def test_an_answer_of_nobody_is_refused() -> None:
    started()
    with pytest.raises(NotFound), transaction():
        answers.record(4711, SAFE, channel="page")


def test_cases_are_taken_by_one_and_released() -> None:
    world, check = started()
    ident = person(check, world.aoife).id
    with transaction():
        answers.take_case(ident)
        answers.take_case(ident)
    assert person(check, world.aoife).taken_by == "test"
    set_all(Recipient, taken_by="somebody else")
    with pytest.raises(Conflict), transaction():
        answers.take_case(ident)
    with transaction():
        answers.release_case(ident)
    assert person(check, world.aoife).taken_at is None


def inbound(recipient_id: int | None, body: str = "hmm") -> int:
    with transaction() as session:
        row = InboundMessage(
            provider_id=f"SM{body}", from_address="+818012345678", body=body, state=InboundState.WAITING,
            recipient_id=recipient_id, received_at=now() - timedelta(minutes=5),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_a_reply_is_classified_by_a_person_once() -> None:
    world, check = started()
    ident = inbound(person(check, world.aoife).id)
    with transaction():
        answers.classify_reply(ident, HELP)
    row = person(check, world.aoife)
    assert (row.answer, row.answered_by) == (HELP, "")
    assert db.session.get(InboundMessage, ident).state is InboundState.CLASSIFIED
    assert db.session.scalars(sa.select(SafetyAnswer.said)).one() == "hmm"
    with pytest.raises(Conflict), transaction():
        answers.classify_reply(ident, SAFE)


def test_a_reply_judged_late_does_not_replace_what_came_after_it_unless_it_is_help() -> None:
    world, check = started()
    row = person(check, world.aoife)
    early, plea = inbound(row.id, "fine I guess"), inbound(row.id, "leg broken")
    answer(check, world.aoife, HELP)
    with transaction():
        answers.classify_reply(early, SAFE)
    assert person(check, world.aoife).answer is HELP
    answer(check, world.aoife, SAFE)
    with transaction():
        answers.classify_reply(plea, HELP)
    assert person(check, world.aoife).answer is HELP


def test_a_reply_of_an_unknown_number_needs_a_person_or_is_set_aside() -> None:
    world, check = started()
    first, second = inbound(None, "a"), inbound(None, "b")
    with pytest.raises(Invalid), transaction():
        answers.classify_reply(first, SAFE)
    with transaction():
        answers.classify_reply(first, SAFE, recipient_id=person(check, world.aoife).id)
        answers.classify_reply(second, None)
    assert person(check, world.aoife).answer is SAFE
    assert db.session.get(InboundMessage, second).state is InboundState.SET_ASIDE
