"""Which type of telegram it is.

The file name carries the type ("…_VXSE53_010000.xml"), but a file may be renamed; the Control/Title carries it
too, but JMA has renamed titles before (May 2026). So the content decides, and the name refines it where one title
serves several types, or speaks alone where the title is new. Source: 気象庁防災情報XMLフォーマット 電文一覧.
"""

from __future__ import annotations

import re
import unicodedata

# Control/Title without width differences -> type.
TITLES = {
    "緊急地震速報配信テスト": "VXSE42",
    "緊急地震速報(警報)": "VXSE43",
    "緊急地震速報(予報)": "VXSE44",
    "緊急地震速報(地震動予報)": "VXSE45",
    "震度速報": "VXSE51",
    "震源に関する情報": "VXSE52",
    "震源・震度に関する情報": "VXSE53",
    "地震の活動状況等に関する情報": "VXSE56",
    "地震回数に関する情報": "VXSE60",
    "顕著な地震の震源要素更新のお知らせ": "VXSE61",
    "長周期地震動に関する観測情報": "VXSE62",
    "津波警報・注意報・予報a": "VTSE41",
    "津波警報・注意報・予報": "VTSE41",
    "津波情報a": "VTSE51",
    "津波情報": "VTSE51",
    "沖合の津波観測に関する情報": "VTSE52",
    "南海トラフ地震臨時情報": "VYSE50",
    "南海トラフ地震関連解説情報": "VYSE51",
    "北海道・三陸沖後発地震注意情報": "VYSE60",
    "地震・津波に関するお知らせ": "VZSE40",
    "気象警報・注意報": "VPWW50",
    "気象特別警報・警報・注意報": "VPWW53",
    "気象警報・注意報(H27)": "VPWW54",
    "気象特別警報報知": "VPNO50",
    "土砂災害警戒情報": "VXWW50",
    "指定河川洪水予報": "VXKO",
    "記録的短時間大雨情報": "VPOA50",
    "気象防災速報": "VPBS50",
    "噴火警報・予報": "VFVO50",
    "火山の状況に関する解説情報": "VFVO51",
    "噴火に関する火山観測報": "VFVO52",
    "降灰予報(定時)": "VFVO53",
    "降灰予報(速報)": "VFVO54",
    "降灰予報(詳細)": "VFVO55",
    "噴火速報": "VFVO56",
}

# Control/Title 気象警報・注意報(R06)(大雨): the word in the second brackets -> type.
R06_KINDS = (
    ("大雨", "VPWW55"),
    ("土砂", "VPWW56"),
    ("高潮", "VPWW57"),
    ("暴風", "VPWW58"),
    ("波浪", "VPWW59"),
    ("大雪", "VPWW60"),
    ("注意報", "VPWW61"),
)

# Head/InfoKind, for the day a title is not in the list above. Kinds that serve several types give the family.
INFO_KINDS = {
    "震度速報": "VXSE51",
    "震源速報": "VXSE52",
    "緊急地震速報": "VXSE4",
    "津波警報・注意報・予報": "VTSE41",
    "気象警報・注意報": "VPWW",
    "気象特別警報報知": "VPNO50",
    "土砂災害警戒情報": "VXWW50",
    "指定河川洪水予報": "VXKO",
    "噴火警報・予報": "VFVO50",
    "噴火に関する火山観測報": "VFVO52",
    "噴火速報": "VFVO56",
}

# One title, several types: only the file name can tell them apart, and it makes no difference to the reading.
SAME_TITLE = ({"VPWW50", "VPWW53", "VPWW54"}, {"VYSE51", "VYSE52"}, {"VXSE44", "VXSE45"})

TYPES = {*TITLES.values(), *(kind for _, kind in R06_KINDS), *(kind for group in SAME_TITLE for kind in group)}
"""The types we know by name; others may come any day and are only kept."""

_TYPE = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{4}[0-9]{2})(?![0-9])")
_SPLIT = re.compile(r"[/\\]")


def type_in_name(name: str) -> str:
    """The type in a file or feed entry name; empty if there is none."""
    found = _TYPE.findall(_SPLIT.split(name)[-1].replace("_", " ").replace("-", " "))
    known = [kind.upper() for kind in found if kind[0] in "Vv"]
    return known[-1] if known else ""


def type_of(name: str, control_title: str, info_kind: str) -> str:
    """The type of a telegram, e.g. "VXSE53"; a family ("VXKO") where nothing tells more; empty if unknown."""
    named = type_in_name(name)
    told = _by_title(control_title) or INFO_KINDS.get(_plain(info_kind), "")
    if not told:
        return named
    if named.startswith(told) or any(told in group and named in group for group in SAME_TITLE):
        return named
    return told


def _by_title(control_title: str) -> str:
    title = _plain(control_title)
    if title in TITLES:
        return TITLES[title]
    if title.startswith("気象警報・注意報(R06)"):
        rest = title.removeprefix("気象警報・注意報(R06)")
        return next((kind for word, kind in R06_KINDS if word in rest), "VPWW")
    return ""


def _plain(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip()
