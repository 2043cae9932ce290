"""Files out: Japanese intact, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from jetapp.exports.tables import CSV, XLSX, harmless

ROWS = [
    ["20250110001", "山田 太郎", '=HYPERLINK("http://evil")', "+819012345678", None, 3],
    ["-1+1", "@SUM(A1)", "\tcmd", 'ordinary, "quoted"\nline', "＝１", 0],
]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("＝1+1", "'＝1+1"),
        ("+819012345678", "+819012345678"),
        ("平文", "平文"),
        ("a=1", "a=1"),
        ("a\x00b\x1f", "ab"),
        ("", ""),
        (5, 5),
    ],
)
def test_nothing_is_run_as_a_formula(value: object, kept: object) -> None:
    assert harmless(value) == kept


def test_csv_opens_in_excel_with_its_japanese() -> None:
    with CSV.write("題", ["番号", "氏名", "a", "b", "c", "d"], ROWS) as file:
        content = file.read()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["番号", "氏名"]
    assert rows[1] == ["20250110001", "山田 太郎", '\'=HYPERLINK("http://evil")', "+819012345678", "", "3"]
    assert rows[2][3] == 'ordinary, "quoted"\nline'


def test_workbook_holds_texts_not_formulas() -> None:
    with XLSX.write("安否/確認: [1]", ["番号", "氏名", "a", "b", "c", "d"], ROWS) as file:
        book = load_workbook(file)
    sheet = book.active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert sheet["B2"].value == "山田 太郎"
    assert sheet["A2"].value == "20250110001"
    assert sheet["C2"].value.startswith("'=")
    assert sheet.title == "安否 確認   1"
    assert sheet.freeze_panes == "A2"


def test_large_files_do_not_stay_in_memory() -> None:
    rows = ([f"row {number}", "x" * 200] for number in range(30_000))
    with CSV.write("", ["a", "b"], rows) as file:
        assert sum(1 for _ in io.TextIOWrapper(file, encoding="utf-8-sig")) == 30_001
