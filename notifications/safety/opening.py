"""The steps that make up the life of a check, for those who have decided (checks.py by hand, trigger.py by report)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from models.access import current_actor
from models.db import db
from models.disaster import CheckArea, CheckRound, CheckState, SafetyCheck
from models.types import TOKYO
from notifications import settings
from notifications.safety import joining, rounds
from notifications.safety.asking import present
from notifications.safety.rounds import Asked
from notifications.safety.targets import Area


def open_round(
    check: SafetyCheck,
    areas: Sequence[Area],
    series: str,
    label: str,
    event: Mapping[str, Any],
    event_at: datetime,
) -> tuple[CheckRound, Asked]:
    """Another shock or warning joins a running check: a new round, and those it concerns are asked."""
    moment = present()
    round_ = CheckRound(
        check_id=check.id,
        number=joining.rounds_of(check)[-1].number + 1,
        label=label[:200],
        series=series,
        event=dict(event),
        event_at=event_at,
        opened_at=moment,
    )
    db.session.add(round_)
    check.event, check.event_at = dict(event), max(check.event_at, event_at)
    check.token_expires_at = moment + timedelta(days=settings.current().answer_link_days)
    check.withdrawn_at = None
    return round_, rounds.ask_in(check, round_, areas)


def absorb(proposal: SafetyCheck, running: SafetyCheck) -> None:
    """A proposal goes on as part of a running check."""
    joining.remember(running, joining.keys_of(proposal))
    proposal.state, proposal.closed_at, proposal.closed_by = CheckState.CLOSED, present(), who()
    write_note(proposal, f"Continued in check {running.id}.")


def write_note(check: SafetyCheck, text: str) -> None:
    """A line for the log; nothing when there is nothing to say."""
    if text.strip():
        line = f"{present().astimezone(TOKYO):%Y-%m-%d %H:%M} {who()}: {text.strip()}"
        check.note = f"{check.note}\n{line}".strip()


def new_check(
    key: str,
    title_en: str,
    title_ja: str,
    kind: str,
    drill: bool,
    event: Mapping[str, Any] | None,
    event_at: datetime | None,
    why: str,
    series: str,
) -> SafetyCheck:
    moment = present()
    at = event_at or moment
    check = SafetyCheck(
        key=key,
        kind=kind,
        title_en=title_en[:200],
        title_ja=title_ja[:200],
        drill=drill,
        state=CheckState.PROPOSED,
        why=why,
        event=dict(event or {}),
        event_at=at,
        proposed_at=moment,
    )
    db.session.add(check)
    db.session.flush()
    db.session.add(
        CheckRound(
            check_id=check.id,
            number=1,
            label=check.title_en,
            series=series,
            event=check.event,
            event_at=at,
            opened_at=moment,
        )
    )
    db.session.flush()
    return check


def open_now(check: SafetyCheck, areas: Sequence[Area]) -> None:
    moment = present()
    check.state, check.opened_at, check.started_by = CheckState.RUNNING, moment, who()
    check.closed_at, check.closed_by = None, ""
    check.token_expires_at = moment + timedelta(days=settings.current().answer_link_days)
    first = joining.rounds_of(check)[0]
    first.opened_at = moment
    before = {area.code for area in areas}
    rounds.ask_in(check, first, [*areas, *(area for area in areas_in(check, 1) if area.code not in before)])


def retell(
    check: SafetyCheck,
    title_en: str,
    title_ja: str,
    event: Mapping[str, Any] | None,
    event_at: datetime | None,
    why: str,
) -> None:
    """The newer report knows better what the first round is about."""
    check.title_en, check.title_ja, check.why = title_en[:200], title_ja[:200], why or check.why
    check.event, check.event_at = dict(event or check.event), event_at or check.event_at
    first = joining.rounds_of(check)[0]
    first.label, first.event, first.event_at = check.title_en, check.event, check.event_at


def areas_in(check: SafetyCheck, number: int) -> list[Area]:
    rows = db.session.scalars(
        sa.select(CheckArea).where(CheckArea.check_id == check.id, CheckArea.round_number == number)
    )
    return [Area(row.area, row.kind, row.rank, row.label, row.coarse) for row in rows]


def who() -> str:
    return current_actor().label[:120]
