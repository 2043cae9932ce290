"""Whatever the order of callbacks and however often each comes, the row ends the same (both databases, SQL only)."""

from __future__ import annotations

import hypothesis.strategies as st
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, example, given, settings

from models.db import db, system_connection
from models.message import Message, MessageEvent, MessageState
from models.participant import Channel
from models.types import db_now
from notifications import claims, receipts

message, event = Message.__table__, MessageEvent.__table__

KNOWN = sorted(receipts.STATUS)
CALLS = st.lists(
    st.tuples(st.sampled_from([*KNOWN, "receiving", "", "new-word"]), st.sampled_from(["", "30003"])), max_size=9
)
FINAL_RANK = 40


def fresh_row() -> int:
    """One message that is just being sent; nothing reported."""
    with system_connection(db.engine) as connection:
        connection.execute(sa.delete(event))
        connection.execute(sa.delete(message))
        return int(
            connection.execute(
                sa.insert(message)
                .values(
                    uuid="u" * 32,
                    key="one",
                    channel=Channel.SMS,
                    address="+818000000001",
                    body="?",
                    state=MessageState.SUBMITTING,
                    claim_token="ours",
                    lease_until=db_now(90),
                    submitted_at=db_now(),
                )
                .returning(message.c.id)
            ).scalar_one()
        )


def report(status: str, code: str) -> None:
    with system_connection(db.engine) as connection:
        receipts.store(connection, uuid="u" * 32, provider_id="SM1", status=status, error_code=code, raw={})


def read() -> sa.Row[tuple[object, ...]]:
    with system_connection(db.engine) as connection:
        return connection.execute(sa.select(message)).one()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS, ours_at=st.integers(0, 9), data=st.data())
def test_any_order_and_any_number_of_times(
    app: Flask, calls: list[tuple[str, str]], ours_at: int, data: st.DataObject
) -> None:
    repeated = data.draw(st.permutations(calls + calls[:3]))
    ident = fresh_row()
    highest = 0
    for place, (status, code) in enumerate([*repeated, ("", "")]):
        if place == min(ours_at, len(repeated)):
            with system_connection(db.engine) as connection:
                accepted = [claims.Accepted(ident, "ours", "SM1")]
                claims.record_accepted(connection, accepted, final=False, address="x")
        before = read().rank
        report(status, code)
        row = read()
        highest = max(highest, row.rank)
        assert before <= row.rank == highest
    row = read()
    ranks = [receipts.STATUS[status][1] for status, _ in calls if status in receipts.STATUS]
    assert row.rank == max([*ranks, claims.RANK_ACCEPTED])
    wanted = {state for state, rank in receipts.STATUS.values() if rank == row.rank}
    assert row.state in wanted
    assert (row.finished_at is not None) == (row.rank >= FINAL_RANK)
    assert (row.lease_until is None) == (row.rank >= FINAL_RANK)
    assert row.error_code in ("", "30003")
    assert row.rank == FINAL_RANK or row.error_code == ""
    assert row.provider_id == "SM1"
    with system_connection(db.engine) as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(event)).scalar_one()
    assert kept == len({*calls, ("", "")}), "each kept once"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.permutations(["sending", "sent", "undelivered", "delivered"]))
@example(states=["delivered", "undelivered", "sent", "sending"])
def test_every_order_of_one_way(app: Flask, states: list[str]) -> None:
    fresh_row()
    for status in [*states, *states]:
        report(status, "30008" if status == "undelivered" else "")
    row = read()
    assert (row.state, row.error_code, row.claim_token) == (MessageState.DELIVERED, "", "")
