"""How times, numbers and names are written (ux.md §7)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from jetapp import formats

MOMENT = datetime(2026, 11, 19, 14, 36, 7, tzinfo=UTC)


def test_full_time_is_japan_time_with_weekday() -> None:
    assert formats.day_and_time("en", MOMENT) == "Thu 19 November 2026, 23:36"
    assert formats.day_and_time("ja", MOMENT) == "2026年11月19日（木）23:36"
    assert formats.day_and_time("ja-simple", MOMENT) == "2026年11月19日（木）23:36"


def test_short_forms() -> None:
    assert formats.day_short("en", date(2026, 12, 10)) == "Thu 10 Dec"
    assert formats.day_short("ja", date(2026, 12, 10)) == "12月10日（木）"
    assert formats.day_and_time_short("en", MOMENT) == "Thu 19 Nov, 23:36"
    assert formats.day_and_time_short("ja", MOMENT) == "11月19日（木）23:36"
    assert formats.clock(MOMENT, seconds=True) == "23:36:07"
    assert formats.iso(MOMENT) == "2026-11-19T23:36:07+09:00"


def test_the_day_changes_at_midnight_in_japan() -> None:
    assert formats.day("en", datetime(2026, 11, 19, 14, 59, 59, tzinfo=UTC)) == "Thu 19 November 2026"
    assert formats.day("en", datetime(2026, 11, 19, 15, 0, tzinfo=UTC)) == "Fri 20 November 2026"


def test_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        formats.clock(datetime(2026, 11, 19, 14, 36))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("seconds", "english", "japanese"),
    [
        (1, "1 second", "1秒"),
        (58, "58 seconds", "58秒"),
        (18 * 60, "18 min", "18分"),
        (3 * 3600 + 20 * 60, "3 h 20 min", "3時間20分"),
        (5 * 3600, "5 h", "5時間"),
        (86400, "1 day", "1日"),
        (16 * 86400, "16 days", "16日"),
        (-5, "0 seconds", "0秒"),
    ],
)
def test_duration(seconds: int, english: str, japanese: str) -> None:
    assert formats.duration("en", timedelta(seconds=seconds)) == english
    assert formats.duration("ja", timedelta(seconds=seconds)) == japanese


def test_ago_always_tells_the_time_too() -> None:
    assert formats.ago("en", MOMENT, MOMENT + timedelta(minutes=18)) == "18 min ago, 23:36"
    assert formats.ago("ja", MOMENT, MOMENT + timedelta(minutes=18)) == "18分前（23:36）"
    assert formats.ago("en", MOMENT, MOMENT + timedelta(days=2)) == "2 days ago, Thu 19 Nov, 23:36"


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 5, "0%"), (1, 5933, "1%"), (5932, 5933, "99%"), (5, 5, "100%")]
)
def test_percent_never_hides_a_person(part: int, whole: int, text: str) -> None:
    assert formats.percent(part, whole) == text


def test_percent_of_nobody() -> None:
    assert formats.percent(0, 0) == "–"


def test_telephone() -> None:
    assert formats.phone("+819012345678") == "090-1234-5678"
    assert formats.phone("+81244123456") == "0244-12-3456"
    assert formats.phone("+442079460000") == "+44 20 7946 0000"
    assert formats.phone("unknown") == "unknown"
    assert formats.tel("090-1234-5678") == "tel:+819012345678"


def test_names() -> None:
    assert formats.list_name("Collins", "Emma") == "COLLINS Emma"
    assert formats.letter_name("Collins", "Emma") == "Emma Collins"
    assert formats.list_name("Suharto") == "SUHARTO"


def test_intensity() -> None:
    assert formats.intensity("en", "6+") == "6 Upper"
    assert formats.intensity("ja", "5-") == "5弱"
    assert formats.intensity("ja", "not_received") == "5弱以上（未入電）"
