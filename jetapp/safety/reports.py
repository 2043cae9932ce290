"""Hazard reports as stored, texts that wait for a person, messages and senders: what CLAIR's pages read."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from models.access import Permission, require
from models.db import db
from models.disaster import CheckState, Recipient, SafetyCheck, Telegram, TriggerRule
from models.errors import NotFound
from models.message import IN_DOUBT, NOT_YET_OUT, InboundMessage, InboundState, Message, MessageState, Sender
from models.participant import Channel, ContactPoint, Participant
from models.types import now

PAGE = 50
BODY_SHOWN = 200_000


def telegrams(action: str = "", page: int = 1) -> tuple[list[Telegram], int]:
    """Stored reports, the newest first, and how many there are."""
    require(Permission.SAFETY_RUN)
    conditions = []
    if action == "error":
        conditions.append(Telegram.error != "")
    elif action == "acted":
        conditions.append(Telegram.action.in_(["start", "propose", "cancel", "drill-start", "drill-propose"]))
    elif action:
        conditions.append(Telegram.action == action)
    count = db.session.scalar(sa.select(sa.func.count(Telegram.id)).where(*conditions)) or 0
    statement = sa.select(Telegram).where(*conditions).order_by(Telegram.received_at.desc(), Telegram.id.desc())
    return list(db.session.scalars(statement.limit(PAGE).offset((page - 1) * PAGE))), count


def telegram(telegram_id: int) -> tuple[Telegram, str]:
    """One report and its text as it came."""
    require(Permission.SAFETY_RUN)
    statement = sa.select(Telegram).where(Telegram.id == telegram_id).options(undefer(Telegram.body))
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound()
    return found, _text(found.body)


def _text(body: bytes) -> str:
    reader = zlib.decompressobj()
    try:
        # Only as much as is shown is unpacked, whatever the bytes would grow to.
        return reader.decompress(body, BODY_SHOWN).decode("utf-8", "replace")
    except zlib.error:
        return ""


@dataclass(frozen=True)
class Candidate:
    """Somebody a text may be from."""

    recipient_id: int
    check_id: int
    check_en: str
    check_ja: str
    drill: bool
    family_name: str
    given_name: str


@dataclass(frozen=True)
class Reply:
    """A text that waits, with those it may be from."""

    inbound: InboundMessage
    candidates: list[Candidate]


def replies(limit: int = PAGE) -> tuple[list[Reply], int]:
    """Texts that wait for a person, the oldest first, and how many there are."""
    require(Permission.SAFETY_CLASSIFY)
    waiting = InboundMessage.state == InboundState.WAITING
    count = db.session.scalar(sa.select(sa.func.count(InboundMessage.id)).where(waiting)) or 0
    statement = sa.select(InboundMessage).where(waiting).order_by(InboundMessage.received_at, InboundMessage.id)
    found = list(db.session.scalars(statement.limit(limit)))
    candidates = _candidates(found)
    return [Reply(each, candidates.get(each.id, [])) for each in found], count


def find_people(text: str, limit: int = 10) -> list[Candidate]:
    """People of running checks by name or JET number, for a text whose number tells nothing."""
    require(Permission.SAFETY_CLASSIFY)
    statement = _people_asked().where(SafetyCheck.state == CheckState.RUNNING)
    columns = (Participant.family_name, Participant.given_name, Participant.kana, Participant.jet_number)
    for word in text.lower().split()[:5]:
        statement = statement.where(
            sa.or_(*(sa.func.lower(column).contains(word, autoescape=True) for column in columns))
        )
    statement = statement.order_by(Participant.family_name, Participant.given_name, Recipient.id).limit(limit)
    return [Candidate(*row) for row in db.session.execute(statement)]


def _people_asked() -> Any:
    columns = (Recipient.id, Recipient.check_id, SafetyCheck.title_en, SafetyCheck.title_ja, SafetyCheck.drill,
               Participant.family_name, Participant.given_name)  # fmt: skip
    return (
        sa.select(*columns)
        .select_from(Recipient)
        .join(SafetyCheck, SafetyCheck.id == Recipient.check_id)
        .join(Participant, Participant.id == Recipient.participant_id)
    )


def _candidates(texts: Sequence[InboundMessage]) -> dict[int, list[Candidate]]:
    """Everybody asked in a running check who has the number, or whom the text was matched with; two queries."""
    if not texts:
        return {}
    base = _people_asked()
    numbers = {text.from_address for text in texts}
    by_number: dict[str, list[Candidate]] = {}
    having = (
        base.add_columns(ContactPoint.value)
        .join(ContactPoint, ContactPoint.participant_id == Participant.id)
        .where(ContactPoint.value.in_(numbers), SafetyCheck.state == CheckState.RUNNING)
        .order_by(SafetyCheck.opened_at.desc(), Participant.family_name)
    )
    for *values, number in db.session.execute(having):
        by_number.setdefault(number, []).append(Candidate(*values))
    matched = {text.recipient_id for text in texts if text.recipient_id}
    by_id = {row[0]: Candidate(*row) for row in db.session.execute(base.where(Recipient.id.in_(matched)))}
    found = {}
    for text in texts:
        own = [by_id[text.recipient_id]] if text.recipient_id in by_id else []
        rest = [each for each in by_number.get(text.from_address, []) if each not in own]
        found[text.id] = own + rest
    return found


@dataclass(frozen=True)
class MessageFilters:
    """What the page of messages is limited to."""

    check: int | None = None
    channel: str = ""
    states: tuple[MessageState, ...] = ()

    def conditions(self) -> list[Any]:
        found: list[Any] = []
        if self.check is not None:
            found.append(Message.check_id == self.check)
        if self.channel:
            found.append(Message.channel == Channel(self.channel))
        if self.states:
            found.append(Message.state.in_(self.states))
        return found


@dataclass(frozen=True)
class Outlook:
    """How sending stands, over the messages the reader may see."""

    counts: dict[tuple[Channel, MessageState], int]
    oldest_unsent_at: datetime | None
    in_doubt: int

    @property
    def oldest_age(self) -> timedelta | None:
        return now() - self.oldest_unsent_at if self.oldest_unsent_at else None

    def count(self, channel: Channel, states: Sequence[MessageState]) -> int:
        return sum(self.counts.get((channel, state), 0) for state in states)


def outlook(check_id: int | None) -> Outlook:
    """Counts by channel and state, the oldest message that should be out by now, how many are in doubt."""
    require(Permission.MESSAGES_VIEW)
    scope = [] if check_id is None else [Message.check_id == check_id]
    grouped = sa.select(Message.channel, Message.state, sa.func.count(Message.id)).where(*scope)
    rows = db.session.execute(grouped.group_by(Message.channel, Message.state))
    counts = {(channel, state): count for channel, state, count in rows}
    unsent = sa.select(sa.func.min(Message.due_at)).where(*scope, Message.state.in_(NOT_YET_OUT))
    return Outlook(
        counts,
        db.session.scalar(unsent.where(Message.due_at <= now())),
        sum(count for (_channel, state), count in counts.items() if state in IN_DOUBT),
    )


def messages(filters: MessageFilters, page: int = 1) -> tuple[list[tuple[Message, str, str]], int]:
    """Messages with the names of their people, the newest first, and how many there are."""
    require(Permission.MESSAGES_VIEW)
    count = db.session.scalar(sa.select(sa.func.count(Message.id)).where(*filters.conditions())) or 0
    statement = (
        sa.select(Message, Participant.family_name, Participant.given_name)
        .outerjoin(Participant, Participant.id == Message.participant_id)
        .where(*filters.conditions())
        .order_by(Message.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return [(message, family or "", given or "") for message, family, given in db.session.execute(statement)], count


def senders() -> list[Sender]:
    """Where messages leave from."""
    require(Permission.SENDERS_CONTROL)
    return list(db.session.scalars(sa.select(Sender).order_by(Sender.channel)))


def rules() -> list[TriggerRule]:
    """The rule table in its order."""
    require(Permission.SAFETY_RULES)
    return list(db.session.scalars(sa.select(TriggerRule).order_by(TriggerRule.id)))
