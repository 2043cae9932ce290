"""`jetapp hazards` and `jetapp replies`: what scripts rely on (contract.md)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from models.access import acting_as, system
from models.db import db
from models.disaster import CheckState, SafetyCheck
from models.types import now
from tests.factories import SENDAI, make_world
from tests.telegrams import cities, jst

Run = Callable[..., Result]


@pytest.fixture
def telegram(tmp_path: Path) -> Path:
    path = tmp_path / "a.xml"
    path.write_bytes(cities("20200101120000", {SENDAI.code: "6-"}, jst("2020-01-01 12:00")))
    return path


def states() -> list[CheckState]:
    db.session.rollback()
    with acting_as(system("test")):
        return [check.state for check in db.session.query(SafetyCheck)]


def test_read_lists_every_file_and_fails_if_one_is_no_telegram(cli: Run, telegram: Path, tmp_path: Path) -> None:
    bad = tmp_path / "b.xml"
    bad.write_text("nothing")
    result = cli("hazards", "read", telegram, bad, tmp_path / "missing.xml", telegram, "--json")
    assert result.exit_code == 1
    good, wrong, missing, same = json.loads(result.stdout)
    assert (good["action"], good["municipalities"], good["prefectures"]) == ("start", [SENDAI.code], ["04"])
    assert set(wrong) == set(missing) == {"file", "error"}
    assert good == same
    assert cli("hazards", "read", telegram).exit_code == 0
    assert cli("hazards", "read").exit_code == 2


def test_read_and_classify_need_neither_settings_nor_database(telegram: Path, tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"], "JETAPP_ENV": "production", "HOME": str(tmp_path)}
    program = [str(Path(sys.executable).with_name("jetapp"))]

    def run(*words: object) -> Any:
        done = subprocess.run([*program, *map(str, words), "--json"], env=bare, capture_output=True, check=True)
        return json.loads(done.stdout)

    assert run("hazards", "read", telegram)[0]["action"] == "start"
    assert run("replies", "classify", "無事")["answer"] == "safe"


def test_ingest_replays_a_recorded_disaster_outside_production(cli: Run, telegram: Path) -> None:
    make_world()
    result = cli("hazards", "ingest", telegram, "--json")
    (done,) = json.loads(result.stdout)
    assert (done["action"], done["repeated"]) == ("start", False)
    assert "3 people asked" in done["effect"]
    assert states() == [CheckState.RUNNING]
    again = cli("hazards", "ingest", telegram)
    assert "nothing was done now" in again.stdout


def test_in_production_an_old_file_only_proposes_unless_replayed(
    app: Flask, cli: Run, telegram: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world()
    monkeypatch.setitem(app.config, "ENV", "production")
    cli("hazards", "ingest", telegram)
    assert states() == [CheckState.PROPOSED]
    other = tmp_path / "other.xml"
    other.write_bytes(cities("20200201120000", {SENDAI.code: "6-"}, jst("2020-02-01 12:00")))
    cli("hazards", "ingest", other, "--replay")
    assert states() == [CheckState.PROPOSED, CheckState.RUNNING]
    fresh = tmp_path / "fresh.xml"
    at = now() - timedelta(minutes=6)
    fresh.write_bytes(cities("20260101120000", {"08201": "6-"}, at))
    cli("hazards", "ingest", fresh)
    assert states() == [CheckState.PROPOSED, CheckState.RUNNING, CheckState.RUNNING]


def test_ingest_tells_what_cannot_be_read_and_goes_on(cli: Run, telegram: Path, tmp_path: Path) -> None:
    make_world()
    bad = tmp_path / "b.xml"
    bad.write_text("nothing")
    result = cli("hazards", "ingest", bad, tmp_path / "missing.xml", telegram)
    assert result.exit_code == 1
    assert "b.xml" in result.stderr
    assert "missing.xml" in result.stderr
    assert states() == [CheckState.RUNNING]


@pytest.mark.parametrize(
    ("text", "answer"), [("1", "safe"), ("１", "safe"), ("I'm NOT safe", "need_help"), ("…", "unclear")]
)
def test_classify(cli: Run, text: str, answer: str) -> None:
    found = json.loads(cli("replies", "classify", text, "--json").stdout)
    assert (found["answer"], found["note"]) == (answer, text)
