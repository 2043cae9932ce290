"""Thousands of rows in one statement with one parameter.

A multi-row VALUES of 12,000 messages costs psycopg seconds, because it looks for placeholders in megabytes of SQL.
Handed over as one JSON document the same rows take a tenth of that, on both databases.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Dialect


def insert_new(
    connection: Connection,
    table: sa.FromClause,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    returning: str = "",
) -> list[Any]:
    """Insert rows that are not there yet by `key`; the `returning` column of the new ones (default: the key's first).

    Every row has the same columns. Columns left out get their Python-side default. A row that breaks another
    unique key is an error.
    """
    if not rows:
        return []
    assert isinstance(table, sa.Table)
    plan = _plan(table, connection.dialect, tuple(rows[0]), tuple(key), returning or key[0])
    document = []
    for row in rows:
        values = {name: row[name] for name in plan.given}
        values.update((name, default()) for name, default in plan.made)
        for name, change in plan.changes:
            values[name] = change(values[name])
        document.append(values)
    return list(connection.execute(plan.statement, {"rows": as_json(document)}).scalars())


@dataclass(frozen=True, slots=True)
class _Plan:
    """How rows with certain columns go into a table."""

    given: tuple[str, ...]
    made: tuple[tuple[str, Callable[[], Any]], ...]
    changes: tuple[tuple[str, Callable[[Any], Any]], ...]
    statement: sa.TextClause


@lru_cache(maxsize=64)
def _plan(table: sa.Table, dialect: Dialect, given: tuple[str, ...], key: tuple[str, ...], returning: str) -> _Plan:
    made, expressions = _defaults(table, given)
    columns = [*(table.c[name] for name in given), *(column for column, _ in made)]
    changes = [(column.name, change) for column in columns if (change := _converter(column, dialect)) is not None]
    names = [column.name for column in columns]
    quote = dialect.identifier_preparer.quote
    if dialect.name == "postgresql":
        types = ", ".join(f"{quote(column.name)} {column.type.compile(dialect=dialect)}" for column in columns)
        source, picked = f"json_to_recordset(CAST(:rows AS json)) AS r({types})", [f"r.{quote(n)}" for n in names]
    else:
        source, picked = "json_each(:rows) AS r", [f"json_extract(r.value, '$.{name}')" for name in names]
    values_sql = [
        str(expression.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        for _, expression in expressions
    ]
    statement = (
        f"INSERT INTO {quote(table.name)} ({', '.join(quote(n) for n in [*names, *(c.name for c, _ in expressions)])}) "
        f"SELECT {', '.join([*picked, *values_sql])} FROM {source} WHERE true "
        f"ON CONFLICT ({', '.join(quote(n) for n in key)}) DO NOTHING RETURNING {quote(returning)}"
    )
    # Colons and percent signs of literal expressions are not placeholders.
    prepared = sa.text(statement.replace(":rows", "\0").replace(":", "\\:").replace("\0", ":rows"))
    return _Plan(given, tuple((column.name, default) for column, default in made), tuple(changes), prepared)


class _Ids(sa.types.TypeDecorator[list[int]]):
    """A list of keys as one parameter: an array, or JSON where there are no arrays."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        array = dialect.name == "postgresql"
        return dialect.type_descriptor(postgresql.ARRAY(sa.BigInteger) if array else sa.Text())

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


def among(dialect: str, column: sa.ColumnElement[Any], parameter: str) -> sa.ColumnElement[bool]:
    """`column` is one of the keys that the parameter will hold (a list).

    On PostgreSQL this is looked up in the index whatever the statistics say, which are far behind after a launch.
    """
    keys = sa.bindparam(parameter, type_=_Ids())
    if dialect == "postgresql":
        return column == sa.any_(keys)
    return column.in_(sa.select(sa.func.json_each(keys).table_valued("value").c.value))


def one_of(dialect: str, column: sa.ColumnElement[Any], keys: Iterable[int]) -> sa.ColumnElement[bool]:
    """`column` is one of these keys, however many: databases take some ten thousands of parameters at the most."""
    given = sa.bindparam(None, list(keys), type_=_Ids(), unique=True)
    if dialect == "postgresql":
        return column == sa.any_(given)
    return column.in_(sa.select(sa.func.json_each(given).table_valued("value").c.value))


def given_rows(dialect: str, parameter: str, **types: sa.types.TypeEngine[Any]) -> sa.FromClause:
    """A table with these columns, filled from the JSON list of objects that the parameter will hold.

    For statements that join thousands of values: their text stays the same, so it is prepared and compiled once.
    """
    document = sa.bindparam(parameter, type_=sa.Text)
    if dialect == "postgresql":
        columns = [sa.column(name, type_) for name, type_ in types.items()]
        return (
            sa.func.json_to_recordset(sa.cast(document, postgresql.JSON))
            .table_valued(*columns)
            .render_derived(name="given", with_types=True)
        )
    each = sa.func.json_each(document).table_valued("value", name="each")
    return sa.select(
        *(sa.func.json_extract(each.c.value, f"$.{name}", type_=type_).label(name) for name, type_ in types.items())
    ).subquery("given")


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """What `given_rows` reads."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))


def _defaults(
    table: sa.Table, given: Sequence[str]
) -> tuple[list[tuple[sa.Column[Any], Callable[[], Any]]], list[tuple[sa.Column[Any], sa.ClauseElement]]]:
    """Defaults of the columns a row leaves out: made here for each row, or the same for all as SQL."""
    made: list[tuple[sa.Column[Any], Callable[[], Any]]] = []
    expressions: list[tuple[sa.Column[Any], sa.ClauseElement]] = []
    for column in table.columns:
        default: Any = column.default
        if column.name in given or default is None:
            continue
        if default.is_callable:
            made.append((column, partial(default.arg, None)))
        elif default.is_clause_element:
            expressions.append((column, default.arg))
        else:
            # Once in the statement and not in thousands of rows.
            expressions.append((column, sa.literal(default.arg, column.type)))
    return made, expressions


def _converter(column: sa.Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """From a Python value to what JSON can carry into this column; None where it can as it is."""
    if isinstance(column.type, sa.JSON):
        if dialect.name == "postgresql":
            return None
        return lambda value: json.dumps(value, ensure_ascii=False)
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return None

    # The same few moments and words stand in thousands of rows.
    @lru_cache(maxsize=64)
    def convert(value: Any) -> Any:
        value = process(value)
        return value.isoformat() if isinstance(value, datetime) else value

    return convert
