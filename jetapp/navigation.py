"""The menu of the signed-in person: one list, so that a new page is added in one place."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for
from flask_babel import lazy_gettext as _l

from models.access import Permission

MENU: tuple[tuple[str, object, Permission], ...] = (
    ("safety.index", _l("Safety"), Permission.SAFETY_VIEW),
    ("safety.telegrams", _l("Hazard reports"), Permission.SAFETY_RUN),
    ("safety.replies", _l("Replies to read"), Permission.SAFETY_CLASSIFY),
    ("safety.rules", _l("Rules"), Permission.SAFETY_RULES),
)


@dataclass(frozen=True)
class MenuItem:
    endpoint: str
    url: str
    label: object
    current: bool
    count: int = 0


def navigation() -> list[MenuItem]:
    """What the present actor may open; empty for visitors."""
    actor = getattr(g, "actor", None)
    if actor is None:
        return []
    return [
        MenuItem(endpoint, url_for(endpoint), label, request.endpoint == endpoint)
        for endpoint, label, permission in MENU
        if actor.may(permission)
    ]
