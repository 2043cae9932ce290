"""Hosts (取りまとめ団体), contracting organisations (任用団体) and the workplaces they run."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.elements import ColumnElement

from models.access import Actor, Role, Visible
from models.db import Model
from models.types import BigId, enum_text


class HostKind(StrEnum):
    PREFECTURE = "prefecture"
    DESIGNATED_CITY = "designated_city"


class OrganisationKind(StrEnum):
    PREFECTURE = "prefecture"
    MUNICIPALITY = "municipality"
    SCHOOL_CORPORATION = "school_corporation"


class Host(Model):
    """A prefecture or a designated city. Its name is public, so every actor sees all hosts."""

    __tablename__ = "host"
    __table_args__ = ({"info": {"reference": True}},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(5), unique=True)
    """JIS: two digits of a prefecture or five of a designated city."""
    kind: Mapped[HostKind] = mapped_column(enum_text(HostKind))
    name_ja: Mapped[str] = mapped_column(sa.String(40))
    name_en: Mapped[str] = mapped_column(sa.String(60))
    prefecture_code: Mapped[str] = mapped_column(sa.ForeignKey("prefecture.code"))


class ContractingOrganisation(Visible, Model):
    """A local government or school corporation that appoints participants.

    `municipality_code` is None for a prefecture: people are then found by their place of work and home alone.
    """

    __tablename__ = "contracting_organisation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    host_id: Mapped[int] = mapped_column(sa.ForeignKey("host.id"), index=True)
    kind: Mapped[OrganisationKind] = mapped_column(enum_text(OrganisationKind))
    name_ja: Mapped[str] = mapped_column(sa.String(120))
    name_en: Mapped[str] = mapped_column(sa.String(120), default="")
    municipality_code: Mapped[str | None] = mapped_column(sa.ForeignKey("municipality.code"), index=True)
    coastal: Mapped[bool] = mapped_column(default=False)
    phone: Mapped[str] = mapped_column(sa.String(20), default="")
    night_phone: Mapped[str] = mapped_column(sa.String(20), default="")
    email: Mapped[str] = mapped_column(sa.String(254), default="")

    host: Mapped[Host] = relationship()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.HOST:
            return cls.host_id == actor.host_id
        if actor.role is Role.ORGANISATION:
            return cls.id == actor.organisation_id
        return cls.id.in_(organisation_ids(actor))


def organisation_ids(actor: Actor) -> Select[tuple[int]]:
    """The ids of the organisations `actor` may see, as a sub-select on plain tables (no criteria are added to it)."""
    organisation = ContractingOrganisation.__table__
    query = sa.select(organisation.c.id)
    if actor.role is Role.HOST:
        return query.where(organisation.c.host_id == actor.host_id)
    if actor.role is Role.ORGANISATION:
        return query.where(organisation.c.id == actor.organisation_id)
    placement = sa.table("placement", sa.column("participant_id"), sa.column("organisation_id"))
    return sa.select(placement.c.organisation_id).where(placement.c.participant_id == actor.participant_id)


class Workplace(Visible, Model):
    """A school, office or board where participants work."""

    __tablename__ = "workplace"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("contracting_organisation.id"))
    name: Mapped[str] = mapped_column(sa.String(120))
    municipality_code: Mapped[str] = mapped_column(sa.ForeignKey("municipality.code"), index=True)
    coastal: Mapped[bool] = mapped_column(default=False)

    organisation: Mapped[ContractingOrganisation] = relationship()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.organisation_id.in_(organisation_ids(actor))
