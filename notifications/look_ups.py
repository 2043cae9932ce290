"""Asking the provider about sends in doubt and about messages it has been silent on for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from models.message import Message, MessageState
from models.participant import Channel as Lane
from models.types import db_now
from notifications import claims, reach, receipts
from notifications.channels.base import LOOK_UPS_IN_FLIGHT, CannotTell, Channel, Found, Outgoing
from notifications.settings import Settings
from notifications.short_transaction import in_database

log = logging.getLogger(__name__)
message = Message.__table__

AT_A_TIME = 200
BLIND_RESENDS = 1
RESENDS_AFTER_DEATHS = 5
"""Of a mail: workers that die one after the other have not sent most of what they had in hand, and a mailbox can tell
the copy by its Message-ID. Not without end: the message itself may be what kills them."""

Taken = Sequence[sa.Row[tuple[object, ...]]]


async def ask(engine: Engine, channel: Channel, settings: Settings, rows: Taken, ending: Callable[[], bool]) -> int:
    """Ask about what was taken; about how many. Once it is `ending`, about no more: their next turn comes."""
    gate = asyncio.Semaphore(LOOK_UPS_IN_FLIGHT)
    asked = 0

    async def one(row: sa.Row[tuple[object, ...]]) -> None:
        nonlocal asked
        async with gate:
            if not ending():
                asked += 1
                await _ask(engine, channel, settings, row)

    await asyncio.gather(*(one(row) for row in rows))
    return asked


def take(connection: Connection, lane: Lane, wait_seconds: float) -> Taken:
    """Rows whose look-up is due; the next look-up is set before the first question, so that two workers share them."""
    wanted = (
        sa.select(message.c.id)
        .where(
            message.c.channel == lane,
            message.c.state.in_([MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.SENT]),
            message.c.lease_until <= db_now(),
        )
        .order_by(message.c.lease_until)
        .limit(AT_A_TIME)
    )
    if connection.dialect.name == "postgresql":
        wanted = wanted.with_for_update(skip_locked=True, of=message)
        chosen = sa.select(wanted.cte("wanted").c.id)
    else:
        chosen = wanted
    return connection.execute(
        sa.update(message)
        .where(message.c.id.in_(chosen.scalar_subquery()), message.c.lease_until <= db_now())
        .values(lease_until=db_now(max(wait_seconds, 1.0)))
        .returning(
            message.c.id,
            message.c.uuid,
            message.c.participant_id,
            message.c.address,
            message.c.body,
            message.c.mark,
            message.c.state,
            message.c.provider_id,
            message.c.submitted_at,
            (message.c.submitted_at <= db_now(-claims.CANNOT_TELL_WAITS * wait_seconds)).label("long_in_doubt"),
            message.c.accepted_at,
            message.c.lookups,
            message.c.blind_resends,
            message.c.reason,
        )
    ).all()


async def _ask(engine: Engine, channel: Channel, settings: Settings, row: sa.Row[tuple[object, ...]]) -> None:
    outgoing = Outgoing(row.id, row.uuid, row.address, "", row.body, row.mark, 1, 0)
    found: Sequence[Found] = ()
    can_tell = True
    try:
        if row.state is MessageState.UNKNOWN:
            found = await channel.find(outgoing, row.submitted_at)
        elif row.provider_id and (known := await channel.fetch(row.provider_id)) is not None:
            found = [known]
    except CannotTell as error:
        can_tell = False
        log.info("message %s cannot be looked up just now: %s", row.id, error)
    except Exception:  # a bug in a channel must not keep the other lanes from sending
        can_tell = False
        log.exception("looking up message %s failed in a way it should not", row.id)

    def store(connection: Connection) -> None:
        ours = next((each for each in found if not _of_another(connection, row, each)), None)
        if ours is not None:
            _take_over(connection, row.id, ours)
        elif row.state is MessageState.UNKNOWN:
            _not_found(connection, row, can_tell, channel.has_list, settings.unknown_wait_seconds)
        else:
            _still_silent(connection, row.id, row.accepted_at)

    await in_database(engine, store)


def _of_another(connection: Connection, row: sa.Row[tuple[object, ...]], found: Found) -> bool:
    """Whether this is known to be another of our messages to the same person, or has the words of one."""
    taken = message.c.provider_id == found.provider_id
    if found.text and found.text != row.body:
        taken = sa.or_(taken, sa.and_(message.c.participant_id == row.participant_id, message.c.body == found.text))
    others = sa.select(sa.literal(1)).where(taken, message.c.id != row.id)
    return connection.execute(others.limit(1)).first() is not None


def _take_over(connection: Connection, message_id: int, found: Found) -> None:
    moved = receipts.apply(connection, message_id, found.provider_id, found.status, found.error_code)
    if not moved:
        connection.execute(
            sa.update(message)
            .where(message.c.id == message_id, message.c.finished_at.is_(None))
            .values(lease_until=db_now(claims.FIRST_FETCH_SECONDS))
        )


def _not_found(
    connection: Connection, row: sa.Row[tuple[object, ...]], can_tell: bool, has_list: bool, wait: float
) -> None:
    """Not at the provider: after two look-ups it was never sent and may go again. Where nobody can tell, once and
    not for ever: rather twice than never (messaging.md §2.5), counted in `blind_resends`."""
    # Only answers of the list are counted; how long it gave none is told by the clock.
    lookups = row.lookups + (1 if can_tell else 0)
    enough = lookups >= claims.LOOKUPS_BEFORE_RESEND if can_tell else row.long_in_doubt or not has_list
    values: dict[str, object] = {"lookups": lookups, "lease_until": db_now(wait)}
    if enough:
        died = not has_list and row.reason == claims.ABANDONED
        if can_tell or row.blind_resends < (RESENDS_AFTER_DEATHS if died else BLIND_RESENDS):
            values = {
                "state": MessageState.PENDING,
                "lookups": 0,
                "lease_until": None,
                "due_at": db_now(),
                "blind_resends": row.blind_resends + (0 if can_tell else 1),
                "reason": "not found at the provider, sent again",
            }
        else:
            values = {
                "state": MessageState.FAILED,
                "rank": claims.RANK_FAILED,
                "lease_until": None,
                "finished_at": db_now(),
                "reason": "nobody can tell whether it was sent; it was tried again",
            }
    moved = connection.execute(
        sa.update(message)
        .where(message.c.id == row.id, message.c.state == MessageState.UNKNOWN)
        .values(**values)
        .returning(message.c.recipient_id)
    ).first()
    if moved is not None and values.get("state") is MessageState.FAILED:
        reach.refresh(connection, [moved.recipient_id])


def _still_silent(connection: Connection, message_id: int, accepted_at: datetime | None) -> None:
    """Asked without news: ask again, later each time; after three days nothing more will come."""
    waited = message.c.accepted_at <= db_now(-claims.LAST_FETCH_SECONDS)
    connection.execute(
        sa.update(message)
        .where(message.c.id == message_id, message.c.finished_at.is_(None))
        .values(
            finished_at=sa.case((waited, db_now()), else_=None),
            lease_until=sa.case((waited, None), else_=db_now(claims.FIRST_FETCH_SECONDS)),
        )
    )
