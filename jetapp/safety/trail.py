"""Everything that was sent to one person in one check, and everything that came back.

The link's secret and the code word are not shown: with the one anybody could answer as this person, with the other
anybody could pass for us.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from models.message import InboundMessage, InboundState, Message, MessageState
from models.participant import ContactPoint, Participant

HIDDEN = "••••"
NO_ANSWER = (InboundState.WAITING, InboundState.OPT_OUT, InboundState.OPT_IN, InboundState.SET_ASIDE)
"""Texts that stand in the trail by themselves; the others do as the answer they were."""


@dataclass(frozen=True)
class Step:
    """One message, one answer, or one text that is no answer (`inbound`); `kind` tells which."""

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
    inbound: InboundState | None = None


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
    texts = sa.select(InboundMessage).where(
        InboundMessage.recipient_id == recipient_id, InboundMessage.state.in_(NO_ANSWER)
    )
    participant = db.session.get(Participant, participant_id)
    secrets = [person.recipient.token, participant.code_word] if participant is not None else None
    steps = [_of_message(message, secrets) for message in db.session.scalars(messages)]
    steps += [_of_text(text) for text in db.session.scalars(texts)]
    steps += [_of_answer(answer) for answer in db.session.scalars(answers)]
    return Trail(
        person=person,
        participant=participant,
        contacts=list(db.session.scalars(contacts)),
        steps=sorted(steps, key=lambda step: step.at),
    )


def _of_message(message: Message, secrets: Sequence[str] | None) -> Step:
    """Without the text when the person is no longer with the reader, who then may not learn what to hide in it."""
    text = "\n".join(part for part in (message.subject, message.body) if part) if secrets is not None else ""
    for secret in filter(None, secrets or ()):
        text = text.replace(secret, HIDDEN)
    return Step(
        at=message.submitted_at or message.created_at,
        kind="message",
        channel=message.channel.value,
        text=text,
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


def _of_text(text: InboundMessage) -> Step:
    return Step(at=text.received_at, kind="text", channel="sms", text=text.body, inbound=text.state)
