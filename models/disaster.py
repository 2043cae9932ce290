"""Hazard reports, the rules that judge them, and the safety checks they start."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.elements import ColumnElement

from models.access import Actor, Role, Visible
from models.db import Model
from models.organisation import ContractingOrganisation
from models.participant import Participant
from models.types import BigId, UtcDateTime, enum_text


class CheckState(StrEnum):
    PROPOSED = "proposed"
    RUNNING = "running"
    CLOSED = "closed"
    DECLINED = "declined"


class Answer(StrEnum):
    SAFE = "safe"
    NEED_HELP = "need_help"
    UNCLEAR = "unclear"


class Reach(StrEnum):
    """What is known of getting through to a person in one check, over all messages."""

    WAITING = "waiting"
    SENT = "sent"
    ARRIVED = "arrived"
    FAILED = "failed"


class ClairOnly(Visible):
    """Rows that only CLAIR and the system see."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return sa.false()


class Telegram(ClairOnly, Model):
    """A report as it came, with what was made of it and why. `digest` is the SHA-256 of the bytes: the same
    telegram twice is one row."""

    __tablename__ = "telegram"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    identity: Mapped[str] = mapped_column(sa.String(200), default="", index=True)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    source: Mapped[str] = mapped_column(sa.String(200), default="")
    type: Mapped[str] = mapped_column(sa.String(10), default="")
    status: Mapped[str] = mapped_column(sa.String(10), default="")
    info_type: Mapped[str] = mapped_column(sa.String(12), default="")
    event_id: Mapped[str] = mapped_column(sa.String(120), default="")
    serial: Mapped[str] = mapped_column(sa.String(20), default="")
    headline: Mapped[str] = mapped_column(sa.Text, default="")
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(sa.String(20), default="")
    why: Mapped[str] = mapped_column(sa.Text, default="")
    effect: Mapped[str] = mapped_column(sa.Text, default="")
    """What happened then, in words, e.g. "round 2 of check 4 opened for 12 more people"."""
    error: Mapped[str] = mapped_column(sa.Text, default="")
    unknown_codes: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    check_id: Mapped[int | None] = mapped_column(sa.ForeignKey("safety_check.id"), index=True)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    """The bytes as received, compressed with zlib."""


class FeedState(ClairOnly, Model):
    """How far a JMA Atom feed has been read."""

    __tablename__ = "feed_state"

    url: Mapped[str] = mapped_column(sa.String(300), primary_key=True)
    etag: Mapped[str] = mapped_column(sa.String(200), default="")
    last_modified: Mapped[str] = mapped_column(sa.String(60), default="")
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last asked for, well or not."""
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last answered well (200 or 304)."""
    seen: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    """Entry ids of the last reading."""
    missing: Mapped[dict[str, list[str]]] = mapped_column(sa.JSON, default=dict)
    """Telegrams that could not be fetched: address → when it was tried first and last (ISO 8601)."""
    error: Mapped[str] = mapped_column(sa.Text, default="")


class TriggerRule(ClairOnly, Model):
    """One line of the rule table: reports of `type_group` that say `value` of `kind` lead to `action`."""

    __tablename__ = "trigger_rule"
    __table_args__ = (sa.UniqueConstraint("type_group", "kind", "value"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    type_group: Mapped[str] = mapped_column(sa.String(40))
    kind: Mapped[str] = mapped_column(sa.String(40))
    value: Mapped[str] = mapped_column(sa.String(40))
    action: Mapped[str] = mapped_column(sa.String(20))
    label: Mapped[str] = mapped_column(sa.String(200), default="")
    changed_by: Mapped[str] = mapped_column(sa.String(120), default="")
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SafetyCheck(Visible, Model):
    """One safety check: one disaster, one or more rounds. Never closed by itself."""

    __tablename__ = "safety_check"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    """What makes a second opening of the same check harmless: a series key of the disaster, or the form's own key."""
    kind: Mapped[str] = mapped_column(sa.String(20), default="earthquake")
    title_en: Mapped[str] = mapped_column(sa.String(200))
    title_ja: Mapped[str] = mapped_column(sa.String(200), default="")
    drill: Mapped[bool] = mapped_column(default=False)
    state: Mapped[CheckState] = mapped_column(enum_text(CheckState), index=True)
    why: Mapped[str] = mapped_column(sa.Text, default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    event: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """What the messages say of the disaster: kind, max_value, place_ja, place_en, magnitude, at (ISO 8601, UTC)."""
    event_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The time of the latest report that joined; the 72 hours of joining count from here."""
    started_by: Mapped[str] = mapped_column(sa.String(120), default="")
    proposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(sa.String(120), default="")
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When JMA had withdrawn the reports (取消) of all rounds and those asked had been told."""
    token_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    rounds: Mapped[list[CheckRound]] = relationship(back_populates="check", order_by="CheckRound.number")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        recipient = Recipient.__table__
        return cls.id.in_(sa.select(recipient.c.check_id).where(_recipients_of(actor)))


class DisasterKey(ClairOnly, Model):
    """A series key (event id, office and type …) under which later reports find their check."""

    __tablename__ = "disaster_key"
    __table_args__ = (sa.UniqueConstraint("key", "drill"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200))
    drill: Mapped[bool] = mapped_column(default=False)
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("safety_check.id", ondelete="CASCADE"), index=True)


class CheckRound(Visible, Model):
    """One shock or warning inside a check; people hit for the first time, or harder than before, are asked in it."""

    __tablename__ = "check_round"
    __table_args__ = (sa.UniqueConstraint("check_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("safety_check.id", ondelete="CASCADE"))
    number: Mapped[int]
    label: Mapped[str] = mapped_column(sa.String(200), default="")
    series: Mapped[str] = mapped_column(sa.String(200), default="")
    """The series key of the event that opened it: further reports of the same event stay in this round."""
    event_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    event: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """What the messages of this round say of the disaster; as `SafetyCheck.event`."""
    asked: Mapped[int] = mapped_column(default=0)
    """How many people were asked in this round, also those who were asked again in a later one."""
    waves_done: Mapped[int] = mapped_column(default=0)
    """How many reminder waves have been written."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When JMA withdrew the report (取消) and those asked in this round were told."""

    check: Mapped[SafetyCheck] = relationship(back_populates="rounds")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        recipient = Recipient.__table__
        return cls.check_id.in_(sa.select(recipient.c.check_id).where(_recipients_of(actor)))


class CheckArea(Visible, Model):
    """An area a check asks in: a municipality, or the coast of a prefecture (people marked coastal)."""

    __tablename__ = "check_area"
    __table_args__ = (sa.UniqueConstraint("check_id", "round_number", "area"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("safety_check.id", ondelete="CASCADE"))
    round_number: Mapped[int]
    area: Mapped[str] = mapped_column(sa.String(12))
    """Five digits of a municipality, "pref:04" for a whole prefecture, or "coast:04" for its coast."""
    kind: Mapped[str] = mapped_column(sa.String(20), default="")
    rank: Mapped[int] = mapped_column(default=0)
    label: Mapped[str] = mapped_column(sa.String(40), default="")
    coarse: Mapped[bool] = mapped_column(default=False)
    """Named by a report of regions, not of municipalities; people asked because of it stay asked."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        recipient = Recipient.__table__
        return cls.check_id.in_(sa.select(recipient.c.check_id).where(_recipients_of(actor)))


class Recipient(Visible, Model):
    """One person asked in one check, with the organisation and host at that moment and the newest answer.

    `answer` is the newest answer of the person in this check whatever the round; it is out of date when
    `answer_round` < `asked_round`. All answers are kept in `safety_answer`.
    """

    __tablename__ = "recipient"
    __table_args__ = (
        sa.UniqueConstraint("check_id", "participant_id"),
        sa.Index("ix_recipient_organisation", "organisation_id", "check_id"),
        sa.Index("ix_recipient_host", "host_id", "check_id"),
        # Each row changes some four times in the first minutes. No column that changes is indexed and the pages have
        # room, so that PostgreSQL leaves the indexes alone (heap-only tuples).
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("safety_check.id", ondelete="CASCADE"))
    participant_id: Mapped[int] = mapped_column(sa.ForeignKey("participant.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("contracting_organisation.id"))
    host_id: Mapped[int] = mapped_column(sa.ForeignKey("host.id"))
    municipality_code: Mapped[str | None] = mapped_column(sa.ForeignKey("municipality.code"))
    """Where the person is hit hardest, by the latest round."""
    prefecture_code: Mapped[str] = mapped_column(sa.ForeignKey("prefecture.code"))
    reasons: Mapped[str] = mapped_column(sa.String(60), default="")
    """Why this person: "work", "home", "organisation", comma-separated."""
    severity_kind: Mapped[str] = mapped_column(sa.String(20), default="")
    severity_rank: Mapped[int] = mapped_column(default=0)
    """The worst this person has been asked for: being asked again needs more than this."""
    severity_label: Mapped[str] = mapped_column(sa.String(40), default="")
    coarse: Mapped[bool] = mapped_column(default=False)
    first_round: Mapped[int] = mapped_column(default=1)
    asked_round: Mapped[int] = mapped_column(default=1)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    token: Mapped[str] = mapped_column(sa.String(16), unique=True)
    """The secret of the answer page's address, also the mark by which a message is found at the provider."""
    reach: Mapped[Reach] = mapped_column(enum_text(Reach), default=Reach.WAITING)
    answer: Mapped[Answer | None] = mapped_column(enum_text(Answer))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_round: Mapped[int | None]
    answered_by: Mapped[str] = mapped_column(sa.String(120), default="")
    """Empty when `answer` is the person's own, else who told us."""
    first_answer: Mapped[Answer | None] = mapped_column(enum_text(Answer))
    first_answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """What the person added: wrong (list), where, place, note, phone, battery (low), as the answer page asks for it."""
    taken_by: Mapped[str] = mapped_column(sa.String(120), default="")
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    check: Mapped[SafetyCheck] = relationship()
    participant: Mapped[Participant] = relationship()
    organisation: Mapped[ContractingOrganisation] = relationship()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _scope(cls, actor)


class SafetyAnswer(Visible, Model):
    """One answer as it was given; rows are only ever added."""

    __tablename__ = "safety_answer"
    __table_args__ = (sa.Index("ix_safety_answer_check_time", "check_id", "received_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(sa.ForeignKey("recipient.id", ondelete="CASCADE"), index=True)
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("safety_check.id", ondelete="CASCADE"))
    round_number: Mapped[int]
    answer: Mapped[Answer] = mapped_column(enum_text(Answer))
    channel: Mapped[str] = mapped_column(sa.String(12))
    """"page", "sms" or "staff"."""
    said: Mapped[str] = mapped_column(sa.Text, default="")
    """The words of the person, kept as they came."""
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    given_by: Mapped[str] = mapped_column(sa.String(120), default="")
    """Empty for the person's own answer, else who told us."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.recipient_id.in_(recipient_ids(actor))


def _scope(cls: Any, actor: Actor) -> ColumnElement[bool]:
    if actor.role is Role.HOST:
        condition: ColumnElement[bool] = cls.host_id == actor.host_id
    elif actor.role is Role.ORGANISATION:
        condition = cls.organisation_id == actor.organisation_id
    else:
        condition = cls.participant_id == actor.participant_id
    return condition


def _recipients_of(actor: Actor) -> ColumnElement[bool]:
    return _scope(Recipient.__table__.c, actor)


def recipient_ids(actor: Actor) -> Select[tuple[int]]:
    """The ids of the recipients `actor` may see, as a sub-select on plain tables."""
    return sa.select(Recipient.__table__.c.id).where(_recipients_of(actor))
