"""24,000 callbacks at the real web process: shuffled, repeated, before and after our own commit."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import sqlalchemy as sa

from models.message import Message, MessageEvent, MessageState
from models.participant import Channel
from models.types import db_now
from notifications import claims, reach
from tests.faults.conftest import LONG
from tests.faults.doors import Call, post, post_all, status_call
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import Plant

message = Message.__table__
PEOPLE = 6000
WAYS = (
    ("queued", "sending", "sent", "delivered"),
    ("sending", "sent", "sent", "undelivered"),
    ("sent", "delivered", "delivered", "read"),
    ("sent", "undelivered", "delivered", "delivered"),
)
ENDS = {"delivered": "delivered", "undelivered": "undelivered", "read": "read"}


def submitted(plant: Plant, count: int) -> tuple[list[int], int, list[Any]]:
    """A check whose SMS are all just being sent: claimed with the token "ours", no answer stored yet."""
    people = populate(plant, count, channels=[Channel.SMS])
    check = plant.launch()
    with plant.look() as connection:
        connection.execute(
            sa.update(message).values(
                state=MessageState.SUBMITTING,
                claim_token="ours",
                lease_until=db_now(3600),
                submitted_at=db_now(),
                attempts=1,
            )
        )
        rows = list(connection.execute(sa.select(message.c.id, message.c.uuid).order_by(message.c.id)).all())
    return people, check, rows


def test_24000_callbacks_shuffled_and_repeated(plant: Plant) -> None:
    people, check, rows = submitted(plant, PEOPLE if LONG else PEOPLE // 4)
    chance = random.Random(24)
    calls: list[Call] = []
    expected: dict[int, str] = {}
    for row in rows:
        way = chance.choice(WAYS)
        expected[row.id] = max(
            way, key=lambda status: ["queued", "sending", "sent", "undelivered", "delivered", "read"].index(status)
        )
        calls += [
            status_call(plant, row.uuid, f"SM{row.uuid}", status, "30003" if status == "undelivered" else "")
            for status in way
        ]
    chance.shuffle(calls)
    plant.web(workers=2, threads=8)

    def store_our_own_answers() -> None:
        """What workers do meanwhile: the accepted ones in batches, some before and some after their callbacks."""
        for start in range(0, len(rows), 100):
            batch = [claims.Accepted(row.id, "ours", f"SM{row.uuid}") for row in rows[start : start + 100]]
            with plant.look() as connection:
                moved = claims.record_accepted(connection, batch, final=False, address="x")
                reach.mark_sent(connection, moved)
            time.sleep(0.05)

    ours = threading.Thread(target=store_our_own_answers)
    began = time.monotonic()
    ours.start()
    answers = post_all(plant, calls, at_once=60)
    ours.join()
    seconds = time.monotonic() - began
    print(f"{len(calls)} callbacks in {seconds:.0f} s, {len(calls) / seconds:.0f} a second")  # noqa: T201
    assert set(answers) == {204}
    plant.settle(5)
    with plant.look() as connection:
        states = {row.id: row.state for row in connection.execute(sa.select(message.c.id, message.c.state))}
        events = connection.execute(sa.select(sa.func.count()).select_from(MessageEvent)).scalar_one()
        deadlocks = connection.execute(
            sa.text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ).scalar_one()
    assert states == {ident: ENDS[status] for ident, status in expected.items()}
    assert events == len({(call.path, call.form["MessageStatus"]) for call in calls})
    assert deadlocks == 0
    verify(plant, people, checks=[check], carrier=False)


def test_before_our_own_commit_at_the_real_carrier(plant: Plant) -> None:
    """The answer to the POST takes longer than the message: every callback is there before our commit."""
    people = populate(plant, 60)
    plant.sandbox.set(
        latency_ms=800, sent_after_ms=0, delivered_after_ms=20, callback_double=0.5, callback_reorder=0.5,
        callback_sending=True, delivery_errors=[{"code": 30003, "share": 0.3}],
    )  # fmt: skip
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle(60)
    stats = plant.sandbox.wait_idle()
    assert stats["callbacks"]["failed"] == 0
    assert stats["callbacks"]["doubled"] > 0
    assert stats["callbacks"]["reordered"] > 0
    verify(plant, people, checks=[check])


STRANGE: list[dict[str, str]] = [
    {"MessageStatus": "from-the-future", "SmsStatus": "from-the-future"},
    {"ErrorCode": "99999", "MessageStatus": "undelivered"},
    {"Another": "field", "Blank": "", "Emoji": "🙂" * 50},
    {"MessageStatus": "x" * 500, "ErrorCode": "y" * 500, "MessageSid": "z" * 500},
    {"MessageStatus": "se\x00nt", "ErrorCode": "3\x00", "MessageSid": "SM\x00", "Other": "\x00"},
    {"MessageStatus": "", "SmsStatus": ""},
]


def test_what_nobody_has_seen_before_is_stored(plant: Plant) -> None:
    people, check, rows = submitted(plant, len(STRANGE))
    plant.web(workers=1)
    for form, row in zip(STRANGE, rows, strict=True):
        call = status_call(plant, row.uuid, "SM1", "sent")
        assert post(plant, Call(call.path, {**call.form, **form}, call.token)) == 204, form
        assert _events(plant, row.id) == 1, form
        assert post(plant, status_call(plant, row.uuid, "SM1", "delivered")) == 204
    assert plant.states() == {"sms delivered": len(STRANGE)}
    verify(plant, people, checks=[check], carrier=False)


def _events(plant: Plant, message_id: int | None) -> int:
    events = MessageEvent.__table__
    with plant.look() as connection:
        query = sa.select(sa.func.count()).where(events.c.message_id.is_not_distinct_from(message_id))
        return int(connection.execute(query).scalar_one())


def test_an_event_of_a_message_we_do_not_know_is_kept(plant: Plant) -> None:
    plant.web(workers=1)
    for number, uuid in enumerate(("0" * 32, "", "%00", "a" * 300), start=1):
        assert post(plant, status_call(plant, uuid, f"SMunknown{number}", "delivered")) == 204, uuid
        assert _events(plant, None) == number


def test_lost_callbacks_are_asked_for(plant: Plant) -> None:
    people = populate(plant, 30)
    plant.sandbox.set(callback_loss=1.0)
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle_by_asking()
    verify(plant, people, checks=[check])
