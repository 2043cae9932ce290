"""The totals of a board by prefecture, municipality and organisation, for maps, bars and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from jetapp.safety.queries import BoardState, Filters, Totals, board_state, one_if, state_counts
from models.db import db
from models.disaster import Recipient
from models.organisation import ContractingOrganisation, Host
from models.place import Municipality, Prefecture


@dataclass(frozen=True)
class Group:
    """The totals of one prefecture, municipality, host or organisation."""

    key: Any
    name_en: str
    name_ja: str
    totals: Totals
    rank: int = 0
    """The strongest severity among its people."""
    extra: dict[str, Any] = field(default_factory=dict)


def _groups(
    check_id: int, filters: Filters, key: Any, names: tuple[Any, Any], joins: Sequence[tuple[type, Any]], **extra: Any
) -> Any:
    columns = [column.label(f"extra_{name}") for name, column in extra.items()]
    statement = sa.select(
        key.label("key"),
        names[0].label("name_en"),
        names[1].label("name_ja"),
        sa.func.max(Recipient.severity_rank).label("rank"),
        *state_counts(),
        *columns,
    ).select_from(Recipient)
    for model, condition in joins:
        statement = statement.outerjoin(model, condition)
    return filters.area.over(statement, check_id, [model for model, _ in joins]).group_by(key, *names, *extra.values())


def _group(row: Any) -> Group:
    values = row._mapping
    return Group(
        key=values["key"],
        name_en=values["name_en"] or values["name_ja"] or "",
        name_ja=values["name_ja"] or "",
        totals=Totals(**{state.value: values[state.value] for state in BoardState}),
        rank=values["rank"] or 0,
        extra={name[6:]: value for name, value in values.items() if name.startswith("extra_")},
    )


def by_prefecture(check_id: int, filters: Filters) -> list[Group]:
    """Every prefecture with people asked, by code."""
    statement = _groups(
        check_id,
        filters,
        Recipient.prefecture_code,
        (Prefecture.name_en, Prefecture.name_ja),
        [(Prefecture, Prefecture.code == Recipient.prefecture_code)],
    )
    return [_group(row) for row in db.session.execute(statement.order_by(Recipient.prefecture_code))]


def by_municipality(check_id: int, filters: Filters, limit: int = 60) -> list[Group]:
    """Municipalities, those with help and silence first."""
    statement = _groups(
        check_id,
        filters,
        Recipient.municipality_code,
        (Municipality.name_en, Municipality.name_ja),
        [(Municipality, Municipality.code == Recipient.municipality_code)],
    )
    order = [sa.desc("need_help"), sa.desc("no_answer"), sa.desc("not_reached"), Recipient.municipality_code]
    return [_group(row) for row in db.session.execute(statement.order_by(*order).limit(limit))]


@dataclass(frozen=True)
class Groups:
    """Some groups and how many there are in all."""

    rows: list[Group]
    total: int


def by_organisation(check_id: int, filters: Filters, limit: int = 10, offset: int = 0) -> Groups:
    """Organisations with people who have not answered, the strongest shaking first."""
    organisation = ContractingOrganisation
    statement = _groups(
        check_id,
        filters,
        Recipient.organisation_id,
        (organisation.name_en, organisation.name_ja),
        [(organisation, organisation.id == Recipient.organisation_id), (Host, Host.id == Recipient.host_id)],
        host_en=Host.name_en,
        host_ja=Host.name_ja,
        phone=organisation.phone,
        night_phone=organisation.night_phone,
    )
    waiting = one_if(board_state() == BoardState.NO_ANSWER.value)
    statement = statement.having(waiting > 0).add_columns(sa.func.count().over().label("extra_of"))
    statement = statement.order_by(sa.desc("rank"), sa.desc(BoardState.NO_ANSWER.value), Recipient.organisation_id)
    rows = [_group(row) for row in db.session.execute(statement.limit(limit).offset(offset))]
    return Groups(rows, rows[0].extra["of"] if rows else 0)
