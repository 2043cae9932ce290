"""`python -m tests.faults.tampered <how> <seconds>`: a real drain with one thing taken out, or frozen at one point.

after-claim    the process stops itself (SIGSTOP) when its claim is committed and nothing has left
in-claim       … inside the claim's transaction, with the sender's row locked
after-answer   … when the provider has answered and nothing is stored
unfenced       as after-claim, and without the look at the clock before each request
unguarded      claims without row locks and without the state in the UPDATE, as so many queues in tables do
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from jetapp import create_app
from models import db as database
from models.message import Message, MessageState
from models.participant import Channel
from models.types import db_now
from notifications import claims, delivery
from notifications.channels.base import Outgoing

message = Message.__table__
frozen: list[int] = []
TICK_SECONDS = 6.0


def freeze() -> None:
    """Stop here until somebody sends SIGCONT; once only, so that the rest of the drain is an ordinary one."""
    if not frozen:
        frozen.append(os.getpid())
        os.kill(os.getpid(), signal.SIGSTOP)


def stop_after_claim() -> None:
    original = delivery._LaneDrain._store_and_claim

    async def claim(self: Any, limit: int) -> claims.Claim:
        found = await original(self, limit)
        if found.messages:
            freeze()
        return found

    delivery._LaneDrain._store_and_claim = claim  # type: ignore[method-assign]


def stop_in_claim() -> None:
    original = claims.claim
    database.IDLE_SECONDS = 3

    def claim(connection: Connection, channel: Channel, limit: int, lease_seconds: float) -> claims.Claim:
        found = original(connection, channel, limit, lease_seconds)
        if found.messages:
            freeze()
        return found

    claims.claim = claim


def stop_after_answer() -> None:
    original = delivery._LaneDrain._store

    def store(self: Any, connection: Connection, results: Any) -> None:
        if results.accepted:
            freeze()
        original(self, connection, results)

    delivery._LaneDrain._store = store  # type: ignore[method-assign]


def without_fence() -> None:
    original = delivery._LaneDrain._send

    async def send(self: Any, channel: Any, token: str, outgoing: Outgoing, deadline: float) -> None:
        await original(self, channel, token, outgoing, float("inf"))

    delivery._LaneDrain._send = send  # type: ignore[method-assign,assignment]


def without_guards() -> None:
    """At least two of three processes begin at the same tick of the clock, however slowly they were started."""
    waited: list[bool] = []

    def claim(connection: Connection, channel: Channel, limit: int, lease_seconds: float) -> claims.Claim:
        if not waited:
            waited.append(True)
            time.sleep(TICK_SECONDS - time.time() % TICK_SECONDS)
        found = connection.execute(
            sa.select(message.c.id)
            .where(message.c.state == MessageState.PENDING, message.c.channel == channel)
            .order_by(message.c.id)
            .limit(limit)
        )
        ids = list(found.scalars())
        time.sleep(0.3)
        token = uuid4().hex
        rows = connection.execute(
            sa.update(message)
            .where(message.c.id.in_(ids))
            .values(
                state=MessageState.SUBMITTING,
                claim_token=token,
                lease_until=db_now(lease_seconds),
                submitted_at=db_now(),
            )
            .returning(message)
        ).all()
        outgoing = (Outgoing(r.id, r.uuid, r.address, r.subject, r.body, r.mark, r.segments, 0) for r in rows)
        return claims.Claim(token, tuple(outgoing), 0.0)

    claims.claim = claim


WAYS = {
    "after-claim": (stop_after_claim,),
    "in-claim": (stop_in_claim,),
    "after-answer": (stop_after_answer,),
    "unfenced": (stop_after_claim, without_fence),
    "unguarded": (without_guards,),
}

if __name__ == "__main__":
    for change in WAYS[sys.argv[1]]:
        change()
    with create_app().app_context():
        sys.stdout.write(f"{delivery.drain(float(sys.argv[2]))}\n")
