"""What to do about a telegram, as a table that CLAIR's staff may change (the decision itself: rules.py).

A rule says: reports of this type group that state this kind and value ask for this action. The most exact rule
wins (longest type group, then a whole value before "5*" before "*"); what no rule names needs no action.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from importlib.resources import files

from models.errors import DomainError
from notifications.jma.facts import NOT_RECEIVED, AreaFact
from notifications.jma.seismic import INTENSITIES

ACTIONS = ("start", "propose", "notice", "release", "none")
# The kinds each type group can state. EEW (VXSE4x) is not here: a forecast never starts a check.
GROUPS = {
    "VXSE51": "intensity",
    "VXSE53": "intensity",
    "VTSE41": "tsunami",
    "VPWW": "warning",
    "VPNO50": "warning",
    "VXWW50": "landslide",
    "VXKO": "flood",
    "VXSU": "flood",
    "VFVO50": "volcano",
    "VFVO52": "volcano",
    "VFVO56": "volcano",
    "VYSE50": "nankai",
    "VYSE60": "nankai",
}
AREALESS = ("nankai", "report")
"""Kinds without areas: there is nobody to ask, so no rule may start on them."""


class RuleError(DomainError):
    """A row of the rule table cannot be used."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    type_group  the beginning of a telegram type: "VXSE53", "VPWW"
    kind        as in AreaFact, or "report" for a report as such, whatever it says
    value       intensity "1" … "7", "not_received", a code of JMA, a beginning "5*", or "*"
    action      start | propose | notice | release | none
    note        for the people who edit the table
    """

    type_group: str
    kind: str
    value: str
    action: str
    note: str = ""

    def validate(self) -> None:
        """Refuse what could never match, or would start a check with nobody to ask."""
        where = {"rule": f"{self.type_group} {self.kind} {self.value}"}
        if self.action not in ACTIONS:
            raise RuleError(
                "rule_action",
                "%(rule)s: the action must be one of %(known)s, not “%(action)s”.",
                action=self.action,
                known=", ".join(ACTIONS),
                **where,
            )
        if self.kind == "report":
            if not self.type_group.startswith("V"):
                raise RuleError("rule_group", "%(rule)s: not a JMA telegram type.", **where)
        elif not any(kind == self.kind for group, kind in GROUPS.items() if _overlap(group, self.type_group)):
            raise RuleError("rule_kind", "%(rule)s: reports of this type never tell this kind.", **where)
        if not self.value.strip() or "*" in self.value[:-1]:
            raise RuleError("rule_value", "%(rule)s: the value must be a code, a beginning like “5*”, or “*”.", **where)
        known = (*INTENSITIES, NOT_RECEIVED, "*")
        if self.kind == "intensity" and self.value not in known:
            raise RuleError(
                "rule_value_intensity", "%(rule)s: the value must be one of %(known)s.", known=", ".join(known), **where
            )
        if self.kind in AREALESS and self.action in ("start", "release"):
            raise RuleError("rule_areas", "%(rule)s: these reports name no areas, so nobody could be asked.", **where)


def _overlap(group: str, chosen: str) -> bool:
    return bool(chosen) and (group.startswith(chosen) or chosen.startswith(group))


@cache
def _default_rules() -> tuple[Rule, ...]:
    with files("notifications.safety").joinpath("default_rules.csv").open(encoding="utf-8") as file:
        return load(csv.DictReader(file))


def load(rows: Iterable[dict[str, str]]) -> tuple[Rule, ...]:
    """Rules from rows of text (CSV or database), checked; the same row twice is refused."""
    names = [field.name for field in fields(Rule)]
    rules = tuple(Rule(**{name: (row.get(name) or "").strip() for name in names}) for row in rows)
    check(rules)
    return rules


def check(rules: Sequence[Rule]) -> None:
    """Refuse a table with an unusable or a contradicting row."""
    seen: set[tuple[str, str, str]] = set()
    for rule in rules:
        rule.validate()
        key = (rule.type_group, rule.kind, rule.value)
        if key in seen:
            raise RuleError("rule_twice", "%(rule)s stands in the table twice.", rule=" ".join(key))
        seen.add(key)


class RuleTable:
    """Rules ready to be asked."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        check(rules)
        self._rules = rules
        self._answers: dict[tuple[str, str, str], str] = {}

    def action(self, telegram_type: str, fact: AreaFact) -> str:
        """What the table says about one fact."""
        return self._find(telegram_type, fact.kind, fact.value)

    def before(self, telegram_type: str, fact: AreaFact) -> str:
        """What the table says about the code in force before; empty if the telegram does not tell it."""
        return self._find(telegram_type, fact.kind, fact.last) if fact.last else ""

    def on_report(self, telegram_type: str) -> str:
        """What the table says about a report as such."""
        return self._find(telegram_type, "report", "")

    def may_ask(self, telegram_type: str) -> bool:
        """Whether any rule lets this type start or propose a check, so that a 取消 of it matters."""
        return any(
            rule.action in ("start", "propose") and telegram_type.startswith(rule.type_group) for rule in self._rules
        )

    def _find(self, telegram_type: str, kind: str, value: str) -> str:
        key = (telegram_type, kind, value)
        if key not in self._answers:
            found = [
                rule
                for rule in self._rules
                if rule.kind == kind
                and telegram_type.startswith(rule.type_group)
                and (rule.value == value or (rule.value.endswith("*") and value.startswith(rule.value[:-1])))
            ]
            best = max(
                found, key=lambda rule: (len(rule.type_group), rule.value == value, len(rule.value)), default=None
            )
            self._answers[key] = best.action if best else "none"
        return self._answers[key]


DEFAULT_RULES = _default_rules()


@lru_cache(maxsize=8)
def table(rules: tuple[Rule, ...]) -> RuleTable:
    """The table for these rules; checking and look-ups are done once."""
    return RuleTable(rules)
