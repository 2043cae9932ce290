"""Warnings per municipality: weather (old and R06), emergency warnings, landslides, floods."""

from __future__ import annotations

import re

from lxml import etree

from notifications.jma.document import HEAD_NS, text
from notifications.jma.facts import ENDED, AreaFact

_HEAD = f"{{{HEAD_NS}}}"
_CITY = re.compile(r"[0-9]{7}")
# The same fact stands in four layers (府県予報区等, 一次細分区域等, まとめた地域等, 市町村等); only the last is read.
_LAYER = "（市町村等）"


def warnings(head: etree._Element, body: etree._Element, ns: str) -> list[AreaFact]:
    """VPWW5x, VPWW6x and VPNO50, whose body is empty and whose headline says it all."""
    return _of_body(body, ns, "warning", _LAYER, 2) or _of_headline(head, "warning", _LAYER, 2)


def landslides(head: etree._Element, body: etree._Element, ns: str) -> list[AreaFact]:
    """VXWW50: codes of one digit, 3 alert, 1 lifted, 0 none."""
    return _of_body(body, ns, "landslide", "", 1) or _of_headline(head, "landslide", "", 1)


def _of_body(body: etree._Element, ns: str, kind: str, layer: str, width: int) -> list[AreaFact]:
    facts = []
    for warning in body.iterfind(f"{ns}Warning"):
        if not warning.get("type", "").endswith(layer):
            continue
        for item in warning.iterfind(f"{ns}Item"):
            places = [*item.iterfind(f"{ns}Area"), *item.iterfind(f"{ns}Areas/{ns}Area")]
            for found in item.iterfind(f"{ns}Kind"):
                code = _code(text(found, f"{ns}Code"), width)
                if not code:  # 発表警報・注意報はなし
                    continue
                last = _code(text(found, f"{ns}LastKind/{ns}Code"), width)
                # VXWW50 has a code for "lifted"; warnings repeat their own code and say it in Status.
                if kind == "warning" and text(found, f"{ns}Status") == "解除":
                    code, last = ENDED, last or code
                label = text(found, f"{ns}Name")
                facts += _at(places, ns, kind, code, label, last)
    return facts


def _of_headline(head: etree._Element, kind: str, layer: str, width: int) -> list[AreaFact]:
    facts = []
    for information in head.iterfind(f"{_HEAD}Headline/{_HEAD}Information"):
        if not information.get("type", "").endswith(layer):
            continue
        for item in information.iterfind(f"{_HEAD}Item"):
            places = item.findall(f"{_HEAD}Areas/{_HEAD}Area")
            last = _code(text(item, f"{_HEAD}LastKind/{_HEAD}Code"), width)
            for found in item.iterfind(f"{_HEAD}Kind"):
                code = _code(text(found, f"{_HEAD}Code"), width)
                if code:
                    facts += _at(places, _HEAD, kind, code, text(found, f"{_HEAD}Name"), last)
    return facts


def _at(places: list[etree._Element], ns: str, kind: str, value: str, label: str, last: str) -> list[AreaFact]:
    return [
        AreaFact("city7", code, kind, value, text(place, f"{ns}Name"), label, last)
        for place in places
        if _CITY.fullmatch(code := text(place, f"{ns}Code"))
    ]


def _code(value: str, width: int) -> str:
    """With the leading zeros that some tables and programs lose ("3" is "03")."""
    return value.lstrip("0").zfill(width) if value else ""


def floods(head: etree._Element, body: etree._Element, ns: str) -> list[AreaFact]:
    """VXKO: the level in the headline, the municipalities in the body (浸水想定地区), else the prefectures.

    One telegram may hold several reaches of a river at different levels, but the municipalities are not
    listed by reach: all get the highest.
    """
    reached: list[AreaFact] = []
    prefectures: dict[str, str] = {}
    for information in head.iterfind(f"{_HEAD}Headline/{_HEAD}Information"):
        for item in information.iterfind(f"{_HEAD}Item"):
            code = _code(text(item, f"{_HEAD}Kind/{_HEAD}Code"), 2)
            for area in item.iterfind(f"{_HEAD}Areas/{_HEAD}Area"):
                place, name = text(area, f"{_HEAD}Code"), text(area, f"{_HEAD}Name")
                if code and "府県予報区" in information.get("type", ""):
                    prefectures.setdefault(place[:2], name)
                elif code:
                    label = text(item, f"{_HEAD}Kind/{_HEAD}Name")
                    last = _code(text(item, f"{_HEAD}LastKind/{_HEAD}Code"), 2)
                    reached.append(AreaFact("river", place, "flood", code, name, label, last))
    if not reached:
        return []
    highest = max(reached, key=lambda fact: fact.value)
    cities = {
        code: text(area, f"{ns}City")
        for area in body.iterfind(f"{ns}Warning/{ns}Item/{ns}Areas/{ns}Area")
        if _CITY.fullmatch(code := text(area, f"{ns}CityCode"))
    }
    system, places = ("city7", cities) if cities else ("prefecture", prefectures)
    return reached + [
        AreaFact(system, code, "flood", highest.value, name, highest.label, highest.last)
        for code, name in places.items()
    ]
