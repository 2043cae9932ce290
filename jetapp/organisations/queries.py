"""Finding hosts, contracting organisations and workplaces."""

from __future__ import annotations

import sqlalchemy as sa

from models.db import db
from models.organisation import ContractingOrganisation, Host, Workplace


def hosts() -> dict[str, Host]:
    """All hosts by code."""
    return {host.code: host for host in db.session.scalars(sa.select(Host))}


def organisations() -> dict[str, ContractingOrganisation]:
    """The organisations the actor may see, by code."""
    return {one.code: one for one in db.session.scalars(sa.select(ContractingOrganisation))}


def workplaces() -> dict[tuple[int, str], Workplace]:
    """The workplaces the actor may see, by organisation id and name."""
    return {(one.organisation_id, one.name): one for one in db.session.scalars(sa.select(Workplace))}
