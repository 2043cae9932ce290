"""Several workers and operators at once, on PostgreSQL. Each guard is also taken away, to see that the race is real."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from models.access import acting_as, system
from models.db import db, transaction
from models.disaster import Answer, CheckRound, Recipient, SafetyCheck, Telegram
from models.message import Message, MessageState
from models.types import db_now
from notifications.safety import answers, chase, checks, rounds, watch
from notifications.safety.checks import Area
from tests.factories import SENDAI, make_world
from tests.notifications.safety.helpers import set_all
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
