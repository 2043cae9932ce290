"""What is known of getting through to a person, kept on the recipient's row so that a board is one query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from models.disaster import Reach, Recipient
from models.message import ARRIVED, AT_PROVIDER, IN_DOUBT, NOT_YET_OUT, Message
from notifications import bulk

message = Message.__table__
recipient = Recipient.__table__


def mark_sent(connection: Connection, recipient_ids: Sequence[int | None]) -> None:
    """Messages to these people were accepted: they are on their way to being reached, unless one arrived before."""
    ids = sorted({ident for ident in recipient_ids if ident is not None})
    if ids:
        connection.execute(_mark_sent(connection.dialect.name), {"ids": ids})


@cache
def _mark_sent(dialect: str) -> sa.Update:
    # Judged on the locked row and not as a condition of the search: whoever reckons anew at this moment may be about to
    # write less than what this statement saw. In the order of the keys, as the index gives them: two workers that send
    # mail and SMS to the same people must not wait for each other.
    better = sa.case(
        (
            recipient.c.reach.in_([Reach.WAITING, Reach.FAILED]),
            sa.literal(Reach.SENT, recipient.c.reach.type),
        ),
        else_=recipient.c.reach,
    )
    return sa.update(recipient).where(bulk.among(dialect, recipient.c.id, "ids")).values(reach=better)


def mark_arrived(connection: Connection, recipient_id: int | None) -> None:
    if recipient_id is not None:
        connection.execute(
            sa.update(recipient)
            .where(recipient.c.id == recipient_id, recipient.c.reach != Reach.ARRIVED)
            .values(reach=Reach.ARRIVED)
        )


def refresh(connection: Connection, recipient_ids: Sequence[int | None]) -> None:
    """Reckon anew from all messages of these people: the best of what any channel achieved."""
    wanted = {ident for ident in recipient_ids if ident is not None}
    if not wanted:
        return
    # Locked by a statement of its own: PostgreSQL reads the messages as they were when the one below began, which
    # must not be before another worker, for whose lock it had to wait, has committed.
    dialect = connection.dialect.name
    asked = bulk.one_of(dialect, recipient.c.id, sorted(wanted))
    lock = sa.select(recipient.c.id).where(asked).order_by(recipient.c.id).with_for_update()
    ids = connection.execute(lock).scalars().all()

    def any_in(states: Sequence[str]) -> sa.ColumnElement[bool]:
        return sa.exists(
            sa.select(sa.literal(1)).where(message.c.recipient_id == recipient.c.id, message.c.state.in_(states))
        )

    connection.execute(
        sa.update(recipient)
        .where(bulk.one_of(dialect, recipient.c.id, ids))
        .values(
            reach=sa.case(
                (any_in(ARRIVED), Reach.ARRIVED.value),
                (any_in(AT_PROVIDER), Reach.SENT.value),
                (any_in((*NOT_YET_OUT, *IN_DOUBT)), Reach.WAITING.value),
                else_=Reach.FAILED.value,
            )
        )
    )
