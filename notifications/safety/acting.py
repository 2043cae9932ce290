"""What a report does to the checks: opens, joins, grows, withdraws, or only leaves a note. Rules: docs/safety.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.db import db
from models.disaster import CheckArea, CheckRound, CheckState, SafetyCheck
from notifications.jma.telegram import Telegram
from notifications.safety import checks, joining, naming, opening, rounds, withdrawing
from notifications.safety.rounds import Asked
from notifications.safety.rules import Decision
from notifications.safety.targets import Area

Effect = tuple[SafetyCheck | None, str]
TSUNAMI = "#tsunami"


@dataclass(frozen=True, slots=True)
class Report:
    """A telegram with all that acting on it needs.

    keys    under which its disaster is found again
    series  the rounds it belongs to: a tsunami warning has a round of its own beside its earthquake's, because
            the people on the coast are asked again for it
    """

    telegram: Telegram
    decision: Decision
    areas: list[Area]
    event: dict[str, Any]
    at: datetime
    keys: list[str]
    series: list[str]
    drill: bool

    @property
    def titles(self) -> tuple[str, str]:
        return naming.titles(self.event)

    @property
    def why(self) -> str:
        return f"{self.telegram.type}: {self.decision.why}"

    @property
    def corrected(self) -> bool:
        return self.telegram.info_type == "corrected"


def act(telegram: Telegram, decision: Decision, *, stale: bool) -> Effect:
    """Do what the decision asks for; the check concerned and what happened, in words."""
    if telegram.status == "test":
        return None, "A test (試験): stored, nothing else."
    report = _report(telegram, decision)
    check = joining.match(report.keys, report.drill, report.at)
    action = decision.action.removeprefix("drill-")
    if report.drill:
        return _drill(report, check, action)
    if action == "cancel":
        return withdrawing.withdraw(check, report.series, telegram)
    if action in ("start", "propose") and (stale or action == "propose" or not report.areas):
        return _propose(report, check, stale=stale and action == "start")
    if action == "start":
        return _start(report, check)
    return _note(report, check, action)


def _report(telegram: Telegram, decision: Decision) -> Report:
    areas = naming.areas_of(decision)
    keys = list(telegram.series) or [f"report:{telegram.identity}"]
    mark = TSUNAMI if telegram.type.startswith("VTSE") else ""
    return Report(
        telegram,
        decision,
        areas,
        naming.event_of(telegram, areas),
        naming.when(telegram),
        keys,
        [key + mark for key in keys],
        telegram.status == "drill",
    )


def _start(report: Report, check: SafetyCheck | None) -> Effect:
    if check is not None and check.state is CheckState.RUNNING:
        return _continue(report, check)
    if check is not None and check.state is CheckState.CLOSED and joining.covered(report.areas, check):
        return _propose(report, check, stale=False)
    running = joining.overlapping(report.areas, report.at)
    if running is not None:
        if check is not None and check.state is CheckState.PROPOSED:
            opening.absorb(check, running)
        joining.remember(running, report.keys)
        return _join(report, running)
    reopened = check is not None and check.state in (CheckState.PROPOSED, CheckState.DECLINED)
    english, japanese = report.titles
    started = checks.start(
        key=check.key if check is not None and reopened else _fresh_key(report, check),
        title_en=english,
        title_ja=japanese,
        kind=naming.kind_of(report.event),
        areas=report.areas,
        event=report.event,
        event_at=report.at,
        why=report.why,
        series=report.series[0],
    )
    joining.remember(started, report.keys)
    asked = joining.rounds_of(started)[0].asked
    what = "opened from its proposal" if reopened else "opened"
    return started, f"Check {started.id} {what}: {_people(asked)} in {naming.in_words(report.areas)}."


def _continue(report: Report, check: SafetyCheck) -> Effect:
    """A further report of a disaster that is being asked about."""
    round_ = joining.round_for(check, report.series)
    joining.remember(check, report.keys)
    if round_ is None:
        return _join(report, check)
    if report.event["rank"] > (round_.event or {}).get("rank", 0):
        _headline(report, check, round_)
    check.event_at = max(check.event_at, report.at)
    asked = rounds.ask_in(check, round_, report.areas)
    effect = f"Check {check.id}, round {round_.number}: {_came_to(asked)}."
    if report.corrected:
        effect += _no_longer_named(report, check, round_)
    if asked.areas or asked.people:
        opening.write_note(check, f"{report.why}: {_came_to(asked)}.")
    return check, effect


def _join(report: Report, check: SafetyCheck) -> Effect:
    """Another shock or warning where people are being asked already."""
    english, _ = report.titles
    round_, asked = opening.open_round(check, report.areas, report.series[0], english, report.event, report.at)
    return check, f"Round {round_.number} of check {check.id} opened: {_came_to(asked)}."


def _headline(report: Report, check: SafetyCheck, round_: CheckRound) -> None:
    """The later report knows better how bad it is: 3.11 was 6 Upper first, and 7 six minutes later."""
    english, japanese = report.titles
    if check.event == round_.event:
        check.event = report.event
    round_.event, round_.label = report.event, english
    if round_.number == 1:
        check.title_en, check.title_ja, check.why = english, japanese, report.why


def _propose(report: Report, check: SafetyCheck | None, *, stale: bool) -> Effect:
    late = "Too old to act on by itself. " if stale else ""
    running = check if check is not None and check.state is CheckState.RUNNING else None
    if running is None and check is None and not stale and report.areas:
        running = joining.overlapping(report.areas, report.at)
        if running is not None and not joining.covered(report.areas, running):
            running = None
    if running is not None and (not stale or joining.covered(report.areas, running)):
        opening.write_note(running, f"{report.why}: below the line for asking; those asked stay asked.")
        return running, f"{late}Noted on check {running.id}: nobody is asked because of it."
    if check is not None and check.state is CheckState.CLOSED and not stale and joining.covered(report.areas, check):
        opening.write_note(check, f"{report.why}: after the check was closed.")
    proposed = _proposal(report, check, apart=running is not None)
    if proposed.state is CheckState.DECLINED:
        return proposed, f"{late}Check {proposed.id} was declined and this is no worse: nothing was done."
    return proposed, f"{late}Check {proposed.id} proposed to the duty officer: {naming.in_words(report.areas)}."


def _proposal(report: Report, check: SafetyCheck | None, *, apart: bool) -> SafetyCheck:
    """`apart`: beside the running check of the same disaster; approving it adds to that one."""
    same = check is not None and check.state in (CheckState.PROPOSED, CheckState.DECLINED)
    english, japanese = report.titles
    proposed = checks.propose(
        key=check.key if check is not None and same else _fresh_key(report, check),
        title_en=english,
        title_ja=japanese,
        kind=naming.kind_of(report.event),
        areas=report.areas,
        drill=report.drill,
        event=report.event,
        event_at=report.at,
        why=report.why,
        series=report.series[0],
    )
    if not apart:
        joining.remember(proposed, report.keys)
    return proposed


def _drill(report: Report, check: SafetyCheck | None, action: str) -> Effect:
    """A drill (訓練) is only ever proposed, as a drill."""
    if action in ("start", "propose") and (check is None or check.state is not CheckState.RUNNING):
        proposed = _proposal(report, check, apart=False)
        return proposed, f"A drill (訓練): proposed as drill {proposed.id}, nobody is asked by itself."
    if check is not None and action != "none":
        opening.write_note(check, f"{report.why}: a further report of the drill.")
        return check, f"A drill (訓練): noted on drill {check.id}."
    return None, "A drill (訓練): nothing to do."


def _note(report: Report, check: SafetyCheck | None, action: str) -> Effect:
    if check is None or check.state not in (CheckState.RUNNING, CheckState.PROPOSED):
        notice = report.decision.notice
        return None, "Worth a look; nobody is asked." if notice else "Nothing to do by the rules."
    if action == "release":
        opening.write_note(check, f"{report.why}: released by JMA.")
        return check, f"Released: noted on check {check.id}, nobody is told."
    if report.corrected:
        opening.write_note(
            check, f"{report.why}: corrected by JMA, no longer calls for asking; those asked stay asked."
        )
        return check, f"Correction noted on check {check.id}: those asked stay asked."
    return check, "Nothing to do by the rules."


def _no_longer_named(report: Report, check: SafetyCheck, round_: CheckRound) -> str:
    named = {area.code for area in report.areas}
    known = set(
        db.session.scalars(
            sa.select(CheckArea.area).where(CheckArea.check_id == check.id, CheckArea.round_number == round_.number)
        )
    )
    gone = len(known - named)
    if not gone:
        return ""
    opening.write_note(check, f"{report.why}: {gone} areas are no longer named; those asked there stay asked.")
    return f" {gone} areas are no longer named; those asked there stay asked."


def _fresh_key(report: Report, check: SafetyCheck | None) -> str:
    """The key of a new check. Only the first of a dated series may have the plain one."""
    key = report.keys[0]
    taken = db.session.scalar(sa.select(SafetyCheck.id).where(SafetyCheck.key == key))
    if check is None and taken is None and key.removeprefix("drill:").startswith(joining.DATED):
        return key
    return f"{key}@{report.telegram.identity}"[:200]


def _came_to(asked: Asked) -> str:
    if not asked.people:
        return f"nobody new, {asked.areas} areas more" if asked.areas else "nothing new"
    parts = [f"{_people(asked.new)} for the first time"] if asked.new else []
    parts += [f"{_people(asked.again)} again"] if asked.again else []
    parts += [f"the open question of {_people(asked.merged)} counts for it"] if asked.merged else []
    return ", ".join(parts)


def _people(count: int) -> str:
    return "1 person asked" if count == 1 else f"{count} people asked"
