"""How times, numbers, names and telephone numbers are written for people.

Pure functions take the interface language ("en", "ja"; "ja-simple" counts as "ja") and a value and give text.
`register` makes Jinja filters of them that use the language of the request. Times are stored in UTC and always
shown in Japan's time; the weekday is always there, the era name never.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers
from flask_babel import get_locale

from jetapp import drawing

if TYPE_CHECKING:
    from flask import Flask

JAPAN = ZoneInfo("Asia/Tokyo")
WEEKDAYS = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "ja": tuple("月火水木金土日")}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
INTENSITIES = {
    "0": ("0", "0"), "1": ("1", "1"), "2": ("2", "2"), "3": ("3", "3"), "4": ("4", "4"),
    "5-": ("5 Lower", "5弱"), "5+": ("5 Upper", "5強"), "6-": ("6 Lower", "6弱"), "6+": ("6 Upper", "6強"),
    "7": ("7", "7"), "not_received": ("5 Lower or more (no report yet)", "5弱以上（未入電）"),
}  # fmt: skip


def interface_language() -> str:
    """The language of the page being made: "en" or "ja"; English outside a request."""
    found = get_locale()
    return "ja" if found is not None and found.language == "ja" else "en"


def in_japan(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone cannot be shown")
    return moment.astimezone(JAPAN)


def _day(moment: date) -> date:
    return in_japan(moment).date() if isinstance(moment, datetime) else moment


def day(locale: str, moment: date) -> str:
    """Thu 19 November 2026 · 2026年11月19日（木）"""
    d = _day(moment)
    if locale.startswith("ja"):
        return f"{d.year}年{d.month}月{d.day}日（{WEEKDAYS['ja'][d.weekday()]}）"
    return f"{WEEKDAYS['en'][d.weekday()]} {d.day} {MONTHS[d.month - 1]} {d.year}"


def day_short(locale: str, moment: date) -> str:
    """Thu 10 Dec · 12月10日（木）"""
    d = _day(moment)
    if locale.startswith("ja"):
        return f"{d.month}月{d.day}日（{WEEKDAYS['ja'][d.weekday()]}）"
    return f"{WEEKDAYS['en'][d.weekday()]} {d.day} {MONTHS[d.month - 1][:3]}"


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """23:36, on live pages 23:36:07; the same in both languages."""
    return in_japan(moment).strftime("%H:%M:%S" if seconds else "%H:%M")


def day_and_time(locale: str, moment: datetime) -> str:
    """Thu 19 November 2026, 23:36 · 2026年11月19日（木）23:36"""
    return day(locale, moment) + ("" if locale.startswith("ja") else ", ") + clock(moment)


def day_and_time_short(locale: str, moment: date) -> str:
    """Thu 19 Nov, 23:36 · 11月19日（木）23:36; a plain date gives Thu 19 Nov · 11月19日（木）"""
    if not isinstance(moment, datetime):
        return day_short(locale, moment)
    return day_short(locale, moment) + ("" if locale.startswith("ja") else ", ") + clock(moment)


def duration(locale: str, length: timedelta) -> str:
    """58 seconds, 18 min, 3 h 20 min, 16 days · 58秒、18分、3時間20分、16日"""
    total = max(0, int(length.total_seconds()))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    ja = locale.startswith("ja")
    if total < 60:
        return f"{total}秒" if ja else f"{total} second{'' if total == 1 else 's'}"
    if minutes < 60:
        return f"{minutes}分" if ja else f"{minutes} min"
    if hours < 24:
        rest = minutes % 60
        if ja:
            return f"{hours}時間" + (f"{rest}分" if rest else "")
        return f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{days}日" if ja else f"{days} day{'' if days == 1 else 's'}"


def ago(locale: str, moment: datetime, now: datetime) -> str:
    """18 min ago, 23:41 · 18分前（23:41）: never without the time itself; from a day on with the day."""
    length = now - moment
    when = clock(moment) if length < timedelta(hours=20) else day_and_time_short(locale, moment)
    if locale.startswith("ja"):
        return f"{duration(locale, length)}前（{when}）"
    return f"{duration(locale, length)} ago, {when}"


def number(value: int) -> str:
    """5,933, the same in both languages."""
    return f"{value:,}"


def percent(part: int, whole: int) -> str:
    """A whole percentage that says 100% only when nobody is missing and 0% only when there is nobody."""
    if whole <= 0:
        return "–"
    if 0 < part < whole:
        return f"{min(99, max(1, round(100 * part / whole)))}%"
    return f"{round(100 * part / whole)}%"


def intensity(locale: str, value: str) -> str:
    """JMA intensity in words: "6+" → 6 Upper · 6強"""
    english, japanese = INTENSITIES.get(value, (value, value))
    return japanese if locale.startswith("ja") else english


def phone(value: str) -> str:
    """+819012345678 → 090-1234-5678; numbers of other countries as +44 20 7946 0000; anything else as it is."""
    try:
        parsed = phonenumbers.parse(value, "JP")
    except phonenumbers.NumberParseException:
        return value
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, style.NATIONAL if parsed.country_code == 81 else style.INTERNATIONAL)


def tel(value: str) -> str:
    """The address behind a telephone link: tel:+819012345678."""
    try:
        parsed = phonenumbers.parse(value, "JP")
    except phonenumbers.NumberParseException:
        return "tel:" + "".join(c for c in value if c in "+0123456789")
    return "tel:" + phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def list_name(family: str, given: str | None = None) -> str:
    """As lists write it: COLLINS Emma. People with one name have only a family name."""
    return f"{family.upper()} {given}" if given else family.upper()


def letter_name(family: str, given: str | None = None) -> str:
    """As letters and a person's own pages write it: Emma Collins."""
    return f"{given} {family}" if given else family


def iso(moment: date) -> str:
    """For the datetime attribute: 2026-11-19T23:36:00+09:00."""
    return in_japan(moment).isoformat(timespec="seconds") if isinstance(moment, datetime) else moment.isoformat()


def register(app: Flask) -> None:
    """Give the templates these filters and the drawing functions of the components."""
    app.jinja_env.filters.update(
        jst=lambda moment: day_and_time(interface_language(), moment),
        jst_short=lambda moment: day_and_time_short(interface_language(), moment),
        jst_day=lambda moment: day(interface_language(), moment),
        jst_day_short=lambda moment: day_short(interface_language(), moment),
        clock=clock,
        clock_seconds=lambda moment: clock(moment, seconds=True),
        ago=lambda moment, now=None: ago(interface_language(), moment, now or datetime.now(UTC)),
        duration=lambda length: duration(interface_language(), length),
        number=number,
        percent=percent,
        intensity=lambda value: intensity(interface_language(), value),
        phone=phone,
        tel=tel,
        list_name=list_name,
        letter_name=letter_name,
        iso=iso,
    )
    drawing.register(app)
