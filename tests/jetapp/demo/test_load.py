"""`jetapp demo load`: the same on both databases, safe to repeat, never beside real people."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from jetapp.accounts.passwords import verify_password
from jetapp.demo import service
from jetapp.demo.logins import LOGINS, PASSWORD
from jetapp.demo.population import build
from jetapp.demo.shape import programme_year
from models.access import Role, acting_as, system
from models.account import Membership, User
from models.db import db, transaction
from models.errors import Conflict, Forbidden
from models.organisation import ContractingOrganisation, Workplace
from models.participant import ContactPoint, Participant, Placement, participant_ids
from models.types import today
from tests.factories import make_participant

Cli = Callable[..., Result]


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_loads_what_was_planned(cli: Cli, system: None) -> None:
    result = cli("demo", "load", "--participants", 300, "--seed", 3, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    planned = build(300, 3, programme_year(today()))
    assert said["loaded"] is True
    assert said["participants"] == count(Participant) == 300
    assert said["organisations"] == count(ContractingOrganisation) == len(planned.organisations)
    assert said["hosts"] == 67
    assert count(ContactPoint) == sum(len(person.contacts) for person in planned.people)
    assert count(Placement) == sum(len(person.placements) for person in planned.people)
    assert count(Workplace) == sum(len(one.workplaces) for one in planned.organisations)
    for person in planned.people[::50]:
        row = db.session.scalars(sa.select(Participant).where(Participant.jet_number == person.jet_number)).one()
        assert row.languages == list(person.languages)
        assert [c.value for c in row.contacts if c.channel == "sms"] == [
            c.value for c in person.contacts if c.channel == "sms"
        ]
        place = row.placements[-1]
        assert place.workplace is not None
        assert (place.organisation.code, place.workplace.name) == (
            person.placements[-1].organisation,
            person.placements[-1].workplace,
        )


def test_whole_population(cli: Cli, system: None) -> None:
    result = cli("demo", "load")
    assert result.exit_code == 0, result.output
    assert "5933 participants, 984 contracting organisations" in result.output
    assert PASSWORD in result.output
    assert all(login.email in result.output for login in LOGINS)
    assert count(Participant) == 5933


def test_again_changes_nothing(cli: Cli, system: None) -> None:
    cli("demo", "load", "--participants", 100)
    again = cli("demo", "load", "--participants", 200, "--seed", 9)
    assert again.exit_code == 0
    assert "nothing changed" in again.output
    assert count(Participant) == 100
    assert count(User) == len(LOGINS)


def test_never_beside_other_people(app: Flask, cli: Cli, system: None) -> None:
    with transaction():
        make_participant(work="07209")
    result = cli("demo", "load", "--participants", 10)
    assert isinstance(result.exception, Conflict)
    assert "1 participants" in str(result.exception)
    assert count(Participant) == 1


def test_never_in_production(app: Flask, cli: Cli, monkeypatch: pytest.MonkeyPatch, system: None) -> None:
    monkeypatch.setitem(app.config, "ENV", "production")
    result = cli("demo", "load", "--participants", 10)
    assert isinstance(result.exception, Forbidden)
    assert count(User) == 0


def test_log_ins_have_hats_with_people(app: Flask) -> None:
    with acting_as(system("test")), transaction():
        service.load(600, 1)
    with acting_as(system("test")):
        memberships = db.session.scalars(sa.select(Membership).join(User).order_by(User.email)).all()
        actors = [membership.actor(membership.user.name) for membership in memberships]
        hashes = db.session.scalars(sa.select(User.password_hash)).all()
    assert verify_password(hashes[0], PASSWORD)
    assert {actor.role for actor in actors} == {Role.CLAIR, Role.HOST, Role.ORGANISATION, Role.PARTICIPANT}
    for actor in actors:
        with acting_as(actor):
            seen = db.session.scalars(sa.select(Participant)).all()
        assert seen, actor
        assert len(seen) == (1 if actor.role is Role.PARTICIPANT else 600 if actor.sees_all else len(seen))
        if actor.role in (Role.HOST, Role.ORGANISATION):
            with acting_as(system("test")):
                assert {p.id for p in seen} == set(db.session.scalars(participant_ids(actor)))
