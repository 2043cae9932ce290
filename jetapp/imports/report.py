"""What an import did, or would do, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Translate = Callable[[str], str]


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell (or the whole row, when `column` is empty); `text` is the key of its translation."""

    text: str
    column: str = ""
    value: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def told(self, translate: Translate = str) -> str:
        text = translate(self.text)
        return text % self.values if self.values else text


@dataclass(slots=True)
class RowReport:
    """One row; `key` is its JET number or organisation code as read."""

    number: int
    key: str
    outcome: Outcome
    problems: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """`applied`: the rows that are not refused are in the database; otherwise nothing was changed."""

    file: str
    rows: list[RowReport]
    unused: tuple[str, ...]
    dry_run: bool
    partial: bool
    applied: bool = False

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(row.outcome for row in self.rows)
        return {outcome.value: found[outcome] for outcome in Outcome}

    @property
    def refused(self) -> bool:
        """Whether what was asked for cannot be done because of refused rows."""
        return bool(self.counts["refused"]) and not self.partial

    def lines(self, translate: Translate = str) -> list[str]:
        """Every problem, then every warning, as a line: file, row, column, value, what was expected."""
        found = [(row, remark) for row in self.rows for remark in row.problems]
        found += [(row, remark) for row in self.rows for remark in row.warnings]
        return [self._line(row, remark, translate) for row, remark in found]

    def _line(self, row: RowReport, remark: Remark, translate: Translate) -> str:
        where = translate("%(file)s, row %(row)s") % {"file": self.file, "row": row.number}
        if remark.column:
            where += translate(", ") + translate("column “%(column)s”") % {"column": remark.column}
        if remark.value:
            where += f" ({remark.value})"
        return where + translate(": ") + remark.told(translate)

    def as_json(self, translate: Translate = str) -> dict[str, Any]:
        def told(remark: Remark) -> dict[str, str]:
            return {"column": remark.column, "value": remark.value, "text": remark.told(translate)}

        return {
            "file": self.file,
            "applied": self.applied,
            "dry_run": self.dry_run,
            "partial": self.partial,
            "counts": self.counts,
            "unused_columns": list(self.unused),
            "rows": [
                {
                    "row": row.number,
                    "key": row.key,
                    "outcome": row.outcome.value,
                    "changed": row.changed,
                    "problems": [told(remark) for remark in row.problems],
                    "warnings": [told(remark) for remark in row.warnings],
                }
                for row in self.rows
            ],
        }
