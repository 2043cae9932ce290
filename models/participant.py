"""Participants, the ways to reach them, and where they are placed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.elements import ColumnElement

from models.access import Actor, Role, Visible
from models.db import Model
from models.organisation import ContractingOrganisation, Workplace, organisation_ids
from models.types import BigId, UtcDateTime, enum_text, today


class Position(StrEnum):
    ALT = "ALT"
    CIR = "CIR"
    SEA = "SEA"


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"


class ContactState(StrEnum):
    """How far a phone number or address is trusted. Only `DEAD` and `OPTED_OUT` are never written to."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"
    DEAD = "dead"


UNUSABLE = (ContactState.DEAD, ContactState.OPTED_OUT)


class Participant(Visible, Model):
    """One person of the JET Programme. Names as in ux.md §7: lists show FAMILY Given, letters Given Family."""

    __tablename__ = "participant"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jet_number: Mapped[str] = mapped_column(sa.String(11), unique=True)
    """Eleven digits beginning with the year, e.g. 20250112345 (domain.md §2e)."""
    family_name: Mapped[str] = mapped_column(sa.String(80), index=True)
    given_name: Mapped[str] = mapped_column(sa.String(80), default="")
    kana: Mapped[str] = mapped_column(sa.String(120), default="")
    kanji: Mapped[str] = mapped_column(sa.String(60), default="")
    nationality: Mapped[str] = mapped_column(sa.String(2))
    """ISO 3166-1 alpha-2."""
    position: Mapped[Position] = mapped_column(enum_text(Position))
    languages: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    """Codes of the language files in templates/messages, the preferred one first."""
    home_municipality_code: Mapped[str | None] = mapped_column(sa.ForeignKey("municipality.code"), index=True)
    home_coastal: Mapped[bool] = mapped_column(default=False)
    code_word: Mapped[str] = mapped_column(sa.String(40), default="")
    """Shown on our pages and mails only: proves to the person that they are ours."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=sa.func.current_timestamp())

    contacts: Mapped[list[ContactPoint]] = relationship(
        back_populates="participant", order_by="ContactPoint.rank", cascade="all, delete-orphan"
    )
    placements: Mapped[list[Placement]] = relationship(
        back_populates="participant", order_by="Placement.start_date", cascade="all, delete-orphan"
    )

    @property
    def list_name(self) -> str:
        return f"{self.family_name.upper()} {self.given_name}".strip()

    @property
    def letter_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.id.in_(participant_ids(actor))


class ContactPoint(Visible, Model):
    """A phone number (E.164) or e-mail address, with what is known about whether it works."""

    __tablename__ = "contact_point"
    __table_args__ = (
        sa.UniqueConstraint("participant_id", "channel", "value"),
        sa.Index("ix_contact_point_value", "value"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    participant_id: Mapped[int] = mapped_column(sa.ForeignKey("participant.id", ondelete="CASCADE"), index=True)
    channel: Mapped[Channel] = mapped_column(enum_text(Channel))
    value: Mapped[str] = mapped_column(sa.String(254))
    rank: Mapped[int] = mapped_column(default=0)
    """0 is tried first."""
    state: Mapped[ContactState] = mapped_column(enum_text(ContactState), default=ContactState.UNVERIFIED)
    state_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    participant: Mapped[Participant] = relationship(back_populates="contacts")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.participant_id.in_(participant_ids(actor))


class Placement(Visible, Model):
    """A participant's time with one contracting organisation; `end_date` is the last day, None while open."""

    __tablename__ = "placement"
    __table_args__ = (
        sa.UniqueConstraint("participant_id", "organisation_id", "start_date"),
        sa.Index("ix_placement_organisation_dates", "organisation_id", "start_date", "end_date"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    participant_id: Mapped[int] = mapped_column(sa.ForeignKey("participant.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("contracting_organisation.id"))
    workplace_id: Mapped[int | None] = mapped_column(sa.ForeignKey("workplace.id"), index=True)
    start_date: Mapped[date] = mapped_column(sa.Date)
    end_date: Mapped[date | None] = mapped_column(sa.Date)

    participant: Mapped[Participant] = relationship(back_populates="placements")
    organisation: Mapped[ContractingOrganisation] = relationship()
    workplace: Mapped[Workplace | None] = relationship()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PARTICIPANT:
            return cls.participant_id == actor.participant_id
        return cls.organisation_id.in_(organisation_ids(actor))


def participant_ids(actor: Actor) -> Select[tuple[int]]:
    """The ids of the people `actor` may see: those placed with it today, and those asked in a running safety check
    while they were (their answers must not vanish from the board when a term ends that night)."""
    participant = Participant.__table__
    if actor.role is Role.PARTICIPANT:
        return sa.select(participant.c.id).where(participant.c.id == actor.participant_id)
    placement = Placement.__table__
    on = today()
    placed = sa.select(placement.c.participant_id).where(
        placement.c.organisation_id.in_(organisation_ids(actor)),
        placement.c.start_date <= on,
        sa.or_(placement.c.end_date.is_(None), placement.c.end_date >= on),
    )
    recipient = sa.table(
        "recipient",
        sa.column("participant_id"),
        sa.column("organisation_id"),
        sa.column("host_id"),
        sa.column("check_id"),
    )
    check = sa.table("safety_check", sa.column("id"), sa.column("state"))
    asked = sa.select(recipient.c.participant_id).where(
        recipient.c.host_id == actor.host_id
        if actor.role is Role.HOST
        else recipient.c.organisation_id == actor.organisation_id,
        recipient.c.check_id.in_(sa.select(check.c.id).where(check.c.state == "running")),
    )
    return sa.select(sa.union(placed, asked).subquery().c.participant_id)
