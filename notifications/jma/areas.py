"""JMA's area codes to municipalities and prefectures (tables and their sources: data/README.md)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from models.places import municipalities, prefectures

NOWHERE = frozenset({"river", "volcano", "nation"})
"""Systems whose codes name something else than a place where people live."""


@dataclass(frozen=True, slots=True)
class Areas:
    """What a code covers.

    A code that no longer (or not yet) exists has `known` False and no municipalities, only its prefecture; where
    the area's later municipality is certain it is in `successor`, apart, so that whoever counts the municipalities
    of a telegram counts those it named.
    """

    municipalities: frozenset[str]
    prefectures: frozenset[str]
    known: bool = True
    successor: str | None = None


@cache
def municipalities_of(system: str, code: str) -> Areas:
    """Wards and split areas are folded into their municipality. A coast gives prefectures only."""
    if system == "city7":
        return _city(code)
    if system == "region3" and code in _regions():
        prefecture, covered = _regions()[code]
        return Areas(covered, frozenset({prefecture}))
    if system == "tsunami3" and code in _coasts():
        return Areas(frozenset(), _coasts()[code])
    if system == "prefecture" and code in prefectures():
        inside = frozenset(city.jis5 for city in municipalities().values() if city.prefecture == code)
        return Areas(inside, frozenset({code}))
    if system in NOWHERE:
        return Areas(frozenset(), frozenset())
    return Areas(frozenset(), frozenset(), known=False)


def prefecture_of_office(title: str) -> str | None:
    """The prefecture whose 府県予報区 a title begins with ("宗谷地方大雨警報・注意報" is in 01)."""
    return next((prefecture for name, prefecture in _offices() if title.startswith(name)), None)


def _city(code: str) -> Areas:
    jis5 = _cities().get(code)
    if jis5 is None and code[:5] in municipalities():
        # A split area that is newer than our table still begins with its municipality.
        jis5 = code[:5]
    if jis5 is not None:
        return Areas(frozenset({jis5}), frozenset({jis5[:2]}))
    # The first two digits of every area code are the prefecture.
    prefecture = frozenset({code[:2]}) & prefectures().keys()
    return Areas(frozenset(), prefecture, known=False, successor=_aliases().get(code))


@cache
def _cities() -> dict[str, str]:
    return {row["code"]: row["municipality"] for row in _rows("city7.csv")}


@cache
def _aliases() -> dict[str, str]:
    return {row["code"]: row["successor"] for row in _rows("aliases.csv")}


@cache
def _regions() -> dict[str, tuple[str, frozenset[str]]]:
    return {
        row["code"]: (row["prefecture"], frozenset(row["municipalities"].split("|"))) for row in _rows("region3.csv")
    }


@cache
def _coasts() -> dict[str, frozenset[str]]:
    return {row["code"]: frozenset(row["prefectures"].split("|")) for row in _rows("tsunami3.csv")}


@cache
def _offices() -> list[tuple[str, str]]:
    return [(row["name_ja"], row["prefecture"]) for row in _rows("offices.csv")]


def _rows(name: str) -> list[dict[str, str]]:
    with files("notifications.jma").joinpath("data", name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
