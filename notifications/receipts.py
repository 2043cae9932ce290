"""What providers tell us of a message's way, whatever the order, however often: a rank never falls."""

from __future__ import annotations

from collections.abc import Mapping

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
    found = connection.execute(
        sa.select(message.c.id).where(message.c.uuid == uuid if uuid else message.c.provider_id == provider_id).limit(1)
    ).scalar_one_or_none()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    fresh = connection.execute(
        insert(MessageEvent.__table__)
        .values(
            message_id=found,
            provider_id=provider_id[:80],
            status=status[:40],
            error_code=error_code[:20],
            dedupe_key=f"{uuid}:{provider_id}:{status}:{error_code}"[:160],
            raw=dict(raw),
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        # Not the row count: psycopg names none for an INSERT.
        .returning(MessageEvent.__table__.c.id)
    ).first()
    if found is None or fresh is None:
        return False
    return apply(connection, found, provider_id, status, error_code)


def apply(connection: Connection, message_id: int, provider_id: str, status: str, error_code: str) -> bool:
    """Move the message to what `status` says, if that is further than where it stands."""
    if status not in STATUS:
        return False
    state, rank = STATUS[status]
    final = rank >= 40
    values: dict[str, object] = {
        "state": state,
        "rank": rank,
        "provider_id": provider_id,
        "accepted_at": sa.func.coalesce(message.c.accepted_at, db_now()),
        "claim_token": "",
        "lease_until": None if final else db_now(claims.FIRST_FETCH_SECONDS),
        "finished_at": db_now() if final else None,
    }
    if rank == 40:
        # Providers may leave a code standing on other states; it counts with a failure only.
        values.update(error_code=error_code, reason=meaning(error_code).reason)
    elif rank > 40:
        values.update(error_code="", reason="")
    row = connection.execute(
        sa.update(message)
        .where(message.c.id == message_id, message.c.rank < rank)
        .values(**values)
        .returning(message.c.recipient_id, message.c.contact_point_id)
    ).first()
    if row is None:
        return False
    if rank >= 50:
        reach.mark_arrived(connection, row.recipient_id)
    elif rank == 40:
        claims.mark_contact(connection, row.contact_point_id, error_code)
        reach.refresh(connection, [row.recipient_id])
    return True
