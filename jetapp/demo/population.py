"""The people of the demo population. The same seed, size and year give the same people everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from jetapp.demo import contacts, names
from jetapp.demo.contacts import PlannedContact
from jetapp.demo.organisations import PlannedOrganisation, plan
from jetapp.demo.shape import Country, apportion, coast, countries
from jetapp.participants import code_words
from models import places
from models.participant import Position

NEW_SHARE = 0.37
"""36–38 % arrive anew each year (domain.md §2c)."""
EARLIER_YEARS = {1: 0.42, 2: 0.31, 3: 0.17, 4: 0.10}
"""How the others split by years since arrival; assumed."""
GROUPS = (((7, 27), 0.54), ((8, 3), 0.34), ((8, 24), 0.10), ((4, 10), 0.02))
"""Arrival groups A, B, C and the April arrivals, by month and day, with assumed shares."""
LIVES_ELSEWHERE = 0.18
HOME_UNKNOWN = 0.015
TRANSFERRED = 0.02


@dataclass(frozen=True, slots=True)
class PlannedPlacement:
    organisation: str
    workplace: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    jet_number: str
    name: names.Name
    nationality: str
    position: Position
    languages: tuple[str, ...]
    home: str | None
    home_coastal: bool
    code_word: str
    contacts: tuple[PlannedContact, ...]
    placements: tuple[PlannedPlacement, ...]
    """The present one last."""


@dataclass(frozen=True, slots=True)
class Population:
    seed: int
    year: int
    organisations: tuple[PlannedOrganisation, ...]
    people: tuple[PlannedPerson, ...]


@dataclass(frozen=True, slots=True)
class _Origin:
    country: Country
    position: Position
    new: bool


def build(participants: int, seed: int, year: int) -> Population:
    """`participants` people with their organisations, as of programme year `year` (see `shape.programme_year`)."""
    organisations = plan(seed, participants)
    rng = Random(f"{seed}:people")
    slots = [organisation for organisation in organisations for _ in range(organisation.people)]
    origins = _origins(rng, participants)
    order = rng.sample(range(participants), participants)
    # School corporations have ALTs only; the other slots get the CIRs and SEAs first, in random order.
    order.sort(key=lambda slot: slots[slot].kind.value == "school_corporation")
    years = _arrivals(rng, origins, year)
    numbers = iter(rng.sample(range(10_000_000), len(slots)))
    ways = contacts.Ways(Random(f"{seed}:contacts"), participants)
    people = [
        _person(rng, f"{arrival}{next(numbers):07}", origin, arrival, year, slots[slot], organisations, ways)
        for slot, origin, arrival in zip(order, origins, years, strict=True)
    ]
    return Population(seed, year, tuple(organisations), tuple(contacts.share_some(people, Random(f"{seed}:shared"))))


def _origins(rng: Random, participants: int) -> list[_Origin]:
    """Country, position and whether newly arrived, in exact proportion; CIRs and SEAs before ALTs."""
    total = sum(country.total for country in countries())
    printed = sum(country.new for country in countries() if country.new is not None)
    free = sum(country.total for country in countries() if country.new is None)
    share = (total * NEW_SHARE - printed) / free
    found: dict[Position, list[_Origin]] = {position: [] for position in Position}
    for country, count in apportion(participants, {country: country.total for country in countries()}).items():
        new = share * country.total if country.new is None else country.new
        arrived = apportion(count, {True: new, False: country.total - new})[True]
        alt = country.total - country.cir - country.sea
        shares = apportion(count, {Position.CIR: country.cir, Position.SEA: country.sea, Position.ALT: alt})
        positions = [position for position, number in shares.items() for _ in range(number)]
        rng.shuffle(positions)
        for number, position in enumerate(positions):
            found[position].append(_Origin(country, position, number < arrived))
    for position in Position:
        rng.shuffle(found[position])
    return found[Position.CIR] + found[Position.SEA] + found[Position.ALT]


def _arrivals(rng: Random, origins: list[_Origin], year: int) -> list[int]:
    earlier = apportion(sum(not origin.new for origin in origins), EARLIER_YEARS)
    pool = [year - ago for ago, count in earlier.items() for _ in range(count)]
    rng.shuffle(pool)
    return [year if origin.new else pool.pop() for origin in origins]


def _person(
    rng: Random,
    jet_number: str,
    origin: _Origin,
    arrival: int,
    year: int,
    organisation: PlannedOrganisation,
    organisations: list[PlannedOrganisation],
    ways: contacts.Ways,
) -> PlannedPerson:
    name = names.draw(rng, origin.country.culture)
    offices = [place for place in organisation.workplaces if place.office]
    schools = [place for place in organisation.workplaces if not place.office]
    workplace = rng.choice(offices if offices and origin.position is not Position.ALT else schools)
    (month, day) = rng.choices([group for group, _ in GROUPS], [weight for _, weight in GROUPS])[0]
    start = date(arrival, month, day)
    end = date(year + 1, 8, 3) if month == 4 else date(year + 1, month, day)
    placements = [PlannedPlacement(organisation.code, workplace.name, start, end - timedelta(days=1))]
    if arrival < year and rng.random() < TRANSFERRED:
        before = rng.choice(organisations)
        if before.code != organisation.code:
            moved = date(rng.randint(arrival + 1, year), 7, 27)
            placements = [
                PlannedPlacement(before.code, before.workplaces[-1].name, start, moved - timedelta(days=1)),
                PlannedPlacement(organisation.code, workplace.name, moved, end - timedelta(days=1)),
            ]
    home = _home(rng, workplace.municipality)
    near_sea = rng.random() < 0.35
    return PlannedPerson(
        jet_number=jet_number,
        name=name,
        nationality=origin.country.iso,
        position=origin.position,
        languages=rng.choices(origin.country.languages, origin.country.weights)[0],
        home=home,
        home_coastal=(workplace.coastal if home == workplace.municipality else near_sea and home in coast()),
        code_word=code_words.make(rng),
        contacts=ways.draw(name),
        placements=tuple(placements),
    )


def _home(rng: Random, work: str) -> str | None:
    drawn = rng.random()
    if drawn < HOME_UNKNOWN:
        return None
    if drawn > LIVES_ELSEWHERE + HOME_UNKNOWN:
        return work
    # Municipalities next to each other mostly have codes next to each other; we have no table of neighbours.
    here = sorted(code for code, m in places.municipalities().items() if m.prefecture == work[:2])
    at = here.index(work)
    return rng.choice([code for code in here[max(0, at - 3) : at + 4] if code != work])
