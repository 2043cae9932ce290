"""Checks as lists show them, and for CLAIR whether the machinery behind them is awake."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from jetapp.safety.queries import Filters, Totals, state_counts
from models.access import Permission, require
from models.db import db
from models.disaster import CheckArea, CheckRound, CheckState, Recipient, SafetyAnswer, SafetyCheck
from models.errors import NotFound
from models.message import InboundMessage, InboundState, Lease, Message, Sender
from models.organisation import ContractingOrganisation, Host
from models.place import Municipality, Prefecture
from models.types import now
from notifications.jma.feed import Reading, readings
from notifications.settings import current

PAST = 50
PROCESS_SILENT = timedelta(minutes=2)


def check(check_id: int) -> SafetyCheck:
    """The check; `NotFound` when the actor has nobody in it."""
    require(Permission.SAFETY_VIEW)
    found = db.session.get(SafetyCheck, check_id)
    if found is None:
        raise NotFound()
    assert isinstance(found, SafetyCheck)
    return found


@dataclass(frozen=True)
class Line:
    """One check in a list, with the totals over the actor's own people."""

    check: SafetyCheck
    totals: Totals


@dataclass(frozen=True)
class Lists:
    """Checks by what is to be done with them, the newest first."""

    proposed: list[Line]
    running: list[Line]
    drills: list[Line]
    past: list[Line]


def lists() -> Lists:
    """All checks of the actor's people."""
    require(Permission.SAFETY_VIEW)
    newest = (SafetyCheck.opened_at.desc(), SafetyCheck.id.desc())
    open_states = (CheckState.PROPOSED, CheckState.RUNNING)
    checks = [
        *db.session.scalars(sa.select(SafetyCheck).where(SafetyCheck.state.in_(open_states)).order_by(*newest)),
        *db.session.scalars(
            sa.select(SafetyCheck).where(SafetyCheck.state.not_in(open_states)).order_by(*newest).limit(PAST)
        ),
    ]
    counts = _totals_of([each.id for each in checks])
    lines = [Line(each, counts.get(each.id, Totals())) for each in checks]
    return Lists(
        proposed=[line for line in lines if line.check.state is CheckState.PROPOSED],
        running=[line for line in lines if line.check.state is CheckState.RUNNING and not line.check.drill],
        drills=[line for line in lines if line.check.state is CheckState.RUNNING and line.check.drill],
        past=[line for line in lines if line.check.state not in open_states],
    )


def _totals_of(check_ids: Sequence[int]) -> dict[int, Totals]:
    if not check_ids:
        return {}
    statement = (
        sa.select(Recipient.check_id, *state_counts())
        .where(Recipient.check_id.in_(check_ids))
        .group_by(Recipient.check_id)
    )
    found = {}
    for row in db.session.execute(statement):
        values = dict(row._mapping)
        check_id = values.pop("check_id")
        found[check_id] = Totals(**values)
    return found


def rounds(check_id: int) -> list[CheckRound]:
    """The rounds of a check, the first first."""
    return list(
        db.session.scalars(sa.select(CheckRound).where(CheckRound.check_id == check_id).order_by(CheckRound.number))
    )


def round_counts(check_id: int, filters: Filters) -> dict[int, int]:
    """How many people were asked last in each round."""
    statement = sa.select(Recipient.asked_round, sa.func.count(Recipient.id)).select_from(Recipient)
    rows = db.session.execute(filters.area.over(statement, check_id).group_by(Recipient.asked_round))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class Reach:
    """Where a check asks."""

    municipalities: int
    prefectures: int
    strongest: str
    labels: dict[int, str]
    """Severity rank → label."""


def reach(check_id: int) -> Reach:
    """The areas of a check, summed up."""
    columns = (CheckArea.area, CheckArea.rank, CheckArea.label)
    rows = db.session.execute(sa.select(*columns).where(CheckArea.check_id == check_id)).all()
    labels = {rank: label for _area, rank, label in rows if label and label != "not_received"}
    labels |= {rank: label for _area, rank, label in rows if label and rank not in labels}
    areas = {area for area, _rank, _label in rows}
    prefectures = {area.partition(":")[2] if ":" in area else area[:2] for area in areas}
    municipalities = sum(":" not in area for area in areas)
    return Reach(municipalities, len(prefectures), labels[max(labels)] if labels else "", labels)


def limit_names(filters: Filters) -> list[tuple[str, str]]:
    """(English, Japanese) names of what the address limits the board to."""
    wanted: list[tuple[Any, Any, Any]] = [
        (Prefecture, Prefecture.code, filters.prefecture),
        (Municipality, Municipality.code, filters.municipality),
        (Host, Host.id, filters.host),
        (ContractingOrganisation, ContractingOrganisation.id, filters.organisation),
    ]
    found = []
    for model, key, value in wanted:
        if value not in ("", None):
            row = db.session.execute(sa.select(model.name_en, model.name_ja).where(key == value)).first()
            found.append((row[0], row[1]) if row else (str(value), str(value)))
    return found


def fingerprint(check: SafetyCheck, *context: object) -> str:
    """A mark that changes with anything a board shows; cheap, from indexes alone."""
    answers = sa.select(sa.func.max(SafetyAnswer.id)).where(SafetyAnswer.check_id == check.id)
    taken = (sa.func.max(Recipient.taken_at), sa.func.count(sa.case((Recipient.taken_by != "", 1))))
    people = sa.select(Recipient.reach, Recipient.answer, Recipient.asked_round, sa.func.count(Recipient.id), *taken)
    people = people.where(Recipient.check_id == check.id)
    people = people.group_by(Recipient.reach, Recipient.answer, Recipient.asked_round).order_by(sa.text("1, 2, 3"))
    sent = sa.select(Message.channel, Message.state, sa.func.count(Message.id)).where(Message.check_id == check.id)
    sent = sent.group_by(Message.channel, Message.state).order_by(sa.text("1, 2"))
    waves = sa.select(CheckRound.number, CheckRound.waves_done).where(CheckRound.check_id == check.id)
    seen = [db.session.scalar(answers), *(db.session.execute(each).all() for each in (people, sent, waves))]
    whole = repr((seen, check.state.value, check.note, check.title_en, check.title_ja, check.withdrawn_at, context))
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Watch:
    """Whether what starts and sends checks is awake. CLAIR only."""

    feeds: list[Reading]
    scheduler_seen_at: datetime | None
    replies: int
    stopped: list[tuple[str, str]]
    """Channels on which nothing leaves, and why."""

    @property
    def feed_silent(self) -> bool:
        """One feed that stands still is enough to miss a warning."""
        return any(feed.silent(current().jma_poll_seconds) for feed in self.feeds)

    @property
    def feed_read_at(self) -> datetime | None:
        """When the slowest feed was read; None when one never was."""
        ages = [feed.age_seconds for feed in self.feeds]
        known = [age for age in ages if age is not None]
        return now() - timedelta(seconds=max(known)) if known and len(known) == len(ages) else None

    @property
    def scheduler_silent(self) -> bool:
        return self.scheduler_seen_at is None or now() - self.scheduler_seen_at > PROCESS_SILENT


def watch() -> Watch:
    """The state of feeds and scheduler, and how many replies wait for a person."""
    require(Permission.SAFETY_RUN)
    stopped = sa.select(Sender.channel, Sender.paused_reason).where(Sender.paused).order_by(Sender.channel)
    # The clock notes when it last saw to the messages; two clocks share the note.
    scheduler_seen_at = db.session.scalar(sa.select(Lease.done_at).where(Lease.name == "deliver"))
    return Watch(
        feeds=readings(db.session.execute, current().jma_feeds),
        scheduler_seen_at=scheduler_seen_at,
        replies=replies_waiting(),
        stopped=[(row[0].value, row[1]) for row in db.session.execute(stopped)],
    )


def replies_waiting() -> int:
    """Texts that a person must read."""
    waiting = InboundMessage.state == InboundState.WAITING
    return db.session.scalar(sa.select(sa.func.count(InboundMessage.id)).where(waiting)) or 0
