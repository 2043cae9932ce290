"""The people of a board, one row each: cases, lists and exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from jetapp.safety.queries import BoardState, Filters, board_order, board_state
from models.db import db
from models.disaster import Answer, Recipient, SafetyAnswer
from models.message import Message, MessageState
from models.organisation import ContractingOrganisation, Host
from models.participant import UNUSABLE, Channel, ContactPoint, Participant
from models.place import Municipality, Prefecture

PAGE = 50
FAILURES = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.SUPPRESSED, MessageState.EXPIRED)


@dataclass
class Person:
    """One person asked, as lists show them. The name is empty for somebody no longer with the reader."""

    recipient: Recipient
    state: BoardState
    stale: bool
    family_name: str
    given_name: str
    kana: str
    jet_number: str
    position: str
    organisation_en: str
    organisation_ja: str
    host_en: str
    host_ja: str
    municipality_en: str
    municipality_ja: str
    prefecture_en: str
    prefecture_ja: str
    phone: str = ""
    via: str = ""
    said: str = ""
    failures: list[tuple[Channel, MessageState, str, str]] = field(default_factory=list)
    """(channel, state, error code, reason) of what did not arrive."""

    @property
    def id(self) -> int:
        return self.recipient.id

    @property
    def status(self) -> str:
        """The status word of components/status.html."""
        if self.state is BoardState.NEED_HELP:
            return "being_helped" if self.recipient.taken_by else "need_help"
        if self.state is BoardState.SAFE:
            return "safe_told" if self.told_by else "safe"
        return "safe_before" if self.stale else self.state.value

    @property
    def told_by(self) -> str:
        """Who told us; empty for the person's own answer."""
        return self.recipient.answered_by

    @property
    def unclear(self) -> bool:
        return self.recipient.answer is Answer.UNCLEAR


_JOINED = (Participant, ContractingOrganisation)


def _statement(check_id: int, filters: Filters) -> Any:
    # The person is joined loosely: who left meanwhile stays in the list, so that it equals the number above it.
    statement = (
        sa.select(
            Recipient,
            board_state().label("state"),
            Participant.family_name,
            Participant.given_name,
            Participant.kana,
            Participant.jet_number,
            Participant.position,
            ContractingOrganisation.name_en.label("organisation_en"),
            ContractingOrganisation.name_ja.label("organisation_ja"),
            Host.name_en.label("host_en"),
            Host.name_ja.label("host_ja"),
            Municipality.name_en.label("municipality_en"),
            Municipality.name_ja.label("municipality_ja"),
            Prefecture.name_en.label("prefecture_en"),
            Prefecture.name_ja.label("prefecture_ja"),
        )
        .select_from(Recipient)
        .outerjoin(Participant, Participant.id == Recipient.participant_id)
        .outerjoin(ContractingOrganisation, ContractingOrganisation.id == Recipient.organisation_id)
        .outerjoin(Host, Host.id == Recipient.host_id)
        .outerjoin(Municipality, Municipality.code == Recipient.municipality_code)
        .outerjoin(Prefecture, Prefecture.code == Recipient.prefecture_code)
    )
    return filters.over(statement, check_id, _JOINED)


def _person(row: Any) -> Person:
    values = dict(row._mapping)
    recipient: Recipient = values.pop("Recipient")
    state = BoardState(values.pop("state"))
    position = values.pop("position")
    words: dict[str, Any] = {name: value or "" for name, value in values.items()}
    for place in ("organisation", "host", "municipality", "prefecture"):
        words[f"{place}_en"] = words[f"{place}_en"] or words[f"{place}_ja"]
    is_stale = recipient.answer is Answer.SAFE and (recipient.answer_round or 0) < recipient.asked_round
    return Person(recipient, state, is_stale, position=position.value if position else "", **words)


def count(check_id: int, filters: Filters) -> int:
    """How many rows the list has in all."""
    statement = sa.select(sa.func.count(Recipient.id)).select_from(Recipient)
    return db.session.scalar(filters.over(statement, check_id)) or 0


def page(check_id: int, filters: Filters, limit: int = PAGE, offset: int = 0) -> list[Person]:
    """Help first, then silent, not reached, safe; inside a state the strongest shaking first, then by name."""
    order = (
        board_order(),
        sa.case((Recipient.taken_by == "", 0), else_=1),
        sa.case((Recipient.answer == Answer.NEED_HELP, Recipient.answered_at), else_=None),
        Recipient.severity_rank.desc(),
        sa.func.lower(Participant.family_name),
        sa.func.lower(Participant.given_name),
        Recipient.id,
    )
    statement = _statement(check_id, filters).order_by(*order).limit(limit).offset(offset)
    return _with_details([_person(row) for row in db.session.execute(statement)])


def one(check_id: int, recipient_id: int) -> Person | None:
    """One person of the check, or None when not there or not the actor's to see."""
    statement = _statement(check_id, Filters()).where(Recipient.id == recipient_id)
    found = _with_details([_person(row) for row in db.session.execute(statement)])
    return found[0] if found else None


def everybody(check_id: int, filters: Filters, chunk: int = 2000) -> Iterator[Person]:
    """All rows of the list for an export, in pieces, each person once."""
    last = 0
    while True:
        statement = _statement(check_id, filters).where(Recipient.id > last).order_by(Recipient.id).limit(chunk)
        people = _with_details([_person(row) for row in db.session.execute(statement)])
        yield from people
        if len(people) < chunk:
            return
        last = people[-1].id
        db.session.expunge_all()


def _with_details(people: Sequence[Person]) -> list[Person]:
    """Phone numbers, newest answers and failures of these people: one query each, however many they are."""
    by_id = {person.id: person for person in people}
    if not by_id:
        return []
    _add_phones(people)
    answers = (
        sa.select(SafetyAnswer)
        .where(SafetyAnswer.recipient_id.in_(by_id), SafetyAnswer.answer == Recipient.answer)
        .join(Recipient, Recipient.id == SafetyAnswer.recipient_id)
        .where(SafetyAnswer.given_by == Recipient.answered_by)
        .order_by(SafetyAnswer.id)
    )
    for answer in db.session.scalars(answers):
        by_id[answer.recipient_id].via = answer.channel
        by_id[answer.recipient_id].said = answer.said or by_id[answer.recipient_id].said
    lost = [person.id for person in people if person.state is BoardState.NOT_REACHED]
    failures = (
        sa.select(Message.recipient_id, Message.channel, Message.state, Message.error_code, Message.reason)
        .where(Message.recipient_id.in_(lost), Message.state.in_(FAILURES))
        .order_by(Message.id)
    )
    for told_of, channel, state, code, reason in db.session.execute(failures):
        by_id[told_of or 0].failures.append((channel, state, code, reason))
    return list(people)


def _add_phones(people: Sequence[Person]) -> None:
    ids = [person.recipient.participant_id for person in people]
    statement = (
        sa.select(ContactPoint.participant_id, ContactPoint.value)
        .where(
            ContactPoint.participant_id.in_(ids),
            ContactPoint.channel == Channel.SMS,
            ContactPoint.state.not_in(UNUSABLE),
        )
        .order_by(ContactPoint.rank.desc(), ContactPoint.id.desc())
    )
    numbers: dict[int, str] = {row[0]: row[1] for row in db.session.execute(statement)}
    for person in people:
        person.phone = numbers.get(person.recipient.participant_id, "")
