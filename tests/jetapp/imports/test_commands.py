"""`jetapp participants import` and `jetapp organisations import`: exit codes, JSON, one line of refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from jetapp.imports import reading
from models.db import db
from models.participant import Participant
from tests.jetapp.imports.files import csv_file, grid, person, xlsx_file

Cli = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("organisations")


def people() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Participant.id))) or 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(csv_file(grid([person(1), person(2, position="DJ")])))
    return path


def test_refused(cli: Cli, file: Path) -> None:
    result = cli("participants", "import", file)
    assert result.exit_code == 1
    assert "people.csv, row 3, column “Position” (DJ): Expected ALT, CIR or SEA." in result.stdout
    assert result.stderr == "1 rows of people.csv are refused, nothing was changed.\n"
    assert people() == 0


def test_partial_and_json(cli: Cli, file: Path) -> None:
    result = cli("participants", "import", file, "--partial", "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["applied"] is True
    assert said["counts"] == {"created": 1, "updated": 0, "unchanged": 0, "refused": 1}
    assert [row["outcome"] for row in said["rows"]] == ["created", "refused"]
    assert said["rows"][1] == {
        "row": 3,
        "key": "20250000002",
        "outcome": "refused",
        "changed": [],
        "problems": [{"column": "Position", "value": "DJ", "text": "Expected ALT, CIR or SEA."}],
        "warnings": said["rows"][1]["warnings"],
    }
    assert people() == 1


def test_dry_run(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(xlsx_file(grid([person()])))
    result = cli("participants", "import", path, "--dry-run", "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["applied"], said["dry_run"], said["counts"]["created"]) == (False, True, 1)
    assert people() == 0
    assert cli("participants", "import", path).exit_code == 0
    assert people() == 1


def test_organisations(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "organisations.csv"
    path.write_text("任用団体コード,団体名,種別,市区町村,Note\n03211,釜石市,市区町村,釜石市,x\n", "cp932")
    result = cli("organisations", "import", path)
    assert result.exit_code == 0, result.output
    assert "created 1" in result.stdout
    assert "Columns not used: Note" in result.stdout


def test_file_that_cannot_be_used(cli: Cli, tmp_path: Path) -> None:
    assert cli("participants", "import", tmp_path / "none.csv").exit_code == 2
    path = tmp_path / "big.csv"
    with path.open("wb") as stream:
        stream.truncate(reading.MOST_BYTES * 50)
    result = cli("participants", "import", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("big.csv has ")
    assert result.stderr.endswith("Split it into several files.\n")


def test_in_japanese_by_option_or_terminal(
    cli: Cli, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = cli("participants", "import", file, "--lang", "ja")
    assert "people.csv　3行目、「Position」列 (DJ)：ALT、CIR、SEAのいずれかを入れてください。" in result.stdout
    assert result.stderr == "people.csvの1行を受け付けられません。何も変更していません。\n"
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert cli("participants", "import", empty).stderr == "empty.csvは空です。\n"
    assert cli("participants", "import", empty, "--lang", "en").stderr == "empty.csv is empty.\n"
