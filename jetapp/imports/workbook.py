"""The first sheet of an XLSX file as texts. Formulas are not computed, numbers keep their digits."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook

from models.errors import Invalid, text_key

MOST_UNPACKED = 150 * 1024 * 1024
MOST_RATIO = 150
"""How many times bigger than packed a file may be; sheets of texts reach about 20."""
MOST_PARTS = 300
MOST_EMPTY_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Cell:
    """`fault` says (in English, the key of its translation) why the cell cannot be used."""

    text: str
    fault: str = ""


def rows(data: bytes, name: str, most_columns: int) -> list[list[Cell]]:
    """Every row of the first visible sheet. Raises `Invalid` when this is no harmless workbook."""
    _check_package(data, name)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            if not sheets:
                raise Invalid("no_sheet", "%(file)s has no visible sheet.", file=name)
            return list(_rows(sheets[0], most_columns))
        finally:
            book.close()
    except Invalid:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged part makes it stumble over
        raise Invalid(
            "broken_xlsx",
            "%(file)s cannot be read as an Excel workbook (%(problem)s). Open it in Excel and save it again.",
            file=name,
            problem=type(error).__name__,
        ) from error


def _check_package(data: bytes, name: str) -> None:
    """Before anything is unpacked: how big it says it will be. The unpacker reads no more than it says."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Invalid(
            "broken_xlsx",
            "%(file)s cannot be read as an Excel workbook (%(problem)s). Open it in Excel and save it again.",
            file=name,
            problem=type(error).__name__,
        ) from error
    unpacked = sum(part.file_size for part in parts)
    suspicious = any(
        part.file_size > 1024 * 1024 and part.file_size > MOST_RATIO * max(part.compress_size, 1) for part in parts
    )
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or suspicious:
        raise Invalid(
            "zip_bomb",
            "%(file)s would unpack to %(size)s MB in %(parts)s parts. Such a workbook is not opened.",
            file=name,
            size=unpacked // 1024 // 1024,
            parts=len(parts),
        )
    if any(part.flag_bits & 1 for part in parts):
        raise Invalid("locked_xlsx", "%(file)s has a password. Save it without one.", file=name)


def _rows(sheet: Any, most_columns: int) -> Iterator[list[Cell]]:
    # A sheet may claim a million rows and have ten: what it claims is not believed.
    sheet.reset_dimensions()
    empty = 0
    for row in sheet.iter_rows(max_col=most_columns + 1):
        cells = [_cell(cell) for cell in row]
        empty = 0 if any(cell.text or cell.fault for cell in cells) else empty + 1
        if empty > MOST_EMPTY_ROWS:
            return
        yield cells


def _cell(cell: Any) -> Cell:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if value is None:
        return Cell("")
    if kind == "f":
        return Cell("", text_key("This cell holds a formula. Put its value instead."))
    if kind == "e":
        return Cell("", text_key("This cell holds an error of Excel, such as #N/A."))
    if isinstance(value, bool):
        return Cell("1" if value else "0")
    if isinstance(value, datetime):
        return Cell(value.date().isoformat() if value.time() == time() else value.isoformat(" "))
    if isinstance(value, (date, time)):
        return Cell(value.isoformat())
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return Cell(str(int(value)))
    return Cell(str(value))
