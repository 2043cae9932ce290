"""What happened when: the curve of answers, the message waves, the latest entries of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from jetapp.safety.queries import BoardState, Filters, board_state
from models.db import db
from models.disaster import Answer, CheckRound, Recipient, SafetyAnswer
from models.message import Message, MessageState
from models.participant import Channel, Participant

STEPS = 120
"""No more points than the picture can show."""


@dataclass(frozen=True)
class Curve:
    """Answers that count, by the time they were given; the last point equals need help + safe of the totals."""

    points: list[tuple[datetime, int]]
    start: datetime
    end: datetime

    def time_of(self, share: float, asked: int) -> timedelta | None:
        """How long until `share` of those asked had answered; None if they have not."""
        goal = share * asked
        return next((moment - self.start for moment, count in self.points if count >= goal > 0), None)


def _counted_at() -> ColumnElement[datetime]:
    """People asked once are counted at their first answer, people asked again at the one given since."""
    first = sa.and_(
        Recipient.first_round == Recipient.asked_round,
        Recipient.first_answered_at.is_not(None),
        Recipient.first_answer != Answer.UNCLEAR,
    )
    return sa.case((first, Recipient.first_answered_at), else_=Recipient.answered_at)


def curve(check_id: int, filters: Filters, start: datetime, end: datetime) -> Curve:
    """The curve between `start` and `end`; answers outside are counted at the edges."""
    end = max(end, start + timedelta(minutes=1))
    width = max(1, int((end - start).total_seconds()) // STEPS)
    seconds = sa.cast(sa.extract("epoch", _counted_at()), sa.BigInteger)
    step = (seconds - int(start.timestamp())) // width
    statement = sa.select(step.label("step"), sa.func.count(Recipient.id)).select_from(Recipient)
    statement = filters.area.over(statement, check_id)
    statement = statement.where(board_state().in_([BoardState.NEED_HELP.value, BoardState.SAFE.value]))
    found: dict[int, int] = {}
    for raw, people in db.session.execute(statement.group_by("step")):
        place = min(max(int(raw or 0), 0), STEPS)
        found[place] = found.get(place, 0) + people
    points, total = [], 0
    for place in sorted(found):
        total += found[place]
        points.append((min(start + timedelta(seconds=(place + 1) * width), end), total))
    return Curve(points, start, end)


@dataclass(frozen=True)
class Wave:
    """One reminder of one round."""

    at: datetime
    number: int


def waves(rounds: Sequence[CheckRound], reminder_minutes: Sequence[int]) -> list[Wave]:
    """The reminders written so far, by the rounds' own count."""
    return [
        Wave(round.opened_at + timedelta(minutes=minutes), number)
        for round in rounds
        for number, minutes in enumerate(reminder_minutes[: round.waves_done], 1)
    ]


def next_reminder(rounds: Sequence[CheckRound], reminder_minutes: Sequence[int]) -> datetime | None:
    """When the next reminder of the newest round is due."""
    if not rounds or rounds[-1].waves_done >= len(reminder_minutes):
        return None
    return rounds[-1].opened_at + timedelta(minutes=reminder_minutes[rounds[-1].waves_done])


@dataclass(frozen=True)
class Entry:
    """One line of the log; `kind` is answer, taken or round, `values` fill the sentence."""

    at: datetime
    kind: str
    values: dict[str, Any]


def latest(check_id: int, rounds: Sequence[CheckRound], limit: int = 8) -> list[Entry]:
    """The newest answers, cases taken and rounds, newest first."""
    names = (Participant.family_name, Participant.given_name)
    answers = (
        sa.select(SafetyAnswer.received_at, SafetyAnswer.answer, SafetyAnswer.given_by, SafetyAnswer.channel,
                  Recipient.id, *names)
        .select_from(SafetyAnswer)
        .join(Recipient, Recipient.id == SafetyAnswer.recipient_id)
        .outerjoin(Participant, Participant.id == Recipient.participant_id)
        .where(SafetyAnswer.check_id == check_id)
        .order_by(SafetyAnswer.received_at.desc(), SafetyAnswer.id.desc())
        .limit(limit)
    )  # fmt: skip
    taken = (
        sa.select(Recipient.taken_at, Recipient.taken_by, Recipient.id, *names)
        .outerjoin(Participant, Participant.id == Recipient.participant_id)
        .where(Recipient.check_id == check_id, Recipient.taken_at.is_not(None))
        .order_by(Recipient.taken_at.desc())
        .limit(limit)
    )
    found = [
        Entry(at, "answer", {"answer": answer.value, "given_by": by, "channel": channel, "recipient": recipient,
                             "family": family or "", "given": given or ""})
        for at, answer, by, channel, recipient, family, given in db.session.execute(answers)
    ]  # fmt: skip
    found += [
        Entry(at, "taken", {"by": by, "recipient": recipient, "family": family or "", "given": given or ""})
        for at, by, recipient, family, given in db.session.execute(taken)
        if at is not None
    ]
    found += [Entry(round.opened_at, "round", {"number": round.number, "label": round.label}) for round in rounds]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]


@dataclass(frozen=True)
class Delivery:
    """Messages of one channel by state."""

    channel: Channel
    states: dict[MessageState, int]

    def count(self, states: Sequence[MessageState]) -> int:
        return sum(self.states.get(state, 0) for state in states)


def delivery(check_id: int) -> list[Delivery]:
    """Messages of the check by channel."""
    statement = (
        sa.select(Message.channel, Message.state, sa.func.count(Message.id))
        .where(Message.check_id == check_id)
        .group_by(Message.channel, Message.state)
    )
    found: dict[Channel, dict[MessageState, int]] = {}
    for channel, state, count in db.session.execute(statement):
        found.setdefault(channel, {})[state] = count
    return [Delivery(channel, found[channel]) for channel in sorted(found, key=lambda c: c.value)]
