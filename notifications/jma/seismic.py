"""Earthquakes, tsunamis and the Nankai Trough (地震火山関連XML電文解説資料)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from notifications.jma.document import EB_NS, text
from notifications.jma.facts import NOT_RECEIVED, AreaFact

INTENSITIES = ("1", "2", "3", "4", "5-", "5+", "6-", "6+", "7")
BELOW_FIVE = frozenset(INTENSITIES[:4])


@dataclass(frozen=True, slots=True)
class Hypocentre:
    """`magnitude` is a number as JMA writes it, or its words where there is none ("Ｍ８を超える巨大地震")."""

    epicentre: str | None = None
    magnitude: str | None = None
    origin_at: datetime | None = None


def intensities(body: etree._Element, ns: str) -> list[AreaFact]:
    """Per municipality where the telegram tells it (VXSE53), else per region (VXSE51), else per prefecture."""
    facts: list[AreaFact] = []
    for pref in body.iterfind(f"{ns}Intensity/{ns}Observation/{ns}Pref"):
        areas = pref.findall(f"{ns}Area")
        if not areas:
            facts += _shaken("prefecture", pref, ns)
        for area in areas:
            cities = area.findall(f"{ns}City")
            if not cities:
                facts += _shaken("region3", area, ns)
            for city in cities:
                facts += _shaken("city7", city, ns)
    return facts


def _shaken(system: str, place: etree._Element, ns: str) -> list[AreaFact]:
    code, name = text(place, f"{ns}Code"), text(place, f"{ns}Name")
    measured = intensity(text(place, f"{ns}MaxInt"))
    facts = [AreaFact(system, code, "intensity", measured, name)] if measured else []
    # 未入電 stands in Condition, without MaxInt or beside a low one from another station of the same town.
    if "未入電" in text(place, f"{ns}Condition") and (not measured or measured in BELOW_FIVE):
        facts.append(AreaFact(system, code, "intensity", NOT_RECEIVED, name))
    return facts


def intensity(value: str) -> str:
    """JMA's intensity without width differences; 未入電 as NOT_RECEIVED; empty stays empty."""
    plain = unicodedata.normalize("NFKC", value).replace("−", "-").strip()
    return NOT_RECEIVED if "未入電" in plain else plain


def max_intensity(body: etree._Element, ns: str, facts: list[AreaFact]) -> str | None:
    """The telegram's own maximum, or the highest of its areas; none for a far earthquake."""
    told = intensity(text(body, f"{ns}Intensity/{ns}Observation/{ns}MaxInt"))
    found = {fact.value for fact in facts if fact.kind == "intensity"} | {told}
    return next((value for value in reversed(INTENSITIES) if value in found), None)


def tsunami(body: etree._Element, ns: str) -> list[AreaFact]:
    """The grade of every coast. Heights are not read: "NaN" stands there exactly when it matters most (巨大)."""
    return [
        AreaFact(
            system="tsunami3",
            code=text(item, f"{ns}Area/{ns}Code"),
            kind="tsunami",
            value=text(item, f"{ns}Category/{ns}Kind/{ns}Code").zfill(2),
            name=text(item, f"{ns}Area/{ns}Name"),
            label=text(item, f"{ns}Category/{ns}Kind/{ns}Name"),
            last=text(item, f"{ns}Category/{ns}LastKind/{ns}Code"),
        )
        for item in body.iterfind(f"{ns}Tsunami/{ns}Forecast/{ns}Item")
        if text(item, f"{ns}Category/{ns}Kind/{ns}Code")
    ]


def nankai(body: etree._Element, ns: str) -> list[AreaFact]:
    """南海トラフ地震臨時情報 and 後発地震注意情報: for the whole country, the number tells the stage."""
    return [
        AreaFact(
            system="nation",
            code="JP",
            kind="nankai",
            value=text(info, f"{ns}InfoSerial/{ns}Code") or "none",
            name="全国",
            label=text(info, f"{ns}InfoSerial/{ns}Name") or text(info, f"{ns}InfoKind"),
        )
        for info in body.iterfind(f"{ns}EarthquakeInfo")
    ]


def hypocentre(body: etree._Element, ns: str) -> Hypocentre:
    """Of the first earthquake; a tsunami telegram may tell of several, and JMA puts the main one first."""
    quake = body.find(f"{ns}Earthquake")
    if quake is None:
        return Hypocentre()
    magnitude = quake.find(f"{{{EB_NS}}}Magnitude")
    size = None
    if magnitude is not None:
        size = (magnitude.text or "").strip()
        if size in ("", "NaN"):
            size = magnitude.get("description", "").strip()
    area = f"{ns}Hypocenter/{ns}Area/"
    return Hypocentre(
        epicentre=text(quake, f"{area}{ns}DetailedName") or text(quake, f"{area}{ns}Name") or None,
        magnitude=size or None,
        origin_at=_time(text(quake, f"{ns}OriginTime") or text(quake, f"{ns}ArrivalTime")),
    )


def _time(value: str) -> datetime | None:
    # A hypocentre is for the reader's eyes only: an odd time must not stop an alarm.
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None
