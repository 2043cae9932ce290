"""Puts the demo population into the database, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from jetapp.accounts.passwords import hash_password
from jetapp.demo import queries
from jetapp.demo.logins import LOGINS, PASSWORD, Hat
from jetapp.demo.organisations import PlannedOrganisation
from jetapp.demo.population import PlannedPerson, Population, build
from jetapp.demo.shape import programme_year
from models import audit
from models.access import Permission, Role, require
from models.account import Membership, User
from models.db import db
from models.errors import Conflict
from models.organisation import ContractingOrganisation, Host, Workplace
from models.participant import ContactPoint, ContactState, Participant, Placement
from models.types import now, today

CHUNK = 5000


def load(participants: int, seed: int) -> Population | None:
    """Load the population into a database without people; None when a demo population is there already.

    Raises `Conflict` when there are people who did not come from the demo.
    """
    require(Permission.PEOPLE_IMPORT)
    if queries.is_loaded():
        return None
    found = queries.counts()
    if found["participants"] or found["organisations"]:
        raise Conflict(
            "not_empty",
            "There are %(participants)s participants and %(organisations)s organisations already which are not a "
            "demo population. The demo population goes into an empty database only.",
            **found,
        )
    population = build(participants, seed, programme_year(today()))
    organisation_ids = _add_organisations(population.organisations)
    workplace_ids = _add_workplaces(population.organisations, organisation_ids)
    person_ids = _add_people(population.people)
    _add_contacts(population.people, person_ids)
    _add_placements(population.people, person_ids, organisation_ids, workplace_ids)
    _add_logins(population, organisation_ids, person_ids)
    audit.record("load", "participant", "", participants=[None, participants], seed=[None, seed])
    return population


def _insert(model: type[Any], values: Iterable[dict[str, Any]]) -> None:
    rows = list(values)
    for start in range(0, len(rows), CHUNK):
        db.session.execute(sa.insert(model), rows[start : start + CHUNK])


def _ids(key: InstrumentedAttribute[str], id: InstrumentedAttribute[int]) -> dict[str, int]:
    return {found: number for found, number in db.session.execute(sa.select(key, id))}  # noqa: C416


def _add_organisations(organisations: Sequence[PlannedOrganisation]) -> dict[str, int]:
    hosts = _ids(Host.code, Host.id)
    _insert(
        ContractingOrganisation,
        (
            {
                "code": one.code,
                "host_id": hosts[one.host],
                "kind": one.kind,
                "name_ja": one.name_ja,
                "name_en": one.name_en,
                "municipality_code": one.municipality,
                "coastal": one.coastal,
                "phone": one.phone,
                "night_phone": one.night_phone,
                "email": one.email,
            }
            for one in organisations
        ),
    )
    return _ids(ContractingOrganisation.code, ContractingOrganisation.id)


def _add_workplaces(
    organisations: Sequence[PlannedOrganisation], organisation_ids: dict[str, int]
) -> dict[tuple[int, str], int]:
    _insert(
        Workplace,
        (
            {
                "organisation_id": organisation_ids[one.code],
                "name": place.name,
                "municipality_code": place.municipality,
                "coastal": place.coastal,
            }
            for one in organisations
            for place in one.workplaces
        ),
    )
    rows = db.session.execute(sa.select(Workplace.organisation_id, Workplace.name, Workplace.id))
    return {(organisation_id, name): id for organisation_id, name, id in rows}


def _add_people(people: Sequence[PlannedPerson]) -> dict[str, int]:
    _insert(
        Participant,
        (
            {
                "jet_number": person.jet_number,
                "family_name": person.name.family,
                "given_name": person.name.given,
                "kana": person.name.kana,
                "kanji": person.name.kanji,
                "nationality": person.nationality,
                "position": person.position,
                "languages": list(person.languages),
                "home_municipality_code": person.home,
                "home_coastal": person.home_coastal,
                "code_word": person.code_word,
            }
            for person in people
        ),
    )
    return _ids(Participant.jet_number, Participant.id)


def _add_contacts(people: Sequence[PlannedPerson], person_ids: dict[str, int]) -> None:
    moment = now()
    _insert(
        ContactPoint,
        (
            {
                "participant_id": person_ids[person.jet_number],
                "channel": contact.channel,
                "value": contact.value,
                "rank": contact.rank,
                "state": contact.state,
                "state_reason": "",
                "verified_at": moment if contact.state is ContactState.VERIFIED else None,
            }
            for person in people
            for contact in person.contacts
        ),
    )


def _add_placements(
    people: Sequence[PlannedPerson],
    person_ids: dict[str, int],
    organisation_ids: dict[str, int],
    workplace_ids: dict[tuple[int, str], int],
) -> None:
    _insert(
        Placement,
        (
            {
                "participant_id": person_ids[person.jet_number],
                "organisation_id": organisation_ids[place.organisation],
                "workplace_id": workplace_ids[organisation_ids[place.organisation], place.workplace],
                "start_date": place.start,
                "end_date": place.end,
            }
            for person in people
            for place in person.placements
        ),
    )


def _add_logins(population: Population, organisation_ids: dict[str, int], person_ids: dict[str, int]) -> None:
    hosts = _ids(Host.code, Host.id)
    for login in LOGINS:
        hats = [_membership(hat, population, hosts, organisation_ids, person_ids) for hat in login.hats]
        db.session.add(
            User(
                email=login.email,
                name=login.name,
                password_hash=hash_password(PASSWORD),
                memberships=[hat for hat in hats if hat is not None],
            )
        )


def _membership(
    hat: Hat,
    population: Population,
    hosts: dict[str, int],
    organisation_ids: dict[str, int],
    person_ids: dict[str, int],
) -> Membership | None:
    """The hat; None when the population is so small that the organisation is not in it."""
    if hat.role is Role.CLAIR:
        return Membership(role=hat.role)
    if hat.role is Role.HOST:
        return Membership(role=hat.role, host_id=hosts[hat.scope])
    if hat.scope not in organisation_ids:
        return None
    if hat.role is Role.ORGANISATION:
        return Membership(role=hat.role, organisation_id=organisation_ids[hat.scope])
    # Somebody who can be written to on both ways and reads English first, so that the demo shows something.
    candidates = [p for p in population.people if p.placements[-1].organisation == hat.scope]
    candidates.sort(key=lambda p: (p.languages[0] != "en", len({c.channel for c in p.contacts}) < 2, p.jet_number))
    return Membership(role=hat.role, participant_id=person_ids[candidates[0].jet_number]) if candidates else None
