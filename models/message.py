"""Messages: rows first, jobs later. The states and their moves are those of docs/sending.md."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from models.access import Actor, Visible
from models.db import Model
from models.disaster import ClairOnly, recipient_ids
from models.participant import Channel, participant_ids
from models.types import BigId, UtcDateTime, db_now, enum_text


class MessageState(StrEnum):
    PENDING = "pending"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


NOT_YET_OUT = (MessageState.PENDING,)
IN_DOUBT = (MessageState.SUBMITTING, MessageState.UNKNOWN)
AT_PROVIDER = (MessageState.ACCEPTED, MessageState.SENT)
ARRIVED = (MessageState.DELIVERED, MessageState.READ)
FINAL = (
    *ARRIVED,
    MessageState.UNDELIVERED,
    MessageState.FAILED,
    MessageState.CANCELED,
    MessageState.EXPIRED,
    MessageState.SUPPRESSED,
)


class Priority:
    """The order within a lane: what a person waits for goes before a reminder."""

    REPLY = 0
    ASK = 1
    NOTICE = 2
    REMINDER = 3


class Message(Visible, Model):
    """One text to one address. `key` makes a second writing of the same message harmless."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index(
            "ix_message_due",
            "channel",
            "priority",
            "due_at",
            "id",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index(
            "ix_message_leased",
            "state",
            "lease_until",
            sqlite_where=sa.text("state in ('submitting', 'unknown', 'accepted', 'sent')"),
            postgresql_where=sa.text("state in ('submitting', 'unknown', 'accepted', 'sent')"),
        ),
        sa.Index("ix_message_check_state", "check_id", "channel", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(sa.String(32), unique=True, default=lambda: uuid4().hex)
    """Named in the callback address, so that any callback proves which row was accepted."""
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    """check:person:round:wave:channel:contact, or "reply:<inbound id>"."""
    check_id: Mapped[int | None] = mapped_column(sa.ForeignKey("safety_check.id", ondelete="CASCADE"))
    recipient_id: Mapped[int | None] = mapped_column(sa.ForeignKey("recipient.id", ondelete="CASCADE"), index=True)
    participant_id: Mapped[int | None] = mapped_column(sa.ForeignKey("participant.id", ondelete="CASCADE"), index=True)
    contact_point_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact_point.id", ondelete="SET NULL"))
    round_number: Mapped[int] = mapped_column(default=0)
    wave: Mapped[int] = mapped_column(default=0)
    purpose: Mapped[str] = mapped_column(sa.String(16), default="ask")
    """ask, reminder, cancel, ack, help_received, unclear."""
    channel: Mapped[Channel] = mapped_column(enum_text(Channel))
    address: Mapped[str] = mapped_column(sa.String(254))
    language: Mapped[str] = mapped_column(sa.String(12), default="en")
    subject: Mapped[str] = mapped_column(sa.String(200), default="")
    body: Mapped[str] = mapped_column(sa.Text)
    mark: Mapped[str] = mapped_column(sa.String(40), default="")
    """Words found in the body and nowhere else: by them the provider's list is searched."""
    segments: Mapped[int] = mapped_column(default=1)
    priority: Mapped[int] = mapped_column(sa.SmallInteger, default=Priority.ASK)
    state: Mapped[MessageState] = mapped_column(enum_text(MessageState), default=MessageState.PENDING)
    rank: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=db_now())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim_token: Mapped[str] = mapped_column(sa.String(32), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when the holder of a claim may act; for `unknown`, `accepted` and `sent`: when to look it up next."""
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    lookups: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    blind_resends: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    provider_id: Mapped[str | None] = mapped_column(sa.String(80), index=True)
    sender: Mapped[str] = mapped_column(sa.String(60), default="")
    error_code: Mapped[str] = mapped_column(sa.String(20), default="")
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=db_now())
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return sa.or_(
            cls.recipient_id.in_(recipient_ids(actor)),
            sa.and_(cls.recipient_id.is_(None), cls.participant_id.in_(participant_ids(actor))),
        )


class MessageEvent(ClairOnly, Model):
    """What a provider told us, as it came; rows are only ever added, also for messages we do not know."""

    __tablename__ = "message_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("message.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[str] = mapped_column(sa.String(80), default="")
    status: Mapped[str] = mapped_column(sa.String(40), default="")
    error_code: Mapped[str] = mapped_column(sa.String(20), default="")
    dedupe_key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    raw: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=db_now())


class InboundState(StrEnum):
    ANSWERED = "answered"
    WAITING = "waiting"
    """For a human: not clear, unknown number, or a number of several people."""
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    CLASSIFIED = "classified"
    SET_ASIDE = "set_aside"


class InboundMessage(Visible, Model):
    """A text somebody sent us, word for word; of a sender who cannot be told only CLAIR sees it."""

    __tablename__ = "inbound_message"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider_id: Mapped[str] = mapped_column(sa.String(80), unique=True)
    from_address: Mapped[str] = mapped_column(sa.String(254), index=True)
    to_address: Mapped[str] = mapped_column(sa.String(254), default="")
    body: Mapped[str] = mapped_column(sa.Text, default="")
    media: Mapped[int] = mapped_column(default=0)
    guess: Mapped[str] = mapped_column(sa.String(20), default="")
    state: Mapped[InboundState] = mapped_column(enum_text(InboundState), index=True)
    why: Mapped[str] = mapped_column(sa.String(200), default="")
    recipient_id: Mapped[int | None] = mapped_column(sa.ForeignKey("recipient.id", ondelete="SET NULL"), index=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=db_now())
    handled_by: Mapped[str] = mapped_column(sa.String(120), default="")
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.recipient_id.in_(recipient_ids(actor))


class Sender(ClairOnly, Model):
    """Where messages of a channel leave from, with the rate all workers share."""

    __tablename__ = "sender"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[Channel] = mapped_column(enum_text(Channel), unique=True)
    address: Mapped[str] = mapped_column(sa.String(120), default="")
    segments_per_second: Mapped[float] = mapped_column(default=0.0)
    """0 = not limited."""
    next_free_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the segments handed out so far will have left at the agreed rate."""
    slow_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then nothing is sent, because the provider asked us to wait."""
    paused: Mapped[bool] = mapped_column(default=False)
    paused_reason: Mapped[str] = mapped_column(sa.String(200), default="")


class Lease(ClairOnly, Model):
    """Who may do a periodic task just now."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(120), default="")
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the task was last finished."""
