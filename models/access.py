"""Who may see and do what: the one place where visibility is enforced.

The session belongs to one `Actor`. A listener adds to every ORM statement the condition that each model states in
`visible_to(actor)`; another refuses writes to rows the actor cannot see. No view filters by tenant.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.elements import ColumnElement

from models.db import Base, db
from models.errors import Forbidden, NotInTransaction, ScopeMissing
from models.types import today


class Role(StrEnum):
    SYSTEM = "system"
    CLAIR = "clair"
    HOST = "host"
    ORGANISATION = "organisation"
    PARTICIPANT = "participant"


class Permission(StrEnum):
    SAFETY_VIEW = "safety:view"
    SAFETY_RUN = "safety:run"
    SAFETY_RULES = "safety:rules"
    SAFETY_TAKE_CASE = "safety:take-case"
    SAFETY_CLASSIFY = "safety:classify"
    PEOPLE_VIEW = "people:view"
    PEOPLE_IMPORT = "people:import"
    MESSAGES_VIEW = "messages:view"
    SENDERS_CONTROL = "senders:control"


_STAFF = frozenset({Role.CLAIR, Role.HOST, Role.ORGANISATION})
PERMISSIONS: dict[Permission, frozenset[Role]] = {
    Permission.SAFETY_VIEW: _STAFF,
    Permission.SAFETY_RUN: frozenset({Role.CLAIR}),
    Permission.SAFETY_RULES: frozenset({Role.CLAIR}),
    Permission.SAFETY_TAKE_CASE: _STAFF,
    Permission.SAFETY_CLASSIFY: frozenset({Role.CLAIR}),
    Permission.PEOPLE_VIEW: _STAFF,
    Permission.PEOPLE_IMPORT: frozenset({Role.CLAIR}),
    Permission.MESSAGES_VIEW: _STAFF,
    Permission.SENDERS_CONTROL: frozenset({Role.CLAIR}),
}
"""Who may do what; the system may do everything. Asked by `require()` inside domain functions."""


@dataclass(frozen=True)
class Actor:
    """One membership of one person, or the system with the reason why it acts."""

    role: Role
    user_id: int | None = None
    host_id: int | None = None
    organisation_id: int | None = None
    participant_id: int | None = None
    label: str = ""

    @property
    def sees_all(self) -> bool:
        return self.role in (Role.SYSTEM, Role.CLAIR)

    def may(self, permission: Permission) -> bool:
        return self.role is Role.SYSTEM or self.role in PERMISSIONS[permission]


def system(reason: str) -> Actor:
    """The system itself, acting for `reason` (a job's or command's name), which is kept in the history."""
    return Actor(Role.SYSTEM, label=reason)


class Visible:
    """Mixin of every model whose rows not everybody may see."""

    __table__: ClassVar[Any]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The SQL condition for rows `actor` may see; never asked for actors that see all."""
        raise NotImplementedError(cls.__name__)


def bind_actor(actor: Actor | None) -> None:
    """Give the present session to `actor`. Only `jetapp.actors`, `acting_as` and jobs call this."""
    session = db.session()
    if session.info.get("actor") != actor:
        session.expunge_all()
    session.info["actor"] = actor


def current_actor() -> Actor:
    """The actor of the present session; `ScopeMissing` when a door forgot to bind one."""
    actor = db.session().info.get("actor")
    if actor is None:
        raise ScopeMissing("no actor is bound to this session: the door must bind one before it queries")
    assert isinstance(actor, Actor)
    return actor


def require(permission: Permission) -> Actor:
    """The current actor, if it has `permission`; raises `Forbidden` otherwise."""
    actor = current_actor()
    if not actor.may(permission):
        raise Forbidden()
    return actor


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Work as `actor` for a while, then give the session back."""
    before = db.session().info.get("actor")
    bind_actor(actor)
    try:
        yield actor
    finally:
        bind_actor(before)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Read columns and counts over everybody's rows, never objects; `reason` says why this is harmless."""
    info = db.session().info
    before = info.get("unscoped")
    info["unscoped"] = reason
    try:
        yield
    finally:
        info["unscoped"] = before


def visible_models() -> list[type[Any]]:
    """Every mapped model that states its visibility."""
    return [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Visible)]


@functools.lru_cache(maxsize=4096)
def _criteria(actor: Actor, _on: date) -> tuple[Any, ...]:
    # The date is part of the key because visibility by placement changes at midnight in Japan.
    return tuple(
        with_loader_criteria(model, model.visible_to(actor), include_aliases=True) for model in visible_models()
    )


@event.listens_for(Session, "do_orm_execute")
def _filter_reads(state: ORMExecuteState) -> None:
    if state.is_column_load:
        return
    info = state.session.info
    actor: Actor | None = info.get("actor")
    if actor is None:
        raise ScopeMissing("no actor is bound to this session: the door must bind one before it queries")
    if actor.sees_all:
        return
    if state.is_insert:
        raise Forbidden("bulk_insert", "Only the system inserts rows in bulk.")
    if info.get("unscoped"):
        mapper = state.bind_mapper
        returns_objects = state.is_select and any(
            d.get("expr") is d.get("entity") and d.get("entity") is not None
            for d in getattr(state.statement, "column_descriptions", [])
        )
        if mapper is not None and returns_objects:
            raise Forbidden("unscoped_objects", "Unscoped queries may read columns and counts only.")
        return
    state.statement = state.statement.options(*_criteria(actor, today()))


@event.listens_for(Session, "before_flush")
def _refuse_loose_writes(session: Session, context: UOWTransaction, instances: Any) -> None:
    if not session.info.get("transaction"):
        raise NotInTransaction("rows are changed only inside transaction()")
    actor: Actor | None = session.info.get("actor")
    if actor is None:
        raise ScopeMissing("no actor is bound to this session: the door must bind one before it writes")
    if actor.sees_all:
        return
    for obj in session.deleted:
        _check_visible(session, actor, obj)
    for obj in session.dirty:
        # Before the change reaches the database: a row out of scope must not be pulled into it.
        _check_visible(session, actor, obj)


@event.listens_for(Session, "after_flush")
def _refuse_foreign_rows(session: Session, context: UOWTransaction) -> None:
    actor: Actor | None = session.info.get("actor")
    if actor is None or actor.sees_all:
        return
    for obj in (*session.new, *session.dirty):
        # After the change, still inside the transaction: a row must not be moved or created out of scope.
        _check_visible(session, actor, obj)


def _check_visible(session: Session, actor: Actor, obj: Any) -> None:
    if not isinstance(obj, Visible):
        return
    mapper = sa.inspect(type(obj))
    key = mapper.primary_key_from_instance(obj)
    where = [column == value for column, value in zip(mapper.primary_key, key, strict=True)]
    found = session.connection().execute(sa.select(sa.literal(1)).where(*where, type(obj).visible_to(actor)))
    if found.first() is None:
        raise Forbidden("foreign_row", "This is not here, or not yours to see.")
