"""From understood rows to participants: what several rows say of one workplace is brought together first, so that
the order of rows does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jetapp.imports.parsing import Parsed
from jetapp.imports.queries import World
from jetapp.organisations import service as organisations
from jetapp.participants import service as participants
from jetapp.participants.service import Change, GivenPlacement
from models.errors import Invalid
from models.organisation import ContractingOrganisation, Workplace
from models.participant import Participant, Placement

# What a file calls a field, by what the model calls it.
COLUMNS = {
    "family_name": "family_name",
    "given_name": "given_name",
    "kana": "kana",
    "kanji": "kanji",
    "nationality": "nationality",
    "position": "position",
    "languages": "languages",
    "home_municipality": "home_municipality_code",
    "home_coastal": "home_coastal",
    "code_word": "code_word",
}
PLACEMENT = frozenset(
    {"organisation", "workplace", "workplace_municipality", "workplace_coastal", "placement_start", "placement_end"}
)


@dataclass(slots=True)
class _Said:
    """What the rows of a file say of one workplace."""

    municipalities: set[str] = field(default_factory=set)
    coastal: set[bool] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    done: bool = False


class People:
    """Puts the rows of one file."""

    def __init__(self, rows: Sequence[Parsed], world: World) -> None:
        self._world = world
        self._said: dict[tuple[str, str], _Said] = {}
        for row in rows:
            place = self._workplace_key(row)
            if place is None:
                continue
            said = self._said.setdefault(place, _Said())
            if (municipality := row.fields.get("workplace_municipality")) is not None:
                said.municipalities.add(municipality)
            if (coastal := row.fields.get("workplace_coastal")) is not None:
                said.coastal.add(coastal)

    def put(self, row: Parsed) -> tuple[bool, Change]:
        """Carry out one row; whether the person is new, and what changed. Raises `Invalid` or `Conflict`."""
        person = self._world.people.get(row.key)
        given = {COLUMNS[name]: value for name, value in row.fields.items() if name in COLUMNS}
        placement = self._placement(row, person) if PLACEMENT & row.fields.keys() else None
        change = participants.put_participant(person, row.key, given, row.contacts, placement)
        if placement is not None and placement.workplace is not None:
            change.changed += self._keep(row, placement.workplace)
        self._world.people[row.key] = change.participant
        return person is None, change

    def _organisation(self, row: Parsed, person: Participant | None) -> ContractingOrganisation:
        code = row.fields.get("organisation")
        if code is not None:
            found = self._world.organisations.get(code) or self._world.organisations.get(code.zfill(5))
            if found is None and code.isdecimal():
                found = self._world.organisations.get(code.zfill(2))
            if found is None:
                raise Invalid(
                    "unknown_organisation",
                    "There is no contracting organisation with this code. Import organisations first.",
                    field="organisation",
                )
            return found
        placement = self._meant(row, person)
        if placement is None:
            raise Invalid("missing", "A new placement needs this.", field="organisation")
        return placement.organisation

    @staticmethod
    def _meant(row: Parsed, person: Participant | None) -> Placement | None:
        """The placement a row without organisation speaks of: the one with its start, or else the latest."""
        placements = list(person.placements) if person is not None else []
        start = row.fields.get("placement_start")
        if start is not None:
            placements = [one for one in placements if one.start_date == start]
        return max(placements, key=lambda one: one.start_date, default=None)

    def _workplace_key(self, row: Parsed) -> tuple[str, str] | None:
        name = row.fields.get("workplace")
        if name is None:
            return None
        try:
            return self._organisation(row, self._world.people.get(row.key)).code, name
        except Invalid:
            return None

    def _placement(self, row: Parsed, person: Participant | None) -> GivenPlacement:
        organisation = self._organisation(row, person)
        if person is None and row.fields.get("placement_start") is None:
            raise Invalid("missing", "A new placement needs this.", field="placement_start")
        return GivenPlacement(
            organisation,
            self._workplace(row, organisation),
            row.fields.get("placement_start"),
            row.fields.get("placement_end"),
            "placement_end" in row.fields,
        )

    def _workplace(self, row: Parsed, organisation: ContractingOrganisation) -> Workplace | None:
        """The workplace, made but not yet kept when it is new."""
        name = row.fields.get("workplace")
        if name is None:
            for lone in ("workplace_municipality", "workplace_coastal"):
                if lone in row.fields:
                    raise Invalid("missing", "The name of the workplace is needed with this.", field="workplace")
            return None
        said = self._said[organisation.code, name]
        if len(said.municipalities) > 1 or len(said.coastal) > 1:
            column = "workplace_municipality" if len(said.municipalities) > 1 else "workplace_coastal"
            raise Invalid(
                "contradiction", "Rows of this file contradict each other about %(place)s.", field=column, place=name
            )
        found = self._world.workplaces.get((organisation.code, name))
        if found is None:
            municipality, coastal = self._stated(said)
            found = organisations.new_workplace(organisation, name, municipality, coastal)
            self._world.workplaces[organisation.code, name] = found
            said.changed, said.done = ["workplace"], True
        return found

    @staticmethod
    def _stated(said: _Said) -> tuple[str | None, bool | None]:
        return next(iter(said.municipalities), None), next(iter(said.coastal), None)

    def _keep(self, row: Parsed, workplace: Workplace) -> list[str]:
        """Change what the file says differently of the workplace; every row that says so counts as changing it."""
        said = self._said[workplace.organisation.code, workplace.name]
        if not said.done:
            values: dict[str, Any] = {}
            municipality, coastal = self._stated(said)
            if municipality is not None:
                values["municipality_code"] = municipality
            if coastal is not None:
                values["coastal"] = coastal
            said.changed = organisations.change_workplace(workplace, values)
            said.done = True
        return said.changed
