"""Identity, series and what pages and messages need of a telegram."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifications.jma.catalogue import type_in_name, type_of
from notifications.jma.telegram import AreaFact, Telegram, read

DATA = Path(__file__).resolve().parents[2] / "data" / "jma"


def data(case: str) -> bytes:
    [path] = DATA.glob(f"synthetic_{case}.xml")
    return path.read_bytes()


def telegram(case: str, *changes: tuple[str, str]) -> Telegram:
    text = data(case).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(text.encode(), f"synthetic_{case}.xml")


def test_what_a_message_needs():
    told = telegram("miyagi_3_serial2_VXSE53")

    assert (told.type, told.status, told.info_type, told.serial) == ("VXSE53", "normal", "issued", "2")
    assert (told.epicentre, told.magnitude, told.max_intensity) == ("宮城県沖", "7.1", "6-")
    assert told.origin_at == datetime(2027, 3, 9, 18, 12, tzinfo=UTC)
    assert told.reported_at == datetime(2027, 3, 9, 18, 25, tzinfo=UTC)
    assert told.reported_at.utcoffset() == timedelta(0)
    assert told.headline.endswith("地震がありました。")
    assert AreaFact("city7", "0450100", "intensity", "not_received", "涌谷町") in told.facts


def test_tsunami_grade_of_every_coast():
    grades = {fact.code: (fact.value, fact.label, fact.last) for fact in telegram("tsunami_1_warning_VTSE41").facts}

    assert grades["220"] == ("53", "大津波警報：発表", "00")
    assert grades["312"] == ("62", "津波注意報", "00")


def test_words_stand_in_for_a_magnitude_without_number():
    change = ('description="Ｍ7.1">7.1<', 'description="Ｍ８を超える巨大地震">NaN<')

    assert telegram("miyagi_3_serial2_VXSE53", change).magnitude == "Ｍ８を超える巨大地震"


def test_city_with_a_low_reading_and_a_silent_station_is_silent():
    change = ("<Condition>震度５弱以上未入電", "<MaxInt>3</MaxInt><Condition>震度５弱以上未入電")
    facts = telegram("miyagi_3_serial2_VXSE53", change).facts

    assert {fact.value for fact in facts if fact.code == "0450100"} == {"3", "not_received"}


def test_only_the_layer_of_municipalities_is_read():
    facts = telegram("rain_2_level5_VPWW55").facts

    assert {fact.system for fact in facts} == {"city7"}
    assert [fact.code for fact in facts] == ["4320300", "4351300", "4320200"]


def test_lost_zeros_are_put_back():
    facts = telegram("rain_3_lowered_VPWW55").facts

    assert {fact.value for fact in facts} == {"03"}


def test_lifted_warning_keeps_what_it_was():
    facts = telegram("rain_4_released_VPWW55").facts

    assert {(fact.value, fact.last) for fact in facts} == {("00", "33")}


def test_headline_speaks_where_the_body_is_empty():
    assert [fact.code for fact in telegram("typhoon_VPNO50").facts] == ["4620100"]


def test_early_warning_has_no_facts():
    assert telegram("forecast_VXSE43").facts == ()


# Identity


def test_the_same_report_delivered_again_is_the_same():
    first = read(data("miyagi_1_prompt_VXSE51"), "20270310031400_0_VXSE51_010000.xml")
    again = data("miyagi_1_prompt_VXSE51").replace(b">\n<", b">\r\n\t  <")

    assert read(again, "copy (2).xml").identity == first.identity


def test_no_two_telegrams_share_an_identity():
    identities = [read(path.read_bytes(), path.name).identity for path in DATA.glob("*.xml")]

    assert len(set(identities)) == len(identities)


def test_cancellation_differs_from_what_it_cancels_though_the_serial_is_the_same():
    cancelled, issued = telegram("miyagi_5_cancelled_VXSE53"), telegram("miyagi_3_serial2_VXSE53")

    assert cancelled.serial == issued.serial
    assert cancelled.event_ids == issued.event_ids
    assert cancelled.identity != issued.identity


def test_drill_differs_from_the_real_thing_with_the_same_words():
    real = telegram("miyagi_3_serial2_VXSE53")
    drill = telegram("miyagi_3_serial2_VXSE53", ("<Status>通常", "<Status>訓練"))

    assert drill.identity != real.identity
    assert not set(drill.series) & set(real.series)


def test_reissue_without_serial_has_its_own_identity():
    first = telegram("miyagi_1_prompt_VXSE51")
    second = telegram(
        "miyagi_1_prompt_VXSE51", ("T03:14:00+09:00</ReportDateTime>", "T03:16:00+09:00</ReportDateTime>")
    )

    assert first.serial is None
    assert first.series == second.series
    assert first.identity != second.identity


# Series


def test_all_reports_of_one_earthquake_belong_together():
    cases = [
        "miyagi_1_prompt_VXSE51",
        "miyagi_2_serial1_VXSE53",
        "tsunami_1_warning_VTSE41",
        "miyagi_5_cancelled_VXSE53",
    ]

    assert {telegram(case).series for case in cases} == {("quake:20270310031200",)}


def test_two_event_ids_join_two_earthquakes():
    assert telegram("tsunami_3_released_VTSE41").series == ("quake:20270310031200", "quake:20270310041500")


def test_weather_landslide_and_flood_of_a_prefecture_belong_together():
    cases = ["rain_1_level4_VPWW55", "rain_4_released_VPWW55", "landslide_1_VXWW50", "flood_2_level5_VXKO87"]

    assert set.intersection(*(set(telegram(case).series) for case in cases)) == {"weather:43"}


def test_emergency_notice_belongs_to_its_warning():
    assert telegram("typhoon_VPNO50").series == telegram("typhoon_VPWW54").series == ("weather:46",)


def test_cancelled_warning_without_areas_finds_its_prefecture_by_title():
    text = data("rain_1_level4_VPWW55").decode()
    start, end = text.index("<Warning"), text.index("</Body>")
    cancelled = (text[:start] + text[end:]).replace("発表</InfoType>", "取消</InfoType>")

    assert read(cancelled.encode()).series == ("weather:43",)


def test_volcano_number_is_a_series_not_an_event():
    assert telegram("volcano_1_level5_VFVO50").series == ("volcano:506",)
    assert telegram("volcano_1_level5_VFVO50", (">506</EventID>", ">20270601132600_506</EventID>")).series == (
        "volcano:506",
    )


# Type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("20260528120000_0_VPWW55_010000.xml", "VPWW55"),
        ("32-35_01_03_240613_VXSE53.xml", "VXSE53"),
        ("r06_vpww57_storm-surge.xml", "VPWW57"),
        ("https://example.org/VXSE51/20260528120000_0_VTSE41_010000.xml", "VTSE41"),
        ("r06_vxko_flood.xml", ""),
        ("telegram.xml", ""),
        ("", ""),
    ],
)
def test_type_in_a_name(name, kind):
    assert type_in_name(name) == kind


@pytest.mark.parametrize(
    ("name", "title", "info_kind", "kind"),
    [
        ("", "震源・震度に関する情報", "地震情報", "VXSE53"),
        ("x_VTSE41.xml", "震源・震度に関する情報", "地震情報", "VXSE53"),
        ("x_VXKO55.xml", "指定河川洪水予報", "指定河川洪水予報", "VXKO55"),
        ("x_VPWW54.xml", "気象警報・注意報（Ｈ２７）", "気象警報・注意報", "VPWW54"),
        ("x_VPWW54.xml", "気象特別警報・警報・注意報", "気象警報・注意報", "VPWW54"),
        ("", "気象警報・注意報（Ｒ０６）（暴風（雪））", "気象警報・注意報", "VPWW58"),
        ("x_VPWW62.xml", "気象警報・注意報（Ｒ０９）", "気象警報・注意報", "VPWW62"),
        ("x_VXSE53.xml", "新しい名前の地震の情報", "地震情報", "VXSE53"),
        ("", "新しい名前", "新しい種類", ""),
    ],
)
def test_content_decides_the_type_and_the_name_refines_it(name, title, info_kind, kind):
    assert type_of(name, title, info_kind) == kind


def test_a_wrong_name_changes_nothing():
    right = read(data("miyagi_3_serial2_VXSE53"), "x_VXSE53.xml")
    wrong = read(data("miyagi_3_serial2_VXSE53"), "x_VFVO50.xml")

    assert (wrong.type, wrong.facts, wrong.identity) == (right.type, right.facts, right.identity)
