"""Messages of a check, written as rows for many people at once with the same few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from models.db import db
from models.disaster import CheckRound, Recipient, SafetyCheck
from models.message import NOT_YET_OUT, Message, Priority
from models.participant import UNUSABLE, Channel, ContactPoint, ContactState, Participant
from models.types import db_now
from notifications import outbox, settings
from notifications.texts import Event, Purpose, Values, compose

QUESTIONS: tuple[Purpose, ...] = ("ask", "reminder")
PRIORITIES: Mapping[str, int] = {
    "ask": Priority.ASK,
    "reminder": Priority.REMINDER,
    "cancel": Priority.NOTICE,
}
USEFUL_FOR = {"ask": timedelta(hours=4), "reminder": timedelta(hours=4), "cancel": timedelta(hours=24)}
"""A question of yesterday must not arrive tomorrow (messaging.md §2.7, validity period 1–4 h); longer than the
3 h 20 min that the slowest sender needs for 6,000 people, so that nobody's only question expires in the queue."""
_TRUST = {ContactState.VERIFIED: 0, ContactState.UNVERIFIED: 1, ContactState.BOUNCED: 2}

recipient, message, contact = Recipient.__table__, Message.__table__, ContactPoint.__table__


@dataclass(frozen=True, slots=True)
class Contact:
    id: int
    channel: Channel
    value: str
    verified: bool


Choose = Callable[[int, Sequence[Contact]], Iterable[Contact]]
"""Which of a person's contacts, best first, a message goes to; given the recipient's id."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many messages were new, and the recipients for whom no contact was chosen."""

    messages: int
    without_contact: tuple[int, ...]


def present() -> datetime:
    """The present moment by the database's clock, which all workers share."""
    moment: datetime = db.session.connection().execute(sa.select(db_now())).scalar_one()
    return moment


def write(
    check: SafetyCheck,
    round_: CheckRound,
    wanted: Collection[int],
    *,
    purpose: Purpose,
    wave: int,
    choose: Choose,
    where: Sequence[ColumnElement[bool]] = (),
) -> Written:
    """Write one message to each contact that `choose` names for the recipients `wanted`.

    `where` narrows the recipients read from the database; `wanted` decides. The key of a message names check,
    person, round, wave, channel and contact, so writing the same again changes nothing.
    """
    if not wanted:
        return Written(0, ())
    moment = present()
    event = event_of(round_.event or check.event)
    people = _people(check.id, where)
    contacts = contacts_of(check.id, where)
    base = settings.current().public_url
    sms_reply = settings.current().sms_reply
    slot = str(wave) if purpose in QUESTIONS else purpose
    rows: list[dict[str, Any]] = []
    without: list[int] = []
    for person in people:
        if person.id not in wanted:
            continue
        chosen = list(choose(person.id, contacts.get(person.participant_id, ())))
        if not chosen:
            without.append(person.id)
            continue
        values = Values(
            name=f"{person.given_name} {person.family_name}".strip(),
            link=f"{base}/s/{person.token}",
            code_word=person.code_word,
            event=event,
        )
        for point in chosen:
            text = compose(purpose, point.channel.value, person.languages or [], values, check.drill, sms_reply)
            rows.append(
                {
                    "key": f"{check.id}:{person.participant_id}:{round_.number}:{slot}:{point.channel}:{point.id}",
                    "check_id": check.id,
                    "recipient_id": person.id,
                    "participant_id": person.participant_id,
                    "contact_point_id": point.id,
                    "round_number": round_.number,
                    "wave": wave,
                    "purpose": purpose,
                    "channel": point.channel,
                    "address": point.value,
                    "language": text.language,
                    "subject": text.subject[:200],
                    "body": text.body,
                    "mark": person.token,
                    "segments": text.segments,
                    "priority": PRIORITIES[purpose],
                    "due_at": moment,
                    "expires_at": moment + USEFUL_FOR[purpose],
                }
            )
    return Written(outbox.write(rows), tuple(without))


def best_of_each(_: int, contacts: Sequence[Contact]) -> Iterable[Contact]:
    """The best phone number and the best e-mail address: both go out in the first wave."""
    for channel in Channel:
        first = next((point for point in contacts if point.channel is channel), None)
        if first is not None:
            yield first


def turn(wave: int) -> Choose:
    """For reminder `wave`: the person's verified addresses of each channel in turn, else the best one again."""

    def choose(_: int, contacts: Sequence[Contact]) -> Iterable[Contact]:
        for channel in Channel:
            points = [point for point in contacts if point.channel is channel]
            trusted = [point for point in points if point.verified]
            if trusted:
                yield trusted[wave % len(trusted)]
            elif points:
                yield points[0]

    return choose


def not_out_yet(check_id: int) -> set[tuple[int, Channel]]:
    """(recipient, channel) of questions that still wait to leave: asking again on top would only lengthen the queue."""
    rows = db.session.connection().execute(
        sa.select(message.c.recipient_id, message.c.channel).where(
            message.c.check_id == check_id,
            message.c.state.in_(NOT_YET_OUT),
            message.c.purpose.in_(QUESTIONS),
        )
    )
    return {(ident, channel) for ident, channel in rows}


def contacts_of(check_id: int, where: Sequence[ColumnElement[bool]] = ()) -> dict[int, list[Contact]]:
    """The usable contacts of the check's recipients by participant, best first: verified, then by rank."""
    rows = db.session.connection().execute(
        sa.select(
            contact.c.participant_id, contact.c.id, contact.c.channel, contact.c.value, contact.c.state, contact.c.rank
        )
        .join(recipient, recipient.c.participant_id == contact.c.participant_id)
        .where(recipient.c.check_id == check_id, contact.c.state.not_in(UNUSABLE), *where)
    )
    return order(rows)


def order(rows: Iterable[Any]) -> dict[int, list[Contact]]:
    """Contacts by participant, best first, from rows of participant_id, id, channel, value, state, rank."""
    found: defaultdict[int, list[tuple[tuple[int, int, int], Contact]]] = defaultdict(list)
    for row in rows:
        place = (_TRUST[row.state], row.rank, row.id)
        verified = row.state is ContactState.VERIFIED
        found[row.participant_id].append((place, Contact(row.id, row.channel, row.value, verified)))
    return {who: [point for _, point in sorted(points, key=lambda pair: pair[0])] for who, points in found.items()}


def _people(check_id: int, where: Sequence[ColumnElement[bool]]) -> Sequence[Any]:
    person = Participant.__table__
    return (
        db.session.connection()
        .execute(
            sa.select(
                recipient.c.id,
                recipient.c.participant_id,
                recipient.c.token,
                person.c.given_name,
                person.c.family_name,
                person.c.languages,
                person.c.code_word,
            )
            .join(person, person.c.id == recipient.c.participant_id)
            .where(recipient.c.check_id == check_id, *where)
            # By id, so that two writers of messages lock rows in one order.
            .order_by(recipient.c.id)
        )
        .all()
    )


def event_of(stored: Mapping[str, Any]) -> Event | None:
    """The event as texts need it, from what a check or round keeps; None when it says nothing."""
    if not stored.get("kind") or not stored.get("at"):
        return None
    return Event(
        kind=stored["kind"],
        max_value=stored.get("max_value") or "",
        place_ja=stored.get("place_ja") or "",
        place_en=stored.get("place_en") or stored.get("place_ja") or "",
        at=datetime.fromisoformat(stored["at"]),
    )
