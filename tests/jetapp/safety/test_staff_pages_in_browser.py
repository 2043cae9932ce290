"""The staff pages in a real browser: no fault of access, nothing wider than the window, in both languages.

Set PICTURES to a folder to get pictures of them all for looking at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from models.db import transaction
from models.disaster import CheckArea
from tests.browser import look_for_faults, screenshot, serve
from tests.world import PASSWORD, World, build_world

PAGES = {
    "landing": ("", "/"),
    "sign-in": ("", "/sign-in"),
    "checks": ("clair", "/safety/"),
    "board": ("clair", "/safety/{check}"),
    "list": ("clair", "/safety/{check}?state=all"),
    "person": ("clair", "/safety/{check}/people/{help}"),
    "not-reached": ("clair", "/safety/{check}/people/{lost}"),
    "organisations": ("clair", "/safety/{check}/organisations"),
    "start": ("clair", "/safety/start"),
    "proposal": ("clair", "/safety/{proposed}/proposal"),
    "manage": ("clair", "/safety/{check}/manage"),
    "more-areas": ("clair", "/safety/{check}/areas"),
    "messages": ("clair", "/safety/messages"),
    "replies": ("clair", "/safety/replies"),
    "telegrams": ("clair", "/safety/telegrams"),
    "telegram": ("clair", "/safety/telegrams/{telegram}"),
    "rules": ("clair", "/safety/rules"),
    "hats": ("clair", "/hats"),
    "host-board": ("miyagi", "/safety/{check}"),
    "organisation-board": ("sendai", "/safety/{check}"),
    "organisation-checks": ("sendai", "/safety/"),
    "participant": ("emma", "/"),
}
pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def world(app: Flask, system: None) -> World:
    made = build_world()
    with transaction() as session:
        session.add(
            CheckArea(check_id=made.proposed, round_number=1, area="04100", kind="intensity", rank=40, label="5-")
        )
    return made


@pytest.fixture
def address(app: Flask, world: World) -> Iterator[str]:
    with serve(app) as where:
        yield where


def open_as(page: Page, address: str, user: str, language: str) -> None:
    page.goto(f"{address}/language/{language}")
    if user:
        page.goto(f"{address}/sign-in")
        page.fill("[name=email]", f"{user}@example.org")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_page_has_faults(browser: Browser, address: str, world: World, language: str) -> None:
    values = {
        "check": world.check, "proposed": world.proposed, "telegram": world.telegram,
        "help": world.recipients["Collins"], "lost": world.recipients["Evans"],
    }  # fmt: skip
    pictures = os.environ.get("PICTURES")
    faults: list[str] = []
    for user in dict.fromkeys(user for user, _path in PAGES.values()):
        context = browser.new_context()
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text) if message.type == "error" else None)
        open_as(page, address, user, language)
        for name, (whose, path) in PAGES.items():
            if whose != user:
                continue
            for width in (1280, 360):
                page.set_viewport_size({"width": width, "height": 800})
                answer = page.goto(address + path.format(**values))
                assert answer is not None
                assert answer.status == 200, (name, answer.status)
                faults += [f"{name} {language} {width}: {fault}" for fault in look_for_faults(page)]
                if pictures:
                    screenshot(page, Path(pictures) / f"{name}.{language}.{width}.png")
        faults += [f"{user or 'visitor'} console: {text}" for text in said]
        context.close()
    assert faults == []


def test_errors_are_read_first(browser: Browser, address: str, world: World) -> None:
    page = browser.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("[name=email]", "clair@example.org")
    page.fill("[name=password]", "wrong")
    page.click("main button[type=submit]")
    assert page.title().startswith("Error:")
    assert "is wrong" in page.inner_text(".error-summary")
    assert page.input_value("[name=email]") == "clair@example.org"
    assert page.input_value("[name=password]") == ""
    assert look_for_faults(page) == []
    page.close()


def test_a_case_is_taken_with_one_click_and_the_other_board_learns_of_it(
    browser: Browser, address: str, world: World
) -> None:
    host, supervisor = browser.new_context(), browser.new_context()
    board, own = host.new_page(), supervisor.new_page()
    open_as(board, address, "miyagi", "en")
    open_as(own, address, "sendai", "en")
    board.goto(f"{address}/safety/{world.check}")
    own.goto(f"{address}/safety/{world.check}")
    assert "Nobody yet" in board.inner_text("#help")
    own.click("#help button:has-text('I take this')")
    assert "User sendai" in own.inner_text("#help")
    # Coming back to the window refreshes at once, without waiting for the next turn.
    board.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    board.wait_for_selector("#help :text('Being helped')")
    host.close()
    supervisor.close()


def test_everything_works_without_script(browser: Browser, address: str, world: World) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    open_as(page, address, "clair", "en")
    page.goto(f"{address}/safety/{world.check}")
    page.click("[data-live-refresh]")
    page.click("nav.tiles a.safe")
    assert "2" in page.inner_text("#people-head")
    page.goto(f"{address}/safety/start")
    page.select_option("[name=what]", "intensity:6+")
    page.fill("[name=q]", "仙台")
    page.click("button[value=search]")
    page.check("input[value='04100']")
    page.click("button[value=preview]")
    page.click("button:has-text('Send now to 2 people')")
    assert "Earthquake, intensity 6 Upper" in page.inner_text("h1")
    context.close()
