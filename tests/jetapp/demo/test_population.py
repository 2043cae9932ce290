"""The fictitious population has the printed shape, belongs to nobody real, and comes out the same each time."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import phonenumbers
import pytest

from jetapp.demo import contacts
from jetapp.demo.organisations import capital
from jetapp.demo.population import Population, build
from jetapp.demo.shape import apportion, coast, countries, prefecture_targets, programme_year, rows
from models import places
from models.organisation import OrganisationKind
from models.participant import Channel, ContactState, Position

YEAR = 2026
LANGUAGES = {
    *("en", "ja", "ja-simple", "zh-Hans", "zh-Hant", "ko", "fr", "de", "es", "pt-BR", "it", "ru", "vi", "th", "id"),
    *("fil", "mn"),
}


@pytest.fixture(scope="module")
def population() -> Population:
    return build(5933, 2025, YEAR)


def share(part: int, population: Population) -> float:
    return part / len(population.people)


def test_numbers_of_fiscal_year_2025(population: Population) -> None:
    kinds = Counter(one.kind for one in population.organisations)
    assert kinds == {
        OrganisationKind.PREFECTURE: 46,
        OrganisationKind.MUNICIPALITY: 781,
        OrganisationKind.SCHOOL_CORPORATION: 157,
    }
    assert len(population.people) == 5933
    assert len({person.nationality for person in population.people}) == 54


def test_positions_and_arrivals(population: Population) -> None:
    positions = Counter(person.position for person in population.people)
    assert share(positions[Position.ALT], population) == pytest.approx(0.90, abs=0.005)
    assert share(positions[Position.CIR], population) == pytest.approx(0.09, abs=0.005)
    assert share(positions[Position.SEA], population) == pytest.approx(0.01, abs=0.005)
    new = sum(person.jet_number.startswith(str(YEAR)) for person in population.people)
    assert 0.36 <= share(new, population) <= 0.38
    assert min(int(person.jet_number[:4]) for person in population.people) == YEAR - 4


def test_printed_figures_are_kept(population: Population) -> None:
    here = Counter(one.host[:2] for one in population.organisations for _ in range(one.people))
    for prefecture, printed in {"24": 127, "29": 51, "45": 93, "06": 111, "31": 68, "28": 305}.items():
        assert here[prefecture] == printed == prefecture_targets()[prefecture]
    assert sorted(here.values())[-3] == 305, "Hyogo with Kobe was third"
    french = Counter(person.position for person in population.people if person.nationality == "FR")
    assert french == {Position.ALT: 1, Position.CIR: 19}
    new = Counter(person.nationality for person in population.people if person.jet_number.startswith(str(YEAR)))
    assert {iso: new[iso] for iso in ("AU", "NZ", "TT", "GD", "FR")} == {
        "AU": 114,
        "NZ": 66,
        "TT": 18,
        "GD": 2,
        "FR": 6,
    }
    american = sum(person.nationality == "US" for person in population.people)
    assert share(american, population) == pytest.approx(0.5, abs=0.03)


def test_nara_has_no_private_schools(population: Population) -> None:
    nara = Counter(one.kind for one in population.organisations if one.prefecture == "29")
    assert nara[OrganisationKind.SCHOOL_CORPORATION] == 0
    assert next(one for one in population.organisations if one.code == "29").people == 25


def test_designated_cities_are_hosts_of_their_own(population: Population) -> None:
    by_code = {one.code: one for one in population.organisations}
    assert by_code["28100"].host == "28100"
    assert by_code["28"].host == "28"
    # A prefectural school may stand in the city: host by employer, not by place.
    in_city = [
        place.municipality
        for one in population.organisations
        if one.kind is OrganisationKind.PREFECTURE
        for place in one.workplaces
        if place.municipality in places.designated_cities()
    ]
    assert in_city


def test_everybody_works_and_lives_where_japan_is(population: Population) -> None:
    workplaces = {(one.code, place.name): place for one in population.organisations for place in one.workplaces}
    assert len(workplaces) == sum(len(one.workplaces) for one in population.organisations)
    elsewhere = 0
    for person in population.people:
        place = workplaces[person.placements[-1].organisation, person.placements[-1].workplace]
        assert place.municipality in places.municipalities()
        assert person.home is None or person.home in places.municipalities()
        assert not person.home_coastal or person.home in coast()
        elsewhere += person.home not in (None, place.municipality)
    assert share(elsewhere, population) == pytest.approx(0.18, abs=0.03)


def test_people_are_placed_today_whatever_the_day(population: Population) -> None:
    for day in (date(YEAR, 9, 1), date(YEAR + 1, 4, 30), date(YEAR + 1, 7, 26)):
        assert programme_year(day) == YEAR
        placed = sum(p.placements[-1].start <= day <= p.placements[-1].end for p in population.people)
        assert placed == 5933
    for person in population.people:
        for earlier, later in zip(person.placements, person.placements[1:], strict=False):
            assert earlier.start <= earlier.end == later.start - timedelta(days=1)


def test_nobody_real_can_be_written_to(population: Population) -> None:
    for person in population.people:
        for contact in person.contacts:
            if contact.channel is Channel.EMAIL:
                assert contact.value.partition("@")[2] in contacts.DOMAINS
                assert contact.value.isascii()
                assert len(contact.value) <= 254
            else:
                number = phonenumbers.parse(contact.value)
                assert phonenumbers.is_possible_number(number)
                assert not phonenumbers.is_valid_number(number), "a carrier could have given out this number"
    for one in population.organisations:
        assert one.email.endswith("@example.jp")
        assert one.phone.startswith("+81900")
        if one.kind is OrganisationKind.SCHOOL_CORPORATION:
            assert "デモ" in one.name_ja


def test_contacts_are_as_untidy_as_in_life(population: Population) -> None:
    states = Counter(contact.state for person in population.people for contact in person.contacts)
    assert set(states) == set(ContactState)
    assert states[ContactState.VERIFIED] > 0.85 * states.total()
    phones = Counter(sum(c.channel is Channel.SMS for c in person.contacts) for person in population.people)
    assert set(phones) == {0, 1, 2, 3}
    assert any(not person.contacts for person in population.people)
    owners = Counter(
        contact.value for person in population.people for contact in person.contacts if contact.channel is Channel.SMS
    )
    shared = [number for number, count in owners.items() if count > 1]
    assert len(shared) == pytest.approx(12, abs=4)
    assert max(owners.values()) == 2
    for person in population.people:
        assert len({(c.channel, c.value) for c in person.contacts}) == len(person.contacts)


def test_names_and_languages(population: Population) -> None:
    assert len({person.jet_number for person in population.people}) == 5933
    assert share(sum(bool(p.name.kana) for p in population.people), population) > 0.9
    for person in population.people:
        assert len(person.jet_number) == 11
        assert set(person.languages) <= LANGUAGES
        assert len(set(person.languages)) == len(person.languages) >= 1
        if person.name.kanji:
            assert person.nationality in ("CN", "KR", "SG")
        assert " " in person.code_word
    assert any(not person.name.given for person in population.people), "somebody has one name only"


def test_same_seed_same_people() -> None:
    assert build(300, 7, YEAR) == build(300, 7, YEAR)
    assert build(300, 7, YEAR) != build(300, 8, YEAR)


@pytest.mark.parametrize(("people", "organisations"), [(1, 1), (100, 92), (600, 366), (12_000, 984)])
def test_other_sizes(people: int, organisations: int) -> None:
    population = build(people, 1, YEAR)
    assert len(population.people) == people == sum(one.people for one in population.organisations)
    assert len(population.organisations) == pytest.approx(organisations, rel=0.1)
    assert "07209" in {one.code for one in population.organisations}, "the demo log-ins have people"


def test_apportion_adds_up() -> None:
    assert apportion(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert apportion(3, {"a": 0, "b": 5}) == {"a": 0, "b": 3}
    assert apportion(3, {"a": 0}) == {"a": 0}


def test_data_files_agree_with_each_other() -> None:
    assert sum(prefecture_targets().values()) == sum(country.total for country in countries()) == 5933
    assert all(capital(code) in places.municipalities() for code in places.prefectures())
    for row in rows("coast.csv"):
        assert places.municipalities()[row["jis5"]].name_ja == row["name_ja"]
    names = {row["name_en"] for row in rows("countries.csv")}
    later = {row["country_en"] for row in rows("jet_new_countries_2009_2015.csv")} - {"Vietnam"}
    assert later <= names
