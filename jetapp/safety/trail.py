"""Everything that was sent to one person in one check, and everything that came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jetapp.safety import people
from jetapp.safety.people import Person
from models.access import Permission, require
from models.db import db
from models.disaster import Answer, SafetyAnswer
from models.errors import NotFound
from models.message import Message, MessageState
from models.participant import ContactPoint, Participant


@dataclass(frozen=True)
class Step:
    """One message or one answer; `kind` tells which, the other's fields are empty."""

    at: datetime
    kind: str
    channel: str
    text: str
    language: str = ""
    purpose: str = ""
    address: str = ""
    round: int = 1
    state: MessageState | None = None
    state_at: datetime | None = None
    error_code: str = ""
    reason: str = ""
    answer: Answer | None = None
    given_by: str = ""
    details: dict[str, Any] | None = None


@dataclass(frozen=True)
class Trail:
    """One person of a check with all there is to know. `participant` is None when no longer with the reader."""

    person: Person
    participant: Participant | None
    contacts: list[ContactPoint]
    steps: list[Step]


def of(check_id: int, recipient_id: int) -> Trail:
    """The trail, oldest step first; `NotFound` when the person is not the actor's."""
    require(Permission.SAFETY_VIEW)
    person = people.one(check_id, recipient_id)
    if person is None:
        raise NotFound()
    participant_id = person.recipient.participant_id
    contacts = (
        sa.select(ContactPoint)
        .where(ContactPoint.participant_id == participant_id)
        .order_by(ContactPoint.channel, ContactPoint.rank, ContactPoint.id)
    )
    messages = sa.select(Message).where(Message.recipient_id == recipient_id).order_by(Message.id)
    answers = sa.select(SafetyAnswer).where(SafetyAnswer.recipient_id == recipient_id).order_by(SafetyAnswer.id)
    steps = [_of_message(message) for message in db.session.scalars(messages)]
    steps += [_of_answer(answer) for answer in db.session.scalars(answers)]
    return Trail(
        person=person,
        participant=db.session.get(Participant, participant_id),
        contacts=list(db.session.scalars(contacts)),
        steps=sorted(steps, key=lambda step: step.at),
    )


def _of_message(message: Message) -> Step:
    return Step(
        at=message.submitted_at or message.created_at,
        kind="message",
        channel=message.channel.value,
        text="\n".join(part for part in (message.subject, message.body) if part),
        language=message.language,
        purpose=message.purpose,
        address=message.address,
        round=message.round_number,
        state=message.state,
        state_at=message.finished_at or message.accepted_at,
        error_code=message.error_code,
        reason=message.reason,
    )


def _of_answer(answer: SafetyAnswer) -> Step:
    return Step(
        at=answer.received_at,
        kind="answer",
        channel=answer.channel,
        text=answer.said,
        round=answer.round_number,
        answer=answer.answer,
        given_by=answer.given_by,
        details=answer.details,
    )
