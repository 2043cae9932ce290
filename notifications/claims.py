"""The moves of a message row, as SQL: claim, submit, record, sweep. States and reasons: docs/sending.md.

Every function takes a connection inside a short transaction; none is open during a request to a provider. A claim is
a token: whoever lost it (a frozen worker, a lease that ran out) changes 0 rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from models import audit
from models.access import system
from models.disaster import Answer, Recipient
from models.message import Message, MessageState, Sender
from models.participant import Channel, ContactPoint, ContactState
from models.types import db_now
from notifications import bulk, reach
from notifications.channels.base import Outgoing
from notifications.channels.codes import DEAD_NUMBER_CODES, CodeClass, meaning

message = Message.__table__
sender = Sender.__table__
recipient = Recipient.__table__
contact_point = ContactPoint.__table__

QUESTIONS = ("ask", "reminder")
RANK_ACCEPTED = 10
RANK_FAILED = 40
LOOKUPS_BEFORE_RESEND = 2
ABANDONED = "the worker stopped before the provider's answer was stored"
CANNOT_TELL_WAITS = 5
"""A provider whose list gives no answer for so many waits is not waited for any longer."""
HOLD_SECONDS = 10
"""PostgreSQL ends a claim that hangs for so long (a frozen process): everybody else waits for the sender's row."""
FIRST_FETCH_SECONDS = 3_600
LAST_FETCH_SECONDS = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages that are ours to send now; `wait` = seconds until the sender may send more (0 = try again at once)."""

    token: str
    messages: tuple[Outgoing, ...]
    wait: float


@dataclass(frozen=True, slots=True)
class Accepted:
    id: int
    token: str
    """Of the claim under which it was sent."""
    provider_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    id: int
    code: str
    reason: str


def ensure_sender(connection: Connection, channel: Channel, address: str, rate: float) -> None:
    """The channel's sender row with the rate of the settings; its clock and its pause are left as they are."""
    values = {"address": address, "segments_per_second": rate}
    known = connection.execute(
        sa.update(sender).where(sender.c.channel == channel).values(values).returning(sender.c.id)
    ).first()
    if known is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        fresh = {"channel": channel, "paused": False, "paused_reason": "", **values}
        # The first two workers of all meet here.
        connection.execute(insert(sender).values(fresh).on_conflict_do_nothing(index_elements=["channel"]))


def claim(connection: Connection, channel: Channel, limit: int, lease_seconds: float) -> Claim:
    """Take up to `limit` due messages and mark them as submitted, within the rate that all workers share.

    The rate is a clock in the sender's row, in segments: it runs ahead with what was handed out, so that a flush of
    Redis or a second worker can neither lift nor freeze it. Committed before the first request leaves.
    """
    row = connection.execute(_sender_clock(connection.dialect.name), {"b_channel": channel}).first()
    if row is None or row.paused:
        return Claim("", (), 0.0)
    moment: datetime = row[5]
    if row.slow_until is not None and row.slow_until > moment:
        return Claim("", (), (row.slow_until - moment).total_seconds())
    rate = row.segments_per_second
    start = moment
    if rate > 0:
        start = max(row.next_free_at or moment, moment)
        ahead = (start - moment).total_seconds()
        # A quarter of a second's worth at a time keeps the stream even and the sender's clock honest.
        allowed = int(max(1.0, rate * 0.25))
        if ahead > 0.25 or (ahead > 0 and rate < 4):
            return Claim("", (), max(ahead - 0.1, 0.01))
        limit = min(limit, allowed)

    token = uuid4().hex
    rows = connection.execute(
        _take_due(connection.dialect.name),
        {"b_channel": channel, "b_limit": limit, "b_token": token, "b_lease": lease_seconds},
    ).all()
    if rate > 0 and rows:
        seconds = sum(r.segments for r in rows) / rate
        connection.execute(
            sa.update(sender).where(sender.c.id == row.id).values(next_free_at=start + timedelta(seconds=seconds))
        )
    ordered = sorted(rows, key=lambda r: (r.priority, r.due_at, r.id))
    return Claim(
        token,
        tuple(
            Outgoing(
                id=r.id,
                uuid=r.uuid,
                address=r.address,
                subject=r.subject,
                body=r.body,
                mark=r.mark,
                segments=r.segments,
                valid_seconds=int((r.expires_at - moment).total_seconds()) if r.expires_at else 0,
            )
            for r in ordered
        ),
        0.0,
    )


@cache
def _sender_clock(dialect: str) -> sa.Select[Any]:
    clock: Any = sa.func.clock_timestamp(type_=sender.c.next_free_at.type) if dialect == "postgresql" else db_now()
    idle = sa.func.set_config("idle_in_transaction_session_timeout", f"{HOLD_SECONDS}s", True)
    hold = [idle] if dialect == "postgresql" else []
    return (
        sa.select(
            sender.c.id,
            sender.c.segments_per_second,
            sender.c.paused,
            sender.c.next_free_at,
            sender.c.slow_until,
            clock,
            *hold,
        )
        .where(sender.c.channel == sa.bindparam("b_channel"))
        .with_for_update()
    )


@cache
def _take_due(dialect: str) -> sa.sql.dml.ReturningUpdate[Any]:
    wanted = (
        sa.select(message.c.id)
        .where(
            message.c.state == MessageState.PENDING,
            message.c.channel == sa.bindparam("b_channel"),
            message.c.due_at <= db_now(),
            sa.or_(message.c.expires_at.is_(None), message.c.expires_at > db_now()),
            ~_already_answered(),
        )
        .order_by(message.c.priority, message.c.due_at, message.c.id)
        .limit(sa.bindparam("b_limit", type_=sa.Integer))
    )
    if dialect == "postgresql":
        # As a CTE, or the planner may run the locking sub-select more than once (messaging.md §2.3); PostgreSQL never
        # inlines a CTE that locks rows.
        chosen = sa.select(wanted.with_for_update(skip_locked=True, of=message).cte("wanted").c.id)
    else:
        chosen = wanted
    return (
        sa.update(message)
        .where(message.c.id.in_(chosen.scalar_subquery()), message.c.state == MessageState.PENDING)
        .values(
            state=MessageState.SUBMITTING,
            claim_token=sa.bindparam("b_token"),
            lease_until=db_now(sa.bindparam("b_lease", type_=sa.Float)),
            submitted_at=db_now(),
            attempts=message.c.attempts + 1,
        )
        .returning(
            message.c.id,
            message.c.uuid,
            message.c.address,
            message.c.subject,
            message.c.body,
            message.c.mark,
            message.c.segments,
            message.c.priority,
            message.c.due_at,
            message.c.expires_at,
        )
    )


def _already_answered() -> sa.ColumnElement[bool]:
    """A question whose person has answered in its round or later: an answer stops what was still waiting."""
    return sa.and_(
        message.c.purpose.in_(QUESTIONS),
        sa.exists(
            sa.select(sa.literal(1)).where(
                recipient.c.id == message.c.recipient_id,
                recipient.c.answer_round >= message.c.round_number,
                recipient.c.answer != Answer.UNCLEAR,
            )
        ),
    )


def record_accepted(
    connection: Connection, accepted: Sequence[Accepted], *, final: bool, address: str
) -> list[int | None]:
    """Store what the provider took. A callback may have been quicker: it is not undone.

    Returns the recipients of the messages that moved. Their reach is changed by the caller, after all messages:
    callbacks too lock a message first and then its person.
    """
    if not accepted:
        return []
    rows = [{"id": each.id, "token": each.token, "provider": each.provider_id} for each in accepted]
    moved = connection.execute(
        _accept(connection.dialect.name, final),
        {"ids": sorted(each.id for each in accepted), "rows": bulk.as_json(rows), "b_address": address},
    )
    return list(moved.scalars())


@cache
def _accept(dialect: str, final: bool) -> sa.sql.dml.ReturningUpdate[Any]:
    given = bulk.given_rows(dialect, "rows", id=message.c.id.type, token=sa.Text(), provider=sa.Text())
    first = message.c.rank < RANK_ACCEPTED
    state = MessageState.SENT if final else MessageState.ACCEPTED
    values: dict[str, Any] = {
        "state": sa.case((first, sa.literal(state, message.c.state.type)), else_=message.c.state),
        "rank": sa.case((first, RANK_ACCEPTED), else_=message.c.rank),
        "accepted_at": sa.func.coalesce(message.c.accepted_at, db_now()),
        "provider_id": given.c.provider,
        "sender": sa.bindparam("b_address"),
        "lease_until": None if final else db_now(FIRST_FETCH_SECONDS),
        "claim_token": "",
        "error_code": "",
        "reason": "",
    }
    if final:
        values["finished_at"] = db_now()
    return (
        sa.update(message)
        # A token stands on rows that are being submitted and on no others. Their state is not asked for: PostgreSQL
        # would search by it, through all that were submitted before.
        .where(
            bulk.among(dialect, message.c.id, "ids"),
            message.c.id == given.c.id,
            message.c.claim_token == given.c.token,
        )
        .values(values)
        .returning(message.c.recipient_id)
    )


def record_refused(connection: Connection, token: str, refused: Sequence[Refused]) -> list[int | None]:
    """The provider said no: this row is over; a number that is no good is marked, another way is found by chase.

    Returns the recipients of the messages that moved, as `record_accepted` does.
    """
    people: list[int | None] = []
    for entry in sorted(refused, key=attrgetter("id")):
        row = connection.execute(
            sa.update(message)
            .where(
                message.c.id == entry.id,
                message.c.claim_token == token,
                message.c.state == MessageState.SUBMITTING,
            )
            .values(
                state=MessageState.FAILED,
                rank=RANK_FAILED,
                error_code=entry.code,
                reason=entry.reason,
                claim_token="",
                lease_until=None,
                finished_at=db_now(),
            )
            .returning(message.c.contact_point_id, message.c.recipient_id)
        ).first()
        if row is not None:
            mark_contact(connection, row.contact_point_id, entry.code)
            people.append(row.recipient_id)
    return people


def mark_contact(connection: Connection, contact_point_id: int | None, code: str) -> None:
    """A number the carrier calls dead, or whose owner said STOP, is not used again. 30003 (off) says nothing."""
    if contact_point_id is None:
        return
    state: ContactState | None = None
    if code in DEAD_NUMBER_CODES:
        state = ContactState.DEAD
    elif meaning(code).kind is CodeClass.OPTED_OUT:
        state = ContactState.OPTED_OUT
    elif code.startswith("5") and len(code) == 3:
        state = ContactState.BOUNCED
    if state is not None:
        connection.execute(
            sa.update(contact_point)
            .where(contact_point.c.id == contact_point_id)
            .values(state=state, state_reason=meaning(code).reason)
        )


def put_back(connection: Connection, token: str, ids: Sequence[int], seconds: float) -> None:
    """Surely not processed: pending again after `seconds`, and the attempt does not count."""
    if ids:
        connection.execute(
            sa.update(message)
            .where(message.c.id.in_(ids), message.c.claim_token == token, message.c.state == MessageState.SUBMITTING)
            .values(
                state=MessageState.PENDING,
                claim_token="",
                lease_until=None,
                due_at=db_now(seconds),
                attempts=message.c.attempts - 1,
            )
        )


def put_in_doubt(connection: Connection, token: str, doubts: Sequence[tuple[int, str]], wait_seconds: float) -> None:
    """It may have been sent: never resent before it was looked up, `wait_seconds` from now at the earliest."""
    for ident, reason in sorted(doubts):
        connection.execute(
            sa.update(message)
            .where(message.c.id == ident, message.c.claim_token == token, message.c.state == MessageState.SUBMITTING)
            .values(state=MessageState.UNKNOWN, claim_token="", lease_until=db_now(wait_seconds), reason=reason[:300])
        )


def slow_down(connection: Connection, channel: Channel, seconds: float) -> None:
    """The provider asked for a pause: nobody sends on this channel for `seconds`."""
    connection.execute(sa.update(sender).where(sender.c.channel == channel).values(slow_until=db_now(seconds)))


def pause(connection: Connection, channel: Channel, reason: str) -> None:
    """Our account cannot send: stop until an operator has put it right."""
    stopped = connection.execute(
        sa.update(sender)
        .where(sender.c.channel == channel, ~sender.c.paused)
        .values(paused=True, paused_reason=reason[:200])
        .returning(sender.c.id)
    ).scalar_one_or_none()
    if stopped is not None:
        changes = {"paused": [False, True], "paused_reason": ["", reason[:200]]}
        audit.record_of_machine(connection, system("delivery"), "change", "sender", stopped, changes)


def sweep(connection: Connection, wait_seconds: float) -> dict[str, int]:
    """Give every row that lost its holder a future: leases that ran out, questions answered or out of date."""
    counts = {}
    counts["in_doubt"] = connection.execute(
        sa.update(message)
        .where(_free(connection, message.c.state == MessageState.SUBMITTING, message.c.lease_until <= db_now()))
        .values(
            state=MessageState.UNKNOWN,
            claim_token="",
            lease_until=db_now(wait_seconds),
            reason=ABANDONED,
        )
    ).rowcount
    counts["canceled"] = connection.execute(
        sa.update(message)
        .where(_free(connection, message.c.state == MessageState.PENDING, _already_answered()))
        .values(state=MessageState.CANCELED, finished_at=db_now(), reason="the person answered first")
    ).rowcount
    expired = connection.execute(
        sa.update(message)
        .where(_free(connection, message.c.state == MessageState.PENDING, message.c.expires_at <= db_now()))
        .values(state=MessageState.EXPIRED, finished_at=db_now(), reason="too late to be of use")
        .returning(message.c.recipient_id)
    ).all()
    counts["expired"] = len(expired)
    reach.refresh(connection, [row.recipient_id for row in expired])
    return counts


def _free(connection: Connection, *where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Rows like this that nobody is changing just now: sweepers wait for nobody, and the next one finds the rest."""
    query = sa.select(message.c.id).where(*where)
    if connection.dialect.name == "postgresql":
        query = sa.select(query.with_for_update(skip_locked=True, of=message).cte("free").c.id)
    return sa.and_(message.c.id.in_(query.scalar_subquery()), *where[:1])


@dataclass(frozen=True, slots=True)
class Due:
    """What waits to be done now on the lanes that are set up and not paused."""

    messages: int
    oldest_seconds: float
    """How long ago the first of them was due."""
    look_ups: int

    def __bool__(self) -> bool:
        return bool(self.messages or self.look_ups)


def due(connection: Connection, lanes: Collection[Channel]) -> Due:
    """What waits on these lanes; those whose sender is paused are left out.

    A channel nobody has sent on yet has no sender row and is not paused: the first drain makes the row.
    """
    paused = sa.select(sender.c.channel).where(sender.c.paused)
    count, oldest, present = connection.execute(
        sa.select(sa.func.count(), sa.func.min(message.c.due_at), db_now()).where(
            message.c.state == MessageState.PENDING,
            message.c.due_at <= db_now(),
            message.c.channel.in_(lanes),
            message.c.channel.not_in(paused),
        )
    ).one()
    look_ups = connection.execute(
        sa.select(sa.func.count())
        .select_from(message)
        .where(
            message.c.state.in_([MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.SENT]),
            message.c.lease_until <= db_now(),
            message.c.channel.in_(lanes),
        )
    ).scalar_one()
    return Due(count, (present - oldest).total_seconds() if oldest is not None else 0.0, look_ups)
