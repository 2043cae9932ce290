"""From bytes to rows: the encodings, delimiters and Excel habits of real offices, and files that mean harm."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from jetapp.imports import columns, reading, workbook
from jetapp.imports.columns import Sheet, lay_out
from models.errors import Invalid
from tests.jetapp.imports.files import csv_file, grid, person, saved, xlsx_file

JAPANESE = {
    "jet_number": "JET番号",
    "family_name": "姓",
    "given_name": "名",
    "kana": "フリガナ",
    "kanji": "漢字氏名",
    "nationality": "国籍",
    "position": "職種",
    "languages": "使用言語",
    "phones": "携帯電話番号",
    "phone_states": "電話番号確認状態",
    "emails": "メールアドレス",
    "email_states": "メール確認状態",
    "organisation": "任用団体コード",
    "workplace": "勤務先",
    "workplace_municipality": "勤務先市区町村",
    "workplace_coastal": "勤務先沿岸",
    "home_municipality": "居住市区町村",
    "home_coastal": "居住地沿岸",
    "placement_start": "任用開始日",
    "placement_end": "任用終了日",
    "code_word": "合言葉",
}


def sheet(data: bytes, name: str = "people.csv") -> Sheet:
    table = reading.read(data, name, columns.known_headings(columns.PARTICIPANT))
    return lay_out(table, columns.PARTICIPANT, "jet_number")


def text(data: bytes, field: str, row: int = 0) -> str:
    return sheet(data).rows[row].cell(field).text


def refusal(data: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        sheet(data)
    assert str(caught.value)
    return caught.value


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_encodings_delimiters_line_ends(encoding: str, delimiter: str, end: str) -> None:
    row = person(given_name="Maia", languages="英語、日本語")
    data = csv_file(grid([row], JAPANESE), encoding, delimiter, end)
    for field, value in row.items():
        assert text(data, field) == value


def test_every_heading_is_known_in_both_languages() -> None:
    rows = [person()]
    assert sheet(csv_file(grid(rows))).unused == sheet(csv_file(grid(rows, JAPANESE))).unused == ()
    assert set(sheet(csv_file(grid(rows))).headings) == set(rows[0])


def test_headings_fold_width_case_and_punctuation() -> None:
    data = csv_file(
        [["ＪＥＴ　Ｎo．", "FAMILY-NAME", "e-mail 1", "Ｅメール２"], ["20250000001", "A", "a@x.jp", "b@x.jp"]]
    )
    found = sheet(data)
    assert [cell.text for cell in found.rows[0].cells["emails"]] == ["a@x.jp", "b@x.jp"]


def test_title_rows_and_blank_rows() -> None:
    cells = [["参加者一覧（令和7年度）"], [], *grid([person(1)]), [""] * 5, grid([person(2)])[1]]
    found = sheet(csv_file(cells))
    assert [row.number for row in found.rows] == [4, 6], "as a spreadsheet program counts"


def test_merged_heading_over_two_rows() -> None:
    book = Workbook()
    ws = book.active
    assert ws is not None
    ws.append(["JET番号", "氏名", None, "電話番号", None])
    ws.append([None, "姓", "名", "電話1", "電話2"])
    ws.append([20250000001, "Ashenbrook", "Maia", "090-0000-0001", "090-0000-0002"])
    for area in ("A1:A2", "B1:C1", "D1:E1"):
        ws.merge_cells(area)
    row = sheet(saved(book)).rows[0]
    assert (row.cell("family_name").text, row.cell("given_name").text) == ("Ashenbrook", "Maia")
    assert [cell.text for cell in row.cells["phones"]] == ["090-0000-0001", "090-0000-0002"]


def test_unknown_columns_are_named_and_left_alone() -> None:
    found = sheet(csv_file([["JET number", "備考", "Family name"], ["20250000001", "x", "A"]]))
    assert found.unused == ("備考",)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ('="09012345678"', "09012345678"),
        ("'09012345678", "09012345678"),
        ("'+8190", "+8190"),
        ("O'Brien", "O'Brien"),
        ("　Ａ　Ｂ　", "Ａ Ｂ"),
        ("A\u200bB\ufeff", "AB"),
        ("a\r\nb", "a\nb"),
        ("-", "-"),
    ],
)
def test_habits_of_excel_and_of_people(given: str, read: str) -> None:
    assert text(csv_file([["JET number", "Family name"], ["20250000001", given]]), "family_name") == read


@pytest.mark.parametrize("formula", ["=1+1", '=cmd|"/c calc"!A1', "@SUM(A1)", "＝1+1", " =A1"])
def test_formulas_in_csv_are_not_taken_for_values(formula: str) -> None:
    cell = sheet(csv_file([["JET number", "Family name"], ["20250000001", formula]])).rows[0].cell("family_name")
    assert "formula" in cell.fault


def test_what_excel_makes_of_cells() -> None:
    book = Workbook()
    ws = book.active
    assert ws is not None
    ws.append(["JET number", "Phone", "Start date", "End date", "Family name", "Given name", "Kana", "Home coastal"])
    ws.append(
        [20250112345.0, 9012345678, datetime(2025, 8, 3), date(2026, 8, 2), "=A2", "#N/A", 1.5, True]  # noqa: DTZ001
    )
    ws.append(["２０２５０１１２３４５", "０９０−１２３４", 45872, "", "", "", "", False])
    first, second = sheet(saved(book)).rows
    assert first.cell("jet_number").text == "20250112345"
    assert first.cell("phones").text == "9012345678"
    assert first.cell("placement_start").text == "2025-08-03"
    assert first.cell("placement_end").text == "2026-08-02"
    assert "formula" in first.cell("family_name").fault
    assert "error of Excel" in first.cell("given_name").fault
    assert first.cell("kana").text == "1.5"
    assert (first.cell("home_coastal").text, second.cell("home_coastal").text) == ("1", "0")
    assert second.cell("placement_start").text == "45872"


def test_first_visible_sheet() -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("people")
    shown.append(["JET number"])
    shown.append(["20250000001"])
    assert text(saved(book), "jet_number") == "20250000001"


def test_damaged_utf8_is_not_read_as_cp932() -> None:
    data = csv_file(grid([person(workplace="相馬市立朝凪中学校" * 3)])) + b"20250000002,\xe7\x9b\r\n"
    error = refusal(data)
    assert error.code == "encoding"
    assert "line 3" in str(error)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n\r\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"a,b\r\n1,2\r\n", "no_heading"),
        (b"JET number\0\r\n", "not_text"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff", "encoding"),
        (b'JET number,Family name\r\n"20250000001,A\r\n', "broken_csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old_excel"),
        (b"PK\x03\x04rest", "broken_xlsx"),
        (b"JET number,JET No.\r\n1,2\r\n", "heading_twice"),
        (b"JET number," + b"," * 300 + b"x\r\n", "too_many_columns"),
        (b"\xff\xfeJ", "encoding"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_too_big_and_too_many() -> None:
    assert refusal(b"JET number\r\n" + b"x" * reading.MOST_BYTES).code == "file_too_big"
    lines = b"JET number\r\n" + b"20250000001\r\n" * (reading.MOST_ROWS + reading.HEADING_WITHIN)
    error = refusal(lines)
    assert error.code == "too_many_rows"
    assert str(reading.MOST_ROWS) in str(error)


def test_a_cell_that_is_too_long() -> None:
    cell = sheet(csv_file([["JET number", "Family name"], ["1", "x" * 3000]])).rows[0].cell("family_name")
    assert "more than 2000 characters" in cell.fault


def test_slipped_row() -> None:
    data = b"JET number,Family name,Given name\r\n20250000001,Ash,Brook,Maia,x\r\n20250000002,A,B,,\r\n"
    assert [row.surplus for row in sheet(data).rows] == [True, False]


def package(parts: dict[str, bytes], deflate: bool = True) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_zip_bombs_are_not_opened() -> None:
    assert refusal(package({"xl/worksheets/sheet1.xml": b"0" * 60_000_000})).code == "zip_bomb"
    assert refusal(package({f"xl/{n}.xml": b"" for n in range(workbook.MOST_PARTS + 1)})).code == "zip_bomb"


def with_part(data: bytes, name: str, change: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    return package(parts | {name: change})


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_hostile_xml_in_a_workbook(part: str) -> None:
    assert refusal(with_part(xlsx_file(grid([person()])), part, LAUGHS)).code in ("broken_xlsx", "no_sheet")


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_shared_strings(strings: bytes) -> bytes:
    """A workbook as Excel itself writes it: texts stand in a part of their own, cells give their numbers."""
    data = xlsx_file([["x"]])
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in (1, 2))
    data = with_part(
        data,
        "xl/worksheets/sheet1.xml",
        f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode(),
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = archive.read("[Content_Types].xml").decode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    types = types.replace("</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>')
    return with_part(with_part(data, "[Content_Types].xml", types.encode()), "xl/sharedStrings.xml", strings)


def test_shared_strings() -> None:
    strings = f'<sst xmlns="{MAIN}"><si><t>JET番号</t></si><si><r><t>2025</t></r><r><t>0000001</t></r></si></sst>'
    assert text(with_shared_strings(strings.encode()), "jet_number") == "20250000001"
    assert refusal(with_shared_strings(LAUGHS)).code == "broken_xlsx"


def test_sheet_that_claims_a_million_rows() -> None:
    book = Workbook()
    ws = book.active
    assert ws is not None
    ws.append(["JET number"])
    ws.append(["20250000001"])
    ws.cell(row=1_000_000, column=1, value="20250000002")
    assert len(sheet(saved(book)).rows) == 1, "rows after 2,000 empty ones are not looked for"
