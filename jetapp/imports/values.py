"""From the text of a cell to a value. What cannot be understood is refused with what was expected, never guessed."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import phonenumbers
from babel import Locale
from email_validator import EmailNotValidError, validate_email

from models.errors import Invalid, text_key
from models.organisation import OrganisationKind
from models.participant import ContactState, Position
from models.types import today

FIRST_YEAR = 1987
NO_COUNTRY = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})
"""Two letters that Unicode lists among the territories and that are nobody's nationality."""
SEPARATORS = re.compile(r"[;\n、；,，/／|]")
_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4})(?:[-/.]|年)([0-9]{1,2})(?:[-/.]|月)([0-9]{1,2})日?(?: 00:00(?::00)?)?")
_ERA = re.compile(r"(令和|平成|R|H)(元|[0-9]{1,2})(?:[./-]|年)([0-9]{1,2})(?:[./-]|月)([0-9]{1,2})日?", re.IGNORECASE)
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988}
_JP_MOBILE = re.compile(r"[5-9]0[0-9]{8}")
_KANA = re.compile(r"[\u30a0-\u30ff '’.,-]*")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164; `doubt` is a warning (a key of the translations), empty when there is none."""

    number: str
    doubt: str = ""


def _folded(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in normal if character.isalnum())


def _bad(expected: str, **values: object) -> Invalid:
    return Invalid("bad_value", expected, "", **values)


def name(text: str) -> str:
    """A name in Latin letters: full-width letters become ordinary ones, macrons and accents stay."""
    value = unicodedata.normalize("NFKC", text)
    return _short(" ".join(value.split()), 80)


def kanji(text: str) -> str:
    """Untouched but for blanks: normalising would replace old forms of characters that belong to the name."""
    return _short(" ".join(text.split()), 60)


def kana(text: str) -> str:
    """Full-width katakana."""
    value = unicodedata.normalize("NFKC", text)
    value = "".join(chr(ord(c) + 0x60) if "\u3041" <= c <= "\u3096" else c for c in value)
    value = " ".join(value.split())
    if not _KANA.fullmatch(value):
        raise _bad("Expected katakana or hiragana.")
    return _short(value, 120)


def plain(text: str, longest: int = 120) -> str:
    return _short(" ".join(text.split()), longest)


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise _bad("Expected at most %(limit)s characters.", limit=longest)
    return text


def jet_number(text: str) -> str:
    value = unicodedata.normalize("NFKC", text)
    if _SCIENTIFIC.fullmatch(value):
        raise _bad("Excel has shortened this number and lost digits. Format the column as text and type it again.")
    value = re.sub(r"[\s\-‐–—]", "", value)
    if value.endswith(".0"):
        value = value[:-2]
    if not re.fullmatch("[0-9]{11}", value) or not FIRST_YEAR <= int(value[:4]) <= today().year + 1:
        raise _bad("Expected 11 digits that begin with the year, such as 20250112345.")
    return value


def code(text: str) -> str:
    value = unicodedata.normalize("NFKC", text).strip()
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}", value):
        raise _bad("Expected a code of at most 20 letters, digits, hyphens.")
    return value


def day(text: str) -> date:
    """A date: ISO, year first, Japanese era, or Excel's serial number. Day and month first is refused as ambiguous."""
    value = unicodedata.normalize("NFKC", text)
    try:
        if found := _DATE.fullmatch(value):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _ERA.fullmatch(value):
            year = 1 if found[2] == "元" else int(found[2])
            return date(_ERAS[found[1].upper()] + year, int(found[3]), int(found[4]))
        if re.fullmatch("(19|20)[0-9]{6}", value):
            return date(int(value[:4]), int(value[4:6]), int(value[6:]))
        if re.fullmatch("[0-9]{5}", value) and 30_000 <= int(value) <= 73_000:
            return date(1899, 12, 30) + timedelta(days=int(value))
    except ValueError:
        pass
    raise _bad("Expected a date such as 2025-08-03.")


def yes_or_no(text: str) -> bool:
    return _word("yes or no", text, text_key("Expected yes or no.")) == "yes"


def position(text: str) -> Position:
    return Position(_word("position", text, text_key("Expected ALT, CIR or SEA.")))


def kind(text: str) -> OrganisationKind:
    return OrganisationKind(_word("kind", text, text_key("Expected prefecture, municipality or school corporation.")))


def state(text: str) -> ContactState:
    return ContactState(_word("state", text, text_key("Expected verified, unverified, bounced, dead or opted out.")))


def nationality(text: str) -> str:
    found = _countries().get(_folded(text))
    if found is None:
        raise _bad("Expected a country as ISO code (NZ) or by its English or Japanese name.")
    return found


def _word(what: str, text: str, expected: str) -> str:
    words = _words(what)
    found = words.get(_folded(text)) or words.get(text.strip())
    if found is None:
        raise _bad(expected)
    return found


@cache
def _words(what: str) -> dict[str, str]:
    """The words of words.csv for one kind of value, folded; marks such as ○ have nothing to fold."""
    with files("jetapp.imports").joinpath("words.csv").open(encoding="utf-8") as file:
        return {
            _folded(row["word"]) or row["word"]: row["value"] for row in csv.DictReader(file) if row["what"] == what
        }


@cache
def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in ("en", "ja"):
        for iso, country in Locale(language).territories.items():
            if len(iso) == 2 and iso.isalpha() and iso not in NO_COUNTRY:
                found[_folded(country)] = iso
                found[iso.casefold()] = iso
    return found | _words("country")


def languages(texts: Sequence[str]) -> list[str]:
    """Language codes in the order given, the preferred one first."""
    found: list[str] = []
    for text in split(texts):
        code = _words("language").get(_folded(text))
        if code is None:
            raise _bad("“%(value)s” is none of the languages we write in: %(known)s.", value=text,
                       known=", ".join(sorted(set(_words("language").values()))))  # fmt: skip
        if code not in found:
            found.append(code)
    return found


def split(texts: Sequence[str]) -> list[str]:
    """What stands in the cells, one by one: several may share a cell, apart by semicolon, comma, slash or line."""
    return [part.strip() for text in texts for part in SEPARATORS.split(text) if part.strip()]


def phone(text: str) -> Phone:
    """A number as E.164; without a country code it is Japanese. A leading zero that Excel took away is put back."""
    value = unicodedata.normalize("NFKC", text).replace("(0)", "")
    value = re.sub(r"^00(?=[1-9])", "+", value.strip().removesuffix(".0"))
    expected = text_key("Expected a telephone number: Japanese ones begin with 0, others with + and the country code.")
    if _SCIENTIFIC.fullmatch(value):
        raise _bad("Excel has shortened this number and lost digits. Format the column as text and type it again.")
    if not re.fullmatch(r"\+?[0-9()\-‐‑‒–—−ー. ]+", value):
        raise _bad(expected)
    try:
        number = phonenumbers.parse(re.sub("[‐‑‒–—−ー]", "-", value), "JP")
    except phonenumbers.NumberParseException:
        raise _bad(expected) from None
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number):
        raise _bad(expected)
    if not phonenumbers.is_valid_number(number):
        if number.country_code == 81 and not _JP_MOBILE.fullmatch(str(number.national_number)):
            raise _bad(expected)
        return Phone(formatted, "This number is not in any range that is in use. Check it.")
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return Phone(formatted, "This is a fixed line: an SMS will not arrive there.")
    return Phone(formatted)


def email(text: str) -> str:
    value = unicodedata.normalize("NFKC", text).strip()
    try:
        checked = validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        raise _bad("Expected an e-mail address such as name@example.jp.") from None
    if len(checked.normalized) > 254:
        raise _bad("Expected at most %(limit)s characters.", limit=254)
    return checked.normalized
