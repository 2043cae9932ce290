"""`jetapp safety`: checks by hand, and the numbers scripts read (contract.md)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from models.access import acting_as, system
from models.db import db
from models.errors import DomainError
from models.message import Message
from tests.factories import MITO, SENDAI, make_world

Run = Callable[..., Result]
GAS = ("--title", "Gas leak")


def status(cli: Run, *words: object) -> Any:
    return json.loads(cli("safety", "status", *words, "--json").stdout)


def test_start_shows_the_preview_and_asks(cli: Run) -> None:
    make_world()
    refused = cli("safety", "start", "--area", SENDAI.code, *GAS, input="n\n")
    assert refused.exit_code == 1
    assert "3 people, 0 of them asked already." in refused.stdout
    assert status(cli) == []
    assert cli("safety", "start", "--area", SENDAI.code, *GAS, input="y\n").exit_code == 0
    assert status(cli)[0]["asked"] == 3


def test_the_same_command_again_finds_the_same_check(cli: Run) -> None:
    make_world()
    command = ("safety", "start", "--area", f"{SENDAI.code},{MITO.code}", *GAS, "--yes")
    first = json.loads(cli(*command, "--json").stdout)
    assert json.loads(cli(*command, "--json").stdout) == first
    assert len(status(cli)) == 1


def test_status_counts_and_close_ends(cli: Run) -> None:
    make_world()
    cli("safety", "start", "--area", "04", "--area", "coast:08", *GAS, "--drill", "--yes")
    entry = status(cli)[0]
    counted = {
        name: entry[name] for name in ("state", "drill", "asked", "answered", "no_answer", "duplicates", "messages")
    }
    assert counted == {
        "state": "running", "drill": True, "asked": 4, "answered": 0, "no_answer": 4, "duplicates": 0,
        "messages": {"pending": 7},
    }  # fmt: skip
    assert entry["areas"] == {"municipalities": 0, "region_only": 0, "prefectures": 1, "coasts": 1}
    assert [each["asked"] for each in entry["rounds"]] == [4]
    with acting_as(system("test")):
        assert all("訓練" in message.body for message in db.session.query(Message))
    assert cli("safety", "close", entry["id"]).exit_code == 0
    assert status(cli, entry["id"])["state"] == "closed"
    assert status(cli, entry["id"])["messages"] == {"canceled": 7}


@pytest.mark.parametrize(
    "command",
    [("start", "--area", "99999", *GAS, "--yes"), ("close", "4711"), ("status", "4711")],
)
def test_what_is_not_there_is_one_clear_line(cli: Run, command: tuple[str, ...]) -> None:
    result = cli("safety", *command)
    assert isinstance(result.exception, DomainError)
    assert str(result.exception).startswith("Th")


def test_wrong_usage_is_exit_code_2(cli: Run) -> None:
    assert cli("safety", "start", *GAS).exit_code == 2
    assert cli("safety", "start", "--area", "04", *GAS, "--json").exit_code == 2


def test_a_six_digit_code_is_understood(cli: Run) -> None:
    make_world()
    cli("safety", "start", "--area", "041009", *GAS, "--yes")
    assert status(cli)[0]["areas"]["municipalities"] == 1
