"""Checks by hand: start, preview, approve, close, grow; who may; how many statements."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from models.access import Actor, Role, acting_as
from models.db import db, transaction
from models.disaster import CheckState, Reach, Recipient, SafetyCheck
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.message import Message, MessageState
from models.participant import Channel, ContactState
from models.types import now, today
from notifications.safety import answers, checks
from notifications.safety.checks import Area
from notifications.safety.status import status
from tests.factories import ISHINOMAKI, KURIHARA, MITO, SENDAI, make_participant, make_world
from tests.notifications.safety.steps import all_checks, answer, asked, person, sent, set_all

pytestmark = pytest.mark.usefixtures("system")
EVENT = {"kind": "manual", "max_value": "Gas leak", "place_en": "", "place_ja": "", "at": "2026-01-01T03:00:00+00:00"}


def start(*codes: str, key: str = "form-1", **more: object) -> int:
    areas = [Area(code, "manual", 50, "manual") for code in codes]
    with transaction():
        return checks.start(key=key, title_en="Gas leak", areas=areas, event=EVENT, **more).id  # type: ignore[arg-type]


def test_the_same_key_again_is_the_same_check_and_writes_nothing() -> None:
    make_world()
    first = start(SENDAI.code)
    before = db.session.query(Message).count()
    assert start(SENDAI.code, MITO.code) == first
    assert db.session.query(Message).count() == before
    assert db.session.query(Recipient).count() == 3


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("pref:04", {"aoife", "ben", "chidi", "emil"}),
        ("coast:04", {"ben"}),
        (ISHINOMAKI.code, {"ben"}),
        (KURIHARA.code, {"chidi", "emil"}),
    ],
)
def test_areas_are_municipalities_prefectures_and_coasts(code: str, who: set[str]) -> None:
    world = make_world()
    assert asked(start(code)) == {getattr(world, name) for name in who}


def test_only_people_placed_today_are_asked_and_by_their_later_placement() -> None:
    with transaction():
        gone = make_participant(work=SENDAI.code, end=today() - timedelta(days=1)).id
        coming = make_participant(work=SENDAI.code, start=today() + timedelta(days=1)).id
        last_day = make_participant(work=SENDAI.code, end=today()).id
        moved = make_participant(work=SENDAI.code, start=date(2023, 8, 1))
        mito = make_participant(work=MITO.code)
        moved.placements.append(type(moved.placements[0])(
            organisation_id=mito.placements[0].organisation_id,
            workplace_id=mito.placements[0].workplace_id,
            start_date=today(),
        ))  # fmt: skip
        db.session.flush()
        moved_id, mito_id = moved.id, mito.id
    assert asked(start(SENDAI.code)) == {last_day}
    assert asked(start(MITO.code, key="form-2")) == {moved_id, mito_id}
    assert {gone, coming}.isdisjoint(asked(all_checks()[0].id))


def test_the_best_contact_is_verified_then_by_rank_and_dead_ones_are_never_used() -> None:
    phones = [
        ("+818000000001", ContactState.DEAD),
        ("+818000000002", ContactState.UNVERIFIED),
        ("+818000000003", ContactState.VERIFIED),
        ("+818000000004", ContactState.OPTED_OUT),
    ]
    with transaction():
        one = make_participant(work=SENDAI.code, phones=phones, emails=[("a@example.test", ContactState.BOUNCED)]).id
        none = make_participant(work=SENDAI.code, phones=phones[:1], emails=0).id
    check = start(SENDAI.code)
    found = db.session.execute(sa.select(Message.channel, Message.address).where(Message.participant_id == one)).all()
    assert set(found) == {(Channel.SMS, "+818000000003"), (Channel.EMAIL, "a@example.test")}
    assert sent(none) == {}
    assert person(check, none).reach is Reach.FAILED
    assert person(check, one).reach is Reach.WAITING


def test_messages_carry_link_language_and_code_word() -> None:
    world = make_world()
    check = start(MITO.code)
    row = person(check, world.dana)
    by_channel = {m.channel: m for m in db.session.scalars(sa.select(Message))}
    assert len(row.token) == 11
    assert all(f"/s/{row.token}" in m.body and m.mark == row.token for m in by_channel.values())
    assert {m.language for m in by_channel.values()} == {"de"}
    assert "heron 42" in by_channel[Channel.EMAIL].body
    assert "heron 42" not in by_channel[Channel.SMS].body


def test_preview_counts_without_writing() -> None:
    world = make_world()
    with transaction():
        make_participant(work=SENDAI.code, phones=0, emails=0, languages=["xx"])
    before = checks.preview([Area("pref:04"), Area(MITO.code)])
    assert (before.people, before.new, before.without_channel) == (6, 6, 1)
    assert before.by_prefecture == {"04": 5, "08": 1}
    assert before.by_reason == {"work": 6, "home": 5, "organisation": 5}
    assert (before.channels[Channel.SMS].messages, before.channels[Channel.EMAIL].messages) == (5, 4)
    assert before.channels[Channel.SMS].seconds == before.channels[Channel.SMS].segments / 10
    assert {each.code: each.people for each in before.languages} == {"en": 5, "de": 1}
    assert db.session.query(SafetyCheck).count() == db.session.query(Message).count() == 0
    start(SENDAI.code)
    after = checks.preview([Area("pref:04")])
    assert (after.people, after.already_asked) == (5, 4)
    assert checks.preview([Area("pref:04")], drill=True).already_asked == 0
    assert world.dana not in asked(all_checks()[0].id)


def test_proposals_are_approved_once_or_declined() -> None:
    make_world()
    with transaction():
        first = checks.propose(key="p1", title_en="T", areas=[Area(SENDAI.code)]).id
        second = checks.propose(key="p2", title_en="T", areas=[Area(MITO.code)]).id
    assert db.session.query(Message).count() == 0
    with transaction():
        checks.approve(first)
        checks.approve(first)
        checks.decline(second, "not needed")
    assert db.session.query(Recipient).count() == 3
    with pytest.raises(Conflict), transaction():
        checks.approve(second)
    assert [c.state for c in all_checks()] == [CheckState.RUNNING, CheckState.DECLINED]


def test_an_approved_proposal_in_a_running_area_becomes_its_round() -> None:
    world = make_world()
    running = start(SENDAI.code)
    with transaction():
        proposed = checks.propose(key="p", title_en="T", areas=[Area("pref:04", "intensity", 60, "6+")]).id
    with transaction():
        assert checks.approve(proposed).id == running
    assert asked(running) == {world.aoife, world.ben, world.chidi, world.emil}
    assert person(running, world.ben).first_round == 2


def test_closing_stops_questions_and_links_after_some_days() -> None:
    world = make_world()
    check = start(SENDAI.code)
    token = person(check, world.aoife).token
    with transaction():
        checks.close(check, "over")
        checks.close(check, "over")
    assert db.session.query(Message).filter_by(state=MessageState.CANCELED).count() == 5
    assert "over" in all_checks()[0].note
    assert answers.recipient_by_token(token) is not None
    set_all(SafetyCheck, closed_at=now() - timedelta(days=3))
    assert answers.recipient_by_token(token) is None


def test_links_expire_and_unknown_ones_tell_nothing() -> None:
    world = make_world()
    check = start(SENDAI.code)
    token = person(check, world.aoife).token
    found = answers.recipient_by_token(token)
    assert found is not None
    assert found.participant_id == world.aoife
    assert answers.recipient_by_token(token.swapcase()) is None
    set_all(SafetyCheck, token_expires_at=now() - timedelta(seconds=5))
    assert answers.recipient_by_token(token) is None


def test_growing_by_hand_asks_the_new_and_no_one_twice() -> None:
    world = make_world()
    check = start(SENDAI.code)
    with transaction():
        asked_now = checks.grow(check, [Area(SENDAI.code, "manual", 50), Area(MITO.code, "manual", 50)], "more")
    assert (asked_now.new, asked_now.again) == (1, 0)
    assert sent(world.aoife) == {"sms": 1, "email": 1}


def test_asking_again_by_hand_leaves_out_who_answered_and_is_not_done_twice_at_once() -> None:
    world = make_world()
    check = start(SENDAI.code)
    set_all(Message, state=MessageState.SENT)
    answer(check, world.aoife)
    with transaction():
        assert checks.ask_again(check) == 3
    assert sent(world.aoife, purpose="reminder") == {}
    with pytest.raises(Conflict), transaction():
        checks.ask_again(check)
    assert status(check)[0]["duplicates"] == 0


def test_what_cannot_be_started_is_refused() -> None:
    make_world()
    for wrong in ([], [Area("99999")], [Area("pref:48")]):
        with pytest.raises(Invalid), transaction():
            checks.start(key="x", title_en="T", areas=wrong)
    with pytest.raises(Invalid), transaction():
        checks.start(key="x", title_en=" ", areas=[Area(SENDAI.code)])
    with pytest.raises(NotFound), transaction():
        checks.close(4711)


def test_only_clair_runs_checks() -> None:
    world = make_world()
    check = start(SENDAI.code)
    host = Actor(Role.HOST, host_id=1, label="officer")
    with acting_as(host):
        for refused in (
            lambda: checks.preview([Area(SENDAI.code)]),
            lambda: checks.start(key="y", title_en="T", areas=[Area(SENDAI.code)]),
            lambda: checks.close(check),
            lambda: checks.ask_again(check),
        ):
            with pytest.raises(Forbidden), transaction():
                refused()
    row = person(check, world.aoife)
    with acting_as(Actor(Role.ORGANISATION, organisation_id=world.mito, label="Mito")):
        with pytest.raises(NotFound), transaction():
            answers.record(row.id, answers.Answer.SAFE, channel="staff", given_by="Mito")
        with pytest.raises(NotFound), transaction():
            answers.take_case(row.id)
    with acting_as(Actor(Role.ORGANISATION, organisation_id=world.sendai, label="Sendai")), transaction():
        answers.take_case(row.id)
        answers.record(row.id, answers.Answer.SAFE, channel="staff", given_by="Sendai office")
    assert person(check, world.aoife).taken_by == "Sendai"


def test_the_number_of_statements_does_not_grow_with_the_people() -> None:
    with transaction():
        for _ in range(3):
            make_participant(work=MITO.code)
        for _ in range(60):
            make_participant(work=SENDAI.code)
    seen: list[str] = []

    def count(conn: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        start(MITO.code, key="few")
        few = len(seen)
        seen.clear()
        start(SENDAI.code, key="many")
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert len(seen) <= few
