"""Prefectures, designated cities and municipalities of Japan, as read from the CSV files of this folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Prefecture:
    """`jis2` is JIS X 0401, `lgcode6` the 全国地方公共団体コード with its check digit."""

    jis2: str
    lgcode6: str
    name_ja: str
    kana: str
    name_en: str


@dataclass(frozen=True, slots=True)
class DesignatedCity:
    """A 政令指定都市; it is also one of the municipalities."""

    jis5: str
    lgcode6: str
    name_ja: str
    name_en: str
    prefecture: str


@dataclass(frozen=True, slots=True)
class Municipality:
    """`jis5` is JIS X 0402. `name_en` is empty where our source has no English name."""

    jis5: str
    lgcode6: str
    name_ja: str
    name_en: str
    prefecture: str
    designated: bool


def check_digit(digits: str) -> str:
    """The last digit of a 6-digit local government code, from its first five (JIS X 0402 annex)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, (6, 5, 4, 3, 2), strict=True))
    return str((11 - total % 11) % 10)


@cache
def prefectures() -> Mapping[str, Prefecture]:
    """All 47, by `jis2`."""
    return MappingProxyType({row["jis2"]: Prefecture(**row) for row in _rows("prefectures.csv")})


@cache
def designated_cities() -> Mapping[str, DesignatedCity]:
    """All 20, by `jis5`."""
    return MappingProxyType({row["jis5"]: DesignatedCity(**row) for row in _rows("designated_cities.csv")})


@cache
def municipalities() -> Mapping[str, Municipality]:
    """All 1,741, by `jis5`."""
    return MappingProxyType(
        {
            row["jis5"]: Municipality(
                jis5=row["jis5"],
                lgcode6=row["lgcode6"],
                name_ja=row["name_ja"],
                name_en=row["name_en"],
                prefecture=row["prefecture"],
                designated=row["designated"] == "1",
            )
            for row in _rows("municipalities.csv")
        }
    )


def _rows(name: str) -> list[dict[str, str]]:
    with files(__name__).joinpath(name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
