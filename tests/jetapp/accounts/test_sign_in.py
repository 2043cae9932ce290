"""Signing in: the same answer for everybody who is wrong, few guesses, one hat at a time, a fresh session."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jetapp.accounts.addresses import safe_next
from jetapp.accounts.passwords import hash_password, verify_password
from models.access import Role
from models.account import Membership, User
from models.db import db, transaction
from tests.servers import RedisServer
from tests.world import PASSWORD, World, build_world, csrf_token, post, sign_in


@pytest.fixture
def world(app: Flask, system: None) -> World:
    return build_world()


def try_password(client: FlaskClient, email: str, password: str, address: str = "192.0.2.1") -> TestResponse:
    data = {"email": email, "password": password, "csrf_token": csrf_token(client)}
    return client.post("/sign-in", data=data, environ_base={"REMOTE_ADDR": address})


def without_what_was_typed(page: TestResponse) -> str:
    return re.sub(r'value="[^"]*"', "", page.text)


@pytest.mark.parametrize(
    ("user", "path"),
    [("clair", "/safety/"), ("miyagi", "/safety/"), ("sendai", "/safety/")],
)
def test_staff_land_on_the_checks(app: Flask, world: World, user: str, path: str) -> None:
    browser = app.test_client()
    sign_in(browser, user)
    answer = browser.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, path)


def test_unknown_address_and_wrong_password_read_the_same(client: FlaskClient, world: World) -> None:
    wrong = try_password(client, "clair@example.org", "wrong")
    unknown = try_password(client, "nobody@example.org", "wrong")
    with transaction() as session:
        session.get(User, world.users["sendai"]).active = False
    inactive = try_password(client, "sendai@example.org", PASSWORD)
    assert {wrong.status_code, unknown.status_code, inactive.status_code} == {401}
    assert without_what_was_typed(wrong) == without_what_was_typed(unknown) == without_what_was_typed(inactive)
    assert "wrong" not in wrong.headers.get("Location", "")


def test_an_account_without_password_cannot_be_signed_in_to(client: FlaskClient, world: World) -> None:
    with transaction() as session:
        session.get(User, world.users["clair"]).password_hash = ""
    assert try_password(client, "clair@example.org", "").status_code == 422
    assert try_password(client, "clair@example.org", "x").status_code == 401


def test_case_and_spaces_of_the_address_do_not_matter(client: FlaskClient, world: World) -> None:
    assert try_password(client, " Clair@Example.ORG ", PASSWORD).status_code == 302


def test_too_many_wrong_guesses_wait(client: FlaskClient, world: World) -> None:
    answers = [try_password(client, "clair@example.org", "wrong").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    # Also with the right password: otherwise guessing would go on.
    blocked = try_password(client, "clair@example.org", PASSWORD)
    assert blocked.status_code == 429
    assert blocked.headers["Retry-After"] == "900"
    assert "Wait 15 minutes" in blocked.text
    # Others at the same address, and the same person elsewhere, are not held up.
    assert try_password(client, "miyagi@example.org", PASSWORD).status_code == 302
    assert try_password(client.application.test_client(), "clair@example.org", PASSWORD, "192.0.2.2").status_code == 302


def test_a_stranger_who_guesses_does_not_lock_the_owner_out(app: Flask, world: World) -> None:
    owner = app.test_client()
    assert try_password(owner, "clair@example.org", PASSWORD).status_code == 302
    post(owner, "/sign-out")
    seen = set()
    for number in range(61):
        answer = try_password(app.test_client(), "clair@example.org", "wrong", f"198.51.100.{number}")
        seen.add(answer.status_code)
    assert seen == {401, 429}
    assert try_password(owner, "clair@example.org", PASSWORD).status_code == 302


def test_right_passwords_use_up_no_guesses(client: FlaskClient, world: World) -> None:
    for _ in range(15):
        assert try_password(client, "clair@example.org", PASSWORD).status_code == 302


def test_guesses_are_counted_without_redis(client: FlaskClient, world: World, redis_server: RedisServer) -> None:
    redis_server.stop()
    try:
        answers = [try_password(client, "kobe@example.org", "wrong", "203.0.113.9").status_code for _ in range(11)]
        assert answers == [401] * 10 + [429]
        assert try_password(client, "kobe@example.org", PASSWORD, "203.0.113.10").status_code == 302
    finally:
        redis_server.start()


def test_the_session_is_new_after_signing_in_and_out(client: FlaskClient, world: World) -> None:
    client.get("/language/ja")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    token_before = csrf_token(client)
    sign_in(client, "clair")
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["locale"] == "ja"
        session["own"] = 1
    # A form token of before is worth nothing now.
    assert client.post("/sign-out", data={"csrf_token": token_before}).status_code == 400
    assert post(client, "/sign-out").status_code == 302
    with client.session_transaction() as session:
        assert "own" not in session
        assert session["locale"] == "ja"
    assert client.get("/safety/").status_code == 302


def test_signing_out_needs_the_form(client: FlaskClient, world: World) -> None:
    sign_in(client, "clair")
    assert client.get("/sign-out").status_code == 405 or client.get("/sign-out").status_code == 404
    assert client.get("/safety/").status_code == 200


def test_an_account_switched_off_is_out_at_once(client: FlaskClient, world: World) -> None:
    sign_in(client, "clair")
    with transaction() as session:
        session.get(User, world.users["clair"]).active = False
    assert client.get("/safety/").status_code == 302


@pytest.fixture
def advisor(world: World) -> None:
    """A Prefectural Advisor who is also a participant."""
    with transaction() as session:
        user = session.get(User, world.users["miyagi"])
        user.memberships.append(Membership(role=Role.PARTICIPANT, participant_id=world.people["Collins"]))


@pytest.mark.usefixtures("advisor")
def test_several_hats_are_chosen_after_the_password(client: FlaskClient, world: World) -> None:
    sign_in(client, "miyagi")
    assert client.get("/safety/").status_code == 302, "nothing can be seen before a hat is chosen"
    page = client.get("/sign-in").text
    assert "Choose your role" in page
    memberships = re.findall(r'name="membership" value="(\d+)"', page)
    assert len(memberships) == 2
    assert post(client, "/sign-in", "/sign-in", membership=memberships[0]).status_code == 302
    assert client.get("/safety/").status_code == 200
    assert "Change role" in client.get("/safety/").text
    # The other hat sees what belongs to it and nothing of the first.
    assert post(client, "/hats", membership=memberships[1]).status_code == 302
    assert client.get("/safety/").status_code == 403


@pytest.mark.usefixtures("advisor")
def test_nobody_puts_on_a_hat_of_somebody_else(client: FlaskClient, world: World) -> None:
    foreign = db.session.query(Membership).filter_by(role=Role.CLAIR).one().id
    sign_in(client, "miyagi")
    assert post(client, "/sign-in", "/sign-in", membership=foreign).status_code == 404
    own = re.findall(r'name="membership" value="(\d+)"', client.get("/sign-in").text)[0]
    post(client, "/sign-in", "/sign-in", membership=own)
    assert post(client, "/hats", membership=foreign).status_code == 404
    assert post(client, "/hats", membership="x").status_code == 404


def test_the_choice_of_hats_needs_the_password_first(client: FlaskClient, world: World) -> None:
    own = db.session.query(Membership).filter_by(role=Role.CLAIR).one().id
    assert post(client, "/sign-in", "/sign-in", membership=own).status_code == 302
    assert client.get("/safety/").status_code == 302


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/safety/3?state=all", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("javascript:alert(1)", False),
        ("/%09/evil", True),
        ("/\t/evil.example", False),
        ("/a\nb", False),
        ("", False),
        (None, False),
        ("/" + "a" * 3000, False),
    ],
)
def test_only_own_addresses_are_led_on_to(target: str | None, safe: bool) -> None:
    assert safe_next(target, "/home") == (target if safe else "/home")


def test_the_page_asked_for_comes_after_signing_in(client: FlaskClient, world: World) -> None:
    asked = client.get(f"/safety/{world.check}?state=all")
    assert asked.status_code == 302
    page = client.get(asked.headers["Location"]).text
    assert f'value="/safety/{world.check}?state=all"' in page
    data = {"email": "clair@example.org", "password": PASSWORD, "csrf_token": csrf_token(client)}
    evil = client.post("/sign-in", data={**data, "next": "https://evil.example/"})
    assert evil.headers["Location"] == "/"


def test_the_language_is_kept_and_leads_back(client: FlaskClient, world: World) -> None:
    answer = client.get("/language/ja?next=/sign-in")
    assert answer.headers["Location"] == "/sign-in"
    assert 'lang="ja"' in client.get("/sign-in").text
    assert client.get("/language/ja?next=//evil.example").headers["Location"] == "/"
    assert client.get("/language/xx").status_code == 404


def test_demo_log_ins_are_shown_in_the_demonstration_only(app: Flask, client: FlaskClient, world: World) -> None:
    app.extensions["demo_logins"] = [{"email": "demo@demo.example", "password": "shown", "label": "Demo"}]
    try:
        assert "demo@demo.example" not in client.get("/sign-in").text
        app.config["ENV"] = "demo"
        assert "demo@demo.example" in client.get("/sign-in").text
    finally:
        app.config["ENV"] = "test"
        del app.extensions["demo_logins"]


def test_passwords_are_kept_as_argon2id() -> None:
    stored = hash_password("secret")
    assert stored.startswith("$argon2id$")
    assert verify_password(stored, "secret")
    assert not verify_password(stored, "Secret")
    assert not verify_password("not a hash", "secret")
