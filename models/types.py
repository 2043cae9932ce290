"""Column types and the two clocks: `now()` of this process and `db_now()` of the database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

TOKYO = ZoneInfo("Asia/Tokyo")

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A key that grows by itself on both databases (SQLite only does so for INTEGER)."""


def now() -> datetime:
    """The present moment in UTC, by the clock of this process."""
    return datetime.now(UTC)


def today() -> date:
    """The present date in Japan."""
    return datetime.now(TOKYO).date()


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment in time: aware on the way in (any zone), aware UTC on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class db_now(FunctionElement[datetime]):
    """The database's own time, `seconds` later. Leases and due times use it, so that a worker with a wrong
    clock can neither send early nor keep a row for ever (messaging.md, case 28)."""

    type = UtcDateTime()
    inherit_cache = True
    name = "db_now"

    def __init__(self, seconds: Any = 0) -> None:
        super().__init__(sa.literal(seconds, sa.Float) if isinstance(seconds, (int, float)) else seconds)


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(now() + ({compiler.process(element.clauses, **kw)}) * interval '1 second')"


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({compiler.process(element.clauses, **kw)}) || ' seconds')"


def enum_text(enum: type[StrEnum]) -> sa.Enum:
    """An enumeration stored as its text value, without a database type that migrations would have to follow."""
    return sa.Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )
