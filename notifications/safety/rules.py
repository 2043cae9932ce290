"""From a telegram and the rule table to what is to be done, and for whom. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from notifications.jma.areas import municipalities_of
from notifications.jma.catalogue import TYPES
from notifications.jma.facts import ENDED, NOT_RECEIVED, AreaFact
from notifications.jma.seismic import INTENSITIES
from notifications.jma.telegram import Telegram
from notifications.safety.rule_table import DEFAULT_RULES, Rule, RuleError, RuleTable, load, table
from notifications.safety.severity import Severity, severity_of

__all__ = ["DEFAULT_RULES", "Decision", "Rule", "RuleError", "decide", "load"]

COARSE = ("region3", "prefecture")
ASKED = ("start", "propose")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a telegram asks for.

    action                start | propose | release | cancel | none, or drill-start | -propose | -release | -none
    why                   one short line
    severities            the municipalities concerned (JIS 5), each with how bad it is there
    coastal_prefectures   whose coast-marked people are concerned by a tsunami warning; no municipalities then
    fallback_prefectures  of codes that do not exist (any more): who is to be asked there, a person must say
    successors            municipalities that certainly took over the area of a dead code
    prefectures           all of the above by prefecture, sorted
    coarse                the areas come from regions or prefectures: a later report may name fewer
    unknown_codes         codes that stand in no table, sorted
    notice                worth telling CLAIR's duty officer, though nobody is asked
    """

    action: str
    why: str
    max_intensity: str | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)
    coastal_prefectures: Mapping[str, Severity] = field(default_factory=dict)
    fallback_prefectures: Mapping[str, Severity] = field(default_factory=dict)
    successors: Mapping[str, Severity] = field(default_factory=dict)
    prefectures: tuple[str, ...] = ()
    coarse: bool = False
    unknown_codes: tuple[str, ...] = ()
    notice: bool = False


def decide(telegram: Telegram, rules: Sequence[Rule] = DEFAULT_RULES) -> Decision:
    """What this telegram asks for under these rules. A test is never acted on, a drill only as a drill."""
    chosen = table(tuple(rules))
    if telegram.info_type == "cancelled":
        return _cancelled(telegram, chosen)
    actions = [(chosen.action(telegram.type, fact), fact) for fact in telegram.facts]
    verdict = _verdict(telegram, chosen, actions)
    why = _why(telegram) + _marks(telegram)
    if verdict == "release":
        why = f"lifted or lowered: {why}"
    if telegram.status == "test":
        return Decision("none", why, telegram.max_intensity)
    prefix = "drill-" if telegram.status == "drill" else ""
    if verdict not in ASKED:
        action = "none" if verdict == "notice" else verdict
        return Decision(prefix + action, why, telegram.max_intensity, notice=verdict == "notice" and not prefix)
    return _asking(prefix + verdict, why, telegram, _selected(verdict, actions))


def _cancelled(telegram: Telegram, chosen: RuleTable) -> Decision:
    if not chosen.may_ask(telegram.type):
        return Decision("drill-none" if telegram.status == "drill" else "none", _why(telegram) + _marks(telegram))
    # A cancelled drill ends the drill; "cancel" itself is kept for what real people are told.
    action = {"normal": "cancel", "drill": "drill-release", "test": "none"}[telegram.status]
    return Decision(action, "取消: the earlier report is withdrawn; answers are kept" + _marks(telegram))


def _verdict(telegram: Telegram, chosen: RuleTable, actions: list[tuple[str, AreaFact]]) -> str:
    found = {action for action, _ in actions} | {chosen.on_report(telegram.type)}
    if _strange(telegram):
        found.add("notice")
    for action in ("start", "propose", "notice"):
        if action in found:
            return action
    released = any(_released(telegram.type, chosen, action, fact) for action, fact in actions)
    return "release" if released else "none"


def _released(telegram_type: str, chosen: RuleTable, action: str, fact: AreaFact) -> bool:
    """Something ended that could have been acted on: lifted, or lowered to what the table ignores."""
    before = chosen.before(telegram_type, fact)
    if action == "release":
        return before in ("", *ASKED, "notice")
    return before in ASKED


def _selected(verdict: str, actions: list[tuple[str, AreaFact]]) -> list[AreaFact]:
    """The facts that call for the verdict, and silent towns beside them: their stations may be destroyed."""
    facts = [fact for action, fact in actions if action == verdict]
    facts += [fact for action, fact in actions if action == "propose" != verdict and fact.value == NOT_RECEIVED]
    if any(fact.system == "volcano" for fact in facts) and not any(fact.system == "city7" for fact in facts):
        # 対象火山 calls for it, but no 防災対応 of a municipality does: those under 噴火警報 (居住地域) are meant.
        facts += [fact for _, fact in actions if fact.system == "city7" and fact.value == "01"]
    return facts


def _asking(action: str, why: str, telegram: Telegram, facts: list[AreaFact]) -> Decision:
    severities: dict[str, Severity] = {}
    coastal: dict[str, Severity] = {}
    fallback: dict[str, Severity] = {}
    successors: dict[str, Severity] = {}
    unknown: set[str] = set()
    for fact in facts:
        areas = municipalities_of(fact.system, fact.code)
        severity = severity_of(fact)
        _raise(severities, areas.municipalities, severity)
        if not areas.known:
            unknown.add(fact.code)
            _raise(fallback, areas.prefectures, severity)
            _raise(successors, [areas.successor] if areas.successor else [], severity)
        elif not areas.municipalities:
            _raise(coastal, areas.prefectures, severity)
    return Decision(
        action=action,
        why=why,
        max_intensity=telegram.max_intensity,
        severities=severities,
        coastal_prefectures=coastal,
        fallback_prefectures=fallback,
        successors=successors,
        prefectures=tuple(sorted({code[:2] for code in severities} | coastal.keys() | fallback.keys())),
        coarse=any(fact.system in COARSE for fact in facts),
        unknown_codes=tuple(sorted(unknown)),
    )


def _raise(places: dict[str, Severity], codes: frozenset[str] | list[str], severity: Severity) -> None:
    for code in codes:
        places[code] = max(places[code], severity) if code in places else severity


def _why(telegram: Telegram) -> str:
    kinds = {fact.kind for fact in telegram.facts}
    facts = telegram.facts
    if telegram.type in ("VXSE51", "VXSE53"):
        silent = sum(fact.value == NOT_RECEIVED for fact in facts)
        strange = ", ".join(sorted(_strange(telegram)))
        return (
            f"max {telegram.max_intensity or '-'}"
            + (f", {silent} not received" if silent else "")
            + (f", not understood: {strange}" if strange else "")
        )
    if telegram.type.startswith("VXSE4"):
        return "EEW is a forecast: never start a check"
    if "tsunami" in kinds:
        counted = Counter(fact.value for fact in facts)
        return ",".join(f"{code}x{counted[code]}" for code in sorted(counted))
    if "landslide" in kinds and (alerts := sum(fact.value == "3" for fact in facts)):
        return f"{alerts} {'city' if alerts == 1 else 'cities'} 警戒(code 3)"
    if "nankai" in kinds:
        stages = ",".join(sorted({fact.value for fact in facts}))
        return f"stage {stages}: notice to CLAIR, no message to participants"
    if facts and telegram.type not in ("VFVO52",):
        codes = sorted({fact.last if fact.value == ENDED and fact.last else fact.value for fact in facts})
        return f"{'code' if len(codes) == 1 and 'flood' in kinds else 'codes'} {','.join(codes)}"
    if not telegram.type:
        return "unknown type of telegram"
    return "information only" if telegram.type in TYPES else f"unknown type of telegram {telegram.type}"


def _strange(telegram: Telegram) -> set[str]:
    """Intensities that JMA had not defined when this was written: a person must look."""
    known = {*INTENSITIES, NOT_RECEIVED}
    return {fact.value for fact in telegram.facts if fact.kind == "intensity"} - known


def _marks(telegram: Telegram) -> str:
    status = {"drill": " (Status=訓練: never real)", "test": " (Status=試験: never real)"}.get(telegram.status, "")
    corrected = " (訂正: re-evaluate, replace earlier telegram)" if telegram.info_type == "corrected" else ""
    return status + corrected
