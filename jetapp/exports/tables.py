"""Tables as files: CSV that Excel opens with its Japanese intact, and workbooks. No cell is ever run as a formula."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

IN_MEMORY = 4 * 1024 * 1024
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins like this is run as a formula by some spreadsheet program."""
NUMBER = re.compile(r"\+?[0-9]+([.,][0-9]+)?")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


class _Writer(Protocol):
    def __call__(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> IO[bytes]: ...


@dataclass(frozen=True)
class Form:
    """One kind of file; `write` gives it open for reading, at its beginning."""

    ending: str
    mimetype: str
    write: _Writer


def harmless(value: object) -> object:
    """The value as a cell may hold it: texts that look like formulas get an apostrophe, as OWASP advises.

    A telephone number in international form (+8190…) is no formula and stays as it is.
    """
    if not isinstance(value, str):
        return value
    text = CONTROL.sub("", value)
    if text.startswith(RISKY) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _cell(value: object) -> str | float | None:
    shown = harmless(value)
    return shown if isinstance(shown, (str, int, float)) or shown is None else str(shown)


def write_csv(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """UTF-8 with the mark that tells Excel so; `title` is not part of it."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - sent, then closed by the response
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([harmless(value) for value in row] for row in rows)
    text.flush()
    text.detach()
    file.seek(0)
    return file


def write_xlsx(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """One sheet named by `title`, the first row bold and standing still."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", CONTROL.sub("", title))[:31].strip() or "1")
    sheet.freeze_panes = "A2"
    head = [WriteOnlyCell(sheet, column) for column in columns]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in rows:
        cells = [WriteOnlyCell(sheet, _cell(value)) for value in row]
        for cell in cells:
            if cell.data_type == "f":
                cell.data_type = "s"
        sheet.append(cells)
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - sent, then closed by the response
    book.save(file)
    file.seek(0)
    return file


CSV = Form(".csv", "text/csv; charset=utf-8", write_csv)
XLSX = Form(".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx)
