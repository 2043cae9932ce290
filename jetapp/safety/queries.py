"""The state of each person on a board, defined once, and everything counted from it.

Lists, totals, bars, maps, exports and the live mark all use `board_state()` and `Filters`, so that a number and the
list behind it cannot differ. The session shows each actor only its own people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from models.db import db
from models.disaster import Answer, Reach, Recipient
from models.organisation import ContractingOrganisation
from models.participant import Participant


class BoardState(StrEnum):
    """In the order in which people are always shown."""

    NEED_HELP = "need_help"
    NO_ANSWER = "no_answer"
    NOT_REACHED = "not_reached"
    SAFE = "safe"


SILENT = "silent"
"""No answer and not reached together, as maps and shares count them."""
ALL = "all"
STATES: dict[str, tuple[BoardState, ...]] = {
    **{state.value: (state,) for state in BoardState},
    SILENT: (BoardState.NO_ANSWER, BoardState.NOT_REACHED),
    ALL: tuple(BoardState),
}
MARKS = ("not_taken", "taken", "stale", "unclear", "told")


def board_state() -> ColumnElement[str]:
    """Help stays help until it is answered otherwise; a safe counts only if given in the round asked last."""
    return sa.case(
        (Recipient.answer == Answer.NEED_HELP, BoardState.NEED_HELP.value),
        (_safe_now(), BoardState.SAFE.value),
        (Recipient.reach == Reach.FAILED, BoardState.NOT_REACHED.value),
        else_=BoardState.NO_ANSWER.value,
    )


def board_order() -> ColumnElement[int]:
    """Help, silent, not reached, safe."""
    return sa.case({state.value: place for place, state in enumerate(BoardState)}, value=board_state())


def _safe_now() -> ColumnElement[bool]:
    return sa.and_(Recipient.answer == Answer.SAFE, Recipient.answer_round >= Recipient.asked_round)


def stale() -> ColumnElement[bool]:
    """Safe before a later shock."""
    return sa.and_(Recipient.answer == Answer.SAFE, Recipient.answer_round < Recipient.asked_round)


def _marked(mark: str) -> ColumnElement[bool]:
    if mark == "not_taken":
        return sa.and_(Recipient.answer == Answer.NEED_HELP, Recipient.taken_by == "")
    if mark == "taken":
        return sa.and_(Recipient.answer == Answer.NEED_HELP, Recipient.taken_by != "")
    if mark == "stale":
        return stale()
    if mark == "unclear":
        return Recipient.answer == Answer.UNCLEAR
    return sa.and_(_safe_now(), Recipient.answered_by != "")


@dataclass(frozen=True)
class Filters:
    """What the address of a board limits it to; empty = everybody the actor may see."""

    state: str = ""
    """A key of STATES; empty shows the board instead of a list."""
    mark: str = ""
    prefecture: str = ""
    municipality: str = ""
    host: int | None = None
    organisation: int | None = None
    round: int | None = None
    q: str = ""
    page: int = 1

    @property
    def area(self) -> Filters:
        """The same without state, mark and page: what the totals are counted over."""
        return replace(self, state="", mark="", page=1)

    def of_state(self, state: str) -> Filters:
        """Everybody of one state in the same area."""
        return replace(self.area, state=state)

    @property
    def limited(self) -> bool:
        return self.area != Filters()

    def address(self, **changes: Any) -> dict[str, Any]:
        """The address parameters of these filters with `changes`; a change of anything leads to the first page."""
        changed = replace(self, **({"page": 1} | changes))
        found = {name: getattr(changed, name) for name in self.__dataclass_fields__}
        if found["page"] == 1:
            del found["page"]
        return {name: value for name, value in found.items() if value not in ("", None)}

    def conditions(self, check_id: int) -> list[ColumnElement[bool]]:
        """As SQL over Recipient (and Participant and ContractingOrganisation if there is a search)."""
        found: list[ColumnElement[bool]] = [Recipient.check_id == check_id]
        if self.state and set(STATES[self.state]) != set(BoardState):
            found.append(board_state().in_([state.value for state in STATES[self.state]]))
        if self.mark:
            found.append(_marked(self.mark))
        if self.prefecture:
            found.append(Recipient.prefecture_code == self.prefecture)
        if self.municipality:
            found.append(Recipient.municipality_code == self.municipality)
        if self.host is not None:
            found.append(Recipient.host_id == self.host)
        if self.organisation is not None:
            found.append(Recipient.organisation_id == self.organisation)
        if self.round is not None:
            found.append(Recipient.asked_round == self.round)
        found.extend(self._search())
        return found

    def _search(self) -> Iterable[ColumnElement[bool]]:
        columns = (
            Participant.family_name,
            Participant.given_name,
            Participant.kana,
            Participant.kanji,
            Participant.jet_number,
            ContractingOrganisation.name_en,
            ContractingOrganisation.name_ja,
        )
        for word in self.q.lower().split()[:5]:
            yield sa.or_(*(sa.func.lower(column).contains(word, autoescape=True) for column in columns))

    def over(self, statement: Any, check_id: int, joined: Sequence[type] = ()) -> Any:
        """`statement` limited by these filters, with the joins a search needs that are not there yet."""
        if self.q and Participant not in joined:
            statement = statement.outerjoin(Participant, Participant.id == Recipient.participant_id)
        if self.q and ContractingOrganisation not in joined:
            statement = statement.outerjoin(
                ContractingOrganisation, ContractingOrganisation.id == Recipient.organisation_id
            )
        return statement.where(*self.conditions(check_id))


@dataclass(frozen=True)
class Totals:
    """How many people are in which state; the four states add up to `asked`."""

    need_help: int = 0
    no_answer: int = 0
    not_reached: int = 0
    safe: int = 0
    not_taken: int = 0
    taken: int = 0
    stale: int = 0
    unclear: int = 0
    told: int = 0

    @property
    def asked(self) -> int:
        return self.need_help + self.no_answer + self.not_reached + self.safe

    @property
    def silent(self) -> int:
        return self.no_answer + self.not_reached

    @property
    def answered(self) -> int:
        return self.need_help + self.safe


def one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def state_counts() -> list[ColumnElement[int]]:
    state = board_state()
    return [one_if(state == each.value).label(each.value) for each in BoardState]


def totals(check_id: int, filters: Filters) -> Totals:
    """The totals over an area, whatever state the address asks for.

    Judged once a person and counted by the judgement: thirteen sums would judge each person thirteen times.
    """
    state = board_state().label("board_state")
    # Nobody has two marks: each belongs to another state or answer.
    mark = sa.case(*((_marked(name), name) for name in MARKS), else_="").label("board_mark")
    statement = sa.select(state, mark, sa.func.count()).select_from(Recipient)
    statement = filters.area.over(statement, check_id).group_by("board_state", "board_mark")
    found: Counter[str] = Counter()
    for of_state, of_mark, count in db.session.execute(statement):
        found[of_state] += count
        if of_mark:
            found[of_mark] += count
    return Totals(**found)
