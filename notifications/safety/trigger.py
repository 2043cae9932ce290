"""From the bytes of a telegram to what happens: it is stored, judged, and acted upon once.

One report is one effect, however often and in whatever bytes it comes. Tests (試験) are only stored, drills (訓練)
only propose a drill, reports that are too old only propose, 取消 is told once to those asked.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from models.access import Permission, require
from models.db import db
from models.disaster import Telegram
from notifications import settings
from notifications.jma import telegram as jma
from notifications.jma.document import MAX_BYTES
from notifications.jma.errors import TelegramError
from notifications.safety import acting, rounds, rulebook
from notifications.safety.rules import Decision, decide


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was made of one telegram. `repeated`: it had been dealt with before, so nothing happened now."""

    telegram_id: int
    name: str
    action: str
    why: str
    effect: str
    check_id: int | None = None
    error: str = ""
    repeated: bool = False


def ingest(data: bytes, *, name: str, source: str, received_at: datetime) -> Outcome:
    """Store a telegram and do what it asks for, all in the caller's transaction. Never raises for bad bytes."""
    require(Permission.SAFETY_RUN)
    rounds.one_at_a_time()
    digest = hashlib.sha256(data).hexdigest()
    known = db.session.scalars(sa.select(Telegram).where(Telegram.digest == digest)).one_or_none()
    if known is not None:
        return _outcome(known, repeated=True)
    row = _row(data, digest, name, source, received_at)
    try:
        telegram = jma.read(data, name)
    except TelegramError as error:
        return _unusable(row, str(error), "Not readable: nothing was done.")
    earlier = db.session.scalars(
        sa.select(Telegram).where(Telegram.identity == telegram.identity, Telegram.error == "").order_by(Telegram.id)
    ).first()
    decision = decide(telegram, rulebook.rules())
    _describe(row, telegram, decision)
    db.session.add(row)
    db.session.flush()
    if earlier is not None:
        row.check_id, row.effect = earlier.check_id, f"The same report as no. {earlier.id}, delivered again."
        db.session.flush()
        return _outcome(row, repeated=True)
    age = received_at - telegram.reported_at
    stale = age > timedelta(minutes=settings.current().trigger_max_age_minutes)
    check, row.effect = acting.act(telegram, decision, stale=stale)
    if decision.unknown_codes:
        row.effect += " " + _codes(decision)
    row.check_id = check.id if check is not None else None
    db.session.flush()
    return _outcome(row)


def keep(data: bytes, *, name: str, source: str, received_at: datetime, error: str) -> Outcome:
    """Only store a telegram that we failed to deal with, so that a person sees it and it is not fetched for ever."""
    require(Permission.SAFETY_RUN)
    row = _row(data, hashlib.sha256(data).hexdigest(), name, source, received_at)
    return _unusable(row, error, "We failed to deal with it: a person must look, and start a check by hand.")


def _row(data: bytes, digest: str, name: str, source: str, received_at: datetime) -> Telegram:
    return Telegram(
        digest=digest,
        name=_fit(name, 200),
        source=_fit(source, 200),
        received_at=received_at,
        body=zlib.compress(data[:MAX_BYTES]),
    )


def _unusable(row: Telegram, error: str, effect: str) -> Outcome:
    row.error, row.effect = _fit(error, 2000), effect
    db.session.add(row)
    db.session.flush()
    return _outcome(row)


def _describe(row: Telegram, telegram: jma.Telegram, decision: Decision) -> None:
    row.identity = _fit(telegram.identity, 200)
    row.type = _fit(telegram.type, 10)
    row.status, row.info_type = telegram.status, telegram.info_type
    row.event_id = _fit(" ".join(telegram.event_ids), 120)
    row.serial = _fit(telegram.serial or "", 20)
    row.headline = _fit(telegram.headline or telegram.title, 2000)
    row.reported_at = telegram.reported_at
    row.action, row.why = decision.action, decision.why
    row.unknown_codes = list(decision.unknown_codes)


def _codes(decision: Decision) -> str:
    text = f"Codes in no table: {', '.join(decision.unknown_codes)}"
    if decision.successors:
        text += f"; asked in their successors {', '.join(sorted(decision.successors))}"
    left = sorted(decision.fallback_prefectures.keys() - {code[:2] for code in decision.successors})
    if left:
        text += f"; a person must choose whom to ask in prefecture {', '.join(left)}"
    return text + "."


def _outcome(row: Telegram, repeated: bool = False) -> Outcome:
    return Outcome(row.id, row.name, row.action, row.why, row.effect, row.check_id, row.error, repeated)


def _fit(text: str, length: int) -> str:
    """What a column can hold; PostgreSQL takes no zero characters."""
    return text.replace("\0", "")[:length]
