"""Contracting organisations and workplaces of the demo population: real municipalities, made-up schools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from jetapp.demo.shape import (
    MUNICIPALITIES,
    PARTICIPANTS,
    SCHOOL_CORPORATIONS,
    apportion,
    city_targets,
    coast,
    prefecture_targets,
    rows,
)
from models import places
from models.organisation import OrganisationKind

NO_PREFECTURAL_POSTS = "14"
"""46 of 47 prefectures appoint participants; which one does not is not known to us. Assumed."""
NO_SCHOOL_CORPORATIONS = "29"
"""Nara, April 2023: private schools 0 (printed)."""
PREFECTURAL_POSTS = {"29": 25}
"""Participants of the prefecture itself where printed: Nara, April 2023."""
PREFECTURAL_SHARE = 0.38
CAPITALS = {"13": "13104", "35": "35203", "40": "40130"}
"""Seats of prefectures that are neither xx201 nor the first designated city."""
PINNED = {"07209": "Soma City", "07212": "Minamisoma City", "03211": "Kamaishi City", "17204": "Wajima City"}
"""Municipalities that always take part, with people enough for a log-in to be worth seeing."""
PINNED_PEOPLE = 3

_SCHOOLS = {
    OrganisationKind.PREFECTURE: (
        ("高等学校", "High School"),
        ("商業高等学校", "Commercial High School"),
        ("工業高等学校", "Technical High School"),
        ("総合高等学校", "Comprehensive High School"),
    ),
    OrganisationKind.MUNICIPALITY: (("中学校", "Junior High School"), ("小学校", "Elementary School")),
    OrganisationKind.SCHOOL_CORPORATION: (("学園高等学校", "High School"), ("学園中学校", "Junior High School")),
}


@dataclass(frozen=True, slots=True)
class PlannedWorkplace:
    name: str
    municipality: str
    coastal: bool
    office: bool


@dataclass(frozen=True, slots=True)
class PlannedOrganisation:
    code: str
    host: str
    kind: OrganisationKind
    name_ja: str
    name_en: str
    municipality: str | None
    coastal: bool
    phone: str
    night_phone: str
    email: str
    people: int
    workplaces: tuple[PlannedWorkplace, ...]

    @property
    def prefecture(self) -> str:
        return self.host[:2]


@dataclass(frozen=True, slots=True)
class _Draft:
    code: str
    host: str
    kind: OrganisationKind
    name_ja: str
    name_en: str
    municipality: str | None

    @property
    def prefecture(self) -> str:
        return self.host[:2]


def plan(seed: int, participants: int) -> list[PlannedOrganisation]:
    """The organisations that appoint `participants` people; a small population leaves out those with nobody."""
    drafts: dict[str, _Draft] = {}
    sizes: dict[str, int] = {}
    municipal = apportion(MUNICIPALITIES, _by_prefecture_count())
    corporations = apportion(
        SCHOOL_CORPORATIONS, {p: n for p, n in prefecture_targets().items() if p != NO_SCHOOL_CORPORATIONS}
    )
    for prefecture, target in prefecture_targets().items():
        rng = Random(f"{seed}:organisations:{prefecture}")
        for draft, size in _plan_prefecture(
            rng, prefecture, target, municipal[prefecture], corporations.get(prefecture, 0)
        ):
            drafts[draft.code] = draft
            sizes[draft.code] = size
    sizes = _scale(sizes, participants)
    return [
        _furnish(Random(f"{seed}:workplaces:{code}"), drafts[code], size) for code, size in sizes.items() if size > 0
    ]


def _by_prefecture_count() -> dict[str, int]:
    counts = dict.fromkeys(places.prefectures(), 0)
    for municipality in places.municipalities().values():
        counts[municipality.prefecture] += 1
    return counts


def _plan_prefecture(
    rng: Random, prefecture: str, target: int, municipal: int, corporations: int
) -> list[tuple[_Draft, int]]:
    here = [m for m in places.municipalities().values() if m.prefecture == prefecture]
    cities = [m for m in here if m.jis5 in city_targets()]
    fixed = [m for m in here if m.jis5 in PINNED]
    others = [m for m in here if not m.designated and m.jis5 not in PINNED]
    # Cities ask for participants more often than villages (assumed).
    others.sort(key=lambda m: -(rng.random() ** (1 / (2.5 if m.name_ja[-1] in "市区" else 1))))
    towns = fixed + others[: municipal - len(cities) - len(fixed)]
    schools = [1 + (rng.random() < 0.4) + (rng.random() < 0.1) for _ in range(corporations)]
    left = target - sum(city_targets()[m.jis5] for m in cities) - sum(schools)
    own = (
        0 if prefecture == NO_PREFECTURAL_POSTS else PREFECTURAL_POSTS.get(prefecture, round(left * PREFECTURAL_SHARE))
    )
    least = {m.jis5: PINNED_PEOPLE if m.jis5 in PINNED else 1 for m in towns}
    extra = apportion(left - own - sum(least.values()), {m.jis5: _weight(rng, m) for m in towns})

    planned: list[tuple[_Draft, int]] = []
    if own:
        place = places.prefectures()[prefecture]
        name = "Hokkaido Government" if prefecture == "01" else f"{place.name_en} Prefecture"
        planned.append((_Draft(prefecture, prefecture, OrganisationKind.PREFECTURE, place.name_ja, name, None), own))
    for m in [*cities, *towns]:
        host = m.jis5 if m.designated else prefecture
        name = f"{m.name_en} City" if m.designated else PINNED.get(m.jis5, m.name_en)
        size = city_targets()[m.jis5] if m.designated else least[m.jis5] + extra[m.jis5]
        planned.append((_Draft(m.jis5, host, OrganisationKind.MUNICIPALITY, m.name_ja, name, m.jis5), size))
    words = rng.sample(rows("schools.csv"), len(rows("schools.csv")))
    for number, size in enumerate(schools):
        word = words[number % len(words)]
        seat = _somewhere(rng, prefecture)
        planned.append(
            (
                _Draft(
                    f"{prefecture}-S{number + 1:02}",
                    # Private schools belong to the prefecture, also inside a designated city (assumed).
                    prefecture,
                    OrganisationKind.SCHOOL_CORPORATION,
                    f"学校法人デモ{word['name_ja']}学園",
                    f"Demo {word['name_en']} Gakuen",
                    seat,
                ),
                size,
            )
        )
    return planned


def _weight(rng: Random, municipality: places.Municipality) -> float:
    return rng.lognormvariate(0.3, 0.8) * (2.5 if municipality.name_ja[-1] in "市区" else 0.6)


def _scale(sizes: Mapping[str, int], participants: int) -> dict[str, int]:
    scaled = dict(sizes) if participants == PARTICIPANTS else apportion(participants, sizes)
    wanted = min(PINNED_PEOPLE, -(-participants // 8))
    for code in PINNED:
        while scaled[code] < wanted:
            largest = max((key for key in scaled if key not in PINNED), key=lambda key: scaled[key])
            if not scaled[largest]:
                break
            scaled[largest] -= 1
            scaled[code] += 1
    return scaled


def _somewhere(rng: Random, prefecture: str) -> str:
    here = [m for m in places.municipalities().values() if m.prefecture == prefecture]
    return rng.choices(here, [8 if m.designated else 3 if m.name_ja[-1] in "市区" else 0.6 for m in here])[0].jis5


def capital(prefecture: str) -> str:
    """The municipality of the prefectural government."""
    if prefecture in CAPITALS:
        return CAPITALS[prefecture]
    designated = [city.jis5 for city in places.designated_cities().values() if city.prefecture == prefecture]
    return designated[0] if designated else f"{prefecture}201"


def _furnish(rng: Random, draft: _Draft, people: int) -> PlannedOrganisation:
    wanted = max(1, min(round(people * 0.8), 110))
    workplaces = []
    if draft.kind is not OrganisationKind.SCHOOL_CORPORATION and people >= 2:
        seat = draft.municipality or capital(draft.prefecture)
        division = "国際交流課 (International Exchange Division)"
        workplaces.append(PlannedWorkplace(f"{draft.name_ja}{division}", seat, _by_the_sea(rng, seat), True))
    workplaces += _schools(rng, draft, wanted)
    local = draft.municipality or ""
    number = rng.randrange(10_000_000)
    return PlannedOrganisation(
        code=draft.code,
        host=draft.host,
        kind=draft.kind,
        name_ja=draft.name_ja,
        name_en=draft.name_en,
        municipality=draft.municipality,
        coastal=_by_the_sea(rng, local),
        phone=fictitious_number(number),
        night_phone=fictitious_number((number + 1) % 10_000_000) if rng.random() < 0.4 else "",
        email=f"jet-{draft.code.lower()}@example.jp",
        people=people,
        workplaces=tuple(workplaces),
    )


def _schools(rng: Random, draft: _Draft, wanted: int) -> list[PlannedWorkplace]:
    kinds = _SCHOOLS[draft.kind]
    if draft.kind is OrganisationKind.SCHOOL_CORPORATION:
        words: Sequence[dict[str, str]] = [
            {"name_ja": draft.name_ja.removeprefix("学校法人").removesuffix("学園"), "name_en": draft.name_en}
        ]
        prefix = ""
    else:
        words = rng.sample(rows("schools.csv"), len(rows("schools.csv")))
        prefix = f"{draft.name_ja}立"
    found = []
    for number in range(min(wanted, len(words) * len(kinds))):
        word, (ja, en) = words[number % len(words)], kinds[number // len(words)]
        place = draft.municipality or _somewhere(rng, draft.prefecture)
        name = f"{prefix}{word['name_ja']}{ja} ({word['name_en']} {en})"
        found.append(PlannedWorkplace(name, place, _by_the_sea(rng, place), False))
    return found


def _by_the_sea(rng: Random, municipality: str) -> bool:
    drawn = rng.random()
    return municipality in coast() and drawn < 0.35


def fictitious_number(digits: int) -> str:
    """A number nobody can hold: after 090 comes a digit from 1 to 9 in the Japanese plan, never the 0 used here."""
    return f"+81900{digits:07}"
