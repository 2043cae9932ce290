"""What the tests of checks share: taking in telegrams, and reading what is in the tables."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from models.db import db, transaction
from models.disaster import Answer, CheckRound, Recipient, SafetyCheck
from models.message import Message
from models.types import now
from notifications.jma import telegram as jma
from notifications.jma.errors import TelegramError
from notifications.safety import answers, watch
from notifications.safety.trigger import Outcome


def take_in(data: bytes, name: str = "telegram.xml", late: timedelta = timedelta(0)) -> Outcome:
    """As if received `late` after it was reported."""
    try:
        received: datetime = jma.read(data, name).reported_at + late
    except TelegramError:
        received = now()
    return watch.receive(data, name=name, source=f"file:{name}", received_at=received, reason="test")


def all_checks() -> list[SafetyCheck]:
    return list(db.session.scalars(sa.select(SafetyCheck).order_by(SafetyCheck.id)))


def all_rounds(check_id: int) -> list[CheckRound]:
    return list(
        db.session.scalars(sa.select(CheckRound).where(CheckRound.check_id == check_id).order_by(CheckRound.number))
    )


def person(check_id: int, participant_id: int) -> Recipient | None:
    db.session.expire_all()
    return db.session.scalars(
        sa.select(Recipient).where(Recipient.check_id == check_id, Recipient.participant_id == participant_id)
    ).one_or_none()


def asked(check_id: int) -> set[int]:
    return set(db.session.scalars(sa.select(Recipient.participant_id).where(Recipient.check_id == check_id)))


def sent(participant_id: int, **where: Any) -> Counter[str]:
    """How many messages of each channel were written to a person."""
    query = sa.select(Message.channel).where(Message.participant_id == participant_id).filter_by(**where)
    return Counter(channel.value for channel in db.session.scalars(query))


def answer(check_id: int, participant_id: int, what: Answer = Answer.SAFE, **more: Any) -> None:
    row = person(check_id, participant_id)
    assert row is not None
    with transaction():
        answers.record(row.id, what, channel=more.pop("channel", "page"), **more)


def set_all(model: Any, **values: Any) -> None:
    """Change a column of all rows, e.g. to move them into the past."""
    with transaction() as session:
        session.execute(sa.update(model).values(**values))
