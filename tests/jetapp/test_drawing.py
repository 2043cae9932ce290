"""Geometry of bars, map and chart."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetapp import drawing

START = datetime(2026, 11, 19, 14, 41, tzinfo=UTC)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=4))
def test_bar_fills_its_width_and_loses_nobody(counts: list[int]) -> None:
    parts = [{"kind": str(i), "count": count} for i, count in enumerate(counts)]
    drawn = drawing.bar_parts(parts)
    assert len(drawn) == sum(count > 0 for count in counts)
    if drawn:
        assert drawn[-1]["x"] + drawn[-1]["width"] == pytest.approx(100, abs=0.1)
        assert all(part["width"] >= 0.79 for part in drawn)


def test_map_has_every_prefecture_once_and_no_two_on_one_place() -> None:
    tiles = drawing.map_tiles()
    assert sorted(tiles) == [f"{n:02d}" for n in range(1, 48)]
    places = list(tiles.items())
    for i, (one, (row, column)) in enumerate(places):
        for other, (other_row, other_column) in places[i + 1 :]:
            assert max(abs(row - other_row), abs(column - other_column)) > 0.99, (one, other)


@pytest.mark.parametrize(
    ("silent", "asked", "shade"),
    [(0, 0, "not-asked"), (0, 9, "share-0"), (15, 100, "share-1"), (30, 100, "share-2"), (50, 100, "share-3"),
     (51, 100, "share-4"), (1, 1, "share-4")],
)  # fmt: skip
def test_shares_have_five_classes(silent: int, asked: int, shade: str) -> None:
    assert drawing.share_class(silent, asked) == shade


def test_squares_with_people_who_need_help_are_drawn_last() -> None:
    rows = [{"code": "07", "asked": 9, "silent": 1, "help": 1}, {"code": "04", "asked": 5, "silent": 0, "help": 0}]
    squares = drawing.japan(rows)["squares"]
    assert len(squares) == 47
    assert [s["code"] for s in squares[-2:]] == ["04", "07"]
    assert {s["shade"] for s in squares[:-2]} == {"not-asked"}


def test_chart_starts_at_nought_and_ends_at_the_last_answer() -> None:
    points = [(START + timedelta(minutes=m), m * 10) for m in range(1, 10)]
    chart = drawing.step_chart(points, 100, START, START + timedelta(minutes=10))
    assert chart["line"].startswith(f"M{drawing.CHART_LEFT}.0 {drawing.CHART_BOTTOM}.0")
    assert chart["last"] == 90
    assert chart["goal"] == drawing.CHART_TOP
    assert chart["last_y"] > chart["goal"]
    assert [line["value"] for line in chart["grid"]] == [50]


@pytest.mark.parametrize("asked", [0, 1, 2, 7, 5933, 100_000])
def test_chart_of_nobody_and_of_many(asked: int) -> None:
    chart = drawing.step_chart([], asked, START, START)
    assert chart["last"] == 0
    assert len(chart["grid"]) <= 5
