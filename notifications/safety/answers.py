"""Answers: every one is kept, the newest counts. A person's own clear answer is not pushed away by anything weaker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from models.access import Permission, current_actor, require
from models.db import db, lock
from models.disaster import Answer, CheckState, Recipient, SafetyAnswer, SafetyCheck
from models.errors import Conflict, Invalid, NotFound
from models.message import NOT_YET_OUT, InboundMessage, InboundState, Message, MessageState
from models.participant import Participant
from models.types import db_now
from notifications.safety.asking import QUESTIONS

CLOSED_FOR = timedelta(days=2)
"""How long a link still takes answers after the check was closed: a phone may come back on days later."""

recipient, answer_table, message = Recipient.__table__, SafetyAnswer.__table__, Message.__table__
check_table, person = SafetyCheck.__table__, Participant.__table__

_THIS = recipient.c.id == sa.bindparam("b_id")
_GIVEN = sa.bindparam("b_answer", type_=recipient.c.answer.type)
_OUT_OF_DATE = sa.or_(recipient.c.answer.is_(None), recipient.c.answer_round < recipient.c.asked_round)
_DETAILS = sa.bindparam("b_details", type_=recipient.c.details.type)
_SAID_AGAIN = sa.and_(
    sa.bindparam("b_bare", type_=sa.Boolean()),
    recipient.c.answer == _GIVEN,
    recipient.c.answer_round >= recipient.c.asked_round,
)
"""The same answer once more with nothing to add: a second tap on "I need help" must not hide where the person is."""
_SET = (
    sa.update(recipient)
    .values(
        answer=_GIVEN,
        answered_at=db_now(),
        answer_round=recipient.c.asked_round,
        answered_by=sa.bindparam("b_by", type_=recipient.c.answered_by.type),
        details=sa.case((_SAID_AGAIN, recipient.c.details), else_=_DETAILS),
        first_answer=sa.func.coalesce(recipient.c.first_answer, _GIVEN),
        first_answered_at=sa.func.coalesce(recipient.c.first_answered_at, db_now()),
    )
    .returning(recipient.c.id, recipient.c.check_id, recipient.c.asked_round)
)
_SET_ALWAYS = _SET.where(_THIS)
_SET_IF_UNCLEAR = _SET.where(_THIS, sa.or_(_OUT_OF_DATE, recipient.c.answer == Answer.UNCLEAR))
_SET_IF_SECOND_HAND = _SET.where(
    _THIS, sa.or_(_OUT_OF_DATE, recipient.c.answer == Answer.UNCLEAR, recipient.c.answered_by != "")
)
_SET_IF_OLDER = _SET.where(
    _THIS,
    sa.or_(
        _OUT_OF_DATE,
        recipient.c.answer == Answer.UNCLEAR,
        recipient.c.answered_at <= sa.bindparam("b_at", type_=recipient.c.answered_at.type),
    ),
)
_READ = sa.select(recipient.c.check_id, recipient.c.asked_round).where(_THIS)
_ADD = sa.insert(answer_table).values(received_at=db_now())
_STOP_ALL = (
    sa.update(message)
    .where(message.c.state.in_(NOT_YET_OUT), message.c.purpose.in_(QUESTIONS))
    .values(state=MessageState.CANCELED, finished_at=db_now(), reason="the person answered first")
)
_STOP = _STOP_ALL.where(message.c.recipient_id == sa.bindparam("b_id"))


def _at_once() -> sa.Select[Any]:
    """What counts, what is kept and what is stopped in one statement, where the database can do that (PostgreSQL):
    minutes after an earthquake thousands of people answer."""
    counted = _SET_ALWAYS.cte("counted")
    answer = {
        "recipient_id": counted.c.id,
        "check_id": counted.c.check_id,
        "round_number": counted.c.asked_round,
        "answer": _GIVEN,
        "channel": sa.bindparam("b_channel", type_=answer_table.c.channel.type),
        "said": sa.bindparam("b_said", type_=answer_table.c.said.type),
        "details": sa.bindparam("b_details", type_=answer_table.c.details.type),
        "given_by": sa.bindparam("b_by", type_=answer_table.c.given_by.type),
        "received_at": db_now(),
    }
    kept = sa.insert(answer_table).from_select(list(answer), sa.select(*answer.values()))
    stopped = _STOP_ALL.where(message.c.recipient_id == counted.c.id).cte("stopped")
    added = kept.returning(answer_table.c.id).cte("added")
    return sa.select(added.c.id).add_cte(stopped)


_AT_ONCE = _at_once()
_BY_TOKEN: sa.Select[Any] = (
    sa.select(
        recipient.c.id,
        recipient.c.participant_id,
        recipient.c.asked_round,
        recipient.c.answer,
        recipient.c.answered_at,
        recipient.c.answer_round,
        recipient.c.details,
        check_table.c.drill,
        check_table.c.event,
        check_table.c.withdrawn_at,
        person.c.given_name,
        person.c.family_name,
        person.c.languages,
        person.c.code_word,
    )
    .join(check_table, check_table.c.id == recipient.c.check_id)
    .join(person, person.c.id == recipient.c.participant_id)
    .where(
        recipient.c.token == sa.bindparam("b_token"),
        sa.or_(check_table.c.token_expires_at.is_(None), check_table.c.token_expires_at > db_now()),
        sa.or_(
            check_table.c.state == CheckState.RUNNING,
            sa.and_(
                check_table.c.state == CheckState.CLOSED,
                check_table.c.closed_at > db_now(-CLOSED_FOR.total_seconds()),
            ),
        ),
    )
)


def recipient_by_token(token: str) -> sa.Row[Any] | None:
    """Whose link this is, with what the answer page says of check and person; None for unknown, expired, closed alike.

    The token is the only authority, so this is not filtered by the actor.
    """
    return db.session.connection().execute(_BY_TOKEN, {"b_token": token}).one_or_none()


def record(
    recipient_id: int,
    answer: Answer,
    *,
    channel: str,
    said: str = "",
    details: Mapping[str, Any] | None = None,
    given_by: str = "",
    given_at: datetime | None = None,
) -> int:
    """Keep an answer and let it count; the id of the kept answer. Questions not yet out are cancelled.

    Newest counts, with these exceptions within the present round: an unclear text never replaces a clear answer;
    what somebody else says (`given_by`) replaces the person's own answer only if it is "need help"; a text judged
    later (`given_at`: when it came) does not replace what came after it, unless it is "need help".
    """
    answer = Answer(answer)
    given_by = given_by[:120]
    if not current_actor().sees_all:
        _visible(recipient_id)
        if given_by:
            require(Permission.SAFETY_TAKE_CASE)
    connection = db.session.connection()
    values: dict[str, Any] = {"b_id": recipient_id, "b_answer": answer, "b_by": given_by}
    values |= {"b_details": details or {}, "b_bare": not details}
    statement = _SET_ALWAYS
    if answer is Answer.UNCLEAR:
        statement = _SET_IF_UNCLEAR
    elif answer is not Answer.NEED_HELP and given_by:
        statement = _SET_IF_SECOND_HAND
    elif answer is not Answer.NEED_HELP and given_at is not None:
        statement, values["b_at"] = _SET_IF_OLDER, given_at
    if statement is _SET_ALWAYS and connection.dialect.name == "postgresql":
        added = connection.execute(_AT_ONCE, {**values, "b_channel": channel, "b_said": said}).first()
        if added is None:
            raise NotFound()
        return int(added.id)
    row = connection.execute(statement, values).first()
    if row is None:
        # Kept all the same, beside the answer that stands.
        row = connection.execute(_READ, {"b_id": recipient_id}).first()
        if row is None:
            raise NotFound()
    ident = _keep(recipient_id, row, answer, channel, said, details or {}, given_by)
    if answer is not Answer.UNCLEAR:
        connection.execute(_STOP, {"b_id": recipient_id})
    return ident


def add_details(recipient_id: int, details: Mapping[str, Any], *, channel: str = "page", given_by: str = "") -> int:
    """Add to the present answer what was said after the first tap; kept as one more answer of the same kind."""
    row = lock(Recipient, recipient_id)
    if row.answer is None:
        raise Conflict("no_answer", "There is no answer yet to add this to.")
    row.details = {**row.details, **details}
    db.session.flush()
    return _keep(recipient_id, row, row.answer, channel, "", dict(details), given_by)


def take_case(recipient_id: int) -> Recipient:
    """The current actor looks after this person from now on."""
    actor = require(Permission.SAFETY_TAKE_CASE)
    row: Recipient = lock(Recipient, recipient_id)
    if row.taken_by and row.taken_by != actor.label:
        raise Conflict("case_taken", "%(who)s is looking after this person already.", who=row.taken_by)
    if not row.taken_by:
        row.taken_by, row.taken_at = actor.label[:120], _now()
    db.session.flush()
    return row


def release_case(recipient_id: int) -> Recipient:
    """Nobody looks after this person any more, so that somebody else may."""
    require(Permission.SAFETY_TAKE_CASE)
    row: Recipient = lock(Recipient, recipient_id)
    row.taken_by, row.taken_at = "", None
    db.session.flush()
    return row


def classify_reply(inbound_id: int, answer: Answer | None, *, recipient_id: int | None = None) -> InboundMessage:
    """A person has read a reply: it counts as `answer` of its sender, or is set aside (None).

    `recipient_id` says whose it is where the number alone does not (unknown, or shared by several people).
    """
    actor = require(Permission.SAFETY_CLASSIFY)
    inbound: InboundMessage = lock(InboundMessage, inbound_id)
    if inbound.state not in (InboundState.WAITING, InboundState.OPT_OUT):
        raise Conflict("reply_handled", "This reply has been dealt with by %(who)s.", who=inbound.handled_by or "—")
    if answer is not None:
        whose = recipient_id or inbound.recipient_id
        if whose is None:
            raise Invalid("reply_whose", "Choose the person this reply is from.", field="recipient_id")
        record(whose, answer, channel="sms", said=inbound.body, given_at=inbound.received_at)
        inbound.recipient_id = whose
    inbound.state = InboundState.SET_ASIDE if answer is None else InboundState.CLASSIFIED
    inbound.handled_by, inbound.handled_at = actor.label[:120], _now()
    db.session.flush()
    return inbound


def _keep(
    recipient_id: int, row: Any, answer: Answer, channel: str, said: str, details: Mapping[str, Any], given_by: str
) -> int:
    kept = db.session.connection().execute(
        _ADD,
        {
            "recipient_id": recipient_id,
            "check_id": row.check_id,
            "round_number": row.asked_round,
            "answer": answer,
            "channel": channel,
            "said": said,
            "details": details,
            "given_by": given_by[:120],
        },
    )
    key = kept.inserted_primary_key
    assert key is not None
    return int(key[0])


def _visible(recipient_id: int) -> None:
    if db.session.scalar(sa.select(Recipient.id).where(Recipient.id == recipient_id)) is None:
        raise NotFound()


def _now() -> datetime:
    moment: datetime = db.session.connection().execute(sa.select(db_now())).scalar_one()
    return moment
