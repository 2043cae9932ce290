"""Asking again: reminders when they are due, and another way at once where a message failed.

Times are the database's (messaging.md, case 28). Only running checks, only people of whom a clear answer in or
after the round is missing: an unclear text does not stop the questions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from models.db import db
from models.disaster import Answer, CheckRound, CheckState, Recipient, SafetyCheck
from models.errors import Conflict
from models.message import Message, MessageState
from models.participant import Channel
from models.types import db_now
from notifications import bulk, settings
from notifications.safety import asking
from notifications.safety.asking import Contact

BY_HAND = 100
"""Waves written by hand are numbered from here, apart from those of the clock."""
PAUSE_BY_HAND = timedelta(minutes=5)
FAILED = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.SUPPRESSED)
LOOK_BACK_SECONDS = 3600
"""A failure older than this is left to the next reminder."""

recipient, message = Recipient.__table__, Message.__table__


def unanswered() -> ColumnElement[bool]:
    """The person's clear answer is missing, or was given before they were asked last."""
    return sa.or_(
        recipient.c.answer.is_(None),
        recipient.c.answer == Answer.UNCLEAR,
        recipient.c.answer_round < recipient.c.asked_round,
    )


def remind() -> int:
    """Write the reminders that are due by now; how many messages. Waves missed while nobody looked are not made up."""
    moment = asking.present()
    written = 0
    minutes = settings.current().reminder_minutes
    for check, round_ in open_rounds():
        due = sum(round_.opened_at + timedelta(minutes=after) <= moment for after in minutes)
        if due > round_.waves_done:
            # The round is locked: a second scheduler waits here, and then finds the wave done.
            round_.waves_done = due
            written += _wave(check, round_, due)
    db.session.flush()
    return written


def by_hand(check: SafetyCheck) -> int:
    """One more reminder now, each person for the round they were asked in last."""
    latest = db.session.execute(
        sa.select(sa.func.max(Message.wave), sa.func.max(Message.created_at)).where(
            Message.check_id == check.id, Message.wave >= BY_HAND
        )
    ).one()
    if latest[1] is not None and asking.present() - latest[1] < PAUSE_BY_HAND:
        raise Conflict("asked_just_now", "Everybody without an answer was asked again a moment ago.")
    wave = BY_HAND if latest[0] is None else latest[0] + 1
    return sum(_wave(found, round_, wave) for found, round_ in open_rounds(check.id))


def other_ways() -> int:
    """For questions that failed for good: at once another address of the person that this round and wave has not
    used, the same channel first. Idempotent, because an address is used once in a wave. How many messages."""
    failed = _failed()
    written = 0
    for check, round_ in open_rounds() if failed else ():
        waves: defaultdict[tuple[int, bool], set[int]] = defaultdict(set)
        for row in failed:
            if row.check_id == check.id and row.round_number == round_.number:
                waves[row.wave, row.purpose == "ask"].add(row.recipient_id)
        for (wave, first), people in waves.items():
            written += asking.write(
                check,
                round_,
                people,
                purpose="ask" if first else "reminder",
                wave=wave,
                choose=_instead(_tried(people, round_.number, wave)),
                where=[bulk.one_of(db.session.connection().dialect.name, recipient.c.id, people)],
            ).messages
    return written


def _wave(check: SafetyCheck, round_: CheckRound, wave: int) -> int:
    where = [recipient.c.asked_round == round_.number, unanswered()]
    wanted = set(
        db.session.connection()
        .execute(sa.select(recipient.c.id).where(recipient.c.check_id == check.id, *where))
        .scalars()
    )
    waiting = asking.not_out_yet(check.id)
    turn = asking.turn(wave)

    def choose(ident: int, contacts: Sequence[Contact]) -> Iterable[Contact]:
        return [point for point in turn(ident, contacts) if (ident, point.channel) not in waiting]

    return asking.write(check, round_, wanted, purpose="reminder", wave=wave, choose=choose, where=where).messages


def open_rounds(check_id: int | None = None) -> list[tuple[SafetyCheck, CheckRound]]:
    """The rounds of running checks that people may still be asked in, locked until the transaction ends."""
    query = (
        sa.select(SafetyCheck, CheckRound)
        .join(CheckRound, CheckRound.check_id == SafetyCheck.id)
        .where(SafetyCheck.state == CheckState.RUNNING, CheckRound.withdrawn_at.is_(None))
        .order_by(CheckRound.id)
        .with_for_update(of=CheckRound)
        .execution_options(populate_existing=True)
    )
    if check_id is not None:
        query = query.where(SafetyCheck.id == check_id)
    found = [(check, round_) for check, round_ in db.session.execute(query)]
    # Asked once more: somebody may have closed a check while we waited for its rounds.
    running = set(db.session.scalars(sa.select(SafetyCheck.id).where(SafetyCheck.state == CheckState.RUNNING)))
    return [(check, round_) for check, round_ in found if check.id in running]


def _failed() -> Sequence[Any]:
    """Questions that failed lately, of people who were not asked since and have not answered."""
    return (
        db.session.connection()
        .execute(
            sa.select(
                message.c.check_id,
                message.c.recipient_id,
                message.c.round_number,
                message.c.wave,
                message.c.purpose,
                message.c.channel,
            )
            .join(recipient, recipient.c.id == message.c.recipient_id)
            .where(
                message.c.check_id.in_(sa.select(SafetyCheck.id).where(SafetyCheck.state == CheckState.RUNNING)),
                message.c.state.in_(FAILED),
                message.c.finished_at > db_now(-LOOK_BACK_SECONDS),
                message.c.purpose.in_(asking.QUESTIONS),
                recipient.c.asked_round == message.c.round_number,
                unanswered(),
            )
            .order_by(message.c.id)
        )
        .all()
    )


def _tried(people: Iterable[int], number: int, wave: int) -> dict[int, list[Any]]:
    """The questions each recipient had in this round and wave."""
    connection = db.session.connection()
    rows = connection.execute(
        sa.select(message.c.recipient_id, message.c.contact_point_id, message.c.channel, message.c.state).where(
            bulk.one_of(connection.dialect.name, message.c.recipient_id, people),
            message.c.round_number == number,
            message.c.wave == wave,
            message.c.purpose.in_(asking.QUESTIONS),
        )
    )
    tried: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        tried[row.recipient_id].append(row)
    return tried


def _instead(tried: dict[int, list[Any]]) -> asking.Choose:
    """A failed channel goes on with its next address; one with none left only if nothing else is under way."""

    def choose(ident: int, contacts: Sequence[Contact]) -> Iterable[Contact]:
        used = {row.contact_point_id for row in tried[ident]}
        left = [point for point in contacts if point.id not in used]
        alive = {row.channel for row in tried[ident] if row.state not in FAILED}
        dead = {row.channel for row in tried[ident]} - alive
        same = [
            next((point for point in left if point.channel is channel), None) for channel in Channel if channel in dead
        ]
        chosen = [point for point in same if point is not None]
        return chosen or ([] if alive else left[:1])

    return choose
