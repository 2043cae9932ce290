"""Reports of one disaster and of several: growth, rounds, asking again. The merge rule of safety.md §3."""

from datetime import timedelta

import pytest

from models.db import db, transaction
from models.disaster import Answer, CheckState
from models.message import Message
from models.types import db_now
from tests.factories import KUMAMOTO, KURIHARA, MASHIKI, MITO, SENDAI, SUZU, UKI, WAJIMA, make_participant, make_world
from tests.notifications.safety.steps import all_checks, all_rounds, answer, asked, person, sent, set_all, take_in
from tests.telegrams import MIYAGI_COAST, cities, jst, redelivered, regions, tsunami

pytestmark = pytest.mark.usefixtures("system")


def people(*towns: str) -> list[int]:
    with transaction():
        return [make_participant(work=town, home=town).id for town in towns]


def test_a_city_report_asks_who_works_lives_or_is_contracted_there() -> None:
    world = make_world()
    outcome = take_in(cities("20260101120000", {SENDAI.code: "6-"}, jst("2026-01-01 12:00")))
    (check,) = all_checks()
    assert outcome.check_id == check.id
    assert check.state is CheckState.RUNNING
    assert asked(check.id) == {world.aoife, world.chidi, world.emil}
    reasons = {who: person(check.id, who).reasons for who in asked(check.id)}
    assert reasons == {world.aoife: "work,home,organisation", world.chidi: "home", world.emil: "work,home"}
    assert sent(world.aoife) == {"sms": 1, "email": 1}
    assert sent(world.emil) == {"sms": 1}
    assert check.title_en == "Earthquake, intensity 6 Lower · Miyagi · 1 January 2026, 12:00"


def test_a_prefecture_as_organisation_is_found_by_work_and_home_alone() -> None:
    world = make_world()
    take_in(cities("20260101120000", {KURIHARA.code: "6-"}, jst("2026-01-01 12:00")))
    assert asked(all_checks()[0].id) == {world.chidi, world.emil}


def test_the_same_report_twice_has_one_effect() -> None:
    make_world()
    data = cities("20260101120000", {SENDAI.code: "6-"}, jst("2026-01-01 12:00"))
    first, same, again = take_in(data), take_in(data), take_in(redelivered(data))
    assert (same.telegram_id, same.repeated) == (first.telegram_id, True)
    assert again.telegram_id != first.telegram_id
    assert again.repeated
    assert len(all_checks()) == 1
    assert db.session.query(Message).count() == 5


def test_a_later_report_of_the_event_grows_the_round_and_asks_nobody_twice() -> None:
    world = make_world()
    at = jst("2026-01-01 12:00")
    take_in(regions("20260101120000", {"222": "5+"}, at))
    (check,) = all_checks()
    assert asked(check.id) == {world.aoife, world.ben, world.chidi, world.emil}
    assert person(check.id, world.ben).coarse
    outcome = take_in(cities("20260101120000", {SENDAI.code: "7", MITO.code: "5+"}, at))
    (check,) = all_checks()
    assert len(all_rounds(check.id)) == 1
    assert "1 person asked for the first time" in outcome.effect
    assert asked(check.id) == {world.aoife, world.ben, world.chidi, world.dana, world.emil}
    assert sent(world.aoife) == {"sms": 1, "email": 1}
    assert person(check.id, world.ben).coarse, "asked by the region's report, stays asked and marked"
    assert not person(check.id, world.aoife).coarse
    assert person(check.id, world.aoife).severity_label == "7"
    assert "intensity 7" in check.title_en, "the headline follows the worse report"


def test_the_town_itself_corrects_its_region_downwards() -> None:
    world = make_world()
    at = jst("2026-01-01 12:00")
    take_in(regions("20260101120000", {"222": "6+"}, at))
    take_in(cities("20260101120000", {SENDAI.code: "5+"}, at))
    assert person(all_checks()[0].id, world.aoife).severity_label == "5+"


def test_kumamoto_a_stronger_shock_28_hours_later_is_a_second_round() -> None:
    mashiki, kumamoto, uki = people(MASHIKI.code, KUMAMOTO.code, UKI.code)
    take_in(cities("20160414212634", {MASHIKI.code: "7", KUMAMOTO.code: "6-"}, jst("2016-04-14 21:26")))
    (check,) = all_checks()
    answer(check.id, kumamoto)
    answer(check.id, mashiki)
    outcome = take_in(
        cities(
            "20160416012510",
            {MASHIKI.code: "7", KUMAMOTO.code: "6+", UKI.code: "6+"},
            jst("2016-04-16 01:25"),
        )
    )
    (check,) = all_checks()
    assert [each.asked for each in all_rounds(check.id)] == [2, 2]
    assert "1 person asked for the first time, 1 person asked again" in outcome.effect
    again = person(check.id, kumamoto)
    assert (again.answer, again.answer_round, again.asked_round) == (Answer.SAFE, 1, 2), "kept, and out of date"
    assert person(check.id, mashiki).asked_round == 1, "no stronger there than before"
    assert person(check.id, uki).first_round == 2
    assert sent(kumamoto) == {"sms": 2, "email": 2}
    assert sent(mashiki) == {"sms": 1, "email": 1}
    answer(check.id, kumamoto, Answer.NEED_HELP)
    again = person(check.id, kumamoto)
    assert (again.answer, again.answer_round, again.first_answer) == (Answer.NEED_HELP, 2, Answer.SAFE)


def test_noto_three_shocks_in_16_minutes_are_one_question() -> None:
    suzu, wajima = people(SUZU.code, WAJIMA.code)
    take_in(cities("20240101160608", {SUZU.code: "5+"}, jst("2024-01-01 16:06")))
    take_in(cities("20240101161022", {SUZU.code: "6+", WAJIMA.code: "7"}, jst("2024-01-01 16:10")))
    take_in(cities("20240101162246", {SUZU.code: "5+", WAJIMA.code: "5+"}, jst("2024-01-01 16:18")))
    (check,) = all_checks()
    assert sent(suzu) == {"sms": 1, "email": 1}
    assert sent(wajima) == {"sms": 1, "email": 1}
    assert person(check.id, suzu).asked_round == 2, "an answer now counts for the stronger shock"


def test_who_had_answered_before_the_stronger_shock_minutes_later_is_asked_again() -> None:
    (suzu,) = people(SUZU.code)
    take_in(cities("20240101160608", {SUZU.code: "5+"}, jst("2024-01-01 16:06")))
    answer(all_checks()[0].id, suzu)
    take_in(cities("20240101161022", {SUZU.code: "6+"}, jst("2024-01-01 16:10")))
    assert sent(suzu) == {"sms": 2, "email": 2}


def test_a_tsunami_warning_is_a_round_of_its_own_and_asks_the_coast_again() -> None:
    world = make_world()
    at = jst("2026-01-01 12:00")
    take_in(cities("20260101120000", {SENDAI.code: "6-", "04202": "6-"}, at))
    take_in(tsunami("20260101120000", {MIYAGI_COAST: "51"}, at))
    (check,) = all_checks()
    first, second = all_rounds(check.id)
    assert second.series.endswith("#tsunami")
    assert sent(world.ben) == {"sms": 2, "email": 2}
    assert sent(world.aoife) == {"sms": 1, "email": 1}
    assert person(check.id, world.ben).severity_kind == "tsunami"
    take_in(tsunami("20260101120000", {MIYAGI_COAST: "52"}, at, reported=at + timedelta(minutes=20)))
    assert len(all_rounds(check.id)) == 2
    assert sent(world.ben) == {"sms": 2, "email": 2}, "raised within the round: nobody twice"
    take_in(cities("20260101120000", {SENDAI.code: "6+", "04202": "6+", MITO.code: "5+"}, at, serial=2))
    assert sent(world.ben) == {"sms": 2, "email": 2}, "asked in a later round already"
    assert person(check.id, world.dana).first_round == 1


def test_the_release_of_a_tsunami_warning_is_noted_and_nobody_is_told() -> None:
    make_world()
    at = jst("2026-01-01 12:00")
    take_in(tsunami("20260101120000", {MIYAGI_COAST: "51"}, at))
    before = db.session.query(Message).count()
    later = at + timedelta(hours=9)
    outcome = take_in(tsunami("20260101120000", {MIYAGI_COAST: "50"}, at, reported=later, last="51"))
    (check,) = all_checks()
    assert outcome.action == "release"
    assert "released by JMA" in check.note
    assert check.state is CheckState.RUNNING
    assert db.session.query(Message).count() == before


def test_a_shock_elsewhere_opens_its_own_check() -> None:
    people(SUZU.code, KUMAMOTO.code)
    take_in(cities("20240101160608", {SUZU.code: "5+"}, jst("2024-01-01 16:06")))
    take_in(cities("20240101170000", {KUMAMOTO.code: "5+"}, jst("2024-01-01 17:00")))
    assert len(all_checks()) == 2


def test_a_shock_at_the_same_place_after_the_joining_time_opens_its_own_check() -> None:
    people(SUZU.code)
    take_in(cities("20240101160608", {SUZU.code: "5+"}, jst("2024-01-01 16:06")))
    take_in(cities("20240105160608", {SUZU.code: "5+"}, jst("2024-01-05 16:06")))
    assert len(all_checks()) == 2


def test_nobody_joins_a_closed_check() -> None:
    (suzu,) = people(SUZU.code)
    take_in(cities("20240101160608", {SUZU.code: "5+"}, jst("2024-01-01 16:06")))
    (check,) = all_checks()
    set_all(type(check), state=CheckState.CLOSED, closed_at=db_now())
    further = take_in(cities("20240101160608", {SUZU.code: "6-"}, jst("2024-01-01 16:06"), serial=2))
    assert "proposed" in further.effect, "a person closed it: a person decides"
    take_in(cities("20240101170000", {SUZU.code: "6-"}, jst("2024-01-01 17:00")))
    assert [each.state for each in all_checks()] == [CheckState.CLOSED, CheckState.PROPOSED, CheckState.RUNNING]
    assert sent(suzu) == {"sms": 2, "email": 2}
