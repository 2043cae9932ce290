"""Area codes and the reference tables behind them."""

import csv
from pathlib import Path

import pytest

from models.places import check_digit, designated_cities, municipalities, prefectures
from notifications.jma.areas import Areas, municipalities_of, prefecture_of_office

TABLES = Path(__file__).resolve().parents[3] / "notifications" / "jma" / "data"


def table(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_municipalities_are_there():
    assert len(prefectures()) == 47
    assert len(designated_cities()) == 20
    assert len(municipalities()) == 1741
    assert {city.jis5 for city in municipalities().values() if city.designated} == designated_cities().keys()
    assert {city.prefecture for city in municipalities().values()} == prefectures().keys()


def test_check_digits():
    for city in (*municipalities().values(), *designated_cities().values()):
        assert city.lgcode6 == city.jis5 + check_digit(city.jis5)
    for prefecture in prefectures().values():
        assert prefecture.lgcode6 == prefecture.jis2 + "000" + check_digit(prefecture.jis2 + "000")


def test_every_code_leads_to_a_municipality_and_every_municipality_has_codes():
    reached = {row["municipality"] for row in table("city7.csv")}
    by_region = {code for row in table("region3.csv") for code in row["municipalities"].split("|")}

    assert reached == municipalities().keys() == by_region
    assert len(table("region3.csv")) == 188
    assert len(table("tsunami3.csv")) == 66


def test_aliases_are_of_dead_codes_and_lead_to_living_ones():
    living = {row["code"] for row in table("city7.csv")}

    for row in table("aliases.csv"):
        assert row["code"] not in living
        assert row["successor"] in municipalities()
        assert row["successor"][:2] == row["code"][:2]


@pytest.mark.parametrize(
    ("system", "code", "municipality"),
    [
        ("city7", "1410100", "14100"),  # ward 横浜鶴見区
        ("city7", "1410011", "14100"),  # split for weather: 横浜市北部
        ("city7", "1310100", "13101"),  # special ward of Tokyo: a municipality of its own
        ("city7", "1720500", "17205"),
        ("city7", "1720599", "17205"),  # a split newer than the table
    ],
)
def test_one_municipality(system, code, municipality):
    assert municipalities_of(system, code) == Areas(frozenset({municipality}), frozenset({municipality[:2]}))


def test_sasebo_lies_in_two_regions():
    assert (
        "42202"
        in municipalities_of("region3", "730").municipalities & municipalities_of("region3", "737").municipalities
    )


def test_a_coast_gives_prefectures_only():
    assert municipalities_of("tsunami3", "312") == Areas(frozenset(), frozenset({"12", "13", "14"}))


def test_a_prefecture_gives_all_its_municipalities():
    assert len(municipalities_of("prefecture", "17").municipalities) == 19


def test_a_dead_code_falls_back_to_its_prefecture_and_names_its_successor():
    assert municipalities_of("city7", "0330500") == Areas(
        frozenset(), frozenset({"03"}), known=False, successor="03216"
    )


@pytest.mark.parametrize(
    ("system", "code"), [("city7", "9999999"), ("city7", ""), ("region3", "999"), ("tsunami3", ""), ("other", "1")]
)
def test_a_code_from_nowhere(system, code):
    assert municipalities_of(system, code) == Areas(frozenset(), frozenset(), known=False)


def test_office_in_a_title():
    assert prefecture_of_office("宗谷地方大雨警報・注意報") == "01"
    assert prefecture_of_office("奄美地方気象警報・注意報") == "46"
    assert prefecture_of_office("全国の天気") is None
