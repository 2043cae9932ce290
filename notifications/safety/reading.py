"""What we make of telegrams, without a database: the answer of `jetapp hazards read`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from notifications.jma.document import MAX_BYTES
from notifications.jma.errors import TelegramError, telegram_error
from notifications.jma.telegram import INFO_TYPES, STATUSES, Telegram, read
from notifications.safety.rules import DEFAULT_RULES, Rule, decide

_STATUS = {english: japanese for japanese, english in STATUSES.items()}
_INFO_TYPE = {english: japanese for japanese, english in reversed(INFO_TYPES.items())}


def describe(paths: Iterable[str | PathLike[str]], rules: Sequence[Rule] = DEFAULT_RULES) -> list[dict[str, Any]]:
    """One entry per file, in the order given; an unreadable one has "file" and "error" only."""
    return [_entry(Path(path), str(path), rules) for path in paths]


def entry_of(telegram: Telegram, file: str, rules: Sequence[Rule] = DEFAULT_RULES) -> dict[str, Any]:
    """The entry for one telegram that has been read."""
    decision = decide(telegram, rules)
    return {
        "file": file,
        "type": telegram.type,
        "status": _STATUS[telegram.status],
        "info_type": _INFO_TYPE[telegram.info_type],
        "event_id": " ".join(telegram.event_ids) or None,
        "serial": telegram.serial,
        "action": decision.action,
        "why": decision.why,
        "max_intensity": decision.max_intensity,
        "municipalities": sorted(decision.severities),
        "prefectures": list(decision.prefectures),
        "unknown_codes": list(decision.unknown_codes),
    }


def _entry(path: Path, file: str, rules: Sequence[Rule]) -> dict[str, Any]:
    try:
        return entry_of(read(_bytes(path), path.name), file, rules)
    except TelegramError as error:
        return {"file": file, "error": str(error)}


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than allowed is enough to know that it is too large.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise telegram_error("unreadable", "cannot be read (%(reason)s).", path.name, reason=error.strerror) from error
