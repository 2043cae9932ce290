"""Accounts and their hats, as signing in needs them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from models.access import Role
from models.account import Membership, User
from models.db import db
from models.organisation import ContractingOrganisation, Host


@dataclass(frozen=True)
class Hat:
    """One membership as the choice of hats shows it."""

    membership_id: int
    role: Role
    name_en: str
    name_ja: str
    """Of the host or organisation; empty for CLAIR and for the person's own hat."""


def account(email: str) -> User | None:
    """The account of this address that may sign in."""
    return db.session.scalars(sa.select(User).where(User.email == email, User.active)).one_or_none()


def hats(user_id: int) -> list[Hat]:
    """Every hat of this user, the widest first."""
    rows = db.session.execute(
        sa.select(
            Membership.id,
            Membership.role,
            sa.func.coalesce(sa.func.nullif(ContractingOrganisation.name_en, ""), ContractingOrganisation.name_ja),
            ContractingOrganisation.name_ja,
            Host.name_en,
            Host.name_ja,
        )
        .select_from(Membership)
        .outerjoin(Host, Host.id == Membership.host_id)
        .outerjoin(ContractingOrganisation, ContractingOrganisation.id == Membership.organisation_id)
        .where(Membership.user_id == user_id)
    )
    found = [
        Hat(id, role, own_en or host_en or "", own_ja or host_ja or "")
        for id, role, own_en, own_ja, host_en, host_ja in rows
    ]
    order = [Role.CLAIR, Role.HOST, Role.ORGANISATION, Role.PARTICIPANT]
    return sorted(found, key=lambda hat: (order.index(hat.role), hat.name_en, hat.membership_id))
