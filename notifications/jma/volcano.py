"""Eruption warnings and reports (VFVO…)."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from notifications.jma.document import HEAD_NS, text
from notifications.jma.facts import AreaFact

_HEAD = f"{{{HEAD_NS}}}"


def eruptions(head: etree._Element, body: etree._Element, ns: str) -> list[AreaFact]:
    """The volcano with its level, and the municipalities with what they are to do (防災対応等)."""
    return _read(body.iterfind(f"{ns}VolcanoInfo/{ns}Item"), ns) or _read(
        head.iterfind(f"{_HEAD}Headline/{_HEAD}Information/{_HEAD}Item"), _HEAD
    )


def _read(items: Iterable[etree._Element], ns: str) -> list[AreaFact]:
    facts = []
    for item in items:
        code = text(item, f"{ns}Kind/{ns}Code")
        if not code:
            continue
        last = text(item, f"{ns}LastKind/{ns}Code")
        for area in item.iterfind(f"{ns}Areas/{ns}Area"):
            place = text(area, f"{ns}Code")
            facts.append(
                AreaFact(
                    system="city7" if len(place) == 7 else "volcano",
                    code=place,
                    kind="volcano",
                    value=code.zfill(2),
                    name=text(area, f"{ns}Name"),
                    label=text(item, f"{ns}Kind/{ns}Name"),
                    last=last.zfill(2) if last else "",
                )
            )
    return facts
