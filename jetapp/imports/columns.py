"""Which column of a file is which: headings in English and Japanese (the table of docs/imports.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jetapp.imports.reading import HEADING_WITHIN, Table, folded
from jetapp.imports.workbook import Cell
from models.errors import Invalid

Columns = Mapping[str, tuple[str, ...]]
# Each field with its headings; the first one is how messages name it. "+" marks fields that may have several
# columns (Phone, Phone 2, …).
PARTICIPANT: Columns = {
    "jet_number": ("JET number", "JET No.", "JET ID", "JET番号", "JETナンバー"),
    "family_name": ("Family name", "Surname", "Last name", "姓", "氏", "姓（ローマ字）", "姓（英字）"),
    "given_name": ("Given name", "Given names", "First name", "名", "名（ローマ字）", "名（英字）"),
    "kana": ("Kana", "Katakana", "Name in kana", "カナ", "フリガナ", "ふりがな", "カナ氏名", "氏名カナ"),
    "kanji": ("Kanji", "Name in kanji", "漢字", "漢字氏名", "氏名（漢字）"),
    "nationality": ("Nationality", "Country", "国籍", "国", "国名", "出身国"),
    "position": ("Position", "Job", "職種", "職"),
    "languages+": ("Languages", "Language", "Preferred language", "言語", "使用言語", "希望言語"),
    "phones+": ("Phone", "Phones", "Phone number", "Mobile", "Mobile phone", "電話", "電話番号", "携帯", "携帯電話",
                "携帯電話番号"),
    "phone_states+": ("Phone state", "Phone verification", "電話状態", "電話番号状態", "電話確認状態",
                      "電話番号確認状態"),
    "emails+": ("E-mail", "E-mails", "E-mail address", "Mail", "メール", "メールアドレス", "電子メール", "Eメール"),
    "email_states+": ("E-mail state", "E-mail verification", "メール状態", "メールアドレス状態", "メール確認状態",
                      "メールアドレス確認状態"),
    "organisation": ("Organisation code", "Organization code", "Contracting organisation code", "CO code",
                     "任用団体コード", "団体コード"),
    "workplace": ("Workplace", "School", "勤務先", "配属先", "学校名", "勤務校"),
    "workplace_municipality": ("Workplace municipality", "Municipality of work", "勤務先市区町村", "勤務先市町村",
                               "配属先市区町村", "勤務先市区町村コード"),
    "workplace_coastal": ("Workplace coastal", "勤務先沿岸", "配属先沿岸", "沿岸（勤務先）"),
    "home_municipality": ("Home municipality", "Municipality of home", "居住市区町村", "住所市区町村", "居住地市区町村",
                          "自宅市区町村", "居住地"),
    "home_coastal": ("Home coastal", "居住地沿岸", "自宅沿岸", "沿岸（居住地）"),
    "placement_start": ("Placement start", "Start date", "Appointment start", "任用開始日", "任用開始", "開始日"),
    "placement_end": ("Placement end", "End date", "Appointment end", "任用終了日", "任用終了", "終了日", "任期満了日"),
    "code_word": ("Code word", "合言葉", "合い言葉"),
}  # fmt: skip
ORGANISATION: Columns = {
    "code": ("Organisation code", "Organization code", "Contracting organisation code", "CO code", "任用団体コード",
             "団体コード"),
    "host": ("Host", "Host code", "取りまとめ団体", "取りまとめ団体コード", "取りまとめ団体名"),
    "kind": ("Kind", "Type", "種別", "団体種別", "区分"),
    "name_ja": ("Name in Japanese", "Japanese name", "団体名", "任用団体名", "任用団体", "名称"),
    "name_en": ("Name in English", "English name", "団体名（英語）", "英語名", "英名"),
    "municipality": ("Municipality", "所在市区町村", "市区町村", "市区町村コード", "所在地"),
    "coastal": ("Coastal", "沿岸"),
    "phone": ("Phone", "Phone number", "電話", "電話番号", "代表電話"),
    "night_phone": ("Night phone", "Out-of-hours phone", "夜間電話", "夜間連絡先", "時間外電話"),
    "email": ("E-mail", "E-mail address", "メール", "メールアドレス"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row with its cells by field; a field with several columns has several cells, in order."""

    number: int
    cells: Mapping[str, tuple[Cell, ...]]
    surplus: bool
    """There are cells to the right of the last heading: the row has slipped."""

    def cell(self, name: str) -> Cell:
        cells = self.cells.get(name)
        return cells[0] if cells else Cell("")


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    rows: tuple[SourceRow, ...]
    columns: Columns
    headings: Mapping[str, str]
    """The heading each field has in this file."""
    unused: tuple[str, ...]
    """Headings we do not know; their columns are left alone."""

    def heading(self, name: str) -> str:
        """How the file calls a field, or how we call it when the file has no such column."""
        return self.headings.get(name) or label(self.columns, name)


def known_headings(columns: Columns) -> dict[str, str]:
    """Field by folded heading."""
    return {folded(heading): name for name, headings in columns.items() for heading in headings}


def label(columns: Columns, name: str) -> str:
    """How messages call a field; a key of the translations."""
    return columns.get(name, columns.get(f"{name}+", (name,)))[0]


def lay_out(table: Table, columns: Columns, key: str) -> Sheet:
    """Find the headings and sort the cells under them. Raises `Invalid` when there is no column for `key`."""
    known = known_headings(columns)
    best, at = 0, -1
    for index, (_, cells) in enumerate(table.rows[:HEADING_WITHIN]):
        found = [_field(cell.text, known) for cell in cells]
        count = sum(name is not None for name in found)
        if key in found and count > best:
            best, at = count, index
    if at < 0:
        raise Invalid(
            "no_heading",
            "%(file)s: no column “%(heading)s” was found in the first %(rows)s rows. See docs/imports.md for the "
            "headings.",
            file=table.name,
            heading=label(columns, key),
            rows=HEADING_WITHIN,
        )
    headings, first = _merge(table, at, known, key)
    fields = [_field(heading, known) for heading in headings]
    _refuse_doubles(table.name, headings, fields)
    return Sheet(
        table.name,
        tuple(_source_row(number, cells, headings, fields) for number, cells in table.rows[first:]),
        columns,
        {name.rstrip("+"): heading for heading, name in reversed(list(zip(headings, fields, strict=True))) if name},
        tuple(heading for heading, name in zip(headings, fields, strict=True) if heading and name is None),
    )


def _merge(table: Table, at: int, known: Mapping[str, str], key: str) -> tuple[list[str], int]:
    """The headings, and where the rows begin. A second row may name the parts (姓, 名) of a merged heading (氏名)."""
    upper = [cell.text for cell in table.rows[at][1]]
    if at + 1 < len(table.rows):
        lower = [cell.text for cell in table.rows[at + 1][1]]
        width = max(len(upper), len(lower))
        high_row = upper + [""] * (width - len(upper))
        lower += [""] * (width - len(lower))
        is_heading = [_field(text, known) is not None for text in lower]
        under_key = lower[[_field(text, known) for text in upper].index(key)]
        if any(is_heading) and not under_key and all(not text or is_heading[i] for i, text in enumerate(lower)):
            return [low or high for low, high in zip(lower, high_row, strict=True)], at + 2
    return upper, at + 1


def _field(heading: str, known: Mapping[str, str]) -> str | None:
    text = folded(heading)
    if text in known:
        return known[text]
    # "Phone 2", "電話番号2", "Phone 2 state", "電話2状態": the number tells columns of one field apart.
    several = known.get(re.sub(r"[0-9]{1,2}", "", text, count=1))
    return several if several is not None and several.endswith("+") else None


def _refuse_doubles(file: str, headings: list[str], fields: list[str | None]) -> None:
    seen: dict[str, str] = {}
    for heading, name in zip(headings, fields, strict=True):
        if name is None or name.endswith("+"):
            continue
        if name in seen:
            raise Invalid(
                "heading_twice",
                "%(file)s: the columns “%(one)s” and “%(other)s” mean the same. Remove one of them.",
                file=file,
                one=seen[name],
                other=heading,
            )
        seen[name] = heading


def _source_row(number: int, cells: tuple[Cell, ...], headings: list[str], fields: list[str | None]) -> SourceRow:
    found: dict[str, tuple[Cell, ...]] = {}
    for cell, name in zip(cells, fields, strict=False):
        if name is not None:
            found[name.rstrip("+")] = (*found.get(name.rstrip("+"), ()), cell)
    surplus = any(cell.text or cell.fault for cell in cells[len(headings) :])
    # A cell under an empty heading is a note somebody made; beyond the last heading the row has slipped.
    return SourceRow(number, found, surplus)
