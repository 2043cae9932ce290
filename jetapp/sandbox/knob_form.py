"""The knobs as an HTML form: what stands in each field, and what a filled form means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from jetapp.sandbox.knobs import Knobs, Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """One knob on the form."""

    name: str
    kind: str
    text: str
    value: str
    changed: bool
    choices: tuple[str, ...] = ()
    error: str = ""


def groups(
    knobs: Knobs, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> dict[str, list[Entry]]:
    """All knobs by group; `typed` keeps what a person wrote when it was refused."""
    found: dict[str, list[Entry]] = {}
    for spec in fields(Knobs):
        about = spec.metadata
        value = getattr(knobs, spec.name)
        entry = Entry(
            name=spec.name,
            kind=about["kind"],
            text=about["text"],
            value=written(value) if typed is None else typed.get(spec.name, ""),
            changed=value != spec.default,
            choices=about.get("choices", ()),
            error=(errors or {}).get(spec.name, ""),
        )
        found.setdefault(about["group"], []).append(entry)
    return found


def written(value: Any) -> str:
    """Rules stand one to a line: code, pattern, share."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, tuple):
        return "\n".join(
            f"{entry.code} {entry.to} {entry.share:g}" if isinstance(entry, Rule) else entry for entry in value
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


def changes(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form asks for, in the types the knobs expect; what cannot be read is left for the knobs to refuse."""
    found: dict[str, Any] = {}
    for spec in fields(Knobs):
        kind = spec.metadata["kind"]
        if kind == "flag":
            found[spec.name] = form.get(spec.name) == "on"
        elif spec.name in form:
            found[spec.name] = _read(kind, form[spec.name])
    return found


def _read(kind: str, text: str) -> Any:
    if kind in ("count", "number", "share"):
        return _number(text)
    if kind == "texts":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "rules":
        return [_rule(line) for line in text.splitlines() if line.strip()]
    return text.strip()


def _number(text: str) -> Any:
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return number if isinstance(number, int | float) else text


def _rule(line: str) -> Any:
    code, _, rest = line.strip().partition(" ")
    to, _, share = rest.strip().partition(" ")
    return {"code": _number(code), "to": to or "*", "share": _number(share.strip() or "1")}
