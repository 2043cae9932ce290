"""No page shows, and no form changes, what belongs to somebody else. Generated from the routes, so that a new page is
covered on the day it is written: one that takes an id this test does not know fails it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from werkzeug.routing import Rule

from models.db import db
from models.disaster import Recipient, SafetyAnswer
from tests.world import EVERYBODY, STAFF, World, build_world, post, sign_in

NOT_STAFF = ("static", "answer.", "webhooks.", "health.", "components_page.", "accounts.")
"""Endpoints without a signed-in person, or about the person alone; each has tests of its own."""

CLAIR_ONLY = {"telegram_id": "telegram", "inbound_id": "reply", "sender_id": "sender"}
CLAIR_ENDPOINTS = {
    "safety.start", "safety.telegrams", "safety.replies", "safety.rules", "safety.default_rules", "safety.manage",
    "safety.proposal", "safety.more_areas", "safety.note", "safety.close", "safety.ask_again", "safety.approve",
    "safety.decline",
}  # fmt: skip


@pytest.fixture
def world(app: Flask, system: None) -> World:
    return build_world()


def staff_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(NOT_STAFF)]


def names_in(body: bytes, mimetype: str) -> set[str]:
    """Whose traces an answer holds: the family name, or the person's number or address."""
    text = body.decode("utf-8", "replace")
    if "spreadsheetml" in mimetype:
        sheet = load_workbook(io.BytesIO(body)).active
        text = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    return {name for name in EVERYBODY if re.search(name, text, re.IGNORECASE)}


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def test_every_id_in_an_address_is_known_to_this_test(app: Flask) -> None:
    known = {"check_id", "recipient_id", *CLAIR_ONLY}
    unknown = {(rule.rule, name) for rule in staff_rules(app) for name in rule.arguments - known}
    assert not unknown


@pytest.mark.parametrize("user", STAFF)
def test_what_is_read_holds_only_own_people(app: Flask, world: World, user: str) -> None:
    browser = app.test_client()
    sign_in(browser, user)
    own = world.people_of(user)
    seen: set[str] = set()
    for rule in staff_rules(app):
        if "GET" not in (rule.methods or ()):
            continue
        for family, recipient in world.recipients.items():
            values: dict[str, Any] = {name: getattr(world, key) for name, key in CLAIR_ONLY.items()}
            values |= {"check_id": world.check, "recipient_id": recipient}
            url = address(app, rule, {name: values[name] for name in rule.arguments})
            for query in ("", "?state=all", "?state=all&q=e", "?check=1", "?prefecture=28", "?prefecture=04"):
                answer = browser.get(url + query)
                found = names_in(answer.data, answer.mimetype)
                assert found <= own, f"{user} reads {found - own} at {url + query}"
                seen |= found
                if "recipient_id" in rule.arguments:
                    assert answer.status_code == (200 if family in own else 404), (user, url)
            if "recipient_id" not in rule.arguments:
                break
    # The test would also pass on empty pages.
    assert seen == own


@pytest.mark.parametrize("user", [user for user in STAFF if user != "clair"])
def test_pages_of_clair_do_not_exist_for_others(app: Flask, world: World, user: str) -> None:
    browser = app.test_client()
    sign_in(browser, user)
    for rule in staff_rules(app):
        if rule.endpoint not in CLAIR_ENDPOINTS and not rule.arguments & set(CLAIR_ONLY):
            continue
        values: dict[str, Any] = {name: getattr(world, key) for name, key in CLAIR_ONLY.items()}
        url = address(app, rule, {name: (values | {"check_id": world.check})[name] for name in rule.arguments})
        if "GET" in (rule.methods or ()):
            assert browser.get(url).status_code in (403, 404), (user, url)
        if "POST" in (rule.methods or ()):
            assert post(browser, url, note="x", answer="safe", step="send").status_code in (403, 404), (user, url)


@pytest.mark.parametrize("user", STAFF)
def test_forms_change_only_own_people(app: Flask, world: World, user: str) -> None:
    browser = app.test_client()
    sign_in(browser, user)
    own = world.people_of(user)
    for family, recipient in world.recipients.items():
        for act in ("take", "release", "answer"):
            url = f"/safety/{world.check}/people/{recipient}/{act}"
            before = _state(recipient)
            answer = post(browser, url, answer="need_help", how="telephone")
            if family in own:
                assert answer.status_code == 302, (user, url, answer.status_code)
            else:
                assert answer.status_code == 404, (user, url)
                assert _state(recipient) == before
        # The person of another check, reached through the address of a check one may see.
        wrong = post(browser, f"/safety/{world.closed}/people/{recipient}/take")
        assert wrong.status_code == 404


def _state(recipient: int) -> tuple[Any, ...]:
    db.session.rollback()
    row = db.session.get(Recipient, recipient)
    kept = db.session.query(SafetyAnswer).filter_by(recipient_id=recipient).count()
    return row.taken_by, row.answer, row.answered_by, kept


@pytest.mark.parametrize("user", STAFF)
def test_a_check_without_own_people_does_not_exist(app: Flask, world: World, user: str) -> None:
    """The proposal asks nobody yet; only CLAIR may know of it."""
    browser = app.test_client()
    sign_in(browser, user)
    expected = 200 if user == "clair" else 403
    assert browser.get(f"/safety/{world.proposed}/proposal").status_code == expected
    board = browser.get(f"/safety/{world.proposed}")
    assert board.status_code == (302 if user == "clair" else 404)


def test_participants_have_no_staff_pages(app: Flask, world: World) -> None:
    browser = app.test_client()
    sign_in(browser, "emma")
    for rule in staff_rules(app):
        if "GET" in (rule.methods or ()) and not rule.arguments:
            assert browser.get(rule.rule).status_code == 403, rule.rule
    assert browser.get(f"/safety/{world.check}/people/{world.recipients['Collins']}").status_code == 403
    assert browser.get("/").status_code == 200
