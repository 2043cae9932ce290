"""Geometry of the small drawings on pages: bars, the tile map of Japan, the step chart of answers.

Pure functions from plain data to coordinates; the macros in `templates/components` write the SVG. Widths are SVG
attributes and colours are classes, because the content security policy allows no style attributes.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

MAP_TILES = Path(__file__).parent / "safety" / "map_tiles.csv"
TILE = 30
TILE_GAP = 3

# Where the names of the regions stand in the sea: (name, row, column of the left edge).
REGIONS = (
    ("Hokkaido", 0.65, 9.8),
    ("Tohoku", 3.1, 8.8),
    ("Chubu", 5.1, 5.9),
    ("Chugoku", 6.15, 2.9),
    ("Kyushu", 8.25, -0.1),
    ("Shikoku", 11.35, 3.6),
    ("Kinki", 9.2, 8.2),
    ("Kanto", 8.15, 12.1),
    ("Okinawa", 0.9, -0.1),
)
# The corner of the sea that holds Okinawa, as on printed maps: its line, in rows and columns.
INSET = ((2.6, -0.2), (2.6, 2.2), (1.6, 3.2), (0.1, 3.2))

CHART_WIDTH, CHART_HEIGHT = 328, 200
LABEL_WIDTH = 96
CHART_LEFT, CHART_RIGHT, CHART_TOP, CHART_BOTTOM = 34, 322, 28, 172


def bar_parts(parts: Iterable[Mapping[str, Any]], width: float = 100, gap: float = 0.3) -> list[dict[str, Any]]:
    """Parts {kind, count} → rectangles {kind, x, width} that fill `width`.

    A part that is not empty is never thinner than 0.8 of 100: one person who needs help stays visible among 5,933.
    """
    shown = [p for p in parts if p["count"] > 0]
    total = sum(p["count"] for p in shown)
    if not total:
        return []
    room = width - gap * (len(shown) - 1)
    least = width * 0.008
    wide = [max(least, room * p["count"] / total) for p in shown]
    excess = sum(wide) - room
    biggest = max(range(len(wide)), key=wide.__getitem__)
    wide[biggest] -= excess
    drawn, x = [], 0.0
    for part, w in zip(shown, wide, strict=True):
        drawn.append({"kind": part["kind"], "x": round(x, 2), "width": round(w, 2)})
        x += w + gap
    return drawn


def share_class(silent: int, asked: int) -> str:
    """Shade by the share of people who have not answered or were not reached: five classes, limits 15, 30, 50 %."""
    if asked <= 0:
        return "not-asked"
    if silent <= 0:
        return "share-0"
    share = silent / asked
    return "share-1" if share <= 0.15 else "share-2" if share <= 0.30 else "share-3" if share <= 0.50 else "share-4"


def people_class(asked: int) -> str:
    """Shade by the number of people (before sending): 1 to 19, 20 to 99, 100 and more."""
    return "not-asked" if asked <= 0 else "people-1" if asked < 20 else "people-3" if asked < 100 else "people-4"


@cache
def map_tiles() -> dict[str, tuple[float, float]]:
    """JIS prefecture code → row and column of its square."""
    with MAP_TILES.open(encoding="utf-8", newline="") as file:
        return {row["jis2"]: (float(row["row"]), float(row["column"])) for row in csv.DictReader(file)}


def japan(rows: Iterable[Mapping[str, Any]], shade: str = "silent") -> dict[str, Any]:
    """All 47 squares in drawing order, those with people last; each carries its row of `rows` or None."""
    by_code = {str(row["code"]): row for row in rows}
    places = map_tiles()
    left = min(column for _, column in places.values()) - 0.1
    width = (max(column for _, column in places.values()) + 1 - left) * TILE + 8
    height = (max(row for row, _ in places.values()) + 1) * TILE
    squares: list[dict[str, Any]] = []
    for code, (row, column) in places.items():
        found = by_code.get(code)
        asked: int = found["asked"] if found else 0
        squares.append({
            "code": code,
            "x": round((column - left) * TILE, 1),
            "y": round(row * TILE, 1),
            "side": TILE - TILE_GAP,
            "shade": people_class(asked) if shade == "people" else share_class(found["silent"] if found else 0, asked),
            "row": found,
        })  # fmt: skip
    inset = " ".join(f"{(column - left) * TILE:.0f},{row * TILE:.0f}" for row, column in INSET)
    squares.sort(key=lambda s: (s["row"] is not None, bool(s["row"] and s["row"].get("help"))))
    regions = [
        {"name": name, "x": round((column - left) * TILE, 1), "y": round(row * TILE, 1)}
        for name, row, column in REGIONS
    ]
    return {
        "squares": squares,
        "regions": regions,
        "inset": inset,
        "width": round(width, 1),
        "height": round(height, 1),
    }


def _round_step(top: int) -> int:
    """A step of 1, 2 or 5 times a power of ten that gives three or four grid lines."""
    raw = max(1.0, top / 4)
    power = 10 ** math.floor(math.log10(raw))
    return max(1, next(int(step * power) for step in (1, 2, 5, 10) if step * power >= raw))


def step_chart(
    points: Sequence[tuple[datetime, int]],
    asked: int,
    start: datetime,
    end: datetime,
    waves: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Coordinates of the step line of answers: `points` are (time, answers so far), oldest first."""
    span = max(1.0, (end - start).total_seconds())
    top = max(1, asked, *(count for _, count in points)) if points else max(1, asked)

    def x(moment: datetime) -> float:
        share = min(1.0, max(0.0, (moment - start).total_seconds() / span))
        return round(CHART_LEFT + share * (CHART_RIGHT - CHART_LEFT), 1)

    def y(count: float) -> float:
        return round(CHART_BOTTOM - count / top * (CHART_BOTTOM - CHART_TOP), 1)

    line = f"M{x(start)} {y(0)}"
    for moment, count in points:
        line += f"H{x(moment)}V{y(count)}"
    last = points[-1][1] if points else 0
    line += f"H{x(end)}"
    step = _round_step(top)
    middle = start + timedelta(seconds=span / 2)
    last_y = y(last)
    # The label of the last value stands under the line where the label begins, so that it never lies on the line.
    at_label = [count for moment, count in points if x(moment) <= CHART_RIGHT - LABEL_WIDTH]
    under = y(at_label[-1] if at_label else 0) + 20
    return {
        "line": line,
        "area": f"{line}V{y(0)}H{x(start)}Z",
        "grid": [{"y": y(value), "value": value} for value in range(step, top + 1, step) if y(value) > CHART_TOP + 14],
        "goal": y(asked),
        "base": y(0),
        "left": CHART_LEFT,
        "right": CHART_RIGHT,
        "width": CHART_WIDTH,
        "height": CHART_HEIGHT,
        "last": last,
        "last_x": x(end),
        "last_y": last_y,
        "last_label_y": under if under < CHART_BOTTOM - 24 else last_y - 10,
        "ticks": [
            {"x": x(start), "when": start, "anchor": "start"},
            {"x": x(middle), "when": middle, "anchor": "middle"},
            {"x": x(end), "when": end, "anchor": "end"},
        ],
        "waves": [_wave(wave, x(wave["at"]), i) for i, wave in enumerate(waves)],
    }


def _wave(wave: Mapping[str, Any], x: float, index: int) -> dict[str, Any]:
    """A label near the right edge is written to the left of its line; neighbours stand on different heights."""
    late = x > CHART_LEFT + (CHART_RIGHT - CHART_LEFT) * 0.6
    return {
        "x": x,
        "label": wave["label"],
        "label_x": x - 5 if late else x + 5,
        "label_y": CHART_BOTTOM - 8 - 16 * (index % 3),
        "late": late,
    }


def register(app: Flask) -> None:
    app.jinja_env.globals.update(
        draw_bar=bar_parts,
        draw_japan=japan,
        draw_steps=step_chart,
        share_class=share_class,
    )
