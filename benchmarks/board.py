"""The counts of a board against the plainest SQL that counts the same rows, and the whole page for information."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from benchmarks.figures import Line, middle
from benchmarks.ground import ACTOR, Ground, Sizes, application, load_people, tidy
from jetapp.cli.database import upgrade
from jetapp.demo.logins import LOGINS
from jetapp.safety import groups
from jetapp.safety.queries import Filters, totals
from models.access import acting_as
from models.account import Membership, User
from models.db import db, transaction
from models.disaster import CheckRound, CheckState, SafetyCheck
from models.types import now

PLAIN = {
    "totals": "SELECT answer, reach, count(*) FROM recipient WHERE check_id = 1 GROUP BY answer, reach",
    "by prefecture": (
        "SELECT prefecture_code, answer, reach, count(*) FROM recipient WHERE check_id = 1 "
        "GROUP BY prefecture_code, answer, reach"
    ),
    "by organisation": (
        "SELECT organisation_id, answer, reach, count(*) FROM recipient WHERE check_id = 1 "
        "GROUP BY organisation_id, answer, reach"
    ),
}
OURS: dict[str, Callable[[], object]] = {
    "totals": lambda: totals(1, Filters()),
    "by prefecture": lambda: groups.by_prefecture(1, Filters()),
    "by organisation": lambda: groups.by_organisation(1, Filters()),
}
# Two of three have answered, one in fifty needs help, one in twenty was not reached: in the middle of a check.
ASK = """
INSERT INTO recipient (check_id, participant_id, organisation_id, host_id, municipality_code, prefecture_code, reasons,
  severity_kind, severity_rank, severity_label, coarse, first_round, asked_round, asked_at, token, reach, answer,
  answered_at, answer_round, answered_by, first_answer, first_answered_at, details, taken_by)
SELECT 1, p.id, o.id, o.host_id, coalesce(w.municipality_code, p.home_municipality_code),
  substr(coalesce(w.municipality_code, p.home_municipality_code, '13'), 1, 2), 'work', 'intensity', 60, '6-', {false},
  1, 1, :moment, 'token' || p.id,
  CASE WHEN p.id % 3 = 0 AND p.id % 20 < 3 THEN 'failed' WHEN p.id % 3 = 0 THEN 'sent' ELSE 'arrived' END,
  CASE WHEN p.id % 3 = 0 THEN NULL WHEN p.id % 50 = 1 THEN 'need_help' ELSE 'safe' END,
  CASE WHEN p.id % 3 = 0 THEN NULL ELSE :moment END, CASE WHEN p.id % 3 = 0 THEN NULL ELSE 1 END, '',
  CASE WHEN p.id % 3 = 0 THEN NULL WHEN p.id % 50 = 1 THEN 'need_help' ELSE 'safe' END,
  CASE WHEN p.id % 3 = 0 THEN NULL ELSE :moment END, '{{}}', ''
FROM participant p
JOIN placement l ON l.id = (SELECT max(id) FROM placement WHERE participant_id = p.id)
JOIN contracting_organisation o ON o.id = l.organisation_id
LEFT JOIN workplace w ON w.id = l.workplace_id
"""
ANSWER = """
INSERT INTO safety_answer (recipient_id, check_id, round_number, answer, channel, said, details, given_by, received_at)
SELECT id, check_id, 1, answer, 'page', '', '{}', '', answered_at FROM recipient WHERE answer IS NOT NULL
"""


def run(ground: Ground, sizes: Sizes) -> Iterator[Line]:
    """The lines about the board, on both databases and in both sizes."""
    for people in (sizes.people, sizes.many):
        yield from _measure(ground.environment(ground.populated(people)), "PostgreSQL", people, sizes, fresh=False)
        with tempfile.TemporaryDirectory(prefix="jetapp-bench-") as folder:
            url = f"sqlite:///{Path(folder) / 'board.sqlite'}"
            yield from _measure(ground.environment(url), "SQLite", people, sizes, fresh=True)


def _measure(environment: dict[str, str], database: str, people: int, sizes: Sizes, *, fresh: bool) -> Iterator[Line]:
    with ExitStack() as stack:
        app = stack.enter_context(application(environment))
        if fresh:
            upgrade(app)
            load_people(people)
        _fill()
        where = f"{database}, {people:,} people"
        for name, ours in OURS.items():
            mine, floor = _alternate(ours, PLAIN[name], sizes.board_runs)
            yield Line("board", f"{name}, {where}", mine, "ms", floor, "plain SQL", 3, at_most=True)
        yield Line("board", f"whole page for CLAIR, {where}", _page(app, sizes.board_runs), "ms")


def _fill() -> None:
    """A check in the middle: everybody asked, two of three answered."""
    with acting_as(ACTOR), transaction() as session:
        moment = now()
        session.add(
            SafetyCheck(
                id=1, key="board", title_en="Benchmark", state=CheckState.RUNNING, event_at=moment, opened_at=moment
            )
        )
        session.add(CheckRound(check_id=1, number=1, event_at=moment, opened_at=moment, asked=1))
        session.flush()
        false = "false" if db.engine.dialect.name == "postgresql" else "0"
        statement = sa.text(ASK.format(false=false)).bindparams(sa.bindparam("moment", type_=SafetyCheck.event_at.type))
        session.execute(statement, {"moment": moment})
        session.execute(sa.text(ANSWER))
    tidy()


def _alternate(ours: Callable[[], object], plain: str, runs: int) -> tuple[float, float]:
    """Median milliseconds of ours and of the plain statement, taken in turns over the same connection."""
    statement = sa.text(plain)
    mine: list[float] = []
    floor: list[float] = []
    with acting_as(ACTOR):
        for _ in range(runs + 2):
            mine.append(_milliseconds(ours))
            floor.append(_milliseconds(lambda: db.session.connection().execute(statement).all()))
        db.session.rollback()
    return middle(mine[2:]), middle(floor[2:])


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _page(app: Flask, runs: int) -> float:
    client = app.test_client()
    _sign_in(client)

    def get() -> None:
        response = client.get("/safety/1")
        if response.status_code != 200:
            raise RuntimeError(f"the board answered {response.status_code}")

    db.session.rollback()
    return middle([_milliseconds(get) for _ in range(runs + 1)][1:])


def _sign_in(client: FlaskClient) -> None:
    with acting_as(ACTOR):
        membership = db.session.scalars(
            sa.select(Membership.id).join(User, User.id == Membership.user_id).where(User.email == LOGINS[0].email)
        ).one()
        db.session.rollback()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = str(membership), True
