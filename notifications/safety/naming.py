"""What a check is called, and what its messages say of the disaster."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models import places
from models.types import TOKYO
from notifications.events import term
from notifications.jma.telegram import Telegram
from notifications.safety.rules import Decision
from notifications.safety.severity import severity_of
from notifications.safety.targets import COAST, PREFECTURE, Area
from notifications.wording import languages

KINDS = {"intensity": "earthquake", "warning": "weather"}
"""AreaFact's kinds under the names checks have; the others keep their name."""
NAMED = 2
"""So many prefectures are named, the rest counted."""


def areas_of(decision: Decision) -> list[Area]:
    """The areas a decision asks in. Who took over the area of a dead code is asked too, marked as not named itself."""
    found = [
        Area(code, severity.kind, severity.rank, severity.label, decision.coarse)
        for code, severity in sorted(decision.severities.items())
    ]
    found += [
        Area(code, severity.kind, severity.rank, severity.label, True)
        for code, severity in sorted(decision.successors.items())
        if code not in decision.severities
    ]
    found += [
        Area(COAST + code, severity.kind, severity.rank, severity.label, decision.coarse)
        for code, severity in sorted(decision.coastal_prefectures.items())
    ]
    return found


def when(telegram: Telegram) -> datetime:
    """When it happened: the shock itself, or the issue of a warning."""
    if telegram.type.startswith("VXSE"):
        return telegram.origin_at or telegram.target_at
    return telegram.reported_at


def event_of(telegram: Telegram, areas: list[Area]) -> dict[str, Any]:
    """What messages say, as `SafetyCheck.event`; `rank` is that of the worst area, to see what is worse."""
    worst = max(areas, key=lambda area: area.rank, default=None)
    kind = worst.kind if worst else next((fact.kind for fact in telegram.facts), "manual")
    value = max(
        (fact for fact in telegram.facts if fact.kind == kind), key=lambda fact: severity_of(fact).rank, default=None
    )
    hardest = list(dict.fromkeys(area.prefecture for area in areas if worst and area.rank == worst.rank))
    return {
        "kind": kind,
        "max_value": value.value if value else telegram.title,
        "place_ja": _names(hardest, "ja"),
        "place_en": _names(hardest, "en"),
        "magnitude": telegram.magnitude,
        "epicentre": telegram.epicentre,
        "at": when(telegram).isoformat(),
        "rank": worst.rank if worst else 0,
    }


def kind_of(event: Mapping[str, Any]) -> str:
    kind = str(event["kind"])
    return KINDS.get(kind, kind)


def titles(event: Mapping[str, Any]) -> tuple[str, str]:
    """English and Japanese: what, where it is worst, when (Japanese time)."""
    at = datetime.fromisoformat(event["at"]).astimezone(TOKYO)
    english = term(event["kind"], event["max_value"], languages()["en"])
    japanese = term(event["kind"], event["max_value"], languages()["ja"])
    if event["kind"] == "intensity":
        english, japanese = f"Earthquake, intensity {english}", f"地震 震度{japanese.removeprefix('震度')}"
    parts_en = [english, event["place_en"], f"{at.day} {at:%B %Y, %H:%M}"]
    parts_ja = [japanese, event["place_ja"], f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"]
    return " · ".join(filter(None, parts_en))[:200], " ".join(filter(None, parts_ja))[:200]


def in_words(areas: list[Area]) -> str:
    """How much ground, e.g. "208 municipalities in 14 prefectures, the coast of 8 prefectures"."""
    towns = [area for area in areas if not area.code.startswith((COAST, PREFECTURE))]
    whole = [area for area in areas if area.code.startswith(PREFECTURE)]
    coasts = [area for area in areas if area.code.startswith(COAST)]
    parts = []
    if towns:
        prefectures = {area.prefecture for area in towns}
        parts.append(f"{_count(len(towns), 'municipality')} in {_count(len(prefectures), 'prefecture')}")
    if whole:
        parts.append(f"{_count(len(whole), 'whole prefecture')}")
    if coasts:
        parts.append(f"the coast of {_count(len(coasts), 'prefecture')}")
    return ", ".join(parts) or "no area"


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def _names(codes: list[str], language: str) -> str:
    known = places.prefectures()
    found = [known[code].name_ja if language == "ja" else known[code].name_en for code in codes if code in known]
    if language == "ja":
        return "、".join(found[:NAMED]) + ("ほか" if len(found) > NAMED else "")
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")
