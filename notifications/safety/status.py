"""Safety checks in numbers: `jetapp safety status --json`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from models.access import Permission, require
from models.db import db
from models.disaster import Answer, CheckArea, CheckRound, Reach, Recipient, SafetyCheck
from models.errors import NotFound
from models.message import FINAL, Message, MessageState
from notifications.safety.asking import QUESTIONS
from notifications.safety.targets import COAST, PREFECTURE

GAVE_UP = (MessageState.UNDELIVERED, MessageState.FAILED, MessageState.CANCELED, MessageState.EXPIRED)
OVER = (*GAVE_UP, MessageState.SUPPRESSED)


def status(check_id: int | None = None) -> list[dict[str, Any]]:
    """One entry per check, the newest first; raises `NotFound` for an id that is not there."""
    require(Permission.SAFETY_VIEW)
    query = sa.select(SafetyCheck).order_by(SafetyCheck.id.desc())
    if check_id is not None:
        query = query.where(SafetyCheck.id == check_id)
    found = db.session.scalars(query).all()
    if check_id is not None and not found:
        raise NotFound("no_check", "There is no check %(id)s.", id=check_id)
    return [_entry(check) for check in found]


def duplicates(check_id: int) -> int:
    """People who were sent more than one question on one channel in the same round and wave. A question that failed
    and was followed by one to another address is not counted."""
    twice = (
        sa.select(Message.recipient_id)
        .where(Message.check_id == check_id, Message.purpose.in_(QUESTIONS), Message.state.not_in(OVER))
        .group_by(Message.recipient_id, Message.channel, Message.round_number, Message.wave)
        .having(sa.func.count(Message.id) > 1)
        .distinct()
        .subquery()
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(twice)) or 0


def _entry(check: SafetyCheck) -> dict[str, Any]:
    rounds = db.session.scalars(
        sa.select(CheckRound).where(CheckRound.check_id == check.id).order_by(CheckRound.number)
    )
    answers, silent, not_reached = _people(check.id)
    states = db.session.execute(
        sa.select(Message.state, sa.func.count(Message.id)).where(Message.check_id == check.id).group_by(Message.state)
    )
    messages = {state.value: count for state, count in states}
    return {
        "id": check.id,
        "title": check.title_en,
        "title_ja": check.title_ja,
        "state": check.state.value,
        "drill": check.drill,
        "rounds": [
            {"number": each.number, "label": each.label, "opened_at": each.opened_at.isoformat(), "asked": each.asked}
            for each in rounds
        ],
        "areas": _areas(check.id),
        "asked": sum(answers.values()) + silent,
        "answered": sum(answers.values()),
        "safe": answers[Answer.SAFE],
        "need_help": answers[Answer.NEED_HELP],
        "unclear": answers[Answer.UNCLEAR],
        "no_answer": silent,
        "not_reached": not_reached,
        "messages": messages,
        "open_messages": sum(count for state, count in messages.items() if MessageState(state) not in FINAL),
        "duplicates": duplicates(check.id),
    }


def _people(check_id: int) -> tuple[Counter[Answer], int, int]:
    """Answers that are not out of date, people without one, and those of the latter nothing gets through to."""
    current = Recipient.answer_round >= Recipient.asked_round
    rows = db.session.execute(
        sa.select(Recipient.answer, current, Recipient.reach, sa.func.count(Recipient.id))
        .where(Recipient.check_id == check_id)
        .group_by(Recipient.answer, current, Recipient.reach)
    )
    answers: Counter[Answer] = Counter()
    silent = not_reached = 0
    for answer, up_to_date, reach, count in rows:
        if answer is not None and up_to_date:
            answers[answer] += count
        else:
            silent += count
            not_reached += count if reach is Reach.FAILED else 0
    return answers, silent, not_reached


def _areas(check_id: int) -> dict[str, int]:
    """`municipalities`: as the most exact reports name them. `region_only`: asked because of a region's report (or
    through a code that no longer exists) and not named themselves."""
    rows = db.session.execute(sa.select(CheckArea.area, CheckArea.coarse).where(CheckArea.check_id == check_id))
    exact: set[str] = set()
    coarse: set[str] = set()
    for area, is_coarse in rows:
        (coarse if is_coarse else exact).add(area)
    towns = {area for area in exact if not area.startswith((PREFECTURE, COAST))}
    regional = {area for area in coarse - exact if not area.startswith((PREFECTURE, COAST))}
    return {
        "municipalities": len(towns or regional),
        "region_only": len(regional) if towns else 0,
        "prefectures": sum(area.startswith(PREFECTURE) for area in exact | coarse),
        "coasts": sum(area.startswith(COAST) for area in exact | coarse),
    }
