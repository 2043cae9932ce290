"""What is never acted upon by itself: drills, tests, old and unreadable reports; 取消 and 訂正; the line below."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from models.db import db, transaction
from models.disaster import Answer, CheckArea, CheckState, Telegram
from models.message import Message, MessageState
from notifications.safety import checks, rulebook
from tests.factories import MITO, SENDAI, make_world
from tests.notifications.safety.steps import all_checks, all_rounds, answer, asked, person, sent, set_all, take_in
from tests.telegrams import cities, jst, regions, withdrawn

pytestmark = pytest.mark.usefixtures("system")
AT = jst("2026-01-01 12:00")
EVENT = "20260101120000"


def messages(**where: object) -> int:
    return db.session.query(Message).filter_by(**where).count()


def test_a_test_telegram_is_only_stored() -> None:
    make_world()
    outcome = take_in(cities(EVENT, {SENDAI.code: "7"}, AT, status="試験"))
    assert outcome.action == "none"
    assert all_checks() == []
    assert db.session.scalars(sa.select(Telegram.status)).all() == ["test"]


def test_a_drill_is_only_proposed_and_stays_a_drill() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "7"}, AT, status="訓練"))
    (drill,) = all_checks()
    assert (drill.state, drill.drill, messages()) == (CheckState.PROPOSED, True, 0)
    with transaction():
        checks.approve(drill.id)
    bodies = db.session.scalars(sa.select(Message.body)).all()
    assert len(bodies) == 5
    assert all("訓練" in body for body in bodies)
    take_in(cities(EVENT, {SENDAI.code: "7"}, AT))
    drill, real = all_checks()
    assert (real.drill, real.state) == (False, CheckState.RUNNING)
    assert asked(real.id) == asked(drill.id) == {world.aoife, world.chidi, world.emil}


def test_an_old_report_only_proposes() -> None:
    make_world()
    outcome = take_in(cities(EVENT, {SENDAI.code: "7"}, AT), late=timedelta(minutes=31))
    assert outcome.effect.startswith("Too old to act on by itself.")
    assert [check.state for check in all_checks()] == [CheckState.PROPOSED]
    assert messages() == 0


def test_an_old_report_of_a_running_check_is_proposed_beside_it_and_joins_when_approved() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "6-"}, AT))
    take_in(cities(EVENT, {SENDAI.code: "6-", MITO.code: "6-"}, AT, serial=2), late=timedelta(hours=1))
    running, proposed = all_checks()
    assert (running.state, proposed.state) == (CheckState.RUNNING, CheckState.PROPOSED)
    with transaction():
        assert checks.approve(proposed.id).id == running.id
    assert [check.state for check in all_checks()] == [CheckState.RUNNING, CheckState.CLOSED]
    assert len(all_rounds(running.id)) == 1
    assert person(running.id, world.dana).first_round == 1
    assert sent(world.aoife) == {"sms": 1, "email": 1}


def test_below_the_line_is_proposed_once_and_started_by_a_worse_report() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "5-"}, AT))
    take_in(cities(EVENT, {SENDAI.code: "5-", MITO.code: "5-"}, AT, serial=2))
    (check,) = all_checks()
    areas = set(db.session.scalars(sa.select(CheckArea.area)))
    assert (check.state, areas, messages()) == (CheckState.PROPOSED, {SENDAI.code, MITO.code}, 0)
    take_in(cities(EVENT, {SENDAI.code: "5+"}, AT, serial=3))
    (check,) = all_checks()
    assert check.state is CheckState.RUNNING
    assert world.dana in asked(check.id), "her town was proposed with it"


def test_a_declined_proposal_comes_back_only_when_it_is_worse() -> None:
    make_world()
    take_in(cities(EVENT, {SENDAI.code: "5-"}, AT))
    with transaction():
        checks.decline(all_checks()[0].id, "small")
    take_in(cities(EVENT, {SENDAI.code: "5-"}, AT, serial=2))
    assert all_checks()[0].state is CheckState.DECLINED
    take_in(cities(EVENT, {SENDAI.code: "6+"}, AT, serial=3))
    assert all_checks()[0].state is CheckState.RUNNING


def test_a_small_aftershock_where_people_are_asked_already_is_only_noted() -> None:
    make_world()
    take_in(cities(EVENT, {SENDAI.code: "6-"}, AT))
    before = messages()
    take_in(cities("20260101130000", {SENDAI.code: "5-"}, jst("2026-01-01 13:00")))
    (check,) = all_checks()
    assert "below the line" in check.note
    assert messages() == before


def test_a_withdrawn_report_is_told_once_and_answers_stay() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "6-"}, AT))
    (check,) = all_checks()
    answer(check.id, world.aoife)
    set_all(Message, state=MessageState.SENT)
    take_in(withdrawn(EVENT, AT + timedelta(minutes=9)))
    take_in(withdrawn(EVENT, AT + timedelta(minutes=11), serial=2))
    (check,) = all_checks()
    assert sent(world.aoife, purpose="cancel") == {"sms": 1, "email": 1}
    assert messages(purpose="cancel") == 5
    assert person(check.id, world.aoife).answer is Answer.SAFE
    assert check.state is CheckState.RUNNING
    assert check.withdrawn_at is not None


def test_questions_that_have_not_left_are_dropped_with_the_report() -> None:
    make_world()
    take_in(cities(EVENT, {SENDAI.code: "6-"}, AT))
    take_in(withdrawn(EVENT, AT + timedelta(minutes=9)))
    assert messages(purpose="ask", state=MessageState.CANCELED) == 5
    assert messages(purpose="cancel", state=MessageState.PENDING) == 5


def test_only_the_withdrawn_round_is_told_and_the_round_before_is_open_again() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "5+", MITO.code: "6-"}, AT))
    later = AT + timedelta(hours=5)
    take_in(cities("20260101170000", {SENDAI.code: "6+"}, later))
    take_in(withdrawn("20260101170000", later + timedelta(minutes=9)))
    (check,) = all_checks()
    assert sent(world.dana, purpose="cancel") == {}
    assert sent(world.aoife, purpose="cancel") == {"sms": 1, "email": 1}
    assert person(check.id, world.aoife).asked_round == 1
    assert check.withdrawn_at is None


def test_a_withdrawal_leads_back_to_the_question_before_it_not_to_the_first() -> None:
    world = make_world()
    second, third = AT + timedelta(hours=5), AT + timedelta(hours=10)
    take_in(cities(EVENT, {SENDAI.code: "5+"}, AT))
    answer(all_checks()[0].id, world.aoife)
    take_in(cities("20260101170000", {SENDAI.code: "6-"}, second))
    take_in(cities("20260101220000", {SENDAI.code: "7"}, third))
    take_in(withdrawn("20260101220000", third + timedelta(minutes=9)))
    again = person(all_checks()[0].id, world.aoife)
    assert (again.answer_round, again.asked_round) == (1, 2), "the 6- of round 2 is real and not answered"
    assert again.severity_label == "6-"


def test_a_shock_weaker_than_the_withdrawn_one_still_asks_those_it_hits_harder_than_before() -> None:
    world = make_world()
    false, true = AT + timedelta(hours=5), AT + timedelta(hours=6)
    take_in(cities(EVENT, {SENDAI.code: "5+"}, AT))
    take_in(cities("20260101170000", {SENDAI.code: "7"}, false))
    take_in(withdrawn("20260101170000", false + timedelta(minutes=9)))
    assert person(all_checks()[0].id, world.aoife).severity_label == "5+"
    take_in(cities("20260101180000", {SENDAI.code: "6+"}, true))
    assert sent(world.aoife, purpose="ask", round_number=3) == {"sms": 1, "email": 1}


def test_a_report_issued_anew_after_the_withdrawal_asks_again() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "6-"}, AT))
    take_in(withdrawn(EVENT, AT + timedelta(minutes=9)))
    take_in(cities(EVENT, {SENDAI.code: "6-"}, AT, serial=2))
    assert len(all_rounds(all_checks()[0].id)) == 2
    assert sent(world.aoife, purpose="ask") == {"sms": 2, "email": 2}


def test_a_withdrawn_report_that_nobody_was_asked_for_does_nothing() -> None:
    make_world()
    outcome = take_in(regions(EVENT, {}, AT, info="取消"))
    assert outcome.action == "cancel"
    assert all_checks() == []


def test_a_correction_asks_the_new_towns_and_leaves_the_old_ones_asked() -> None:
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "5+"}, AT))
    outcome = take_in(cities(EVENT, {MITO.code: "5+"}, AT, info="訂正"))
    (check,) = all_checks()
    assert world.dana in asked(check.id)
    assert world.aoife in asked(check.id)
    assert "1 areas are no longer named" in outcome.effect
    outcome = take_in(cities(EVENT, {MITO.code: "4"}, AT, serial=2, info="訂正"))
    assert outcome.action == "none"
    assert "no longer calls for asking" in all_checks()[0].note


@pytest.mark.parametrize("data", [b"", b"<a", b"\x1f\x8bgarbage", b"<!DOCTYPE a><a/>", b"\0" * 20])
def test_what_is_no_telegram_is_stored_with_the_reason(data: bytes) -> None:
    outcome = take_in(data, "bad.xml")
    assert outcome.error
    assert "bad.xml" in db.session.scalars(sa.select(Telegram.error)).one()
    assert take_in(data, "bad.xml").repeated


def test_the_table_decides_and_its_preview_tells_who() -> None:
    with transaction():
        assert rulebook.load_defaults() > 0
        assert rulebook.load_defaults() == 0
    world = make_world()
    take_in(cities(EVENT, {SENDAI.code: "5-"}, AT))
    set_all(Telegram, received_at=sa.func.current_timestamp())
    rule = next(r for r in db.session.query(rulebook.TriggerRule) if (r.type_group, r.value) == ("VXSE53", "5-"))
    (now_,) = rulebook.preview()
    (then,) = rulebook.preview(changes={rule.id: "start"})
    assert (now_.would_be, then.would_be, then.people) == ("propose", "start", 3)
    with transaction():
        rulebook.change(rule.id, "start")
    take_in(cities("20260102120000", {MITO.code: "5-"}, jst("2026-01-02 12:00")))
    assert sent(world.dana) == {"sms": 1, "email": 1}
