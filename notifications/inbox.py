"""What people text us, and what providers report: stored first, then understood. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import phonenumbers
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from models.db import db
from models.disaster import Answer, CheckState, Recipient, SafetyCheck
from models.message import InboundMessage, InboundState, Message, MessageState, Priority
from models.participant import Channel, ContactPoint, ContactState, Participant
from models.types import db_now
from notifications import outbox, reach, receipts
from notifications.safety import answers, replies
from notifications.settings import current
from notifications.texts import Purpose, Values, compose

inbound, message, contact = InboundMessage.__table__, Message.__table__, ContactPoint.__table__
recipient_table, check, person = Recipient.__table__, SafetyCheck.__table__, Participant.__table__

CLEAR = (Answer.SAFE, Answer.NEED_HELP)
_running = sa.join(
    recipient_table, check, sa.and_(check.c.id == recipient_table.c.check_id, check.c.state == CheckState.RUNNING)
)
_WHO: sa.Select[Any] = (
    sa.select(
        contact.c.participant_id.label("owner"),
        person.c.languages,
        recipient_table.c.id,
        recipient_table.c.check_id,
        recipient_table.c.asked_round,
        recipient_table.c.token,
        check.c.drill,
    )
    .select_from(contact)
    .join(person, person.c.id == contact.c.participant_id)
    .outerjoin(_running, recipient_table.c.participant_id == contact.c.participant_id)
    .where(contact.c.channel == Channel.SMS, contact.c.value == sa.bindparam("b_number"))
    .order_by(recipient_table.c.asked_at.desc(), recipient_table.c.id.desc())
)
"""Everybody with this number, and what they are being asked in checks that run, the latest first."""


def receipt(form: Mapping[str, str], uuid: str) -> bool:
    """A status callback (Twilio's form fields); `uuid` is ours, from the callback address. True if it was news."""
    form = _storable(form)
    return receipts.store(
        db.session().connection(),
        uuid=_storable({"": uuid})[""],
        provider_id=form.get("MessageSid") or form.get("SmsSid") or "",
        status=(form.get("MessageStatus") or form.get("SmsStatus") or "").lower(),
        error_code=form.get("ErrorCode") or "",
        raw=form,
    )


def reply(form: Mapping[str, str]) -> InboundState | None:
    """A text from a person. None when it was here before (providers deliver twice).

    Clear answers of one known person in one running check are recorded; STOP and START are obeyed; everything else
    waits for a human, word for word, also what somebody says beside STOP.
    """
    form = _storable(form)
    said = form.get("Body") or ""
    number = normalised(form.get("From") or "")
    understood = replies.classify(said)
    recipient, why = _whose(number)
    state = InboundState.ANSWERED
    if understood.opt_in or (understood.opt_out and not understood.says_more):
        state = InboundState.OPT_IN if understood.opt_in else InboundState.OPT_OUT
        why = "the person wants our texts again" if understood.opt_in else "the person asked us to stop"
    elif recipient is None:
        state = InboundState.WAITING
    elif understood.answer not in CLEAR:
        state, why = InboundState.WAITING, "asked us to stop, and said more" if understood.opt_out else "not clear"
    values = {"state": state, "why": why, "guess": understood.answer, "recipient_id": recipient and recipient.id}
    if not _store_once(form, number, said, values):
        return None
    if understood.opt_out:
        _stop(number)
    elif understood.opt_in:
        _start(number)
    if recipient is not None and state is InboundState.ANSWERED:
        answers.record(recipient.id, Answer(understood.answer), channel="sms", said=said)
    # Nothing is written back to who has just told us to stop: Twilio would refuse it.
    if recipient is not None and not understood.opt_out:
        if state is InboundState.WAITING:
            _write_back(recipient, number, "unclear")
        elif state is InboundState.ANSWERED:
            _write_back(recipient, number, "ack" if understood.answer == "safe" else "help_received")
    return state


def _storable(form: Mapping[str, str]) -> dict[str, str]:
    """PostgreSQL takes no NUL in a text; whoever sent one must not be told again and again that we failed."""
    return {name: text.replace("\x00", "\N{REPLACEMENT CHARACTER}") for name, text in form.items()}


def normalised(number: str) -> str:
    """A number as we store numbers (E.164); what is no number stays as it came."""
    text = number.strip()
    if text.startswith("00") and not text.startswith("000"):
        text = "+" + text[2:]
    try:
        parsed = phonenumbers.parse(text, "JP")
    except phonenumbers.NumberParseException:
        return number.strip()[:254]
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _store_once(form: Mapping[str, str], number: str, said: str, values: Mapping[str, Any]) -> bool:
    """Keep the text with what was made of it; False when it was here before."""
    connection = db.session().connection()
    media = form.get("NumMedia") or "0"
    row = {
        "provider_id": (form.get("MessageSid") or form.get("SmsSid") or "")[:80],
        "from_address": number,
        "to_address": (form.get("To") or "")[:254],
        "body": said,
        "media": int(media) if media.isdecimal() else 0,
        "handled_by": "",
        **values,
    }
    return connection.execute(_keep(connection.dialect.name), row).first() is not None


@cache
def _keep(dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(inbound).on_conflict_do_nothing(index_elements=["provider_id"]).returning(inbound.c.id)


def _whose(number: str) -> tuple[sa.Row[Any] | None, str]:
    """The one person and check a text can belong to (a row of `_WHO`), or why that cannot be said."""
    rows = db.session.connection().execute(_WHO, {"b_number": number}).all()
    if not rows:
        return None, "the number is not known"
    asked = [row for row in rows if row.id is not None]
    if not asked:
        return None, "nothing is being asked of this number"
    if len({row.owner for row in rows}) > 1:
        return None, "the number belongs to several people"
    if len({row.drill for row in asked}) > 1:
        return None, "a drill and a real check run at the same time"
    return asked[0], ""


def _stop(number: str) -> None:
    """STOP: no more SMS to this number; what was waiting is given up, and chase writes by another way."""
    connection = db.session().connection()
    reason = "The person has told us to stop (STOP)"
    connection.execute(
        sa.update(contact)
        .where(contact.c.channel == Channel.SMS, contact.c.value == number)
        .values(state=ContactState.OPTED_OUT, state_reason=reason)
    )
    stopped = connection.execute(
        sa.update(message)
        .where(
            message.c.address == number,
            message.c.channel == Channel.SMS,
            message.c.state == MessageState.PENDING,
        )
        .values(state=MessageState.SUPPRESSED, finished_at=db_now(), reason=reason)
        .returning(message.c.recipient_id)
    )
    reach.refresh(connection, list(stopped.scalars()))


def _start(number: str) -> None:
    """START after STOP: the number may be used again. Whoever can text from it has it."""
    db.session().connection().execute(
        sa.update(contact)
        .where(contact.c.channel == Channel.SMS, contact.c.value == number, contact.c.state == ContactState.OPTED_OUT)
        .values(
            state=sa.case(
                (contact.c.verified_at.is_not(None), sa.literal(ContactState.VERIFIED, contact.c.state.type)),
                else_=sa.literal(ContactState.UNVERIFIED, contact.c.state.type),
            ),
            state_reason="",
        )
    )


def _write_back(recipient: sa.Row[Any], number: str, purpose: Purpose) -> None:
    """One short answer per round and kind: enough to know we heard, too little for two machines to chat."""
    link = f"{current().public_url}/s/{recipient.token}"
    text = compose(purpose, "sms", recipient.languages, Values(link=link), drill=recipient.drill)
    outbox.write(
        [
            {
                "key": f"reply:{recipient.id}:{recipient.asked_round}:{purpose}",
                "check_id": recipient.check_id,
                "recipient_id": recipient.id,
                "participant_id": recipient.owner,
                "round_number": recipient.asked_round,
                "purpose": purpose,
                "channel": Channel.SMS,
                "address": number,
                "language": text.language,
                "subject": "",
                "body": text.body,
                "mark": recipient.token if recipient.token in text.body else "",
                "segments": text.segments,
                "priority": Priority.REPLY,
            }
        ]
    )
