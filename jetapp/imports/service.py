"""Importing participants and organisations from a file: all rows or, when asked for, those that can be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jetapp.imports import columns, queries, reading
from jetapp.imports.columns import Columns, Sheet
from jetapp.imports.parsing import Parsed, Reader
from jetapp.imports.people import People
from jetapp.imports.report import Outcome, Remark, Report, RowReport
from jetapp.organisations import queries as organisation_queries
from jetapp.organisations import service as organisations
from models.access import Permission, require
from models.db import db
from models.errors import Conflict, Invalid


def import_participants(data: bytes, file: str, *, dry_run: bool = False, partial: bool = False) -> Report:
    """Read participants from the bytes of a file. Raises `Invalid` when the file as a whole cannot be read."""
    require(Permission.PEOPLE_IMPORT)
    sheet = _sheet(data, file, columns.PARTICIPANT, "jet_number")
    reader = Reader(sheet, "jet_number")
    rows = [reader.participant(row) for row in sheet.rows]
    people = People(rows, queries.world(sorted({row.key for row in rows if row.key})))

    def put(row: Parsed) -> RowReport:
        created, change = people.put(row)
        row.warnings += [Remark(text, values=values) for text, values in change.notes]
        return _done(row, created, change.changed)

    return _carry_out(sheet, rows, put, reader, dry_run, partial)


def import_organisations(data: bytes, file: str, *, dry_run: bool = False, partial: bool = False) -> Report:
    """Read contracting organisations from the bytes of a file, as `import_participants` does people."""
    require(Permission.PEOPLE_IMPORT)
    sheet = _sheet(data, file, columns.ORGANISATION, "code")
    reader = Reader(sheet, "code")
    rows = [reader.organisation(row) for row in sheet.rows]
    known, hosts = organisation_queries.organisations(), organisation_queries.hosts()

    def put(row: Parsed) -> RowReport:
        given = {"municipality_code" if name == "municipality" else name: v for name, v in row.fields.items()}
        before = known.get(row.key)
        _, changed = organisations.put_organisation(before, row.key, given, hosts)
        return _done(row, before is None, changed)

    return _carry_out(sheet, rows, put, reader, dry_run, partial)


def _sheet(data: bytes, file: str, known: Columns, key: str) -> Sheet:
    table = reading.read(data, file, columns.known_headings(known))
    return columns.lay_out(table, known, key)


def _carry_out(
    sheet: Sheet,
    rows: Sequence[Parsed],
    put: Callable[[Parsed], RowReport],
    reader: Reader,
    dry_run: bool,
    partial: bool,
) -> Report:
    """Put every row inside a savepoint, and keep that only if it is what was asked for."""
    _refuse_doubles(rows, reader)
    report = Report(sheet.name, [], sheet.unused, dry_run, partial)
    savepoint = db.session.begin_nested()
    try:
        with db.session.no_autoflush:
            report.rows = [_one(row, put, reader) for row in rows]
        if not dry_run and not report.refused:
            savepoint.commit()
            report.applied = True
    finally:
        if savepoint.is_active:
            savepoint.rollback()
    return report


def _one(row: Parsed, put: Callable[[Parsed], RowReport], reader: Reader) -> RowReport:
    if not row.problems:
        try:
            return put(row)
        except (Invalid, Conflict) as error:
            name = getattr(error, "field", "")
            value = row.row.cell(name).text if name else ""
            heading = reader.heading(name) if name else ""
            row.problems.append(Remark(error.text, heading, value[:80], error.values))
    return RowReport(row.row.number, row.key, Outcome.REFUSED, row.problems, row.warnings)


def _refuse_doubles(rows: Sequence[Parsed], reader: Reader) -> None:
    """All rows of a key that stands twice: which of them is meant is not ours to say."""
    numbers: dict[str, list[int]] = {}
    for row in rows:
        if row.key:
            numbers.setdefault(row.key, []).append(row.row.number)
    for row in rows:
        if len(numbers.get(row.key, ())) > 1:
            where = ", ".join(str(number) for number in numbers[row.key][:10])
            row.problems.append(
                Remark(
                    "This stands in several rows (%(rows)s). Keep one.", reader.key_heading, row.key, {"rows": where}
                )
            )


def _done(row: Parsed, created: bool, changed: Sequence[str]) -> RowReport:
    outcome = Outcome.CREATED if created else Outcome.UPDATED if changed else Outcome.UNCHANGED
    return RowReport(row.row.number, row.key, outcome, [], row.warnings, sorted(set(changed)))
