"""Reads `templates/messages/<language>.toml`: every sentence we say to a participant, with its source and its review.

English is the base: each other file must hold the same keys with the same placeholders, else loading stops with the
file, the key and what is missing. Only `terms` may be left out; the English term then stands for it.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "messages"
BASE = "en"
SIMPLE = "ja-simple"
LANGUAGES = (
    "en", "ja", "ja-simple", "zh-Hans", "zh-Hant", "ko", "fr", "de", "es", "pt-BR", "it", "ru", "vi", "th", "id",
    "fil", "mn",
)  # fmt: skip
OPTIONAL_SECTION = "terms"
_FIELDS = ("text", "source", "reviewed_by", "reviewed_on")


class WordingError(ValueError):
    """A wording file that cannot be used; the message names the file, the key and the fault."""


@dataclass(frozen=True, slots=True)
class Wording:
    text: str
    source: str
    reviewed_by: str
    reviewed_on: str
    placeholders: frozenset[str]

    @property
    def reviewed(self) -> bool:
        return bool(self.reviewed_by and self.reviewed_on)


@dataclass(frozen=True, slots=True)
class Language:
    """One file. `html_lang` is what goes into `lang=`: browsers know no code for やさしい日本語."""

    code: str
    name: str
    html_lang: str
    base: bool
    wordings: Mapping[str, Wording]

    def text(self, key: str) -> str:
        return self.wordings[key].text

    def reviewed(self, prefix: str) -> bool:
        """Whether every text under the prefix ("sms.", "page.") was reviewed, so that it may stand without English."""
        return self.base or all(w.reviewed for key, w in self.wordings.items() if key.startswith(prefix))


@cache
def languages(folder: Path = FOLDER) -> Mapping[str, Language]:
    """All languages in the order of `LANGUAGES`, read once and checked against English."""
    loaded = {code: _read(folder / f"{code}.toml", code) for code in LANGUAGES}
    for language in loaded.values():
        _compare(language, loaded[BASE], folder)
    return MappingProxyType(loaded)


def _read(path: Path, code: str) -> Language:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WordingError(f"{path}: the file is missing") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WordingError(f"{path}: {error}") from error
    for field in ("language", "name", "html_lang"):
        if not isinstance(data.get(field), str):
            raise WordingError(f"{path}: {field} is missing")
    if data["language"] != code:
        raise WordingError(f"{path}: language says {data['language']!r}, the file name says {code!r}")
    wordings = {
        f"{section}.{key}": _wording(path, f"{section}.{key}", entry)
        for section, entries in data.items()
        if isinstance(entries, dict)
        for key, entry in entries.items()
    }
    base = data.get("base", False) is True
    return Language(code, data["name"], data["html_lang"], base, MappingProxyType(wordings))


def _wording(path: Path, key: str, entry: Any) -> Wording:
    if not isinstance(entry, dict):
        raise WordingError(f"{path}: {key}: not a table with {', '.join(_FIELDS)}")
    for field in _FIELDS:
        if not isinstance(entry.get(field), str):
            raise WordingError(f"{path}: {key}: {field} is missing")
    if not entry["text"].strip() or not entry["source"].strip():
        raise WordingError(f"{path}: {key}: text or source is empty")
    if bool(entry["reviewed_by"]) != bool(entry["reviewed_on"]):
        raise WordingError(f"{path}: {key}: reviewed_by and reviewed_on go together")
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(entry["text"])]
    except ValueError as error:
        raise WordingError(f"{path}: {key}: {error}") from error
    for name, spec, conversion in fields:
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise WordingError(f"{path}: {key}: {{{name}}} is not a plain placeholder")
    placeholders = frozenset(name for name, _, _ in fields if name)
    return Wording(entry["text"], entry["source"], entry["reviewed_by"], entry["reviewed_on"], placeholders)


def _compare(language: Language, base: Language, folder: Path) -> None:
    path = folder / f"{language.code}.toml"
    for key in base.wordings.keys() - language.wordings.keys():
        if not key.startswith(OPTIONAL_SECTION):
            raise WordingError(f"{path}: {key} is missing")
    for key, wording in language.wordings.items():
        if key not in base.wordings:
            raise WordingError(f"{path}: {key} is not in {BASE}.toml")
        if wording.placeholders != base.wordings[key].placeholders:
            wanted = ", ".join(sorted(base.wordings[key].placeholders)) or "none"
            raise WordingError(f"{path}: {key}: placeholders must be: {wanted}")
