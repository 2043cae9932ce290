"""The figures and word lists behind the demo population, as read from `jetapp/demo/data`."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypeVar

PARTICIPANTS = 5933
PREFECTURES, MUNICIPALITIES, SCHOOL_CORPORATIONS = 46, 781, 157
"""Contracting organisations of fiscal year 2025 by kind, 984 together (domain.md §2b)."""

Key = TypeVar("Key", bound=Hashable)


def apportion(total: int, weights: Mapping[Key, float]) -> dict[Key, int]:
    """`total` split by weight into whole numbers that add up exactly (largest remainder, first key wins a tie)."""
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    exact = {key: total * weight / whole for key, weight in weights.items()}
    shares = {key: int(share) for key, share in exact.items()}
    order = sorted(exact, key=lambda key: shares[key] - exact[key])
    for key in order[: total - sum(shares.values())]:
        shares[key] += 1
    return shares


@dataclass(frozen=True, slots=True)
class Country:
    """`new` is the number of arrivals of the latest year where it is printed, else None."""

    iso: str
    total: int
    cir: int
    sea: int
    new: int | None
    culture: str
    languages: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...]
    """How often each order of languages is met."""


@cache
def countries() -> tuple[Country, ...]:
    return tuple(_country(row) for row in rows("countries.csv"))


def _country(row: dict[str, str]) -> Country:
    choices = [choice.split(":") for choice in row["languages"].split()]
    return Country(
        iso=row["iso"],
        total=int(row["total"]),
        cir=int(row["cir"]),
        sea=int(row["sea"]),
        new=int(row["new"]) if row["new"] else None,
        culture=row["culture"],
        languages=tuple(tuple(order.split(">")) for order, _ in choices),
        weights=tuple(float(weight) for _, weight in choices),
    )


@cache
def prefecture_targets() -> dict[str, int]:
    """Participants by prefecture (two digits), those of its designated cities included."""
    return {row["jis2"]: int(row["participants"]) for row in rows("prefectures.csv")}


@cache
def city_targets() -> dict[str, int]:
    """Participants appointed by designated cities (five digits)."""
    return {row["jis5"]: int(row["participants"]) for row in rows("designated_cities.csv")}


@cache
def coast() -> frozenset[str]:
    """Municipalities taken to have a coast."""
    return frozenset(row["jis5"] for row in rows("coast.csv"))


def programme_year(on: date) -> int:
    """The year whose arrivals are the newest on that day; the first group comes in the last days of July."""
    return on.year if on >= date(on.year, 7, 27) else on.year - 1


def rows(name: str) -> list[dict[str, str]]:
    """The lines of a file of jetapp/demo/data."""
    with files("jetapp.demo").joinpath("data", name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
