"""Whom an area concerns: people placed today, by where they work, live, and who contracts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from models.db import db
from models.organisation import ContractingOrganisation, Workplace
from models.participant import Participant, Placement
from models.types import today
from notifications.safety.severity import Severity

PREFECTURE, COAST = "pref:", "coast:"


@dataclass(frozen=True, slots=True)
class Area:
    """Where a check asks.

    code    five digits of a municipality, "pref:04" for a prefecture, "coast:04" for the people marked coastal there
    kind    as in `AreaFact`; "manual" when chosen by hand
    rank    how bad, on the scale of `Severity`
    coarse  not named itself, but by a report of regions or through a code that no longer exists
    """

    code: str
    kind: str = "manual"
    rank: int = 0
    label: str = ""
    coarse: bool = False

    @property
    def severity(self) -> Severity:
        return Severity(self.kind, self.rank, self.label)

    @property
    def prefecture(self) -> str:
        return self.code.partition(":")[2] or self.code[:2]


@dataclass(frozen=True, slots=True)
class Target:
    """A person an area concerns; place and severity are those of where it is worst."""

    participant_id: int
    organisation_id: int
    host_id: int
    municipality_code: str | None
    prefecture_code: str
    reasons: tuple[str, ...]
    kind: str
    rank: int
    label: str
    coarse: bool

    @property
    def severity(self) -> Severity:
        return Severity(self.kind, self.rank, self.label)


@dataclass(frozen=True, slots=True)
class _Place:
    reason: str
    code: str | None
    coastal: bool


def find(areas: Sequence[Area], on: date | None = None) -> list[Target]:
    """Everybody with a placement covering `on` (default today in Japan) whom one of `areas` concerns. One query.

    A prefecture as contracting organisation has no municipality: its people are found by work and home alone
    (safety.md §2.5), else an earthquake in one corner would ask all of its schools.
    """
    if not areas:
        return []
    by_code: dict[str, Area] = {}
    for area in areas:
        known = by_code.get(area.code)
        if known is None or _badness(area) > _badness(known):
            by_code[area.code] = area
    rows = db.session.connection().execute(_query(by_code.values(), on or today()))
    return [target for row in rows if (target := _target(row, by_code)) is not None]


def _query(areas: Iterable[Area], on: date) -> sa.Select[Any]:
    participant, placement = Participant.__table__, Placement.__table__
    organisation, workplace = ContractingOrganisation.__table__, Workplace.__table__
    newer = placement.alias("newer")

    def covers(table: Any) -> ColumnElement[bool]:
        return sa.and_(table.c.start_date <= on, sa.or_(table.c.end_date.is_(None), table.c.end_date >= on))

    # Two placements on the day of a transfer: the later one is where the person is now.
    replaced = sa.exists(
        sa.select(sa.literal(1)).where(
            newer.c.participant_id == placement.c.participant_id,
            covers(newer),
            sa.tuple_(newer.c.start_date, newer.c.id) > sa.tuple_(placement.c.start_date, placement.c.id),
        )
    )
    codes = [area.code for area in areas if area.code.isdigit()]
    prefectures = [area.prefecture for area in areas if area.code.startswith(PREFECTURE)]
    coasts = [area.prefecture for area in areas if area.code.startswith(COAST)]

    def hit(municipality: Any, coastal: Any) -> list[ColumnElement[bool]]:
        prefecture = sa.func.substr(municipality, 1, 2)
        return [
            *([municipality.in_(codes)] if codes else []),
            *([prefecture.in_(prefectures)] if prefectures else []),
            *([sa.and_(coastal, prefecture.in_(coasts))] if coasts else []),
        ]

    return (
        sa.select(
            participant.c.id,
            placement.c.organisation_id,
            organisation.c.host_id,
            workplace.c.municipality_code.label("work"),
            workplace.c.coastal.label("work_coastal"),
            participant.c.home_municipality_code.label("home"),
            participant.c.home_coastal,
            organisation.c.municipality_code.label("organisation"),
            organisation.c.coastal.label("organisation_coastal"),
        )
        .select_from(placement)
        .join(participant, participant.c.id == placement.c.participant_id)
        .join(organisation, organisation.c.id == placement.c.organisation_id)
        .outerjoin(workplace, workplace.c.id == placement.c.workplace_id)
        .where(
            covers(placement),
            ~replaced,
            sa.or_(
                *hit(workplace.c.municipality_code, workplace.c.coastal),
                *hit(participant.c.home_municipality_code, participant.c.home_coastal),
                *hit(organisation.c.municipality_code, organisation.c.coastal),
            ),
        )
        .order_by(participant.c.id)
    )


def _target(row: Any, by_code: dict[str, Area]) -> Target | None:
    places = (
        _Place("work", row.work, bool(row.work_coastal)),
        _Place("home", row.home, bool(row.home_coastal)),
        _Place("organisation", row.organisation, bool(row.organisation_coastal)),
    )
    hits = [(place, area) for place in places for area in _areas_at(place, by_code)]
    if not hits:
        return None
    # The first of equals: work before home before organisation.
    where, worst = max(hits, key=lambda hit: _badness(hit[1]))
    return Target(
        participant_id=row.id,
        organisation_id=row.organisation_id,
        host_id=row.host_id,
        municipality_code=where.code,
        prefecture_code=(where.code or worst.prefecture)[:2],
        reasons=tuple(dict.fromkeys(place.reason for place, _ in hits)),
        kind=worst.kind,
        rank=worst.rank,
        label=worst.label,
        coarse=all(area.coarse for _, area in hits),
    )


def _areas_at(place: _Place, by_code: dict[str, Area]) -> Iterator[Area]:
    if place.code is None:
        return
    keys = [place.code, PREFECTURE + place.code[:2]]
    if place.coastal:
        keys.append(COAST + place.code[:2])
    for key in keys:
        if (area := by_code.get(key)) is not None:
            yield area


def _badness(area: Area) -> tuple[int, bool]:
    """Of two areas with the same rank the exactly named one speaks."""
    return area.rank, not area.coarse
