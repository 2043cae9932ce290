"""What is put together before a check starts: areas found by name, the event in words, what people will read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import places
from models.errors import Invalid
from models.types import now
from notifications import settings
from notifications.jma.facts import AreaFact
from notifications.safety import naming
from notifications.safety.checks import Area
from notifications.safety.severity import Severity, severity_of
from notifications.safety.targets import COAST, PREFECTURE
from notifications.texts import Channel, Event, Text, Values, compose
from notifications.wording import languages

FOUND = 60
MOST_AREAS = 2000
WHAT = ("intensity:7", "intensity:6+", "intensity:6-", "intensity:5+", "intensity:5-", "tsunami:53", "tsunami:51",
        "warning:33", "volcano:15", "manual:")  # fmt: skip
"""What can have happened, as kind and value of AreaFact; "manual:" is told by its title alone."""
ALWAYS_SHOWN = ("en", "ja", "ja-simple")
SAMPLE_LINK = "/s/K7Q2M9XDa4w"
SAMPLE_WORD = "river-17"
GSM_LIMIT, JAPANESE_LIMIT = 160, 66


@dataclass(frozen=True)
class Place:
    """An area that can be ticked."""

    code: str
    name_en: str
    name_ja: str
    prefecture_en: str
    prefecture_ja: str
    kind: str
    """municipality, prefecture or coast."""


def place_of(code: str) -> Place:
    """The area of a code; `Invalid` when there is none."""
    prefix, _, digits = code.rpartition(":")
    prefecture = places.prefectures().get(digits if prefix else code[:2])
    municipality = places.municipalities().get(code)
    kinds = {PREFECTURE: "prefecture", COAST: "coast"}
    if prefecture is not None and f"{prefix}:" in kinds:
        return Place(code, prefecture.name_en, prefecture.name_ja, "", "", kinds[f"{prefix}:"])
    if prefecture is None or municipality is None:
        raise Invalid("unknown_area", "There is no area %(codes)s.", field="areas", codes=code[:20])
    return Place(code, municipality.name_en, municipality.name_ja, prefecture.name_en, prefecture.name_ja,
                 "municipality")  # fmt: skip


def places_of(codes: Sequence[str]) -> list[Place]:
    """Each area once, prefectures before municipalities, by code."""
    if len(codes) > MOST_AREAS:
        raise Invalid("too_many_areas", "Choose at most %(count)s areas.", field="areas", count=MOST_AREAS)
    found = [place_of(code) for code in dict.fromkeys(codes)]
    return sorted(found, key=lambda place: (place.kind == "municipality", place.code))


def names(codes: Sequence[str]) -> list[str]:
    """For the log of a check: Japanese names with their codes, which are the same for every reader."""
    return [f"{place.prefecture_ja}{place.name_ja} ({place.code})" for place in places_of(codes)]


def search(text: str) -> list[Place]:
    """Areas whose name or code begins with, or holds, `text`; a prefecture brings its coast and municipalities."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    codes: list[str] = []
    hit = [
        prefecture
        for prefecture in places.prefectures().values()
        if wanted in (prefecture.name_en.lower(), prefecture.name_ja, prefecture.jis2)
        or (len(wanted) > 1 and (wanted in prefecture.name_en.lower() or prefecture.name_ja.startswith(wanted)))
    ]
    for prefecture in hit:
        codes += [f"{PREFECTURE}{prefecture.jis2}", f"{COAST}{prefecture.jis2}"]
    within = {prefecture.jis2 for prefecture in hit}
    named = [
        town
        for town in places.municipalities().values()
        if wanted in town.name_ja or town.jis5.startswith(wanted) or (town.name_en and wanted in town.name_en.lower())
    ]
    named.sort(key=lambda town: (not town.name_ja.startswith(wanted), town.jis5))
    codes += [town.jis5 for town in named]
    codes += [town.jis5 for town in places.municipalities().values() if town.prefecture in within]
    return [place_of(code) for code in list(dict.fromkeys(codes))[:FOUND]]


def severity(what: str) -> Severity:
    """How bad the chosen event is, on the scale of the reports."""
    kind, _, value = what.partition(":")
    if kind == "manual" or what not in WHAT:
        return Severity("manual", 0, "")
    return severity_of(AreaFact("city7", "", kind, value))


def areas(codes: Sequence[str], what: str) -> list[Area]:
    """The chosen areas with the severity of the chosen event."""
    bad = severity(what)
    return [Area(place.code, bad.kind, bad.rank, bad.label) for place in places_of(codes)]


def event(codes: Sequence[str], what: str, title: str, at: datetime | None = None) -> dict[str, Any]:
    """What the messages say of the disaster, as `SafetyCheck.event`."""
    kind, _, value = what.partition(":")
    bad = severity(what)
    prefectures = list(dict.fromkeys(code.rpartition(":")[2][:2] for code in codes))
    known = places.prefectures()
    names = [known[code] for code in prefectures if code in known]
    more = len(names) > naming.NAMED
    return {
        "kind": kind if what in WHAT else "manual",
        "max_value": value or title,
        "place_ja": "、".join(name.name_ja for name in names[: naming.NAMED]) + ("ほか" if more else ""),
        "place_en": ", ".join(name.name_en for name in names[: naming.NAMED])
        + (f" and {len(names) - naming.NAMED} more" if more else ""),
        "at": (at or now()).isoformat(),
        "rank": bad.rank,
    }


@dataclass(frozen=True)
class Sample:
    """One message as somebody would get it."""

    language: str
    lang: str
    subject: str
    text: str
    length: int
    limit: int | None
    segments: int
    reviewed_by: list[str]
    base: bool


def samples(told: dict[str, Any], codes: Sequence[str], drill: bool, channel: Channel = "sms") -> list[Sample]:
    """The question in English, Japanese, やさしい日本語 and the languages `codes`, with length and review."""
    chosen = settings.current()
    known = languages()
    at = datetime.fromisoformat(told["at"]) if "at" in told else now()
    names = (told.get("place_ja", ""), told.get("place_en", ""))
    happened = Event(told.get("kind", "manual"), str(told.get("max_value", "")), *names, at)
    values = Values("Emma Collins", f"{chosen.public_url}{SAMPLE_LINK}", SAMPLE_WORD, happened)
    found = []
    for code in dict.fromkeys([*ALWAYS_SHOWN, *codes]):
        if code not in known:
            continue
        text = compose("ask", channel, [code], values, drill, chosen.sms_reply)
        found.append(_sample(code, text, channel))
    return found


def _sample(code: str, text: Text, channel: str) -> Sample:
    language = languages()[code]
    wording = language.wordings[f"{channel}.ask"]
    latin = text.body.isascii()
    limit = None if channel != "sms" or text.segments > 1 else GSM_LIMIT if latin else JAPANESE_LIMIT
    return Sample(
        language=language.name,
        lang=language.html_lang,
        subject=text.subject,
        text=text.body,
        length=len(text.body),
        limit=limit,
        segments=text.segments,
        reviewed_by=[wording.reviewed_by] if wording.reviewed_by else [],
        base=language.base,
    )
