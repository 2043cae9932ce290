"""What a provider's error code means for us: a table, because providers add codes (messaging.md §4)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path


class CodeClass(StrEnum):
    NUMBER = "number"
    """Never again to this number; another way at once."""
    OPTED_OUT = "opted_out"
    TEXT = "text"
    """Never the same text; another way at once."""
    BUSY = "busy"
    """Never processed: again later, without using up an attempt."""
    LATER = "later"
    """The next wave tries again, with a row of its own."""
    TEMPORARY = "temporary"
    """Likely after a disaster; says nothing about the number."""
    ACCOUNT = "account"
    """Our own account or setting: stop the sender and tell the operator."""


DEAD_NUMBER_CODES = frozenset({"21211", "21614", "21635", "30005", "30006"})
"""Codes that say the number itself is no good. 30003 (off, no signal) must never be among them."""


@dataclass(frozen=True)
class Meaning:
    code: str
    kind: CodeClass
    reason: str


@cache
def _table() -> dict[str, Meaning]:
    with (Path(__file__).parent / "provider_codes.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Meaning(row["code"], CodeClass(row["class"]), row["reason"]) for row in csv.DictReader(file)
        }


def meaning(code: str) -> Meaning:
    """What `code` means; an unknown code is tried again on the next wave."""
    return _table().get(code) or Meaning(code, CodeClass.LATER, f"The provider reported code {code or 'none'}")


def all_codes() -> tuple[Meaning, ...]:
    return tuple(_table().values())
