"""The earthquake of the demo: a telegram of our own, its times moved to the present."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.types import TOKYO
from notifications.jma import telegram as jma

OURS = Path(__file__).parent / "data" / "earthquake_VXSE53.xml"
"""Written by us and never issued by JMA, as it says itself."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
_EVENTS = re.compile(r"(?<=<EventID>)[^<]*")
_EVENT = re.compile(r"\b\d{14}\b")
_EVENT_FORM = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Fresh:
    """A telegram as a feed lists it."""

    name: str
    title: str
    reported_at: datetime
    data: bytes


def fresh(file: Path, at: datetime) -> Fresh:
    """The telegram of `file` as if reported `at`. Raises `TelegramError` when it is none.

    Every time in it moves by as much, and so does the event's id, so that each run is an event of its own.
    """
    data = file.read_bytes()
    told = jma.read(data, file.name)
    by = timedelta(seconds=round((at - told.reported_at).total_seconds()))

    def move(found: re.Match[str]) -> str:
        text = found[0]
        moved = datetime.fromisoformat(text) + by
        return f"{moved.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if text.endswith("Z") else moved.isoformat()

    def rename(found: re.Match[str]) -> str:
        return _EVENT.sub(lambda event: f"{_parsed(event[0]) + by:{_EVENT_FORM}}", found[0])

    text = _EVENTS.sub(rename, _MOMENT.sub(move, data.decode("utf-8")))
    moved = text.encode()
    again = jma.read(moved, file.name)
    name = f"{again.reported_at.astimezone(UTC):%Y%m%d%H%M%S}_0_{again.type}_010000.xml"
    return Fresh(name, again.title, again.reported_at, moved)


def _parsed(event: str) -> datetime:
    return datetime.strptime(event, _EVENT_FORM).replace(tzinfo=TOKYO)
