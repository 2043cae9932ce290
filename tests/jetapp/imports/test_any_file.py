"""Whatever the bytes are: a report or one clear sentence, and nothing that depends on the order of rows or columns."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jetapp.imports import columns, service
from jetapp.imports.report import Report
from models.db import db, transaction
from models.errors import Invalid
from models.participant import Participant
from tests.jetapp.imports.files import HEADINGS, csv_file, grid, person

SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

CELLS = st.one_of(
    st.sampled_from(
        [
            *person().values(), "-", "=1+1", "2.02501E+10", "０９０", "○", "1", "伊達市", "99999", "\u200b", "a;b,c",
            "2025-02-30", "x" * 2001, "\x07", '"', "😀", "𠮷野家", "%(x)s", "{0}", "\ud7ff",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(list(HEADINGS)), CELLS, max_size=12), min_size=1, max_size=6)


def attempt(data: bytes) -> Report | None:
    """The report of a dry run; None when the file was refused with a sentence."""
    sentence = ""
    report = None
    try:
        with transaction():
            report = service.import_participants(data, "any.csv", dry_run=True, partial=True)
    except Invalid as error:
        sentence = str(error)
    if report is None:
        assert "any.csv" in sentence
        return None
    assert all(report.lines())
    assert len(report.rows) == sum(report.counts.values())
    return report


@SHARED
@given(data=st.binary(max_size=400))
def test_any_bytes(organisations: None, data: bytes) -> None:
    attempt(data)


@SHARED
@given(
    data=st.binary(max_size=200),
    start=st.sampled_from([b"JET number,", "JET番号,姓\r\n".encode("cp932"), b"PK\x03\x04"]),
)
def test_any_bytes_after_a_good_beginning(organisations: None, data: bytes, start: bytes) -> None:
    attempt(start + data)


@SHARED
@given(rows=ROWS, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_cells(organisations: None, rows: list[dict[str, str]], encoding: str) -> None:
    cells = grid([{"jet_number": "20250000001"} | rows[0], *rows[1:]])
    attempt(csv_file(cells, encoding))


def summary(report: Report) -> Any:
    return sorted(
        (row.key, row.outcome.value, row.changed, sorted(r.text for r in row.problems)) for row in report.rows
    )


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "nationality": st.sampled_from(["US", "Atlantis"]),
        "phones": st.sampled_from(["", "-", "090-0000-0001; 090-0000-0002", "12"]),
        "workplace": st.sampled_from(["A", "B"]),
        "workplace_municipality": st.sampled_from(["", "07209", "07212"]),
        "workplace_coastal": st.sampled_from(["", "yes"]),
        "organisation": st.sampled_from(["07209", "04", "4", "99"]),
        "placement_start": st.sampled_from(["", "2025-07-28", "45872"]),
        "jet_number": st.sampled_from(["20250000001", "2025"]),
    },
)


@SHARED
@given(changes=st.lists(CHANGES, min_size=2, max_size=6), seed=st.integers(0, 1000))
def test_order_of_rows_and_columns_does_not_matter(
    organisations: None, changes: list[dict[str, str]], seed: int
) -> None:
    rows = [person(number, **change) for number, change in enumerate(changes, 1)]
    cells = grid(rows)
    order = random.Random(seed)
    body = order.sample(cells[1:], len(rows))
    at = order.sample(range(len(cells[0])), len(cells[0]))
    shuffled = [[row[i] for i in at] for row in [cells[0], *body]]
    one, other = attempt(csv_file(cells)), attempt(csv_file(shuffled))
    assert one is not None
    assert other is not None
    assert summary(one) == summary(other)


@SHARED
@given(changes=st.lists(CHANGES, min_size=1, max_size=5))
def test_a_second_import_changes_nothing(app: Flask, organisations: None, changes: list[dict[str, str]]) -> None:
    data = csv_file(grid([person(number, **change) for number, change in enumerate(changes, 1)]))
    with transaction():
        first = service.import_participants(data, "any.csv", partial=True)
    try:
        with transaction():
            second = service.import_participants(data, "any.csv", partial=True)
        for before, after in zip(first.rows, second.rows, strict=True):
            assert after.outcome == ("refused" if before.outcome == "refused" else "unchanged"), after
    finally:
        with transaction():
            for one in db.session.scalars(sa.select(Participant)):
                db.session.delete(one)


@pytest.mark.parametrize("known", [columns.PARTICIPANT, columns.ORGANISATION])
def test_no_heading_means_two_things(known: columns.Columns) -> None:
    headings = [columns.folded(heading) for field in known.values() for heading in field]
    doubles = {heading for heading in headings if headings.count(heading) > 1}
    fields = {columns.folded(h): name for name, field in known.items() for h in field}
    for heading in doubles:
        owners = {name for name, field in known.items() if heading in map(columns.folded, field)}
        assert owners == {fields[heading]}
