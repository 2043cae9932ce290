"""The invariants I1-I7 of messaging.md §6, from the rows and from the carrier's own record, after every case."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from jetapp.safety.queries import Filters, totals
from models.disaster import Answer, Reach, Recipient, SafetyAnswer
from models.message import ARRIVED, AT_PROVIDER, FINAL, IN_DOUBT, NOT_YET_OUT, Message, MessageEvent, MessageState
from models.participant import Channel
from models.types import db_now
from notifications.receipts import STATUS
from tests.faults.plant import Plant

message, recipient, answer = Message.__table__, Recipient.__table__, SafetyAnswer.__table__
event = MessageEvent.__table__

OVERDUE_SECONDS = 30
"""A due row or an ended lease that nobody has taken up for this long (sweeps come every half second) has no future."""


@dataclass
class Findings:
    """What a case came to; `broken` is empty when all invariants hold."""

    asked: int = 0
    messages: int = 0
    lost: int = 0
    duplicates: int = 0
    doubled_mails: int = 0
    """The same mail under the same Message-ID once more, after a send nobody could look up (I3's exception)."""
    broken: list[str] = field(default_factory=list)

    def expect(self, holds: object, text: str) -> None:
        if not holds:
            self.broken.append(text)


def verify(
    plant: Plant, people: Collection[int], *, checks: Collection[int], final: bool = True, carrier: bool = True
) -> Findings:
    """All invariants for the `people` targeted by `checks`. `final`: everything should have come to its end.
    `carrier` false where the test has played the carrier itself."""
    found = Findings()
    with plant.look() as connection:
        _everybody_asked(connection, people, checks, found)
        _everything_has_a_future(connection, final, found)
        _ranks_and_answers_untouched(connection, found)
        _answers_stop_questions(connection, found)
        _reach_is_right(connection, checks, found)
        if carrier:
            _once_at_the_carrier(connection, plant, found)
    _boards_agree(plant, checks, found)
    if found.broken:
        plant.tell()
    print(found)  # noqa: T201
    assert found.broken == [], found.broken
    assert (found.lost, found.duplicates) == (0, 0)
    return found


def _everybody_asked(connection: Connection, people: Collection[int], checks: Collection[int], found: Findings) -> None:
    """I1: each person targeted has one row per check and at least one message, which is not still to be sent."""
    for check_id in checks:
        rows = connection.execute(
            sa.select(recipient.c.participant_id, sa.func.count(message.c.id))
            .outerjoin(message, message.c.recipient_id == recipient.c.id)
            .where(recipient.c.check_id == check_id)
            .group_by(recipient.c.participant_id)
        ).all()
        asked = {row[0]: row[1] for row in rows}
        found.asked += len(asked)
        found.messages += sum(asked.values())
        found.expect(len(rows) == len(asked), f"I1: somebody has two rows in check {check_id}")
        found.expect(set(asked) == set(people), f"I1: asked {len(asked)} of {len(people)} in check {check_id}")
        without = [ident for ident, number in asked.items() if not number]
        found.lost += len(without) + len(set(people) - set(asked))
        found.expect(not without, f"I1: no message for {len(without)} people")


def _everything_has_a_future(connection: Connection, final: bool, found: Findings) -> None:
    """I2: a row is finished, or somebody will look at it; none has been overlooked."""
    overdue = db_now(-OVERDUE_SECONDS)
    without = sa.or_(
        sa.and_(message.c.state.in_(NOT_YET_OUT), message.c.due_at < overdue),
        sa.and_(
            message.c.state.in_((*IN_DOUBT, *AT_PROVIDER)),
            sa.or_(message.c.lease_until.is_(None), message.c.lease_until < overdue),
        ),
        message.c.state.in_(FINAL),
    )
    open_ended = connection.execute(
        sa.select(message.c.id, message.c.state).where(message.c.finished_at.is_(None), without)
    ).all()
    found.expect(not open_ended, f"I2: rows without a future: {open_ended[:5]}")
    early = connection.execute(
        sa.select(message.c.id, message.c.state).where(
            message.c.finished_at.is_not(None),
            message.c.state.not_in(FINAL),
            sa.not_(sa.and_(message.c.channel == Channel.EMAIL, message.c.state == MessageState.SENT)),
        )
    ).all()
    found.expect(not early, f"I2: finished without an end: {early[:5]}")
    if final:
        open_rows = connection.execute(sa.select(message.c.id).where(message.c.finished_at.is_(None))).scalars().all()
        found.expect(not open_rows, f"I2: {len(open_rows)} rows are not final")
        found.lost += len(open_rows)


def _ranks_and_answers_untouched(connection: Connection, found: Findings) -> None:
    """I4, I5: what the database itself saw while the case ran, and no row below what was reported of it."""
    if connection.dialect.name == "postgresql":
        seen = connection.execute(sa.text("SELECT what, id, told FROM violation ORDER BY at LIMIT 5")).all()
        found.expect(not seen, f"seen by the database: {seen}")
    ranks = sa.case({status: rank for status, (_, rank) in STATUS.items()}, value=event.c.status, else_=0)
    behind = connection.execute(
        sa.select(message.c.id, message.c.state, sa.func.max(ranks))
        .join(event, event.c.message_id == message.c.id)
        .group_by(message.c.id)
        .having(sa.func.max(ranks) > message.c.rank)
    ).all()
    found.expect(not behind, f"I4: rows below what was reported: {behind[:5]}")


def _answers_stop_questions(connection: Connection, found: Findings) -> None:
    """I5: the newest clear answer counts, and no question was claimed after it was committed."""
    newest = (
        sa.select(answer.c.recipient_id, sa.func.max(answer.c.id).label("id"))
        .where(answer.c.answer != Answer.UNCLEAR, answer.c.given_by == "")
        .group_by(answer.c.recipient_id)
        .subquery()
    )
    wrong = connection.execute(
        sa.select(recipient.c.id, recipient.c.answer, answer.c.answer)
        .join(newest, newest.c.recipient_id == recipient.c.id)
        .join(answer, answer.c.id == newest.c.id)
        .where(recipient.c.answered_by == "", recipient.c.answer.is_distinct_from(answer.c.answer))
    ).all()
    found.expect(not wrong, f"I5: not the newest answer: {wrong[:5]}")
    if connection.dialect.name != "postgresql":
        return
    late = connection.execute(
        sa.select(message.c.id, message.c.state)
        .join(answer, answer.c.recipient_id == message.c.recipient_id)
        .where(
            message.c.purpose.in_(["ask", "reminder"]),
            answer.c.answer != Answer.UNCLEAR,
            answer.c.round_number >= message.c.round_number,
            message.c.submitted_at > sa.text("pg_xact_commit_timestamp(safety_answer.xmin)"),
        )
    ).all()
    found.expect(not late, f"I5: claimed after the answer: {late[:5]}")


def _reach_is_right(connection: Connection, checks: Collection[int], found: Findings) -> None:
    """I6: what the board says of getting through to a person is what the messages say."""
    rows = connection.execute(
        sa.select(recipient.c.id, recipient.c.reach, message.c.state)
        .join(message, message.c.recipient_id == recipient.c.id)
        .where(recipient.c.check_id.in_(list(checks)))
    ).all()
    states: dict[int, set[Any]] = {}
    stored = {}
    for ident, reach, state in rows:
        states.setdefault(ident, set()).add(state)
        stored[ident] = reach
    wrong = [
        (ident, stored[ident], best) for ident, of in states.items() if (best := _best(of)) not in (None, stored[ident])
    ]
    found.expect(not wrong, f"I6: {len(wrong)} people stand wrong on the board, such as {wrong[:3]}")


def _best(states: set[Any]) -> Reach | None:
    """None where the messages say nothing (all withdrawn before they left)."""
    if states & set(ARRIVED):
        return Reach.ARRIVED
    if states & set(AT_PROVIDER):
        return Reach.SENT
    if states & {*NOT_YET_OUT, *IN_DOUBT}:
        return None
    return Reach.FAILED if states & {MessageState.FAILED, MessageState.UNDELIVERED} else None


def _once_at_the_carrier(connection: Connection, plant: Plant, found: Findings) -> None:
    """I3: by the carrier's own record, each row left once; and what we call sent is really there."""
    rows = {row.uuid: row for row in connection.execute(sa.select(message)).all()}
    taken: Counter[str] = Counter()
    for entry in plant.sandbox.messages():
        taken.update(parse_qs(urlsplit(entry["callback_url"]).query).get("m", []))
    mails = Counter(dict(mail["headers"]).get("X-JET-Message", "") for mail in plant.sandbox.mails())
    for uuid, number in taken.items():
        row = rows.get(uuid)
        allowed = 1 + (row.blind_resends if row is not None else 0)
        found.duplicates += max(0, number - 1)
        found.expect(number <= allowed, f"I3: {number} SMS for row {uuid}, {allowed} allowed")
    for uuid, number in mails.items():
        row = rows.get(uuid)
        if row is None:
            continue
        found.doubled_mails += number - 1
        found.expect(
            number <= 1 + row.blind_resends, f"I3: {number} mails for row {row.id}, {row.blind_resends} resent"
        )
    sent = (*AT_PROVIDER, *ARRIVED, MessageState.UNDELIVERED)
    for uuid, row in rows.items():
        if row.state in sent:
            there = taken[uuid] if row.channel is Channel.SMS else mails[uuid]
            found.expect(there or not row.accepted_at, f"row {row.id} is {row.state}, but the carrier never had it")
            found.lost += not there and row.accepted_at is not None


def _boards_agree(plant: Plant, checks: Collection[int], found: Findings) -> None:
    """I6: the totals of the board's query are the sums over the people themselves."""
    for check_id in checks:
        with plant.acting():
            shown = totals(check_id, Filters())
        with plant.look() as connection:
            people = connection.execute(sa.select(recipient).where(recipient.c.check_id == check_id)).all()
        help_wanted = sum(row.answer is Answer.NEED_HELP for row in people)
        safe = sum(row.answer is Answer.SAFE and row.answer_round >= row.asked_round for row in people)
        found.expect(
            (shown.asked, shown.need_help, shown.safe) == (len(people), help_wanted, safe),
            f"I6: the board of check {check_id} says {shown}",
        )


def fingerprint(plant: Plant) -> str:
    """I7: of everything that forged input could have changed."""
    digest = hashlib.sha256()
    with plant.look() as connection:
        for table in ("message", "message_event", "inbound_message", "safety_answer", "recipient", "contact_point"):
            for row in connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY id")):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()
