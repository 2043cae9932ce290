"""The live figures of the overview page, in the order people look for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jetapp.sandbox.state import ACCEPTED, State

SECONDS_SHOWN = 60
HEIGHT = 48


@dataclass(frozen=True, slots=True)
class Tile:
    word: str
    number: int
    note: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One second of the chart, in the units of its drawing."""

    left: int
    top: float
    height: float


def figures(state: State, stats: Mapping[str, Any]) -> dict[str, Any]:
    statuses, callbacks, mails = stats["statuses"], stats["callbacks"], stats["mails"]
    lost = statuses.get("undelivered", 0) + statuses.get("failed", 0)
    moving = sum(statuses.get(status, 0) for status in ("accepted", "queued", "sending", "sent"))
    refused = sum(stats["refused"].values())
    doubles = stats["duplicates"]["by_reference"]
    replies = sum(statuses.values()) - stats["accepted"]
    also = f", and {replies} replies" if replies else ""
    bars, most = _bars(state)
    return {
        "tiles": [
            Tile("SMS accepted", stats["accepted"], f"{stats['segments']} segments{also}"),
            Tile("Delivered", statuses.get("delivered", 0), f"{moving} on the way", "good"),
            Tile("Not delivered", lost, "undelivered or failed", "bad" if lost else ""),
            Tile("Requests refused", refused, _codes(stats["refused"]), "warn" if refused else ""),
            Tile("Callbacks taken", callbacks["sent"], f"{callbacks['failed']} failed, {callbacks['pending']} waiting"),
            Tile("Inbound SMS", stats["inbound"]["received"], f"{stats['inbound']['refused']} refused"),
            Tile("Mails", mails["accepted"], f"{mails['bounces']} bounced"),
            Tile("Sent twice", doubles, "same message of the product", "bad" if doubles else ""),
        ],
        "bars": bars,
        "most": most,
        "width": SECONDS_SHOWN * 10,
        "height": HEIGHT,
        "faults": sorted(stats["faults"].items()),
        "problems": list(reversed(stats["problems"]))[:8],
    }


def _codes(refused: Mapping[str, int]) -> str:
    common = sorted(refused.items(), key=lambda pair: -pair[1])[:3]
    return ", ".join(f"{code} × {number}" for code, number in common) or "none"


def _bars(state: State) -> tuple[list[Bar], int]:
    """SMS accepted in each of the last seconds, and the highest of them."""
    now = int(time.time())
    seconds = range(now - SECONDS_SHOWN + 1, now + 1)
    numbers = [state.timeline[second][ACCEPTED] if second in state.timeline else 0 for second in seconds]
    most = max(numbers)
    bars = [
        Bar(index * 10, HEIGHT - HEIGHT * number / most, HEIGHT * number / most)
        for index, number in enumerate(numbers)
        if number
    ]
    return bars, most
