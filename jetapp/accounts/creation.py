"""Making accounts and giving them roles."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email

from jetapp.accounts.passwords import hash_password
from models.access import Role, current_actor
from models.account import Membership, User
from models.db import db
from models.errors import Conflict, Forbidden, Invalid
from models.organisation import ContractingOrganisation, Host
from models.participant import Participant

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000


@dataclass(frozen=True)
class Made:
    """`new` is False when the account was there and only got a further role."""

    email: str
    new: bool


def create_user(email: str, name: str, password: str, role: Role, scope: str) -> Made:
    """An account with one role; `scope` is the code of the host or organisation, or the JET number.

    Somebody who has an account already gets the further role and keeps the password. Raises `Invalid` with the
    option in `field`, or `Conflict` when the role is there already.
    """
    if not current_actor().sees_all:
        raise Forbidden()
    try:
        address = validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        raise Invalid("bad_email", "“%(email)s” is not an e-mail address.", field="email", email=email[:80]) from None
    shown = " ".join(name.split())
    if not 0 < len(shown) <= 120:
        raise Invalid("bad_name", "A name of at most 120 characters is needed.", field="name")
    membership = Membership(role=role, **_scope(role, scope))
    user = db.session.scalars(sa.select(User).where(User.email == address)).one_or_none()
    new = user is None
    if user is None:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise Invalid(
                "bad_password", "A password of at least %(least)s characters is needed.", field="password",
                least=SHORTEST_PASSWORD,
            )  # fmt: skip
        user = User(email=address, name=shown, password_hash=hash_password(password))
        db.session.add(user)
    elif any(_same(membership, other) for other in user.memberships):
        raise Conflict("role_there", "%(email)s has this role already.", email=address)
    user.memberships.append(membership)
    db.session.flush()
    return Made(address, new)


def _scope(role: Role, scope: str) -> dict[str, int]:
    if role is Role.CLAIR:
        return {}
    queries = {
        Role.HOST: ("host_id", sa.select(Host.id).where(Host.code == scope)),
        Role.ORGANISATION: (
            "organisation_id",
            sa.select(ContractingOrganisation.id).where(ContractingOrganisation.code == scope),
        ),
        Role.PARTICIPANT: ("participant_id", sa.select(Participant.id).where(Participant.jet_number == scope)),
    }
    column, query = queries[role]
    found = db.session.scalar(query)
    if found is None:
        raise Invalid("no_such_scope", "There is no %(role)s with the code “%(scope)s”.", field=role.value,
                      role=role.value, scope=scope[:40])  # fmt: skip
    return {column: found}


def _same(one: Membership, other: Membership) -> bool:
    return (one.role, one.host_id, one.organisation_id, one.participant_id) == (
        other.role, other.host_id, other.organisation_id, other.participant_id,
    )  # fmt: skip
