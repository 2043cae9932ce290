"""Which municipality a cell means: by code (JIS, or the six digits of local governments) or by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from models import places
from models.errors import Invalid, text_key
from notifications.jma import areas

EXPECTED = text_key("Expected a municipality: its JIS code (07209) or its prefecture and name (福島県相馬市).")
_DISTRICT = re.compile(r".+?郡(?=.+[町村]$)")


class Finder:
    """Finds municipalities for the cells of one column.

    A six-digit code that lost its leading zero looks like another place's five-digit code (市川市 12203, 士別市
    012033 without check digit …): when any cell of the column has six digits, five digits are read as such a loss.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._six = any(re.fullmatch("[0-9]{6}", _normal(text)) for text in texts)

    def find(self, text: str) -> str:
        """The JIS code; `Invalid` with what was expected, or with the places among which it cannot choose."""
        value = _normal(text).removesuffix(".0")
        found = self._by_code(value) if re.fullmatch("[0-9]+", value) else _by_name(value)
        if found is None:
            raise Invalid("bad_value", EXPECTED)
        return found

    def _by_code(self, digits: str) -> str | None:
        six = _by_six()
        if len(digits) == 6:
            return six.get(digits) or _ward(digits[:5], digits[5])
        if self._six and len(digits) == 5:
            return six.get(f"0{digits}") or _ward(f"0{digits[:4]}", digits[4])
        five = digits.zfill(5)
        if five in places.municipalities():
            return five
        return _ward(five, "")


def _normal(text: str) -> str:
    value = unicodedata.normalize("NFKC", text).replace("ヶ", "ケ").replace("ヵ", "カ")
    return re.sub(r"[\s・]", "", value)


@cache
def _by_six() -> dict[str, str]:
    return {place.lgcode6: code for code, place in places.municipalities().items()}


def _ward(digits: str, check: str) -> str | None:
    """The present municipality of a ward's code or of a code that is no longer in use, as JMA's tables know it."""
    if check and places.check_digit(digits) != check:
        return None
    found = areas.municipalities_of("city7", f"{digits}00")
    return next(iter(found.municipalities)) if len(found.municipalities) == 1 else found.successor


def _by_name(text: str) -> str | None:
    folded = text.casefold()
    found = _names().get(folded) or _names().get(_without_district(folded))
    if found is None and (ward := re.fullmatch("(.+市).+区", folded)):
        candidates = _names().get(ward[1], ())
        found = tuple(code for code in candidates if code in places.designated_cities()) or None
    if found is None:
        return None
    if len(found) > 1:
        raise Invalid(
            "ambiguous_place",
            "Several municipalities have this name: %(places)s. Put the prefecture before it.",
            places="、".join(_full(code) for code in found),
        )
    return found[0]


def _without_district(text: str) -> str:
    for prefecture in places.prefectures().values():
        if text.startswith(prefecture.name_ja):
            return prefecture.name_ja + _DISTRICT.sub("", text.removeprefix(prefecture.name_ja))
    return _DISTRICT.sub("", text)


def _full(code: str) -> str:
    place = places.municipalities()[code]
    return places.prefectures()[place.prefecture].name_ja + place.name_ja


@cache
def _names() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, place in places.municipalities().items():
        prefecture = places.prefectures()[place.prefecture]
        words = {place.name_ja, prefecture.name_ja + place.name_ja}
        if place.name_en:
            english = place.name_en
            words |= {english, f"{english} City", f"{english}, {prefecture.name_en}", f"{prefecture.name_en} {english}"}
        for word in {_normal(word).casefold() for word in words}:
            found[word] = (*found.get(word, ()), code)
    return found


@cache
def prefecture_codes() -> dict[str, str]:
    """Prefectures by code and by name in either language."""
    found: dict[str, str] = {}
    for code, place in places.prefectures().items():
        for word in (code, place.lgcode6, place.name_ja, place.name_en, f"{place.name_en} Prefecture"):
            found[_normal(word).casefold()] = code
    return found


def host(text: str) -> str:
    """The code of a host: a prefecture (two digits) or a designated city (five)."""
    value = _normal(text).removesuffix(".0").casefold()
    if re.fullmatch("[0-9]", value):
        value = f"0{value}"
    if value in prefecture_codes():
        return prefecture_codes()[value]
    try:
        found = Finder([value]).find(value)
    except Invalid:
        found = ""
    if found not in places.designated_cities():
        raise Invalid("bad_value", "Expected a prefecture or a designated city, by code or name.")
    return found
