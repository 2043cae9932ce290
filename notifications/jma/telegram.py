"""One telegram, read: who says what about which areas, and which other telegrams it belongs to.

Everything that decides is read by code; titles only help to tell the type and the office.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from notifications.jma import seismic, volcano, weather
from notifications.jma.areas import prefecture_of_office
from notifications.jma.catalogue import type_of
from notifications.jma.document import HEAD_NS, ROOT_NS, digest, moment, only, parse, text
from notifications.jma.errors import TelegramError, telegram_error
from notifications.jma.facts import AreaFact

__all__ = ["AreaFact", "Telegram", "TelegramError", "read"]

STATUSES = {"通常": "normal", "訓練": "drill", "試験": "test"}
# 遅延 (delayed) is an issue that came late; how old it is shows in the times.
INFO_TYPES = {"発表": "issued", "訂正": "corrected", "取消": "cancelled", "遅延": "issued"}

_ROOT, _HEAD = f"{{{ROOT_NS}}}", f"{{{HEAD_NS}}}"
_FLOOD = ("VXKO", "VXSU")
_WEATHER = ("VPWW", "VPNO", "VXWW", *_FLOOD)
_ERUPTION_EVENT = re.compile(r"(?:[0-9]+_)?([0-9]{3})")


@dataclass(frozen=True, slots=True)
class Telegram:
    """What one report says.

    `identity` is the same whenever the same report is delivered again, and differs for everything else: a
    digest of what the report says (type in words, status, head, body), because EventID and Serial may be empty,
    constant texts, or repeated by the 取消 that withdraws the report.

    `series` are the keys under which reports of one disaster belong together; reports sharing one key may:

    - ``quake:<EventID>``, one for each id: 震度速報, 震源・震度, 津波 and the rest about one earthquake. A tsunami
      telegram with two ids joins two earthquakes. The id holds the time of the shock: sharing it is enough.
    - ``weather:<prefecture>``: every warning, emergency warning notice, landslide and flood report of the
      prefecture (JIS 2 digits). Without a date: sharing it is enough only within the time one weather event lasts,
      which the caller limits (72 h).
    - ``river:<EventID>``: reports on one river, likewise without a date.
    - ``volcano:<number>``: reports on one volcano, likewise.
    - ``nankai:<EventID>``: stages of one assessment.

    Those of a drill or test begin with ``drill:`` or ``test:``, so that they never meet a real disaster.
    """

    name: str
    type: str
    status: str
    info_type: str
    control_title: str
    title: str
    headline: str
    office: str
    event_ids: tuple[str, ...]
    serial: str | None
    reported_at: datetime
    target_at: datetime
    identity: str
    series: tuple[str, ...]
    facts: tuple[AreaFact, ...]
    max_intensity: str | None = None
    epicentre: str | None = None
    magnitude: str | None = None
    origin_at: datetime | None = None


def read(data: bytes, name: str = "") -> Telegram:
    """Read one telegram. `name` (of the file or feed entry) may refine the type and is named in errors."""
    report = parse(data, name)
    control = only(report, f"{_ROOT}Control", name)
    head = only(report, f"{_HEAD}Head", name)
    bodies = [child for child in report if etree.QName(child).localname == "Body"]
    if len(bodies) != 1:
        problem = "no Body" if not bodies else "a second Body"
        line = bodies[1].sourceline if bodies else report.sourceline
        raise telegram_error("body", "line %(line)d: %(problem)s.", name, line=line or 1, problem=problem)
    body = bodies[0]

    # Whether it is real must be certain: a word we do not know is an error, never "real".
    status = _one_of(STATUSES, only(control, f"{_ROOT}Status", name), name)
    info_type = _one_of(INFO_TYPES, only(head, f"{_HEAD}InfoType", name), name)
    reported_at = moment(only(head, f"{_HEAD}ReportDateTime", name), name)
    target = head.find(f"{_HEAD}TargetDateTime")
    has_target = target is not None and (target.text or "").strip()

    control_title = text(control, f"{_ROOT}Title")
    kind = type_of(name, control_title, text(head, f"{_HEAD}InfoKind"))
    event_ids = tuple(text(head, f"{_HEAD}EventID").split())
    facts = _facts(kind, head, body)
    ns = _namespace(body)
    quake = seismic.hypocentre(body, ns)
    title = text(head, f"{_HEAD}Title")
    return Telegram(
        name=name,
        type=kind,
        status=status,
        info_type=info_type,
        control_title=control_title,
        title=title,
        headline=text(head, f"{_HEAD}Headline/{_HEAD}Text"),
        office=text(control, f"{_ROOT}EditorialOffice"),
        event_ids=event_ids,
        serial=text(head, f"{_HEAD}Serial") or None,
        reported_at=reported_at,
        target_at=moment(target, name) if target is not None and has_target else reported_at,
        # Not the type and not the office: the file may come under another name, and JMA's Osaka may take over.
        identity=f"{reported_at:%Y%m%dT%H%M%SZ}-{digest(only(control, f'{_ROOT}Status', name), head, body)}",
        series=tuple(_apart(status) + key for key in _series(kind, event_ids, facts, title)),
        facts=tuple(facts),
        max_intensity=seismic.max_intensity(body, ns, facts),
        epicentre=quake.epicentre,
        magnitude=quake.magnitude,
        origin_at=quake.origin_at,
    )


def _facts(kind: str, head: etree._Element, body: etree._Element) -> list[AreaFact]:
    ns = _namespace(body)
    if kind in ("VXSE51", "VXSE53"):
        return seismic.intensities(body, ns)
    if kind == "VTSE41":
        return seismic.tsunami(body, ns)
    if kind in ("VYSE50", "VYSE60"):
        return seismic.nankai(body, ns)
    if kind.startswith(("VPWW", "VPNO")):
        return weather.warnings(head, body, ns)
    if kind.startswith("VXWW"):
        return weather.landslides(head, body, ns)
    if kind.startswith(_FLOOD):
        return weather.floods(head, body, ns)
    if kind in ("VFVO50", "VFVO52", "VFVO56"):
        return volcano.eruptions(head, body, ns)
    # 緊急地震速報 is a forecast: not read at all, so that no rule can ever start a check on it.
    return []


def _series(kind: str, event_ids: tuple[str, ...], facts: list[AreaFact], title: str) -> tuple[str, ...]:
    if kind.startswith(("VXSE", "VTSE")):
        return tuple(f"quake:{event}" for event in event_ids)
    if kind.startswith("VYSE"):
        return tuple(f"nankai:{event}" for event in event_ids)
    if kind.startswith("VFVO"):
        numbers = {fact.code for fact in facts if fact.system == "volcano"}
        numbers |= {found[1] for event in event_ids if (found := _ERUPTION_EVENT.fullmatch(event))}
        return tuple(f"volcano:{number}" for number in sorted(numbers))
    if kind.startswith(_WEATHER):
        prefectures = {fact.code[:2] for fact in facts if fact.system in ("city7", "prefecture")}
        by_title = prefecture_of_office(title)
        if not prefectures and by_title:
            prefectures = {by_title}
        rivers = [f"river:{event}" for event in event_ids] if kind.startswith(_FLOOD) else []
        return tuple(f"weather:{prefecture}" for prefecture in sorted(prefectures)) + tuple(rivers)
    return ()


def _apart(status: str) -> str:
    return "" if status == "normal" else f"{status}:"


def _one_of(table: dict[str, str], element: etree._Element, name: str) -> str:
    value = (element.text or "").strip()
    if value not in table:
        raise telegram_error(
            "unknown_word",
            "line %(line)d: %(element)s is %(value)s, expected one of %(known)s.",
            name,
            line=element.sourceline or 1,
            element=etree.QName(element).localname,
            value=value[:40] or "empty",
            known=" ".join(table),
        )
    return table[value]


def _namespace(body: etree._Element) -> str:
    """In the form that paths need; each family of telegrams has its own."""
    return f"{{{etree.QName(body).namespace or ''}}}"
