"""Recorded disasters, played through `jetapp hazards ingest` as they came.

The recordings are JMA's own samples; they lie beside the checkout and are not part of it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from models import places
from models.access import acting_as, system
from models.db import db, transaction
from models.disaster import Recipient, SafetyCheck, Telegram
from models.message import Message
from tests.factories import make_organisation, make_participant
from tests.notifications.safety.steps import sent

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "jma"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="JMA's sample telegrams are not beside this checkout")
Run = Callable[..., Result]

VXSE51, VTSE41, VXSE53, RELEASE = (
    "32-39_11_01_120615_VXSE51.xml",
    "32-39_11_02_250206_VTSE41.xml",
    "32-39_11_05_240613_VXSE53.xml",
    "32-39_11_13_250206_VTSE41.xml",
)


@pytest.fixture
def everywhere(app: object) -> dict[str, int]:
    """One person in every municipality of Tohoku, Kanto and Koshinetsu, on the coast where there is one."""
    with acting_as(system("test")), transaction():
        return {
            town.jis5: make_participant(
                make_organisation(town.jis5), work=town.jis5, coastal=town.prefecture in {"03", "04", "07", "08"}
            ).id
            for town in places.municipalities().values()
            if town.prefecture <= "15" or town.prefecture in ("19", "20")
        }


def ingest(cli: Run, *names: str) -> list[dict[str, object]]:
    result = cli("hazards", "ingest", *(RECORDED / name for name in names), "--json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


def status(cli: Run) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(cli("safety", "status", "--json").stdout)
    return found


def most_questions() -> int:
    """The most questions anybody got on one channel in one round."""
    per_person = (
        sa.select(sa.func.count(Message.id).label("n"))
        .where(Message.purpose == "ask")
        .group_by(Message.participant_id, Message.channel, Message.round_number)
        .subquery()
    )
    with acting_as(system("test")):
        return db.session.scalar(sa.select(sa.func.max(per_person.c.n))) or 0


@recorded
def test_11_march_2011(everywhere: dict[str, int], cli: Run) -> None:
    ingest(cli, VXSE51)
    (check,) = status(cli)
    assert (check["areas"]["municipalities"], check["asked"]) == (110, 110)
    ingest(cli, VXSE53)
    (check,) = status(cli)
    assert check["areas"]["municipalities"] == 208
    # 29 towns stay asked by the regions' report alone; Shiraoka is asked as successor of a code that no longer exists.
    assert (check["areas"]["region_only"], check["asked"]) == (30, 238)
    assert "intensity 7" in check["title"]
    assert len(check["rounds"]) == 1
    ingest(cli, VTSE41)
    (check,) = status(cli)
    assert [each["number"] for each in check["rounds"]] == [1, 2]
    assert check["areas"]["coasts"] == 8
    assert most_questions() == 1
    assert check["duplicates"] == 0
    with acting_as(system("test")):
        assert sent(everywhere["04202"], purpose="ask") == {"sms": 2, "email": 2}
        assert sent(everywhere["09201"], purpose="ask") == {"sms": 1, "email": 1}
    before = sum(check["messages"].values())
    ingest(cli, VXSE51, VXSE53, VTSE41, RELEASE)
    (check,) = status(cli)
    assert sum(check["messages"].values()) == before
    assert check["state"] == "running"


@recorded
def test_11_march_2011_with_the_tsunami_warning_before_the_towns(everywhere: dict[str, int], cli: Run) -> None:
    ingest(cli, VXSE51, VTSE41, VXSE53)
    (check,) = status(cli)
    assert (check["areas"]["municipalities"], len(check["rounds"])) == (208, 2)
    assert most_questions() == 1


@recorded
def test_a_warning_told_by_two_telegrams_is_one_check(cli: Run) -> None:
    with acting_as(system("test")), transaction():
        who = make_participant(work="29201").id
    ingest(cli, "15_08_01_130412_VPWW53.xml", "62_01_01_130412_VPNO50.xml")
    assert len(status(cli)) == 1
    with acting_as(system("test")):
        assert sent(who) == {"sms": 1, "email": 1}


@recorded
def test_a_withdrawn_report_is_told_once(everywhere: dict[str, int], cli: Run) -> None:
    ingest(cli, "32-35_06_03_240613_VXSE53.xml", "32-35_06_06_100915_VXSE53.xml")
    with acting_as(system("test")):
        assert sent(everywhere["04100"], purpose="cancel") == {"sms": 1, "email": 1}
    assert len(status(cli)) == 1


@recorded
def test_five_deliveries_of_a_first_report_are_one_question(cli: Run) -> None:
    with acting_as(system("test")), transaction():
        who = make_participant(work="22100").id
    ingest(cli, "32-35_01_01_100806_VXSE51.xml", "32-35_07_01_100915_VXSE51.xml", "32-35_07_05_100915_VXSE51.xml")
    assert len(status(cli)) == 1
    with acting_as(system("test")):
        assert sent(who) == {"sms": 1, "email": 1}


@recorded
def test_no_drill_and_no_test_reaches_anybody(everywhere: dict[str, int], cli: Run) -> None:
    names = [
        file.name
        for file in sorted(RECORDED.glob("*.xml"))
        if any(f"<Status>{word}</Status>" in file.read_text(encoding="utf-8") for word in ("訓練", "試験"))
    ]
    assert len(names) >= 2
    ingest(cli, *names)
    with acting_as(system("test")):
        assert db.session.query(Message).count() == 0
        assert db.session.query(Recipient).count() == 0
        assert {check.drill for check in db.session.query(SafetyCheck)} <= {True}


@recorded
def test_every_recorded_telegram_can_be_taken_in(everywhere: dict[str, int], cli: Run) -> None:
    names = [file.name for file in sorted(RECORDED.glob("*.xml"))]
    done = ingest(cli, *names)
    assert not [entry for entry in done if entry.get("error")]
    with acting_as(system("test")):
        stored = db.session.scalars(sa.select(Telegram.effect)).all()
    assert len(stored) == len(names)
    assert all(stored), "of every telegram it is said what it came to"
    assert all(check["duplicates"] == 0 for check in status(cli))
