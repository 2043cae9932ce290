"""取消: JMA takes a report back. Those asked because of it are told once; their answers stay, the check stays open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from models.db import db
from models.disaster import CheckRound, CheckState, Recipient, SafetyCheck
from models.disaster import Telegram as StoredTelegram
from models.message import NOT_YET_OUT, Message, MessageState
from models.types import db_now
from notifications.jma.telegram import Telegram
from notifications.safety import asking, joining, opening, rounds

MANY_REPORTS = ("weather:", "river:", "volcano:")
"""Series in which different warnings stand beside each other: one taken back says nothing about the others."""

recipient, message = Recipient.__table__, Message.__table__


def withdraw(check: SafetyCheck | None, series: Sequence[str], telegram: Telegram) -> tuple[SafetyCheck | None, str]:
    """What a 取消 does to the check of its disaster."""
    if check is None:
        return None, "Withdrawn; nobody had been asked because of it."
    round_ = joining.round_for(check, series)
    if round_ is None:
        return check, f"Withdrawn; no open round of check {check.id} came from it, or it was told before."
    if _others_stand(check, series, telegram):
        opening.write_note(check, f"{telegram.type} was withdrawn by JMA; other reports stand, nobody is told.")
        return check, f"Withdrawn; other reports of check {check.id} stand: noted, nobody is told."
    opening.write_note(check, f"{telegram.type} was withdrawn by JMA (round {round_.number}).")
    if check.state is not CheckState.RUNNING:
        _mark(check, round_)
        return check, f"Withdrawn; check {check.id} is not running, nobody is told."
    told = _tell(check, round_)
    _mark(check, round_)
    return check, f"Withdrawn: {told} people asked in round {round_.number} of check {check.id} are told once."


def _others_stand(check: SafetyCheck, series: Sequence[str], telegram: Telegram) -> bool:
    if not series[0].startswith(MANY_REPORTS):
        return False
    return (
        db.session.scalar(
            sa.select(sa.func.count(StoredTelegram.id)).where(
                StoredTelegram.check_id == check.id,
                StoredTelegram.action.in_(("start", "propose")),
                StoredTelegram.type != telegram.type,
            )
        )
        or 0
    ) > 0


def _tell(check: SafetyCheck, round_: CheckRound) -> int:
    """Questions still waiting are dropped; everybody asked in this round is told, because a question may be leaving
    at this very moment."""
    connection = db.session.connection()
    asked = sa.select(message.c.recipient_id).where(
        message.c.check_id == check.id, message.c.round_number == round_.number, message.c.purpose == "ask"
    )
    ids = set(connection.execute(asked.distinct()).scalars())
    connection.execute(
        sa.update(message)
        .where(
            message.c.check_id == check.id,
            message.c.round_number == round_.number,
            message.c.purpose.in_(asking.QUESTIONS),
            message.c.state.in_(NOT_YET_OUT),
        )
        .values(state=MessageState.CANCELED, finished_at=db_now(), reason="withdrawn by JMA")
    )
    asking.write(check, round_, ids, purpose="cancel", wave=0, choose=asking.best_of_each)
    _step_back(check, round_)
    return len(ids)


def _step_back(check: SafetyCheck, round_: CheckRound) -> None:
    """What people were asked before this round is open again with its severity, and so are the reminders for it."""
    before = (
        sa.select(sa.func.max(message.c.round_number))
        .join(CheckRound, sa.and_(CheckRound.check_id == check.id, CheckRound.number == message.c.round_number))
        .where(
            message.c.recipient_id == recipient.c.id,
            message.c.purpose == "ask",
            message.c.round_number < round_.number,
            CheckRound.withdrawn_at.is_(None),
        )
        .scalar_subquery()
    )
    rows = db.session.connection().execute(
        sa.select(recipient.c.id, sa.func.coalesce(before, recipient.c.first_round)).where(
            recipient.c.check_id == check.id,
            recipient.c.asked_round == round_.number,
            recipient.c.first_round < round_.number,
        )
    )
    people: defaultdict[int, set[int]] = defaultdict(set)
    for ident, number in rows:
        people[number].add(ident)
    for number, ids in people.items():
        rounds.stand_again(check, number, ids, opening.areas_in(check, number))


def _mark(check: SafetyCheck, round_: CheckRound) -> None:
    round_.withdrawn_at = asking.present()
    if all(each.withdrawn_at is not None for each in joining.rounds_of(check)):
        check.withdrawn_at = round_.withdrawn_at
    db.session.flush()
