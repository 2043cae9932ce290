"""Visibility is enforced on the session: whatever way a query is written, nobody sees or writes what is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import aliased, joinedload, selectinload

from models.access import Actor, Permission, Role, acting_as, bind_actor, require, system, unscoped, visible_models
from models.audit import AuditEntry
from models.db import Base, db, transaction
from models.disaster import Recipient, SafetyCheck
from models.errors import Forbidden, NotInTransaction, ScopeMissing
from models.organisation import ContractingOrganisation, Host
from models.participant import Channel, ContactPoint, Participant, Placement
from models.types import today
from notifications.safety import checks
from tests.factories import SENDAI, World, make_participant, make_world

TEST = system("test")
REFERENCE = {"prefecture", "municipality", "host"}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world()


def organisation(ident: int) -> Actor:
    return Actor(Role.ORGANISATION, user_id=1, organisation_id=ident, label="supervisor")


def host(code: str) -> Actor:
    with acting_as(TEST):
        ident = db.session.scalar(sa.select(Host.id).where(Host.code == code))
    return Actor(Role.HOST, user_id=2, host_id=ident, label="officer")


def names_through(query: Callable[[], Any]) -> set[str]:
    return {row if isinstance(row, str) else row.given_name for row in query()}


ALIAS = aliased(Participant)
WAYS: dict[str, Callable[[], Any]] = {
    "entities": lambda: db.session.scalars(sa.select(Participant)),
    "columns": lambda: db.session.scalars(sa.select(Participant.given_name)),
    "legacy query": lambda: db.session.query(Participant).all(),
    "alias": lambda: db.session.scalars(sa.select(ALIAS)),
    "join": lambda: db.session.scalars(sa.select(Participant.given_name).join(ContactPoint).distinct()),
    "joined from a child": lambda: db.session.scalars(
        sa.select(Participant.given_name).select_from(Placement).join(Participant)
    ),
    "sub-select": lambda: db.session.scalars(
        sa.select(Participant.given_name).where(Participant.id.in_(sa.select(Participant.id)))
    ),
    "from a sub-query": lambda: db.session.scalars(
        sa.select(sa.select(Participant.given_name).subquery().c.given_name)
    ),
    "children, eager": lambda: {
        p.participant
        for p in db.session.scalars(sa.select(Placement).options(joinedload(Placement.participant)))
        if p.participant
    },
    "children, select-in": lambda: {
        p.participant
        for p in db.session.scalars(sa.select(Placement).options(selectinload(Placement.participant)))
        if p.participant
    },
    "children, lazy": lambda: {p.participant for p in db.session.scalars(sa.select(Placement)).all() if p.participant},
    "union": lambda: db.session.scalars(sa.union(sa.select(Participant.given_name), sa.select(Participant.given_name))),
    "exists": lambda: db.session.scalars(
        sa.select(Participant.given_name).where(sa.exists().where(ContactPoint.participant_id == Participant.id))
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_sees_its_own_people_only(world: World, way: str) -> None:
    expected = {
        organisation(world.sendai): {"Aoife"},
        organisation(world.miyagi): {"Chidi"},
        host("04"): {"Ben", "Chidi", "Emil"},
        host("04100"): {"Aoife"},
        host("08"): {"Dana"},
        host("47"): set(),
        Actor(Role.PARTICIPANT, participant_id=world.ben): {"Ben"},
        Actor(Role.CLAIR, user_id=9): {"Aoife", "Ben", "Chidi", "Dana", "Emil"},
    }
    for actor, names in expected.items():
        with acting_as(actor):
            assert names_through(WAYS[way]) == names, (actor.role, way)


def test_counts_equal_lists(world: World) -> None:
    for actor in (organisation(world.sendai), host("04"), host("47")):
        with acting_as(actor):
            listed = len(db.session.scalars(sa.select(Participant)).all())
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Participant)) == listed
            assert db.session.query(Participant).count() == listed
            scalar = sa.select(sa.select(sa.func.count(Participant.id)).scalar_subquery())
            assert db.session.scalar(scalar) == listed


def test_get_does_not_hand_out_what_another_actor_loaded(world: World) -> None:
    with acting_as(TEST):
        assert db.session.get(Participant, world.dana) is not None
    with acting_as(organisation(world.sendai)):
        assert db.session.get(Participant, world.dana) is None
        assert db.session.get(Participant, world.aoife) is not None


def test_a_person_is_seen_for_the_time_of_the_placement(world: World) -> None:
    with acting_as(TEST), transaction():
        mine = db.session.get(ContractingOrganisation, world.sendai)
        make_participant(mine, name="Left Behind", end=today() - timedelta(days=1))
        make_participant(mine, name="Coming Soon", start=today() + timedelta(days=1))
        make_participant(mine, name="Last Day", start=date(2020, 8, 1), end=today())
    with acting_as(organisation(world.sendai)):
        assert names_through(WAYS["entities"]) == {"Aoife", "Last"}


def test_who_was_asked_stays_visible_while_the_check_runs(world: World) -> None:
    with acting_as(TEST), transaction():
        check = checks.start(
            key="k", title_en="t", kind="manual", areas=[checks.Area(SENDAI.code, "intensity", 60, "6-", False)]
        )
        placement = db.session.scalars(sa.select(Placement).where(Placement.participant_id == world.aoife)).one()
        placement.end_date = today() - timedelta(days=1)
        check_id = check.id
    with acting_as(organisation(world.sendai)):
        assert names_through(WAYS["entities"]) == {"Aoife"}
        assert db.session.scalar(sa.select(sa.func.count(Recipient.id))) == 1
    with acting_as(TEST), transaction():
        checks.close(check_id, "over")
    with acting_as(organisation(world.sendai)):
        assert names_through(WAYS["entities"]) == set()


def test_a_check_without_own_people_is_not_there(world: World) -> None:
    with acting_as(TEST), transaction():
        checks.start(
            key="k", title_en="t", kind="manual", areas=[checks.Area(SENDAI.code, "intensity", 60, "6-", False)]
        )
    for actor, seen in ((organisation(world.sendai), 1), (organisation(world.mito), 0), (host("08"), 0)):
        with acting_as(actor):
            assert db.session.scalar(sa.select(sa.func.count(SafetyCheck.id))) == seen


def rename(person: Participant) -> None:
    with transaction() as session:
        session.add(person)
        person.family_name = "Stolen"


def move_own_placement_to(organisation_id: int) -> None:
    with transaction() as session:
        session.scalars(sa.select(Placement)).one().organisation_id = organisation_id


def test_foreign_rows_cannot_be_written(world: World) -> None:
    with acting_as(TEST):
        foreign = db.session.get(Participant, world.dana)
    assert foreign is not None
    with acting_as(organisation(world.sendai)):
        with pytest.raises(Forbidden):
            rename(foreign)
        with pytest.raises(Forbidden):
            move_own_placement_to(world.mito)
        with pytest.raises(Forbidden), transaction() as session:
            session.add(ContactPoint(participant_id=world.dana, channel=Channel.SMS, value="+81900000000"))
        with transaction() as session:
            session.add(ContactPoint(participant_id=world.aoife, channel=Channel.SMS, value="+81900000001"))


def test_bulk_statements_touch_own_rows_only(world: World) -> None:
    with acting_as(organisation(world.sendai)):
        with transaction() as session:
            session.execute(sa.update(Participant).values(kana="x"))
        with pytest.raises(Forbidden), transaction() as session:
            session.execute(sa.insert(ContactPoint), [{"participant_id": world.dana, "channel": "sms", "value": "1"}])
        with transaction() as session:
            session.execute(sa.delete(ContactPoint))
    with acting_as(TEST):
        changed = db.session.scalars(sa.select(Participant.given_name).where(Participant.kana == "x")).all()
        assert changed == ["Aoife"]
        assert db.session.scalar(sa.select(sa.func.count(ContactPoint.id))) > 0


def test_unscoped_gives_counts_but_no_objects(world: World) -> None:
    with acting_as(organisation(world.sendai)), unscoped("count everybody"):
        assert db.session.scalar(sa.select(sa.func.count(Participant.id))) == 5
        with pytest.raises(Forbidden):
            db.session.scalars(sa.select(Participant)).all()


def test_a_session_without_an_actor_answers_nothing(app: Flask) -> None:
    bind_actor(None)
    with pytest.raises(ScopeMissing):
        db.session.scalars(sa.select(Participant)).all()


def test_rows_change_inside_a_transaction_only(world: World) -> None:
    with acting_as(TEST):
        person = db.session.get(Participant, world.aoife)
        assert person is not None
        person.kana = "オイフェ"
        with pytest.raises(NotInTransaction):
            db.session.flush()
        db.session.rollback()
        with pytest.raises(NotInTransaction), transaction(), transaction():
            pass


def test_what_is_done_is_asked_by_role(world: World) -> None:
    with acting_as(organisation(world.sendai)), pytest.raises(Forbidden):
        require(Permission.SAFETY_RUN)
    with acting_as(Actor(Role.CLAIR)):
        require(Permission.SAFETY_RUN)


def test_every_table_says_who_sees_it() -> None:
    stated = {model.__table__.name for model in visible_models()}
    assert {mapper.local_table.name for mapper in Base.registry.mappers} - stated == REFERENCE
    for model in visible_models():
        for role in (Role.HOST, Role.ORGANISATION, Role.PARTICIPANT):
            assert model.visible_to(Actor(role, 1, 1, 1, 1)) is not None


def test_changes_are_written_down_with_who_made_them(world: World) -> None:
    with acting_as(organisation(world.sendai)), transaction() as session:
        session.get(Participant, world.aoife).kana = "オイフェ"
    with acting_as(TEST):
        entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (entry.by, entry.action, entry.table_name, entry.row_id) == (
            "organisation: supervisor",
            "change",
            "participant",
            str(world.aoife),
        )
        assert entry.changes == {"kana": ["", "オイフェ"]}
        everything = db.session.scalars(sa.select(AuditEntry)).all()
        assert not any("code_word" in entry.changes for entry in everything)
