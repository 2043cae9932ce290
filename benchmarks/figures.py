"""What was measured: one line per figure, with what it is compared with and whether the goal is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Line:
    """One measured figure. `ratio` is value to reference; the goal is a lower limit unless `at_most`."""

    group: str
    name: str
    value: float
    unit: str
    reference: float | None = None
    against: str = ""
    goal: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None

    @property
    def met(self) -> bool | None:
        """None when there is no goal."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def middle(values: Sequence[float]) -> float:
    """The median: machines wobble, and one bad repetition must not decide."""
    return float(median(values))


def spread(values: Sequence[float]) -> str:
    """The repetitions themselves, so that a reader sees how much they wobble."""
    return " ".join(number(value) for value in values)


def number(value: float) -> str:
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(lines: Sequence[Line]) -> str:
    """All lines in columns, for people; Markdown, so that it can be copied into docs/performance.md."""
    rows = [("what", "measured", "against", "reference", "ratio", "goal", "met", "note")]
    for line in lines:
        sign = "≤" if line.at_most else "≥"
        rows.append(
            (
                f"{line.group}: {line.name}",
                f"{number(line.value)} {line.unit}",
                line.against,
                "" if line.reference is None else f"{number(line.reference)} {line.unit}",
                "" if line.ratio is None else f"{line.ratio:.2f}",
                "" if line.goal is None else f"{sign} {line.goal:g}",
                {None: "", True: "yes", False: "NO"}[line.met],
                line.note,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    shown = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |" for row in rows]
    shown.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    return "\n".join(shown)
