"""From the bytes of a file to rows of texts: CSV in the encodings Japanese offices use, and XLSX."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jetapp.imports import workbook
from jetapp.imports.workbook import Cell
from models.errors import Invalid, text_key

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 200
LONGEST_CELL = 2_000
HEADING_WITHIN = 12
"""The headings are looked for in so many first rows; above them a title may stand."""
DELIMITERS = (",", "\t", ";")
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad]")
_BLANKS = re.compile(r"\s+")
_NOT_CP932 = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
"""What Python makes of bytes that Shift JIS leaves unused."""
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_APOSTROPHE = re.compile(r"'(?=[0-9+\-=@])")


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of a file, headings included, as texts; `number` of a row is what a spreadsheet program shows."""

    name: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def read(data: bytes, name: str, known: Iterable[str]) -> Table:
    """The rows that are not blank. `known` are headings as `folded`, to tell delimiters apart.

    Raises `Invalid` saying what is wrong with the file.
    """
    if not data.strip():
        raise Invalid("empty_file", "%(file)s is empty.", file=name)
    if len(data) > MOST_BYTES:
        raise Invalid(
            "file_too_big",
            "%(file)s has %(size)s MB; at most %(limit)s MB are read at once. Split it into several files.",
            file=name,
            size=len(data) // 1024 // 1024 + 1,
            limit=MOST_BYTES // 1024 // 1024,
        )
    if data.startswith(b"PK\x03\x04"):
        found: Iterable[Sequence[Cell]] = workbook.rows(data, name, MOST_COLUMNS)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid(
            "old_excel",
            "%(file)s is an old Excel file (.xls) or has a password. Save it as .xlsx without a password.",
            file=name,
        )
    else:
        found = _csv_rows(decode(data, name), name, frozenset(known))
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    for number, cells in enumerate(found, 1):
        row = tuple(_tidy(cell) for cell in cells)
        while row and not row[-1].text and not row[-1].fault:
            row = row[:-1]
        if not row:
            continue
        if len(row) > MOST_COLUMNS:
            raise Invalid(
                "too_many_columns", "%(file)s: row %(row)s has more than %(limit)s columns.",
                file=name, row=number, limit=MOST_COLUMNS,
            )  # fmt: skip
        rows.append((number, row))
        if len(rows) > MOST_ROWS + HEADING_WITHIN:
            raise Invalid(
                "too_many_rows",
                "%(file)s has more than %(limit)s rows. Split it into several files.",
                file=name,
                limit=MOST_ROWS,
            )
    if not rows:
        raise Invalid("empty_file", "%(file)s is empty.", file=name)
    return Table(name, tuple(rows))


def decode(data: bytes, name: str) -> str:
    """The text: by its mark (BOM), else UTF-8, else CP932 (Shift JIS of Windows)."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return _without_nul(data.decode(encoding), name)
            except UnicodeDecodeError as error:
                raise _undecodable(data, name, error) from None
    try:
        return _without_nul(data.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        if _mostly_utf8(data):
            raise _undecodable(data, name, error) from None
    try:
        text = _without_nul(data.decode("cp932"), name)
    except UnicodeDecodeError as error:
        raise _undecodable(data, name, error) from None
    if found := _NOT_CP932.search(text):
        raise _undecodable(data, name, UnicodeDecodeError("cp932", data, data.find(found[0].encode("cp932")), 1, ""))
    return text


def _mostly_utf8(data: bytes) -> bool:
    """Whether this is UTF-8 with a few broken bytes: CP932 would turn all of it into wrong characters."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    good = sum(not character.isascii() for character in text) - broken
    return good > broken * 4


def _without_nul(text: str, name: str) -> str:
    if "\0" in text:
        raise Invalid("not_text", "%(file)s is neither CSV nor XLSX.", file=name)
    return text


def _undecodable(data: bytes, name: str, error: UnicodeDecodeError) -> Invalid:
    return Invalid(
        "encoding",
        "%(file)s: line %(line)s holds bytes that are neither UTF-8 nor CP932 (Shift JIS). Save it as "
        "“CSV UTF-8” or as XLSX.",
        file=name,
        line=data.count(b"\n", 0, error.start) + 1,
    )


def _csv_rows(text: str, name: str, known: frozenset[str]) -> list[list[Cell]]:
    delimiter = max(DELIMITERS, key=lambda candidate: _headings_found(text, candidate, known))
    try:
        return [[Cell(field) for field in row] for row in _reader(text, delimiter)]
    except csv.Error as error:
        raise Invalid(
            "broken_csv",
            "%(file)s cannot be read as CSV: %(problem)s. Look for a quotation mark that is not closed.",
            file=name,
            problem=str(error),
        ) from None


def _reader(text: str, delimiter: str) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _headings_found(text: str, delimiter: str, known: frozenset[str]) -> int:
    best = 0
    try:
        for number, row in enumerate(_reader(text, delimiter)):
            if number >= HEADING_WITHIN:
                break
            best = max(best, sum(folded(field) in known for field in row))
    except csv.Error:
        pass
    return best


def folded(heading: str) -> str:
    """A heading without what does not tell headings apart: width, case, blanks, punctuation."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(character for character in text if character.isalnum())


def _tidy(cell: Cell) -> Cell:
    """Without blanks at the ends, invisible characters and the tricks that keep Excel from turning texts to numbers."""
    text = _INVISIBLE.sub("", cell.text)
    fault = cell.fault
    if excel := _EXCEL_TEXT.fullmatch(text.strip()):
        text = excel[1]
    elif text.lstrip().startswith(("=", "＝", "@")) and not fault:
        fault = text_key("This cell holds a formula. Put its value instead.")
    if len(text) > LONGEST_CELL:
        return Cell("", text_key("This cell holds more than 2000 characters."))
    if _CONTROL.search(text):
        return Cell(_CONTROL.sub("", text), text_key("This cell holds control characters. Type it again."))
    text = _APOSTROPHE.sub("", text.strip(), count=1) if text.strip().startswith("'") else text
    # A line break inside a cell separates several numbers or addresses, as a semicolon does.
    parts = (_BLANKS.sub(" ", part.replace("\u3000", " ")).strip() for part in re.split(r"[\r\n]+", text))
    return Cell("\n".join(part for part in parts if part), fault)
