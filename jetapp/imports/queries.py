"""What the rows of a file refer to, loaded once for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jetapp.organisations import queries as organisations
from jetapp.participants import queries as participants
from models.organisation import ContractingOrganisation, Workplace
from models.participant import Participant


@dataclass(slots=True)
class World:
    """Participants by JET number, organisations by code, workplaces by organisation code and name."""

    people: dict[str, Participant]
    organisations: dict[str, ContractingOrganisation]
    workplaces: dict[tuple[str, str], Workplace]


def world(jet_numbers: Iterable[str]) -> World:
    known = organisations.organisations()
    codes = {one.id: one.code for one in known.values()}
    workplaces = {
        (codes[organisation_id], name): workplace
        for (organisation_id, name), workplace in organisations.workplaces().items()
    }
    return World(participants.by_jet_number(jet_numbers), known, workplaces)
