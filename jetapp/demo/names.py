"""Fictitious names by culture, each with its reading."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from random import Random

from jetapp.demo.shape import rows


@dataclass(frozen=True, slots=True)
class Name:
    family: str
    given: str
    kana: str
    kanji: str


@dataclass(frozen=True, slots=True)
class _Part:
    latin: str
    kana: str
    kanji: str


SHARE_OF_LISTED = 0.02
"""English-speaking people with one of the awkward listed names; the others have one put together."""
SHARE_WITHOUT_KANA = 0.06


@cache
def _parts(culture: str, part: str) -> tuple[_Part, ...]:
    found = [row for row in rows("names.csv") if row["culture"] == culture and row["part"] == part]
    return tuple(_Part(row["latin"], row["kana"], row["kanji"]) for row in found)


def draw(rng: Random, culture: str) -> Name:
    """One name."""
    singles = _parts(culture, "single")
    if singles and rng.random() < 0.15:
        single = rng.choice(singles)
        return Name(single.latin, "", single.kana, "")
    family = _family(rng, culture)
    given = rng.choice(_parts(culture, "given"))
    kana = "" if rng.random() < SHARE_WITHOUT_KANA else f"{family.kana} {given.kana}"
    kanji = f"{family.kanji} {given.kanji}" if family.kanji and given.kanji else ""
    return Name(family.latin, given.latin, kana, kanji)


def _family(rng: Random, culture: str) -> _Part:
    starts, listed = _parts(culture, "family_start"), _parts(culture, "family")
    if not starts or rng.random() < SHARE_OF_LISTED:
        return rng.choice(listed)
    start, end = rng.choice(starts), rng.choice(_parts(culture, "family_end"))
    return _Part(start.latin + end.latin, start.kana + end.kana, "")


def mailbox(name: Name) -> str:
    """The name as it may stand before the @, ASCII letters and dots only."""
    text = f"{name.given} {name.family}".replace("Đ", "D").replace("đ", "d")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(c if c.isalnum() else " " for c in plain).split())
