"""What of the demo is in the database already."""

from __future__ import annotations

import sqlalchemy as sa

from jetapp.demo.logins import LOGINS
from models.access import Permission, require
from models.account import User
from models.db import db
from models.organisation import ContractingOrganisation, Host
from models.participant import Participant


def counts() -> dict[str, int]:
    """How many people, organisations and hosts there are."""
    require(Permission.PEOPLE_IMPORT)
    return {
        "participants": db.session.scalar(sa.select(sa.func.count(Participant.id))) or 0,
        "organisations": db.session.scalar(sa.select(sa.func.count(ContractingOrganisation.id))) or 0,
        "hosts": db.session.scalar(sa.select(sa.func.count(Host.id))) or 0,
    }


def is_loaded() -> bool:
    """Whether the population that came with the demo log-ins is there."""
    require(Permission.PEOPLE_IMPORT)
    account = db.session.scalar(sa.select(User.id).where(User.email == LOGINS[0].email))
    return account is not None and counts()["participants"] > 0
