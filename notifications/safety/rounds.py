"""One round of a check: which people are asked in it, for the first time or again. Everything in bulk.

Who was asked already is asked again only for a stronger shock where they are, for a tsunami warning, or because
JMA has withdrawn what they were asked for (safety.md §3, merge rule). Nobody is asked twice in one round.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from models import audit
from models.db import db
from models.disaster import CheckArea, CheckRound, Reach, Recipient, SafetyCheck
from models.message import NOT_YET_OUT, Lease, Message, MessageState
from models.types import db_now
from notifications import bulk
from notifications.safety import asking, targets
from notifications.safety.severity import Severity
from notifications.safety.targets import Area, Target

OPEN_QUESTION = timedelta(minutes=30)
"""Shocks this close together (Noto 2024: three in 16 minutes) are one question to those who have not answered yet."""
TOKEN_ALPHABET = string.digits + string.ascii_letters
TOKEN_LENGTH = 11
"""62^11 > 2^65: not to be guessed, and short enough for one SMS segment."""

recipient, area_table, message = Recipient.__table__, CheckArea.__table__, Message.__table__


@dataclass(frozen=True, slots=True)
class Asked:
    """What asking in some areas came to; `merged`: their open question now counts for this round."""

    new: int = 0
    again: int = 0
    merged: int = 0
    messages: int = 0
    areas: int = 0

    @property
    def people(self) -> int:
        return self.new + self.again + self.merged


def one_at_a_time() -> None:
    """Wait until nobody else is opening, joining or growing a check; held until the transaction ends.

    Two workers that read two reports of one disaster must not both find "no check yet". SQLite has only one writer.
    """
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        lease = Lease.__table__
        connection.execute(
            postgresql.insert(lease).values(name="safety-checks", holder="", until=db_now()).on_conflict_do_nothing()
        )
        connection.execute(sa.select(lease.c.name).where(lease.c.name == "safety-checks").with_for_update())


def ask_in(check: SafetyCheck, round_: CheckRound, areas: Sequence[Area]) -> Asked:
    """Ask everybody the areas concern who is to be asked in this round; the number of statements is constant."""
    session = db.session()
    session.flush()
    moment = asking.present()
    new_areas = store_areas(check.id, round_.number, areas)
    known = {row.participant_id: row for row in _recipients(check.id)}
    rounds = {each.number: each for each in _rounds(check.id)}
    new: list[Target] = []
    again: list[tuple[Any, Target]] = []
    merged: list[tuple[Any, Target]] = []
    worse: list[tuple[Any, Target]] = []
    for target in targets.find(areas):
        row = known.get(target.participant_id)
        if row is None:
            new.append(target)
        elif row.asked_round >= round_.number:
            if _knows_better(row, target):
                worse.append((row, target))
        elif rounds[row.asked_round].withdrawn_at is not None:
            again.append((row, target))
        elif target.severity.stronger_than(_asked_for(row)):
            (merged if _still_open(row, target, rounds[row.asked_round], round_) else again).append((row, target))

    inserted = _insert(check.id, round_.number, new, moment)
    _update(again + merged, {"asked_round": round_.number, "asked_at": moment})
    _update(worse, {})
    wanted = {*inserted, *(row.id for row, _ in again)}
    if again:
        _drop_earlier_questions(check.id, round_.number)
    written = asking.write(
        check,
        round_,
        wanted,
        purpose="ask",
        wave=0,
        choose=asking.best_of_each,
        where=[recipient.c.asked_round == round_.number],
    )
    if written.without_contact:
        connection = session.connection()
        unreachable = bulk.one_of(connection.dialect.name, recipient.c.id, written.without_contact)
        connection.execute(sa.update(recipient).where(unreachable).values(reach=Reach.FAILED))
    asked = Asked(len(inserted), len(again), len(merged), written.messages, new_areas)
    if asked.people:
        round_.asked += asked.people
        audit.record("ask", "recipient", check.id, round=round_.number, new=asked.new, again=asked.again)
    session.flush()
    return asked


def stand_again(check: SafetyCheck, number: int, people: Collection[int], areas: Sequence[Area]) -> None:
    """These recipients stand again where the question of round `number`, in its `areas`, found them.

    Who cannot be found there any more is asked by whatever comes next: rather once too often than not.
    """
    rows = [row for row in _recipients(check.id) if row.id in people]
    found = {target.participant_id: target for target in targets.find(areas)}
    _update([(row, found[row.participant_id]) for row in rows if row.participant_id in found], {"asked_round": number})
    lost = [row.id for row in rows if row.participant_id not in found]
    if lost:
        connection = db.session.connection()
        gone = bulk.one_of(connection.dialect.name, recipient.c.id, lost)
        connection.execute(sa.update(recipient).where(gone).values(asked_round=number, severity_rank=0))


def new_token() -> str:
    """A fresh secret for one recipient's link."""
    number = secrets.randbelow(62**TOKEN_LENGTH)
    digits = []
    for _ in range(TOKEN_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(TOKEN_ALPHABET[digit])
    return "".join(digits)


def store_areas(check_id: int, number: int, areas: Sequence[Area]) -> int:
    """Add what is new; an exactly named area replaces one known from a region. Returns how many were new."""
    connection = db.session.connection()
    rows = connection.execute(
        sa.select(area_table).where(area_table.c.check_id == check_id, area_table.c.round_number == number)
    )
    known = {row.area: row for row in rows}
    fresh: dict[str, dict[str, Any]] = {}
    changed: list[dict[str, Any]] = []
    for area in areas:
        values = {"kind": area.kind, "rank": area.rank, "label": area.label, "coarse": area.coarse}
        row = known.get(area.code)
        if row is None:
            before = fresh.get(area.code)
            if before is None or area.rank > before["rank"]:
                fresh[area.code] = {"check_id": check_id, "round_number": number, "area": area.code, **values}
        elif (row.coarse and not area.coarse) or (row.coarse == area.coarse and area.rank > row.rank):
            changed.append({"b_id": row.id, **values})
    if fresh:
        connection.execute(sa.insert(area_table), list(fresh.values()))
    if changed:
        connection.execute(sa.update(area_table).where(area_table.c.id == sa.bindparam("b_id")), changed)
    return len(fresh)


def _recipients(check_id: int) -> Sequence[Any]:
    columns = (
        recipient.c.id,
        recipient.c.participant_id,
        recipient.c.asked_round,
        recipient.c.answer_round,
        recipient.c.severity_kind,
        recipient.c.severity_rank,
        recipient.c.severity_label,
        recipient.c.coarse,
    )
    return db.session.connection().execute(sa.select(*columns).where(recipient.c.check_id == check_id)).all()


def _rounds(check_id: int) -> Sequence[CheckRound]:
    return db.session.scalars(sa.select(CheckRound).where(CheckRound.check_id == check_id)).all()


def _asked_for(row: Any) -> Severity:
    return Severity(row.severity_kind, row.severity_rank, row.severity_label)


def _knows_better(row: Any, target: Target) -> bool:
    """A reading of the town itself replaces that of its region, also a lower one; else only a worse one counts."""
    if row.coarse != target.coarse:
        return bool(row.coarse)
    return bool(target.rank > row.severity_rank)


def _still_open(row: Any, target: Target, before: CheckRound, round_: CheckRound) -> bool:
    """Whether the question sent minutes ago serves the new shock too; a tsunami warning is always said anew."""
    unanswered = row.answer_round is None or row.answer_round < row.asked_round
    return unanswered and target.kind != "tsunami" and abs(round_.event_at - before.event_at) <= OPEN_QUESTION


def _insert(check_id: int, number: int, people: Sequence[Target], moment: datetime) -> list[int]:
    """The ids of the new recipients; who is there already (another worker was quicker) is left out."""
    if not people:
        return []
    rows = [
        {
            "check_id": check_id,
            "participant_id": target.participant_id,
            "organisation_id": target.organisation_id,
            "host_id": target.host_id,
            "first_round": number,
            "asked_round": number,
            "asked_at": moment,
            "token": new_token(),
            **_place(target),
        }
        for target in people
    ]
    # Only this key: a token that exists already must be an error, never a person silently not asked.
    return bulk.insert_new(db.session.connection(), recipient, rows, key=["check_id", "participant_id"], returning="id")


def _place(target: Target) -> dict[str, Any]:
    return {
        "municipality_code": target.municipality_code,
        "prefecture_code": target.prefecture_code,
        "reasons": ",".join(target.reasons),
        "severity_kind": target.kind,
        "severity_rank": target.rank,
        "severity_label": target.label,
        "coarse": target.coarse,
    }


def _update(people: Sequence[tuple[Any, Target]], values: dict[str, Any]) -> None:
    if people:
        rows = [{"b_id": row.id, **_place(target), **values} for row, target in people]
        # In one order everywhere, so that two transactions cannot wait for each other.
        rows.sort(key=lambda row: row["b_id"])
        db.session.connection().execute(sa.update(recipient).where(recipient.c.id == sa.bindparam("b_id")), rows)


def _drop_earlier_questions(check_id: int, number: int) -> None:
    """What has not left yet of earlier rounds is overtaken by the question of this round."""
    asked_now = sa.select(recipient.c.id).where(recipient.c.check_id == check_id, recipient.c.asked_round == number)
    db.session.connection().execute(
        sa.update(message)
        .where(
            message.c.recipient_id.in_(asked_now),
            message.c.round_number < number,
            message.c.purpose.in_(asking.QUESTIONS),
            message.c.state.in_(NOT_YET_OUT),
        )
        .values(state=MessageState.CANCELED, finished_at=db_now(), reason="overtaken by a later question")
    )
