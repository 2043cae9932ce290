"""How bad it is somewhere, so that "stronger than before where they are" can be decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import total_ordering

from notifications.jma.facts import NOT_RECEIVED, AreaFact

# One scale for all kinds: JMA's alert level times ten; intensities are put beside it by what they do to a house.
# 未入電 counts as 5-: JMA says "5-lower or more", and a station may be silent because it is destroyed.
_INTENSITY = {"1": 1, "2": 5, "3": 15, "4": 25, NOT_RECEIVED: 40, "5-": 40, "5+": 50, "6-": 55, "6+": 60, "7": 65}
# 警報等情報要素／津波警報・注意報・予報
_TSUNAMI = {"62": 20, "51": 50, "52": 60, "53": 60}
_TSUNAMI_LABELS = {"62": "advisory", "51": "warning", "52": "major warning", "53": "major warning"}
_TSUNAMI_WARNING = _TSUNAMI["51"]
# 警報等情報要素／気象警報・注意報: emergency warnings (old) and level 5 (2026), level 4, then warnings.
_WARNING_LEVELS = {
    **dict.fromkeys(("32", "33", "35", "36", "37", "38", "39"), 5),
    **dict.fromkeys(("43", "48", "49"), 4),
    **dict.fromkeys(("02", "03", "04", "05", "06", "07", "08", "09"), 3),
    "00": 0,
}
_LANDSLIDE_LEVELS = {"3": 4, "1": 0, "0": 0}
# 火山警報等: levels 5 and 4, and what they ask of a municipality; 25 and 24 for volcanoes without levels.
_VOLCANO_LEVELS = {"15": 5, "25": 5, "41": 5, "46": 5, "14": 4, "24": 4, "47": 4, "01": 4, "13": 3, "23": 3}


@total_ordering
@dataclass(frozen=True, slots=True)
class Severity:
    """Compared by `rank` alone; equal ranks with other labels (5- and 未入電) are equal in order.

    kind   as in AreaFact
    rank   0 … 70 on one scale for all kinds
    label  for people: "6-", "not_received", "major warning", "level 5"
    """

    kind: str = field(compare=False)
    rank: int
    label: str = field(compare=False)

    def __lt__(self, other: Severity) -> bool:
        return self.rank < other.rank

    def stronger_than(self, earlier: Severity) -> bool:
        """Whether someone asked because of `earlier` is to be asked again.

        A tsunami warning after anything else always counts: it is another danger to the same person. Within one
        earthquake (the same series) a higher reading is not a new shock; that is for the caller to tell apart.
        """
        if self.kind == "tsunami" and earlier.kind != "tsunami" and self.rank >= _TSUNAMI_WARNING:
            return True
        return self > earlier


def severity_of(fact: AreaFact) -> Severity:
    """An unknown code ranks lowest: a rule may still act on it, but it never counts as stronger."""
    value = fact.value
    if fact.kind == "intensity":
        return Severity(fact.kind, _INTENSITY.get(value, 0), value)
    if fact.kind == "tsunami":
        return Severity(fact.kind, _TSUNAMI.get(value, 0), _TSUNAMI_LABELS.get(value, value))
    level = _level(fact)
    return Severity(fact.kind, level * 10, f"level {level}" if level else value)


def _level(fact: AreaFact) -> int:
    if fact.kind == "warning":
        return _WARNING_LEVELS.get(fact.value, 2)
    if fact.kind == "landslide":
        return _LANDSLIDE_LEVELS.get(fact.value, 0)
    if fact.kind == "flood":
        # 指定河川洪水予報: the first digit is the level; 10 is "lifted".
        return int(fact.value[0]) if fact.value[:1] in ("2", "3", "4", "5") else 0
    if fact.kind == "volcano":
        return _VOLCANO_LEVELS.get(fact.value, 1)
    return 0
