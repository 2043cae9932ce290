"""What became of the people asked: from our rows, and, for messages sent twice, from what the carrier received."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, build_opener

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from models.disaster import Answer, Recipient, Telegram
from models.message import ARRIVED, Message
from models.participant import UNUSABLE, Channel, ContactPoint

message, recipient, contact = Message.__table__, Recipient.__table__, ContactPoint.__table__
QUESTIONS = ("ask", "reminder")
TOKEN = re.compile(r"/s/([0-9A-Za-z_-]+)")
DIRECT = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Figures:
    """`asked` and `answered` are people, the others messages; `effect` is what was made of the telegram."""

    asked: int = 0
    messages: int = 0
    sms: int = 0
    accepted: int = 0
    delivered: int = 0
    finished: int = 0
    answered: int = 0
    need_help: int = 0
    last_finished: datetime | None = None
    effect: str = ""

    @property
    def open(self) -> int:
        return self.messages - self.finished


def figures(engine: Engine, since: datetime) -> Figures:
    """As the rows stand now, counting what was asked and written after `since`."""
    with engine.connect() as reading:
        effect = reading.execute(
            sa.select(Telegram.__table__.c.effect)
            .where(Telegram.__table__.c.received_at >= since)
            .order_by(Telegram.__table__.c.id.desc())
            .limit(1)
        ).scalar()
        people = reading.execute(
            sa.select(
                sa.func.count(),
                sa.func.count(recipient.c.answered_at),
                sa.func.count(sa.case((recipient.c.answer == Answer.NEED_HELP, 1))),
            ).where(recipient.c.asked_at >= since)
        ).one()
        rows = reading.execute(
            sa.select(
                sa.func.count(),
                sa.func.count(sa.case((message.c.channel == Channel.SMS, 1))),
                sa.func.count(message.c.accepted_at),
                sa.func.count(sa.case((message.c.state.in_(ARRIVED), 1))),
                sa.func.count(message.c.finished_at),
                sa.func.max(sa.case((message.c.purpose.in_(QUESTIONS), message.c.finished_at))),
            ).where(message.c.created_at >= since)
        ).one()
    total, sms, accepted, delivered, finished, last = rows
    return Figures(people[0], total, sms, accepted, delivered, finished, people[1], people[2], last, effect or "")


def lost(engine: Engine, since: datetime) -> int:
    """People asked who could be written to and for whom no message became final, and messages that are not final."""
    with engine.connect() as reading:
        reachable = sa.exists().where(
            contact.c.participant_id == recipient.c.participant_id, contact.c.state.not_in(UNUSABLE)
        )
        written = sa.exists().where(message.c.recipient_id == recipient.c.id)
        final = sa.exists().where(message.c.recipient_id == recipient.c.id, message.c.finished_at.is_not(None))
        people = reading.execute(
            sa.select(sa.func.count())
            .select_from(recipient)
            .where(recipient.c.asked_at >= since, sa.or_(reachable, written), ~final)
        ).scalar_one()
        rows = reading.execute(
            sa.select(sa.func.count()).where(message.c.created_at >= since, message.c.finished_at.is_(None))
        ).scalar_one()
    return int(people + rows)


def duplicates(engine: Engine, carrier: str, since: datetime) -> int:
    """Messages the carrier took more than once: of the same row, or to the same address about the same person
    beyond one for each wave. Measured at the carrier, not assumed from our rows."""
    with engine.connect() as reading:
        allowed = _allowed(reading)
    rows: Counter[str] = Counter()
    marks: Counter[tuple[str, str]] = Counter()
    start = since.timestamp()
    for address, row, body in _received(carrier, start):
        rows[row] += bool(row)
        if found := TOKEN.search(body):
            marks[address, found[1]] += 1
    twice = sum(count - 1 for count in rows.values() if count > 1)
    beyond = sum(max(0, count - allowed[pair]) for pair, count in marks.items())
    # A row sent twice shows in both; one is enough.
    return max(twice, beyond)


def _allowed(reading: Connection) -> Mapping[tuple[str, str], int]:
    """How often an address may see a mark: once for each question asked there, and once for each other text."""
    questions: defaultdict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    others: Counter[tuple[str, str]] = Counter()
    for row in reading.execute(
        sa.select(message.c.address, message.c.mark, message.c.purpose, message.c.round_number, message.c.wave)
    ):
        pair = (row.address.lower(), row.mark)
        if row.purpose in QUESTIONS:
            questions[pair].add((row.round_number, row.wave))
        else:
            others[pair] += 1
    counts: Counter[tuple[str, str]] = Counter({pair: len(waves) for pair, waves in questions.items()})
    return counts + others


def _received(carrier: str, start: float) -> Iterable[tuple[str, str, str]]:
    """Address, our name for the row, and text of everything the carrier took from us since `start`."""
    for sms in ask(carrier, "messages?direction=outbound-api")["messages"]:
        row = parse_qs(urlsplit(sms["callback_url"]).query).get("m", [""])[0]
        yield sms["to"].lower(), row, sms["body"]
    for mail in ask(carrier, "mails")["mails"]:
        named = (value for name, value in mail["headers"] if name.lower() == "x-jet-message")
        if mail["received"] >= start:
            yield mail["to"].lower(), next(named, ""), mail["text"]


def ask(carrier: str, path: str) -> Any:
    """A look into the carrier's own figures."""
    with DIRECT.open(f"{carrier}/_sandbox/{path}", timeout=30) as answer:
        return json.load(answer)
