"""Every telegram gives the outcome that stands beside it: JMA's samples where they are, ours always."""

import csv
from pathlib import Path

import pytest

from notifications.safety.reading import describe

HERE = Path(__file__).resolve()
OURS = HERE.parents[2] / "data" / "jma"
FOLDERS = [OURS, HERE.parents[4] / "shared" / "data" / "jma"]


def rows():
    for folder in FOLDERS:
        if (folder / "expected.csv").exists():
            with (folder / "expected.csv").open(encoding="utf-8-sig", newline="") as file:
                yield from (pytest.param(folder / row["file"], row, id=row["file"]) for row in csv.DictReader(file))


@pytest.mark.parametrize(("path", "row"), [*rows()])
def test_outcome_of_every_telegram(path, row):
    [entry] = describe([path])

    assert entry["file"] == str(path)
    assert entry["type"] == row["type"]
    assert entry["status"] == row["status"]
    assert entry["info_type"] == row["info_type"]
    assert entry["action"] == row["expected_action_default"]
    assert entry["why"]
    assert len(entry["municipalities"]) == int(row["n_municipalities"])
    assert "|".join(entry["prefectures"]) == row["pref_jis2"]
    assert "|".join(entry["unknown_codes"]) == row["unknown_city_codes"]
    if row["municipality_jis5"] != "(many)":
        assert "|".join(entry["municipalities"]) == row["municipality_jis5"]


def test_every_telegram_of_ours_stands_in_the_list():
    with (OURS / "expected.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["file"] for row in csv.DictReader(file)}

    assert listed == {path.name for path in OURS.glob("*.xml")}


def test_every_telegram_of_ours_says_that_it_is_none():
    for path in OURS.glob("*.xml"):
        text = path.read_text(encoding="utf-8")
        assert "never issued by JMA" in text
        assert "気象庁の発表ではありません" in text
