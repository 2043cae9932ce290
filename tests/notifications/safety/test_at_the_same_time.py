"""Several workers and operators at once, on PostgreSQL. Each guard is also taken away, to see that the race is real."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import sqlalchemy as sa
from flask import Flask

from models.access import acting_as, system
from models.db import db, system_connection, transaction
from models.disaster import Answer, CheckRound, Reach, Recipient, SafetyCheck, Telegram
from models.errors import Conflict
from models.message import Message, MessageState
from models.types import db_now
from notifications import reach
from notifications.safety import answers, chase, checks, rounds, watch
from notifications.safety.checks import Area
from tests.factories import SENDAI, make_world
from tests.notifications.safety.steps import set_all
from tests.telegrams import cities, jst, redelivered, regions, tsunami

pytestmark = [pytest.mark.postgres_only, pytest.mark.usefixtures("system")]
AT = jst("2026-01-01 12:00")
TOGETHER = 6


def at_once(app: Flask, *works: Callable[[], object]) -> list[object]:
    """Run them in threads that start together; what each returned or raised."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        with app.app_context(), acting_as(system("worker")):
            try:
                db.session.execute(sa.text("SELECT 1"))
                db.session.rollback()
                barrier.wait()
                return work()
            except Exception as error:  # the tests look at what was raised
                return error
            finally:
                db.session.remove()

    db.session.rollback()
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def take(data: bytes) -> Callable[[], object]:
    return lambda: watch.receive(data, name="t.xml", source="test", received_at=AT, reason="test")


def start(key: str) -> Callable[[], object]:
    def work() -> object:
        with transaction():
            return checks.start(key=key, title_en="T", areas=[Area(SENDAI.code, "manual", 50)]).id

    return work


def counts() -> dict[str, int]:
    db.session.rollback()
    return {model.__tablename__: db.session.query(model).count() for model in (SafetyCheck, Recipient, Message)}


ONE = {"safety_check": 1, "recipient": 3, "message": 5}


def test_workers_with_the_same_telegram_open_one_check(app: Flask) -> None:
    make_world()
    results = at_once(app, *[take(cities("20260101120000", {SENDAI.code: "6-"}, AT))] * TOGETHER)
    assert not [r for r in results if isinstance(r, Exception)]
    assert counts() == ONE
    assert db.session.query(Telegram).count() == 1


def test_workers_with_different_reports_of_one_event_open_one_check(app: Flask) -> None:
    make_world()
    city = cities("20260101120000", {SENDAI.code: "6-"}, AT)
    results = at_once(app, take(city), take(redelivered(city)), take(regions("20260101120000", {"222": "5+"}, AT)),
                      take(cities("20260101120000", {SENDAI.code: "6+"}, AT, serial=2)))  # fmt: skip
    assert not [r for r in results if isinstance(r, Exception)]
    assert counts() == {"safety_check": 1, "recipient": 4, "message": 7}
    assert db.session.query(CheckRound).count() == 1


def test_two_shocks_read_at_once_are_rounds_of_one_check(app: Flask) -> None:
    make_world()
    works = [take(cities(f"2026010112{i:02d}00", {SENDAI.code: "6-"}, AT)) for i in range(3)]
    works.append(take(tsunami("20260101120000", {"220": "51"}, AT)))
    results = at_once(app, *works)
    assert not [r for r in results if isinstance(r, Exception)]
    assert counts()["safety_check"] == 1


def test_operators_pressing_start_at_once_open_one_check(app: Flask) -> None:
    make_world()
    results = at_once(app, *[start("form-1")] * TOGETHER)
    assert len(set(results)) == 1
    assert counts() == ONE


def test_without_the_turn_the_unique_keys_still_hold(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_world()
    monkeypatch.setattr(rounds, "one_at_a_time", lambda: None)
    monkeypatch.setattr(checks, "one_at_a_time", lambda: None)
    results = at_once(app, *[take(cities("20260101120000", {SENDAI.code: "6-"}, AT))] * TOGETHER)
    assert not [r for r in results if isinstance(r, Exception)]
    assert counts() == ONE


def test_without_turn_and_keys_the_race_is_real(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: different keys, no turn, and the same people are asked several times."""
    make_world()
    monkeypatch.setattr(checks, "one_at_a_time", lambda: None)
    at_once(app, *[start(f"form-{i}") for i in range(TOGETHER)])
    assert counts()["safety_check"] == TOGETHER


def test_two_schedulers_write_a_wave_once(app: Flask) -> None:
    make_world()
    start("form-1")()
    set_all(Message, state=MessageState.SENT)
    set_all(CheckRound, opened_at=db_now(-700))

    def remind() -> object:
        with transaction():
            return chase.remind()

    results = at_once(app, *[remind] * TOGETHER)
    assert sorted(results) == [0, 0, 0, 0, 0, 5]
    db.session.rollback()
    assert db.session.query(Message).filter_by(purpose="reminder").count() == 5


def waits_for_a_lock() -> bool:
    with db.engine.connect() as connection:
        return bool(connection.scalar(sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")))


def due_reminders() -> int:
    """A check whose first reminder is due; its id."""
    make_world()
    check = start("form-1")()
    set_all(Message, state=MessageState.SENT)
    set_all(CheckRound, opened_at=db_now(-700))
    assert isinstance(check, int)
    return check


def test_reminders_that_are_being_written_while_a_check_closes_do_not_go_out(app: Flask) -> None:
    check = due_reminders()
    written, closed = Event(), Event()

    def remind() -> None:
        with transaction():
            assert chase.remind() == 5
            written.set()
            while not (waits_for_a_lock() or closed.wait(0.02)):
                pass

    def close() -> None:
        assert written.wait(30)
        with transaction():
            checks.close(check)
        closed.set()

    results = at_once(app, remind, close)
    assert results == [None, None]
    db.session.rollback()
    assert {row.state for row in db.session.query(Message).filter_by(purpose="reminder")} == {MessageState.CANCELED}


def test_no_reminder_is_written_behind_the_back_of_a_closing(app: Flask) -> None:
    check = due_reminders()
    closing, reminded = Event(), Event()

    def close() -> None:
        with transaction():
            checks.close(check)
            closing.set()
            while not (waits_for_a_lock() or reminded.wait(0.02)):
                pass

    def remind() -> object:
        assert closing.wait(30)
        with transaction():
            found = chase.remind()
        reminded.set()
        return found

    assert at_once(app, close, remind) == [None, 0]


def test_asking_again_by_hand_and_by_the_clock_do_not_block_each_other(app: Flask) -> None:
    """Messages point at the check: whoever locks it must not keep them out, or the two wait for each other."""
    check = due_reminders()
    written, waiting = Event(), Event()

    def clock() -> None:
        with transaction():
            rounds_locked = chase.open_rounds()
            written.set()
            while not (waits_for_a_lock() or waiting.wait(0.02)):
                pass
            assert rounds_locked
            chase.remind()

    def by_hand() -> None:
        assert written.wait(30)
        with transaction():
            checks.ask_again(check)
        waiting.set()

    assert at_once(app, clock, by_hand) == [None, None]


def test_a_case_taken_since_the_page_was_read_is_not_taken_over(app: Flask) -> None:
    make_world()
    start("form-1")()
    with transaction():
        row = db.session.scalars(sa.select(Recipient).order_by(Recipient.id)).first()
        assert row is not None
        ident = row.id

        def other() -> None:
            with app.app_context(), acting_as(system("Ms Other")), transaction():
                answers.take_case(ident)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(other).result()
        with pytest.raises(Conflict):
            answers.take_case(ident)


def test_answers_while_a_second_round_opens_are_all_kept(app: Flask) -> None:
    make_world()
    take(cities("20260101120000", {SENDAI.code: "5+"}, AT))()
    ids = db.session.scalars(sa.select(Recipient.id)).all()

    def answer(ident: int, what: Answer) -> Callable[[], object]:
        def work() -> object:
            with transaction():
                return answers.record(ident, what, channel="page")

        return work

    works = [answer(ident, what) for ident in ids for what in (Answer.SAFE, Answer.NEED_HELP)]
    results = at_once(app, *works, take(cities("20260101130000", {SENDAI.code: "7"}, jst("2026-01-01 13:00"))))
    assert not [r for r in results if isinstance(r, Exception)]
    db.session.rollback()
    assert db.session.query(answers.SafetyAnswer).count() == 6
    assert {row.asked_round for row in db.session.query(Recipient)} == {2}


def test_what_was_sent_is_judged_after_waiting_for_who_reckons_anew(app: Flask) -> None:
    """One channel fails and is reckoned with, while another's acceptance is being stored: the person is on the way."""
    make_world()
    start("one")()
    db.session.rollback()
    ident = db.session.scalars(sa.select(Recipient.id)).first()
    set_all(Recipient, reach=Reach.SENT)
    began = Event()

    def store() -> None:
        with app.app_context(), system_connection(db.engine) as connection:
            connection.execute(sa.text("SELECT 1"))
            began.set()
            reach.mark_sent(connection, [ident])

    with ThreadPoolExecutor(1) as pool:
        with system_connection(db.engine) as connection:
            table = Recipient.__table__
            connection.execute(sa.update(table).where(table.c.id == ident).values(reach=Reach.WAITING))
            stored = pool.submit(store)
            began.wait()
            # Long enough for a statement that does not wait to be through; a later begin finds the committed row.
            time.sleep(0.5)
        stored.result()
    db.session.rollback()
    assert db.session.scalars(sa.select(Recipient.reach).where(Recipient.id == ident)).one() is Reach.SENT
