"""What people text us, and what providers report: stored first, then understood. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

inbound = InboundMessage.__table__


def receipt(form: Mapping[str, str], uuid: str) -> bool:
    """A status callback (Twilio's form fields); `uuid` is ours, from the callback address. True if it was news."""
    return receipts.store(
        db.session().connection(),
        uuid=uuid,
        provider_id=form.get("MessageSid") or form.get("SmsSid") or "",
        status=(form.get("MessageStatus") or form.get("SmsStatus") or "").lower(),
        error_code=form.get("ErrorCode") or "",
        raw=form,
    )


def reply(form: Mapping[str, str]) -> InboundState | None:
    """A text from a person. None when it was here before (providers deliver twice).

    Clear answers of one known person in one running check are recorded; STOP is obeyed; everything else waits for a
    human, word for word.
    """
    said = (form.get("Body") or "").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    number = normalised(form.get("From") or "")
    row_id = _store_once(form, number, said)
    if row_id is None:
        return None
    understood = replies.classify(said)
    owners = db.session.scalars(
        sa.select(ContactPoint).where(ContactPoint.channel == Channel.SMS, ContactPoint.value == number)
    ).all()
    if understood.opt_out:
        _stop(owners, number)
        return _settle(row_id, InboundState.OPT_OUT, "the person asked us to stop", understood.answer)
    recipient, why = _whose(owners)
    if recipient is None:
        return _settle(row_id, InboundState.WAITING, why, understood.answer)
    if understood.answer not in (Answer.SAFE, Answer.NEED_HELP):
        _write_back(recipient, number, "unclear")
        return _settle(row_id, InboundState.WAITING, "not clear", understood.answer, recipient.id)
    answer = Answer(understood.answer)
    answers.record(recipient.id, answer, channel="sms", said=said)
    _write_back(recipient, number, "ack" if answer is Answer.SAFE else "help_received")
    return _settle(row_id, InboundState.ANSWERED, "", understood.answer, recipient.id)


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


def _store_once(form: Mapping[str, str], number: str, said: str) -> int | None:
    connection = db.session().connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    media = form.get("NumMedia") or "0"
    return connection.execute(
        insert(inbound)
        .values(
            provider_id=(form.get("MessageSid") or form.get("SmsSid") or "")[:80],
            from_address=number,
            to_address=(form.get("To") or "")[:254],
            body=said,
            media=int(media) if media.isdecimal() else 0,
            guess="",
            why="",
            handled_by="",
            state=InboundState.WAITING,
        )
        .on_conflict_do_nothing(index_elements=["provider_id"])
        .returning(inbound.c.id)
    ).scalar_one_or_none()


def _settle(row_id: int, state: InboundState, why: str, guess: str, recipient_id: int | None = None) -> InboundState:
    db.session().connection().execute(
        sa.update(inbound)
        .where(inbound.c.id == row_id)
        .values(state=state, why=why, guess=str(guess), recipient_id=recipient_id)
    )
    return state


def _whose(owners: Sequence[ContactPoint]) -> tuple[Recipient | None, str]:
    """The one person and check a text can belong to, or why that cannot be said."""
    people = {contact.participant_id for contact in owners}
    if not people:
        return None, "the number is not known"
    asked = db.session.execute(
        sa.select(Recipient, SafetyCheck.drill)
        .join(SafetyCheck, SafetyCheck.id == Recipient.check_id)
        .where(Recipient.participant_id.in_(people), SafetyCheck.state == CheckState.RUNNING)
        .order_by(Recipient.asked_at.desc(), Recipient.id.desc())
    ).all()
    if not asked:
        return None, "nothing is being asked of this number"
    if len(people) > 1:
        return None, "the number belongs to several people"
    if len({drill for _, drill in asked}) > 1:
        return None, "a drill and a real check run at the same time"
    return asked[0][0], ""


def _stop(owners: Sequence[ContactPoint], number: str) -> None:
    """STOP: no more SMS to this number; what was waiting is given up, and chase writes by another way."""
    session = db.session()
    for contact in owners:
        contact.state = ContactState.OPTED_OUT
        contact.state_reason = "The person has told us to stop (STOP)"
    session.flush()
    stopped = session.connection().execute(
        sa.update(Message.__table__)
        .where(
            Message.__table__.c.address == number,
            Message.__table__.c.channel == Channel.SMS,
            Message.__table__.c.state == MessageState.PENDING,
        )
        .values(state=MessageState.SUPPRESSED, finished_at=db_now(), reason="The person has told us to stop (STOP)")
        .returning(Message.__table__.c.recipient_id)
    )
    reach.refresh(session.connection(), list(stopped.scalars()))


def _write_back(recipient: Recipient, number: str, purpose: Purpose) -> None:
    """One short answer per round and kind: enough to know we heard, too little for two machines to chat."""
    settings = current()
    person = db.session.get(Participant, recipient.participant_id)
    check = db.session.get(SafetyCheck, recipient.check_id)
    if person is None or check is None:
        return
    text = compose(
        purpose,
        "sms",
        person.languages,
        Values(link=f"{settings.public_url}/s/{recipient.token}", name=person.letter_name),
        drill=check.drill,
    )
    outbox.write(
        [
            {
                "key": f"reply:{recipient.id}:{recipient.asked_round}:{purpose}",
                "check_id": recipient.check_id,
                "recipient_id": recipient.id,
                "participant_id": recipient.participant_id,
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
