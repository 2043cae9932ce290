"""The short line that says what happened, in the reader's language and in Japanese time."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from babel.dates import format_skeleton

from notifications.wording import BASE, Language, languages

JAPAN = timezone(timedelta(hours=9))
_LOCALES = {"en": "en_GB"}
_NO_COMMA = frozenset({"ja", "ko", "zh-Hans", "zh-Hant"})


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is one of AreaFact's ("intensity", "tsunami", "warning" …) or "manual", where `max_value` is the title.

    `max_value` is the code in the telegram ("6+", "53", "33"); the term for it is looked up, never translated freely.
    """

    kind: str
    max_value: str
    place_ja: str
    place_en: str
    at: datetime


@lru_cache(maxsize=1024)
def event_line(event: Event, lang: str) -> str:
    """One line of text; in やさしい日本語 the readings stay in 《》 for the reader's channel to show."""
    language = languages().get(lang) or languages()[BASE]
    japanese_script = language.code.startswith(("ja", "zh"))
    place = event.place_ja if japanese_script else event.place_en
    if place:
        place = f"（{place}）" if japanese_script else f" ({place})"
    pattern = language.text("event.earthquake" if event.kind == "intensity" else "event.other")
    return pattern.format_map(
        {"what": term(event.kind, event.max_value, language), "when": when(event.at, language.code), "place": place}
    )


def term(kind: str, value: str, language: Language) -> str:
    """JMA's term for a code, in English where no vetted wording exists in the language."""
    for key in (f"terms.{kind} {value}", f"terms.{kind} other"):
        for spoken in (language, languages()[BASE]):
            if key in spoken.wordings:
                return spoken.text(key)
    return value


def when(at: datetime, lang: str) -> str:
    """Day and time in Japan with a 24-hour clock; the year is left out, the message is of today."""
    local = at.astimezone(JAPAN)
    clock = f"{local:%H:%M}"
    if lang == "ja-simple":
        return f"{local.month}月《がつ》{local.day}日《にち》 {local.hour}時《じ》{local.minute}分《ふん》"
    day = format_skeleton("MMMEd", local, locale=_LOCALES.get(lang, lang.replace("-", "_")))
    return f"{day} {clock}" if lang in _NO_COMMA else f"{day}, {clock}"
