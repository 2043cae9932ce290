"""The totals of a board by prefecture, municipality and organisation, for maps, bars and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from jetapp.safety.queries import BoardState, Filters, Totals, board_state
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


def _counted(check_id: int, filters: Filters, key: Any, *more: Any) -> Any:
    """The totals by `key`, to be joined with names afterwards: a join before counting is one for every person.

    Each person is judged once and counted by key and state; only these few counts are then set side by side.
    """
    strongest = sa.func.max(Recipient.severity_rank).label("rank")
    people = sa.select(
        key.label("key"), *more, board_state().label("board_state"), strongest, sa.func.count().label("people")
    ).select_from(Recipient)
    judged = filters.area.over(people, check_id).group_by(key, *more, "board_state").subquery("judged")
    keys = [judged.c.key, *(judged.c[column.key] for column in more)]
    of_state = (
        (state.value, sa.case((judged.c.board_state == state.value, judged.c.people), else_=0)) for state in BoardState
    )
    # PostgreSQL makes decimals of the sum of counts.
    states = [sa.cast(sa.func.sum(people), sa.Integer).label(name) for name, people in of_state]
    return sa.select(*keys, sa.func.max(judged.c.rank).label("rank"), *states).group_by(*keys).subquery("counted")


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
    counted = _counted(check_id, filters, Recipient.prefecture_code)
    statement = (
        sa.select(counted, Prefecture.name_en, Prefecture.name_ja)
        .outerjoin(Prefecture, Prefecture.code == counted.c.key)
        .order_by(counted.c.key)
    )
    return [_group(row) for row in db.session.execute(statement)]


def by_municipality(check_id: int, filters: Filters) -> list[Group]:
    """Every municipality with people asked, those with help and silence first."""
    counted = _counted(check_id, filters, Recipient.municipality_code)
    statement = (
        sa.select(counted, Municipality.name_en, Municipality.name_ja)
        .outerjoin(Municipality, Municipality.code == counted.c.key)
        .order_by(counted.c.need_help.desc(), counted.c.no_answer.desc(), counted.c.not_reached.desc(), counted.c.key)
    )
    return [_group(row) for row in db.session.execute(statement)]


@dataclass(frozen=True)
class Groups:
    """Some groups and how many there are in all."""

    rows: list[Group]
    total: int


def by_organisation(check_id: int, filters: Filters, limit: int = 10, offset: int = 0) -> Groups:
    """Organisations with people who have not answered, the strongest shaking first."""
    organisation = ContractingOrganisation
    counted = _counted(check_id, filters, Recipient.organisation_id, Recipient.host_id)
    statement = (
        sa.select(
            counted,
            organisation.name_en,
            organisation.name_ja,
            Host.name_en.label("extra_host_en"),
            Host.name_ja.label("extra_host_ja"),
            organisation.phone.label("extra_phone"),
            organisation.night_phone.label("extra_night_phone"),
            sa.func.count().over().label("extra_of"),
        )
        .outerjoin(organisation, organisation.id == counted.c.key)
        .outerjoin(Host, Host.id == counted.c.host_id)
        .where(counted.c.no_answer > 0)
        .order_by(counted.c.rank.desc(), counted.c.no_answer.desc(), counted.c.key)
        .limit(limit)
        .offset(offset)
    )
    rows = [_group(row) for row in db.session.execute(statement)]
    return Groups(rows, rows[0].extra["of"] if rows else 0)
