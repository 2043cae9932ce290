"""`jetapp users create`: accounts for every role, never a password that others could guess."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import Result

from jetapp.accounts.creation import SHORTEST_PASSWORD
from jetapp.accounts.passwords import verify_password
from models.access import Role
from models.account import Membership, User
from models.db import db, transaction
from models.errors import Conflict, Invalid
from tests.factories import make_organisation, make_participant

Cli = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("system")
PASSWORD = "correct horse battery"


def create(cli: Cli, *options: str, email: str = "ann@example.jp", password: str | None = PASSWORD) -> Result:
    words = ["users", "create", "--email", email, "--name", "Ann Example", *options]
    return cli(*words, *(["--password-stdin"] if password is not None else []), input=f"{password}\n")


def found(email: str = "ann@example.jp") -> User:
    db.session.rollback()
    return db.session.scalars(sa.select(User).where(User.email == email)).one()


def test_every_role(cli: Cli) -> None:
    with transaction():
        organisation = make_organisation("07209", code="07209")
        person = make_participant(organisation)
        scope = {"organisation_id": organisation.id, "participant_id": person.id}
        number = person.jet_number
    for role, options in {
        "clair": [],
        "host": ["--host", "04100"],
        "organisation": ["--organisation", "07209"],
        "participant": ["--participant", number],
    }.items():
        result = create(cli, "--role", role, *options)
        assert result.exit_code == 0, result.output
    user = found()
    assert {hat.role for hat in user.memberships} == set(Role) - {Role.SYSTEM}
    for column, value in scope.items():
        assert value in {getattr(hat, column) for hat in user.memberships}
    assert verify_password(user.password_hash, PASSWORD)
    assert user.password_hash.startswith("$argon2id$")


def test_password_is_made_and_shown_once(cli: Cli) -> None:
    result = create(cli, "--role", "clair", "--json", password=None)
    said = json.loads(result.stdout)
    assert said["created"] is True
    assert verify_password(found().password_hash, said["password"])
    again = json.loads(create(cli, "--role", "host", "--host", "04", "--json", password=None).stdout)
    assert (again["created"], again["password"]) == (False, None)
    assert verify_password(found().password_hash, said["password"])


def test_a_given_password_is_not_shown(cli: Cli) -> None:
    assert PASSWORD not in create(cli, "--role", "clair").output


def test_address_is_kept_in_lower_case(cli: Cli) -> None:
    create(cli, "--role", "clair", email="Ann@Example.JP")
    assert found().name == "Ann Example"


@pytest.mark.parametrize(
    "options",
    [
        ["--role", "king"],
        ["--role", "host"],
        ["--role", "clair", "--host", "04"],
        ["--role", "organisation", "--host", "04"],
    ],
)
def test_wrong_usage(cli: Cli, options: list[str]) -> None:
    assert create(cli, *options).exit_code == 2


@pytest.mark.parametrize(
    ("options", "email", "password", "field"),
    [
        (["--role", "clair"], "nobody", PASSWORD, "email"),
        (["--role", "clair"], "ann@example.jp", "x" * (SHORTEST_PASSWORD - 1), "password"),
        (["--role", "clair"], "ann@example.jp", "x" * 2000, "password"),
        (["--role", "host", "--host", "99"], "ann@example.jp", PASSWORD, "host"),
        (["--role", "organisation", "--organisation", "none"], "ann@example.jp", PASSWORD, "organisation"),
        (["--role", "participant", "--participant", "20250000009"], "ann@example.jp", PASSWORD, "participant"),
    ],
)
def test_refused(cli: Cli, options: list[str], email: str, password: str, field: str) -> None:
    result = create(cli, *options, email=email, password=password)
    assert isinstance(result.exception, Invalid)
    assert result.exception.field == field
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 0


def test_the_same_role_twice(cli: Cli) -> None:
    create(cli, "--role", "host", "--host", "04")
    result = create(cli, "--role", "host", "--host", "04")
    assert isinstance(result.exception, Conflict)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Membership.id))) == 1
