"""Which check a report belongs to: by the keys of its disaster, else by place and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from models.db import db
from models.disaster import CheckArea, CheckRound, CheckState, DisasterKey, SafetyCheck
from notifications import settings
from notifications.safety.targets import COAST, PREFECTURE, Area

DATED = ("quake:", "nankai:")
"""Keys that name one moment. The others (weather, rivers, volcanoes) come again and again, and hold for a time."""
_ORDER = {CheckState.RUNNING: 0, CheckState.PROPOSED: 1, CheckState.DECLINED: 2, CheckState.CLOSED: 3}


def match(keys: Sequence[str], drill: bool, at: datetime) -> SafetyCheck | None:
    """The check of this disaster, a running one before a proposed one before one that is over."""
    if not keys:
        return None
    rows = db.session.execute(
        sa.select(SafetyCheck, DisasterKey.key)
        .join(DisasterKey, DisasterKey.check_id == SafetyCheck.id)
        .where(DisasterKey.key.in_(keys), DisasterKey.drill == drill)
    ).all()
    found = [check for check, key in rows if _dated(key) or abs(at - check.event_at) <= _join()]
    return min(found, key=lambda check: (_ORDER[check.state], -check.id), default=None)


def overlapping(areas: Iterable[Area], at: datetime, but: int | None = None) -> SafetyCheck | None:
    """The running real check whose areas meet these within the joining time; the one with most areas in common."""
    rows = db.session.execute(
        sa.select(SafetyCheck, CheckArea.area)
        .join(CheckArea, CheckArea.check_id == SafetyCheck.id)
        .where(SafetyCheck.state == CheckState.RUNNING, SafetyCheck.drill.is_(False), SafetyCheck.id != (but or 0))
    ).all()
    codes = {area.code for area in areas}
    prefectures = {code.partition(":")[2] or code[:2] for code in codes}
    whole = {code.partition(":")[2] for code in codes if ":" in code}
    shared: dict[int, int] = {}
    checks: dict[int, SafetyCheck] = {}
    for check, code in rows:
        if abs(at - check.event_at) <= _join() and _meets(code, codes, prefectures, whole):
            checks[check.id] = check
            shared[check.id] = shared.get(check.id, 0) + 1
    best = max(shared, key=lambda ident: (shared[ident], checks[ident].event_at, ident), default=None)
    return checks[best] if best is not None else None


def covered(areas: Iterable[Area], check: SafetyCheck) -> bool:
    """Whether the check asks everywhere in these areas already."""
    known = set(db.session.scalars(sa.select(CheckArea.area).where(CheckArea.check_id == check.id)))
    return all(
        area.code in known or (not area.code.startswith(COAST) and PREFECTURE + area.prefecture in known)
        for area in areas
    )


def remember(check: SafetyCheck, keys: Iterable[str]) -> None:
    """Let later reports with these keys find this check; a key of a check that is over moves here."""
    wanted = list(dict.fromkeys(keys))
    known = {
        row.key: row
        for row in db.session.scalars(
            sa.select(DisasterKey).where(DisasterKey.key.in_(wanted), DisasterKey.drill == check.drill)
        )
    }
    for key in wanted:
        if key in known:
            known[key].check_id = check.id
        else:
            db.session.add(DisasterKey(key=key, drill=check.drill, check_id=check.id))
    db.session.flush()


def keys_of(check: SafetyCheck) -> list[str]:
    return list(db.session.scalars(sa.select(DisasterKey.key).where(DisasterKey.check_id == check.id)))


def rounds_of(check: SafetyCheck) -> list[CheckRound]:
    """From the first to the latest."""
    return list(
        db.session.scalars(sa.select(CheckRound).where(CheckRound.check_id == check.id).order_by(CheckRound.number))
    )


def round_for(check: SafetyCheck, series: Iterable[str]) -> CheckRound | None:
    """The round that one of these series opened; one that JMA has withdrawn does not come back."""
    wanted = set(series)
    found = [each for each in rounds_of(check) if each.series in wanted and each.withdrawn_at is None]
    return found[-1] if found else None


def _meets(code: str, codes: set[str], prefectures: set[str], whole: set[str]) -> bool:
    if ":" in code:
        return code.partition(":")[2] in prefectures
    return code in codes or code[:2] in whole


def _dated(key: str) -> bool:
    return key.removeprefix("drill:").startswith(DATED)


def _join() -> timedelta:
    return timedelta(hours=settings.current().trigger_join_hours)
