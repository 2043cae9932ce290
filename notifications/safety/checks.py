"""Safety checks: started, proposed, approved, grown, closed. Each change is one transaction of the door.

A second click, a second operator or a second run finds what the first one did (unique keys, one at a time).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.access import Permission, require
from models.db import db, lock
from models.disaster import CheckRound, CheckState, Recipient, SafetyCheck
from models.errors import Conflict, Invalid
from models.message import NOT_YET_OUT, Message, MessageState
from models.place import Municipality
from models.types import db_now
from notifications.safety import chase, joining, opening, rounds, targets
from notifications.safety.asking import present
from notifications.safety.preview import Preview, preview
from notifications.safety.rounds import Asked, one_at_a_time
from notifications.safety.targets import COAST, PREFECTURE, Area

__all__ = [
    "Area",
    "Asked",
    "Preview",
    "add_note",
    "approve",
    "ask_again",
    "close",
    "decline",
    "grow",
    "preview",
    "propose",
    "start",
]


def start(
    *,
    key: str,
    title_en: str,
    title_ja: str = "",
    kind: str = "manual",
    areas: Sequence[Area],
    drill: bool = False,
    event: Mapping[str, Any] | None = None,
    event_at: datetime | None = None,
    why: str = "",
    series: str = "",
) -> SafetyCheck:
    """Open a check and write the first messages. The same `key` again gives the same check and writes nothing twice.

    A check that was only proposed under this key (or declined: now the line is crossed) is opened.
    """
    require(Permission.SAFETY_RUN)
    _validate(title_en, areas)
    one_at_a_time()
    check = db.session.scalars(sa.select(SafetyCheck).where(SafetyCheck.key == key)).one_or_none()
    if check is None:
        check = opening.new_check(key, title_en, title_ja, kind, drill, event, event_at, why, series)
    elif check.state in (CheckState.RUNNING, CheckState.CLOSED):
        return check
    else:
        opening.retell(check, title_en, title_ja, event, event_at, why)
    opening.open_now(check, areas)
    return check


def propose(
    *,
    key: str,
    title_en: str,
    title_ja: str = "",
    kind: str = "manual",
    areas: Sequence[Area],
    drill: bool = False,
    event: Mapping[str, Any] | None = None,
    event_at: datetime | None = None,
    why: str = "",
    series: str = "",
) -> SafetyCheck:
    """Put a check before the duty officer. The same `key` again updates the one proposal: areas grow, severity rises.

    A declined proposal comes back only if it has become worse; a check that runs or is closed is left alone.
    """
    require(Permission.SAFETY_RUN)
    one_at_a_time()
    check = db.session.scalars(sa.select(SafetyCheck).where(SafetyCheck.key == key)).one_or_none()
    if check is None:
        check = opening.new_check(key, title_en, title_ja, kind, drill, event, event_at, why, series)
        rounds.store_areas(check.id, 1, areas)
        return check
    if check.state in (CheckState.RUNNING, CheckState.CLOSED):
        return check
    worse = max((area.rank for area in areas), default=0) > max(
        (area.rank for area in opening.areas_in(check, 1)), default=0
    )
    if check.state is CheckState.DECLINED:
        if not worse:
            return check
        check.state, check.proposed_at = CheckState.PROPOSED, present()
    if worse:
        opening.retell(check, title_en, title_ja, event, event_at, why)
    db.session.flush()
    rounds.store_areas(check.id, 1, areas)
    return check


def approve(check_id: int) -> SafetyCheck:
    """Open a proposed check; the check that now runs. Where a running one is meant (same disaster, or overlapping
    within the joining time), the proposal becomes a round of that, so that nobody gets two links."""
    require(Permission.SAFETY_RUN)
    one_at_a_time()
    check: SafetyCheck = lock(SafetyCheck, check_id)
    if check.state is CheckState.RUNNING:
        return check
    if check.state is not CheckState.PROPOSED:
        raise Conflict("not_proposed", "This check is not waiting for approval.")
    areas = opening.areas_in(check, 1)
    if not areas:
        raise Invalid("no_areas", "Choose at least one area: this report names none.", field="areas")
    proposed = joining.rounds_of(check)[0]
    running = None if check.drill else _running_for(check, proposed, areas)
    if running is None:
        opening.open_now(check, areas)
        return check
    opening.absorb(check, running)
    there = joining.round_for(running, [proposed.series]) if proposed.series else None
    if there is not None:
        rounds.ask_in(running, there, areas)
    else:
        opening.open_round(running, areas, proposed.series, proposed.label, proposed.event, proposed.event_at)
    return running


def decline(check_id: int, note: str = "") -> SafetyCheck:
    """No check for this report."""
    require(Permission.SAFETY_RUN)
    one_at_a_time()
    check: SafetyCheck = lock(SafetyCheck, check_id)
    if check.state is CheckState.DECLINED:
        return check
    if check.state is not CheckState.PROPOSED:
        raise Conflict("not_proposed", "This check is not waiting for approval.")
    check.state, check.closed_at, check.closed_by = CheckState.DECLINED, present(), opening.who()
    opening.write_note(check, note)
    return check


def close(check_id: int, note: str = "") -> SafetyCheck:
    """End a running check. Questions not yet out are cancelled; links take late answers for some days more."""
    require(Permission.SAFETY_RUN)
    one_at_a_time()
    check: SafetyCheck = lock(SafetyCheck, check_id)
    if check.state is CheckState.CLOSED:
        return check
    if check.state is not CheckState.RUNNING:
        raise Conflict("not_running", "This check is not running.")
    # Reminders that are just being written come first, and are cancelled here with the rest.
    chase.open_rounds(check_id)
    check.state, check.closed_at, check.closed_by = CheckState.CLOSED, present(), opening.who()
    opening.write_note(check, note)
    db.session.flush()
    message = Message.__table__
    db.session.connection().execute(
        sa.update(message)
        .where(message.c.check_id == check_id, message.c.state.in_(NOT_YET_OUT), message.c.purpose != "ack")
        .values(state=MessageState.CANCELED, finished_at=db_now(), reason="the check was closed")
    )
    return check


def add_note(check_id: int, text: str) -> SafetyCheck:
    """A line in the check's log, with time and author."""
    require(Permission.SAFETY_RUN)
    check: SafetyCheck = lock(SafetyCheck, check_id)
    opening.write_note(check, text)
    return check


def ask_again(check_id: int) -> int:
    """A reminder by hand to those who have not answered; how many messages were written."""
    require(Permission.SAFETY_RUN)
    check: SafetyCheck = lock(SafetyCheck, check_id)
    if check.state is not CheckState.RUNNING:
        raise Conflict("not_running", "This check is not running.")
    return chase.by_hand(check)


def would_grow(check_id: int, areas: Sequence[Area]) -> tuple[int, int]:
    """How many people of these areas are not in the check yet and would be asked, and how many are in it."""
    require(Permission.SAFETY_RUN)
    _validate("-", areas)
    inside = sa.select(Recipient.participant_id).where(Recipient.check_id == check_id)
    people = {target.participant_id for target in targets.find(areas)}
    known = set(db.session.scalars(inside))
    return len(people - known), len(people & known)


def grow(check_id: int, areas: Sequence[Area], why: str = "") -> Asked:
    """Ask in more areas by hand, in the latest round; who is in the check already is not asked again."""
    require(Permission.SAFETY_RUN)
    _validate("-", areas)
    one_at_a_time()
    check: SafetyCheck = lock(SafetyCheck, check_id)
    if check.state is not CheckState.RUNNING:
        raise Conflict("not_running", "This check is not running.")
    asked = rounds.ask_in(check, joining.rounds_of(check)[-1], areas)
    opening.write_note(check, why)
    return asked


def _running_for(check: SafetyCheck, proposed: CheckRound, areas: Sequence[Area]) -> SafetyCheck | None:
    base = proposed.series.partition("#")[0]
    found = joining.match([base], False, proposed.event_at) if base else None
    if found is not None and found.state is CheckState.RUNNING:
        return found
    return joining.overlapping(areas, proposed.event_at, but=check.id)


def _validate(title: str, areas: Sequence[Area]) -> None:
    if not title.strip():
        raise Invalid("no_title", "Give the check a title.", field="title")
    if not areas:
        raise Invalid("no_areas", "Choose at least one area.", field="areas")
    towns = {area.code for area in areas if not area.code.startswith((PREFECTURE, COAST))}
    known = set(db.session.scalars(sa.select(Municipality.code).where(Municipality.code.in_(towns))))
    prefectures = {f"{number:02d}" for number in range(1, 48)}
    wrong = sorted(towns - known) + sorted(
        area.code for area in areas if ":" in area.code and area.prefecture not in prefectures
    )
    if wrong:
        raise Invalid("unknown_area", "There is no area %(codes)s.", field="areas", codes=", ".join(wrong[:5]))
