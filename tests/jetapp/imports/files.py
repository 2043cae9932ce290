"""Files as offices make them, for the tests of importing."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

HEADINGS = {
    "jet_number": "JET number",
    "family_name": "Family name",
    "given_name": "Given name",
    "kana": "Kana",
    "kanji": "Kanji",
    "nationality": "Nationality",
    "position": "Position",
    "languages": "Languages",
    "phones": "Phone",
    "phone_states": "Phone state",
    "emails": "E-mail",
    "email_states": "E-mail state",
    "organisation": "Organisation code",
    "workplace": "Workplace",
    "workplace_municipality": "Workplace municipality",
    "workplace_coastal": "Workplace coastal",
    "home_municipality": "Home municipality",
    "home_coastal": "Home coastal",
    "placement_start": "Placement start",
    "placement_end": "Placement end",
    "code_word": "Code word",
}
SOMA = {"code": "07209", "kind": "municipality", "name_ja": "相馬市", "municipality": "07209"}
MIYAGI = {"code": "04", "kind": "prefecture", "name_ja": "宮城県", "host": "04"}


def person(number: int = 1, **given: str) -> dict[str, str]:
    """A complete row; `given` replaces fields, None leaves the column out."""
    row = {
        "jet_number": f"2025{number:07}",
        "family_name": "Ashenbrook",
        "given_name": "Māia",
        "kana": "アッシェンブルック マイア",
        "kanji": "",
        "nationality": "NZ",
        "position": "ALT",
        "languages": "en; ja",
        "phones": f"+819001{number:06}",
        "phone_states": "verified",
        "emails": f"person{number}@example.jp",
        "email_states": "unverified",
        "organisation": "07209",
        "workplace": "相馬市立朝凪中学校",
        "workplace_municipality": "07209",
        "workplace_coastal": "yes",
        "home_municipality": "福島県新地町",
        "home_coastal": "no",
        "placement_start": "2025-07-28",
        "placement_end": "2026-07-27",
        "code_word": "gentle otter",
    }
    return row | given


def grid(rows: Sequence[Mapping[str, Any]], headings: Mapping[str, str] = HEADINGS) -> list[list[Any]]:
    """Headings and rows, with the columns the rows speak of."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [[headings.get(name, name) for name in names], *([row.get(name, "") for name in names] for row in rows)]


def csv_file(cells: Sequence[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(cells)
    return text.getvalue().encode(encoding)


def xlsx_file(cells: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in cells:
        sheet.append(list(row))
    return saved(book)


def saved(book: Workbook) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
