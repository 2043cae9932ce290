"""Many people in a few statements: each with a phone and a mailbox, working in one town."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from models.db import db
from models.organisation import Workplace
from models.participant import Channel, ContactPoint, ContactState, Participant, Placement, Position
from tests.factories import make_organisation
from tests.faults.plant import TOWN, Plant


def phone(number: int) -> str:
    return f"+8180{number:08d}"


def mailbox(number: int) -> str:
    return f"person{number}@example.test"


def populate(
    plant: Plant,
    count: int,
    town: str = TOWN,
    *,
    first: int = 1,
    channels: Sequence[Channel] = (Channel.SMS, Channel.EMAIL),
) -> list[int]:
    """`count` people who work in `town`; their ids. Person n has `phone(n)` and `mailbox(n)`."""

    def write() -> list[int]:
        organisation = make_organisation(town)
        workplace = Workplace(organisation_id=organisation.id, name="School", municipality_code=town)
        db.session.add(workplace)
        db.session.flush()
        numbers = range(first, first + count)
        people: list[dict[str, Any]] = [
            {
                "jet_number": f"2024{number:07d}",
                "family_name": f"Family{number}",
                "given_name": f"Given{number}",
                "nationality": "NZ",
                "position": Position.ALT,
                "languages": ["en"],
                "code_word": "heron 42",
            }
            for number in numbers
        ]
        ids = list(
            db.session.scalars(sa.insert(Participant).returning(Participant.id, sort_by_parameter_order=True), people)
        )
        placed = {"organisation_id": organisation.id, "workplace_id": workplace.id, "start_date": date(2024, 8, 1)}
        db.session.execute(sa.insert(Placement), [{"participant_id": ident, **placed} for ident in ids])
        address = {Channel.SMS: phone, Channel.EMAIL: mailbox}
        contacts = [
            {
                "participant_id": ident,
                "channel": channel,
                "value": address[channel](number),
                "rank": 0,
                "state": ContactState.VERIFIED,
            }
            for ident, number in zip(ids, numbers, strict=True)
            for channel in channels
        ]
        if contacts:
            db.session.execute(sa.insert(ContactPoint), contacts)
        return ids

    return list(plant.change(write))
