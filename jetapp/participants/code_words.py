"""Two easy words a person can remember, by which messages of ours are recognised."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from random import Random


def make(rng: Random) -> str:
    """A pair such as "gentle otter"; give `random.SystemRandom()` for people who are not of the demo."""
    return f"{rng.choice(_words('first'))} {rng.choice(_words('second'))}"


@cache
def _words(part: str) -> tuple[str, ...]:
    with files("jetapp.participants").joinpath("code_words.csv").open(encoding="utf-8") as file:
        return tuple(row["word"] for row in csv.DictReader(file) if row["part"] == part)
