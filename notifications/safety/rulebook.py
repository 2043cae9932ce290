"""The rule table as CLAIR's staff keep it, and what it would have done with the reports of the last days."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from models.access import Permission, require
from models.db import db, lock
from models.disaster import Telegram, TriggerRule
from models.types import now
from notifications.jma import telegram as jma
from notifications.safety import naming, targets
from notifications.safety.rule_table import GROUPS, RuleError, check
from notifications.safety.rules import DEFAULT_RULES, Rule, decide

log = logging.getLogger(__name__)
JUDGED_AT_MOST = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """What a stored report led to, and what it would lead to under other rules; `people` would be asked or proposed."""

    telegram_id: int
    type: str
    headline: str
    reported_at: datetime | None
    was: str
    would_be: str
    why: str
    people: int


def rules() -> tuple[Rule, ...]:
    """The rules in force: the table, or the defaults when it is empty or cannot be used."""
    rows = db.session.scalars(sa.select(TriggerRule).order_by(TriggerRule.id)).all()
    found = tuple(_rule(row) for row in rows)
    try:
        check(found)
    except RuleError:
        # Deaf is worse than strict: a broken row must not stop every report from being judged.
        log.exception("the rule table cannot be used; the default rules are in force")
        return DEFAULT_RULES
    return found or DEFAULT_RULES


def change(rule_id: int, action: str) -> TriggerRule:
    """Let a rule lead to another action; raises `RuleError` for one that nobody could be asked by."""
    actor = require(Permission.SAFETY_RULES)
    row: TriggerRule = lock(TriggerRule, rule_id)
    replace(_rule(row), action=action).validate()
    if row.action != action:
        row.action, row.changed_by, row.changed_at = action, actor.label[:120], now()
        db.session.flush()
    return row


def load_defaults() -> int:
    """Add the default rules that are not in the table; what staff have changed stays. How many were added."""
    known = {
        (row.type_group, row.kind, row.value)
        for row in db.session.execute(sa.select(TriggerRule.type_group, TriggerRule.kind, TriggerRule.value))
    }
    missing = [rule for rule in DEFAULT_RULES if (rule.type_group, rule.kind, rule.value) not in known]
    db.session.add_all(
        TriggerRule(type_group=rule.type_group, kind=rule.kind, value=rule.value, action=rule.action, label=rule.note)
        for rule in missing
    )
    db.session.flush()
    return len(missing)


def preview(days: int = 30, changes: Mapping[int, str] | None = None) -> list[Judged]:
    """The readable reports of the last days, newest first, judged by the table with `changes` ({rule id: action}).

    Drills and tests are left out: no rule can make them real. The people are those placed today.
    """
    require(Permission.SAFETY_RULES)
    chosen = _with(changes or {})
    rows = db.session.scalars(
        sa.select(Telegram)
        .where(
            Telegram.error == "",
            Telegram.status == "normal",
            Telegram.received_at >= now() - timedelta(days=days),
            sa.or_(*(Telegram.type.startswith(group) for group in GROUPS)),
        )
        .options(undefer(Telegram.body))
        .order_by(Telegram.received_at.desc(), Telegram.id.desc())
        .limit(JUDGED_AT_MOST)
    )
    return [_judge(row, chosen) for row in rows]


def _judge(row: Telegram, chosen: tuple[Rule, ...]) -> Judged:
    decision = decide(jma.read(zlib.decompress(row.body), row.name), chosen)
    areas = naming.areas_of(decision) if decision.action in ("start", "propose") else []
    return Judged(
        row.id, row.type, row.headline, row.reported_at, row.action, decision.action, decision.why,
        len(targets.find(areas)),
    )  # fmt: skip


def _with(changes: Mapping[int, str]) -> tuple[Rule, ...]:
    if not changes:
        return rules()
    rows = db.session.scalars(sa.select(TriggerRule).order_by(TriggerRule.id))
    chosen = tuple(replace(_rule(row), action=changes.get(row.id, row.action)) for row in rows)
    check(chosen)
    return chosen


def _rule(row: TriggerRule) -> Rule:
    return Rule(row.type_group, row.kind, row.value, row.action, row.label)
