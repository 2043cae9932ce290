"""The menu of the signed-in person: one list, so that a new page is added in one place."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import g, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

from models.access import Permission
from models.db import db
from models.disaster import CheckState, SafetyCheck
from models.message import InboundMessage, InboundState

MENU: tuple[tuple[str, object, Permission, tuple[str, ...]], ...] = (
    ("safety.index", _l("Safety"), Permission.SAFETY_VIEW, ()),
    ("safety.messages", _l("Messages"), Permission.MESSAGES_VIEW, ()),
    ("safety.replies", _l("Replies to read"), Permission.SAFETY_CLASSIFY, ()),
    ("safety.telegrams", _l("Hazard reports"), Permission.SAFETY_RUN, ("safety.telegram",)),
    ("safety.rules", _l("Rules"), Permission.SAFETY_RULES, ()),
)
"""Endpoint, label, who may open it, and further endpoints under which the item is marked as the present one."""


@dataclass(frozen=True)
class MenuItem:
    endpoint: str
    url: str
    label: object
    current: bool
    count: int = 0
    """What waits there: running checks, replies to read."""

    @property
    def count_word(self) -> object:
        """What the count counts, for those who hear it."""
        return _l("waiting") if self.endpoint == "safety.replies" else _l("running")


def navigation() -> list[MenuItem]:
    """What the present actor may open; empty for visitors. Read once for each page."""
    actor = getattr(g, "actor", None)
    if actor is None:
        return []
    if "navigation" not in g:
        counts = _counts(actor.may(Permission.SAFETY_CLASSIFY)) if actor.may(Permission.SAFETY_VIEW) else {}
        g.navigation = [
            MenuItem(endpoint, url_for(endpoint), label, endpoint == _current(), counts.get(endpoint, 0))
            for endpoint, label, permission, _more in MENU
            if actor.may(permission)
        ]
    found: list[MenuItem] = g.navigation
    return found


def _current() -> str:
    endpoint = request.endpoint or ""
    for item, _label, _permission, more in MENU:
        if endpoint == item or endpoint in more:
            return item
    return "safety.index" if endpoint.startswith("safety.") else ""


def _counts(replies: bool) -> dict[str, int]:
    checks = sa.select(sa.func.count(SafetyCheck.id)).where(SafetyCheck.state == CheckState.RUNNING)
    waiting = sa.select(sa.func.count(InboundMessage.id)).where(InboundMessage.state == InboundState.WAITING)
    try:
        found = {"safety.index": db.session.scalar(checks) or 0}
        if replies:
            found["safety.replies"] = db.session.scalar(waiting) or 0
    except SQLAlchemyError:
        # The menu is also part of the page that says that something is wrong.
        db.session.rollback()
        return {}
    return found
