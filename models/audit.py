"""The history: who changed what. Rows are written on flush, so that no door can forget them."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from models.access import Actor
from models.account import Membership, User
from models.db import Model, db
from models.disaster import CheckRound, ClairOnly, Recipient, SafetyCheck, TriggerRule
from models.message import InboundMessage, Sender
from models.organisation import ContractingOrganisation, Workplace
from models.participant import ContactPoint, Participant, Placement
from models.types import BigId, UtcDateTime, now

AUDITED: tuple[type[Any], ...] = (
    ContractingOrganisation,
    Workplace,
    Participant,
    ContactPoint,
    Placement,
    User,
    Membership,
    TriggerRule,
    SafetyCheck,
    CheckRound,
    Recipient,
    InboundMessage,
    Sender,
)
SECRET = frozenset({"password_hash", "token", "code_word"})


class AuditEntry(ClairOnly, Model):
    """One change of one row; `changes` is {column: [old, new]}, with secrets left out."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("ix_audit_entry_row", "table_name", "row_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    by: Mapped[str] = mapped_column(sa.String(160))
    user_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(sa.String(12))
    table_name: Mapped[str] = mapped_column(sa.String(60))
    row_id: Mapped[str] = mapped_column(sa.String(60), default="")
    changes: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


def record(action: str, table: str, row_id: object = "", **changes: object) -> None:
    """Write one history row by hand, for statements that touch many rows at once and so pass by the flush."""
    session = db.session()
    entry = _entry(session.info["actor"], action, table, row_id, dict(changes))
    session.connection().execute(sa.insert(AuditEntry), [entry])


def record_of_machine(
    connection: Connection, actor: Actor, action: str, table: str, row_id: object, changes: dict[str, Any]
) -> None:
    """The same for the machinery, which works past the session."""
    connection.execute(sa.insert(AuditEntry), [_entry(actor, action, table, row_id, changes)])


@event.listens_for(Session, "after_flush")
def _write_history(session: Session, context: UOWTransaction) -> None:
    rows = []
    for action, objects in (("create", session.new), ("change", session.dirty), ("delete", session.deleted)):
        for obj in objects:
            if not isinstance(obj, AUDITED):
                continue
            changes = {} if action == "delete" else _changes(obj)
            if action == "change" and not changes:
                continue
            mapper = sa.inspect(type(obj))
            key = ",".join(str(part) for part in mapper.primary_key_from_instance(obj))
            rows.append(_entry(session.info["actor"], action, mapper.local_table.name, key, changes))
    if rows:
        session.connection().execute(sa.insert(AuditEntry), rows)


def _entry(actor: Actor, action: str, table: str, row_id: object, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": now(),
        "by": f"{actor.role.value}: {actor.label}",
        "user_id": actor.user_id,
        "action": action,
        "table_name": table,
        "row_id": str(row_id),
        "changes": changes,
    }


def _changes(obj: Any) -> dict[str, list[Any]]:
    state = sa.inspect(obj)
    found = {}
    for attribute in state.mapper.column_attrs:
        if attribute.key in SECRET:
            continue
        history = state.attrs[attribute.key].history
        if history.has_changes():
            old = history.deleted[0] if history.deleted else None
            new = history.added[0] if history.added else None
            if old is not None or new is not None:
                found[attribute.key] = [_plain(old), _plain(new)]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (sa.sql.ClauseElement, bytes)):
        return "…"
    return value
