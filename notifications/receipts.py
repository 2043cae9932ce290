"""What providers tell us of a message's way, whatever the order, however often: a rank never falls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from models.message import Message, MessageEvent, MessageState
from models.types import db_now
from notifications import claims, reach
from notifications.channels.codes import meaning

message = Message.__table__

STATUS: Mapping[str, tuple[MessageState, int]] = {
    "accepted": (MessageState.ACCEPTED, 10),
    "queued": (MessageState.ACCEPTED, 10),
    "scheduled": (MessageState.ACCEPTED, 10),
    "sending": (MessageState.ACCEPTED, 20),
    "sent": (MessageState.SENT, 30),
    "undelivered": (MessageState.UNDELIVERED, 40),
    "failed": (MessageState.UNDELIVERED, 40),
    "canceled": (MessageState.UNDELIVERED, 40),
    "delivered": (MessageState.DELIVERED, 50),
    "partially_delivered": (MessageState.DELIVERED, 50),
    "read": (MessageState.READ, 60),
}
"""Twilio's words (OpenAPI) → our state and rank. `delivered` after `undelivered` wins; unknown words change nothing."""


_BY_UUID = sa.select(message.c.id).where(message.c.uuid == sa.bindparam("b_name")).limit(1)
_BY_PROVIDER = sa.select(message.c.id).where(message.c.provider_id == sa.bindparam("b_name")).limit(1)


@cache
def _keep(dialect: str) -> Any:
    event = MessageEvent.__table__
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(event).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(event.c.id)


def store(
    connection: Connection,
    *,
    uuid: str,
    provider_id: str,
    status: str,
    error_code: str,
    raw: Mapping[str, str],
) -> bool:
    """Keep the event and move the message if the event tells something new. True if it did.

    Found by our own `uuid` from the callback address, else by the provider's id; an event of a message we do not
    know is kept all the same. Any event proves that the provider accepted the message.
    """
    known = _BY_UUID if uuid else _BY_PROVIDER
    found = connection.execute(known, {"b_name": uuid or provider_id}).scalar_one_or_none()
    # Not the row count: psycopg names none for an INSERT.
    fresh = connection.execute(
        _keep(connection.dialect.name),
        {
            "message_id": found,
            "provider_id": provider_id[:80],
            "status": status[:40],
            "error_code": error_code[:20],
            "dedupe_key": f"{uuid}:{provider_id}:{status}:{error_code}"[:160],
            "raw": dict(raw),
        },
    ).first()
    if found is None or fresh is None:
        return False
    return apply(connection, found, provider_id, status, error_code)


def apply(connection: Connection, message_id: int, provider_id: str, status: str, error_code: str) -> bool:
    """Move the message to what `status` says, if that is further than where it stands."""
    if status not in STATUS:
        return False
    rank = STATUS[status][1]
    given: dict[str, object] = {"b_id": message_id, "b_provider": provider_id}
    if rank == 40:
        given |= {"b_code": error_code, "b_reason": meaning(error_code).reason}
    row = connection.execute(_move(status), given).first()
    if row is None:
        return False
    if rank >= 50:
        reach.mark_arrived(connection, row.recipient_id)
    elif rank == 40:
        claims.mark_contact(connection, row.contact_point_id, error_code)
        reach.refresh(connection, [row.recipient_id])
    return True


@cache
def _move(status: str) -> sa.sql.dml.ReturningUpdate[Any]:
    state, rank = STATUS[status]
    final = rank >= 40
    values: dict[str, object] = {
        "state": state,
        "rank": rank,
        "provider_id": sa.bindparam("b_provider"),
        "accepted_at": sa.func.coalesce(message.c.accepted_at, db_now()),
        "claim_token": "",
        "lease_until": None if final else db_now(claims.FIRST_FETCH_SECONDS),
        "finished_at": db_now() if final else None,
    }
    if rank == 40:
        # Providers may leave a code standing on other states; it counts with a failure only.
        values |= {"error_code": sa.bindparam("b_code"), "reason": sa.bindparam("b_reason")}
    elif rank > 40:
        values |= {"error_code": "", "reason": ""}
    return (
        sa.update(message)
        .where(message.c.id == sa.bindparam("b_id"), message.c.rank < rank)
        .values(values)
        .returning(message.c.recipient_id, message.c.contact_point_id)
    )
