"""Finding participants."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from models.access import Permission, require
from models.db import db
from models.participant import Participant, Placement

CHUNK = 500


def by_jet_number(numbers: Iterable[str]) -> dict[str, Participant]:
    """Those of these people who are here, with contacts and placements loaded."""
    require(Permission.PEOPLE_VIEW)
    found: dict[str, Participant] = {}
    pending = iter(numbers)
    while chunk := list(islice(pending, CHUNK)):
        query = (
            sa.select(Participant)
            .where(Participant.jet_number.in_(chunk))
            .options(
                selectinload(Participant.contacts),
                selectinload(Participant.placements).options(
                    joinedload(Placement.organisation), joinedload(Placement.workplace)
                ),
            )
        )
        found.update((person.jet_number, person) for person in db.session.scalars(query))
    return found
