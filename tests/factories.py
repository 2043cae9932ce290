"""Plain functions that make rows, and the named world the tests speak of.

Each takes what the test is about and invents the rest. They add and flush; the caller's transaction commits.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from models.access import acting_as, system
from models.db import db, transaction
from models.organisation import ContractingOrganisation, Host, OrganisationKind, Workplace
from models.participant import Channel, ContactPoint, ContactState, Participant, Placement, Position
from models.types import now

_numbers = itertools.count(1)


def make_host(code: str) -> Host:
    """A host is reference data: the one with this code ("04", or "04100" for a designated city)."""
    return db.session.scalars(sa.select(Host).where(Host.code == code)).one()


def make_organisation(
    municipality: str | None = None,
    *,
    host: str | None = None,
    kind: OrganisationKind | None = None,
    coastal: bool = False,
    name: str = "",
    code: str = "",
) -> ContractingOrganisation:
    """A municipality as contracting organisation; without one a prefecture (then `host` says which)."""
    if kind is None:
        kind = OrganisationKind.MUNICIPALITY if municipality else OrganisationKind.PREFECTURE
    number = next(_numbers)
    organisation = ContractingOrganisation(
        code=code or f"CO{number:06d}",
        host_id=make_host(host or (municipality or "")[:2]).id,
        kind=kind,
        name_ja=name or f"団体{number}",
        name_en=name or f"Organisation {number}",
        municipality_code=municipality,
        coastal=coastal,
    )
    db.session.add(organisation)
    db.session.flush()
    return organisation


def make_workplace(
    organisation: ContractingOrganisation, municipality: str, *, coastal: bool = False, name: str = ""
) -> Workplace:
    """A school in `municipality` run by `organisation`."""
    workplace = Workplace(
        organisation_id=organisation.id,
        name=name or f"School {next(_numbers)}",
        municipality_code=municipality,
        coastal=coastal,
    )
    db.session.add(workplace)
    db.session.flush()
    return workplace


def make_participant(
    organisation: ContractingOrganisation | None = None,
    *,
    work: str | None = None,
    home: str | None = None,
    coastal: bool = False,
    name: str = "",
    languages: Sequence[str] = ("en",),
    phones: int | Sequence[Any] = 1,
    emails: int | Sequence[Any] = 1,
    start: date = date(2024, 8, 1),
    end: date | None = None,
    **columns: Any,
) -> Participant:
    """A person with a placement. `phones` and `emails` are numbers of verified ones, or (value, state) pairs.

    `coastal` marks workplace and home. `organisation` defaults to the municipality of work or home.
    """
    number = next(_numbers)
    given, _, family = (name or f"Given{number} Family{number}").partition(" ")
    organisation = organisation or make_organisation(work or home)
    columns.setdefault("jet_number", f"2024{number:07d}")
    columns.setdefault("nationality", "NZ")
    columns.setdefault("position", Position.ALT)
    columns.setdefault("code_word", "heron 42")
    person = Participant(
        family_name=family,
        given_name=given,
        languages=list(languages),
        home_municipality_code=home,
        home_coastal=coastal and home is not None,
        **columns,
    )
    workplace = make_workplace(organisation, work, coastal=coastal) if work else None
    person.placements.append(
        Placement(
            organisation_id=organisation.id,
            workplace_id=workplace.id if workplace else None,
            start_date=start,
            end_date=end,
        )
    )
    numbers = [(f"+8180{number:06d}{i:02d}", ContactState.VERIFIED) for i in range(_count(phones))]
    addresses = [(f"p{number}.{i}@example.test", ContactState.VERIFIED) for i in range(_count(emails))]
    for channel, points in (
        (Channel.SMS, numbers if isinstance(phones, int) else phones),
        (Channel.EMAIL, addresses if isinstance(emails, int) else emails),
    ):
        for rank, (value, state) in enumerate(points):
            checked = now() if state is ContactState.VERIFIED else None
            contact = ContactPoint(channel=channel, value=value, rank=rank, state=state, verified_at=checked)
            person.contacts.append(contact)
    db.session.add(person)
    db.session.flush()
    return person


def _count(points: int | Sequence[Any]) -> int:
    return points if isinstance(points, int) else 0


@dataclass(frozen=True)
class Place:
    """A municipality of the named world."""

    code: str
    prefecture: str


SENDAI = Place("04100", "04")
ISHINOMAKI = Place("04202", "04")
KURIHARA = Place("04213", "04")
MORIOKA = Place("03201", "03")
MITO = Place("08201", "08")
KUMAMOTO = Place("43100", "43")
MASHIKI = Place("43443", "43")
UKI = Place("43213", "43")
WAJIMA = Place("17204", "17")
SUZU = Place("17205", "17")
KANAZAWA = Place("17201", "17")


@dataclass(frozen=True)
class World:
    """Two hosts, four organisations, five people; ids only, so that it may be used in any session.

    aoife   works and lives in Sendai for the city; verified phone and e-mail
    ben     works on the coast of Ishinomaki for the city
    chidi   works in Kurihara for the prefecture, lives in Sendai
    dana    works in Mito for the city
    emil    contracted by Kurihara city, lives and works in Sendai; two phones; no e-mail
    """

    sendai: int
    ishinomaki: int
    miyagi: int
    mito: int
    aoife: int
    ben: int
    chidi: int
    dana: int
    emil: int


def make_world() -> World:
    """Write the world and commit."""
    with acting_as(system("test world")), transaction():
        sendai = make_organisation(SENDAI.code, host=SENDAI.code, name="Sendai City")
        ishinomaki = make_organisation(ISHINOMAKI.code, coastal=True, name="Ishinomaki City")
        miyagi = make_organisation(host="04", name="Miyagi Prefecture")
        kurihara = make_organisation(KURIHARA.code, name="Kurihara City")
        mito = make_organisation(MITO.code, name="Mito City")
        aoife = make_participant(sendai, work=SENDAI.code, home=SENDAI.code, name="Aoife Byrne")
        ben = make_participant(ishinomaki, work=ISHINOMAKI.code, home=ISHINOMAKI.code, coastal=True, name="Ben Ito")
        chidi = make_participant(miyagi, work=KURIHARA.code, home=SENDAI.code, name="Chidi Eze")
        dana = make_participant(mito, work=MITO.code, home=MITO.code, name="Dana Roth", languages=["de", "en"])
        emil = make_participant(kurihara, work=SENDAI.code, home=SENDAI.code, name="Emil Berg", phones=2, emails=0)
        return World(sendai.id, ishinomaki.id, miyagi.id, mito.id, aoife.id, ben.id, chidi.id, dana.id, emil.id)
