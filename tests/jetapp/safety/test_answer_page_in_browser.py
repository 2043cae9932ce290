"""The answer page in a real browser: no fault of access at 320 and 360 px, and one tap is enough without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser

from models.access import acting_as, system
from models.db import db, transaction
from models.disaster import Answer, Recipient
from models.types import now
from notifications.safety import checks
from tests.browser import look_for_faults, serve
from tests.factories import SENDAI, World, make_world

pytestmark = pytest.mark.sqlite_only
TEST = system("test")


@pytest.fixture
def world(app: Flask) -> World:
    made = make_world()
    with acting_as(TEST), transaction():
        checks.start(
            key="one",
            title_en="Earthquake off Miyagi",
            title_ja="宮城県沖の地震",
            kind="earthquake",
            areas=[checks.Area(SENDAI.code, "intensity", 60, "6-", False)],
            event={
                "kind": "intensity",
                "max_value": "6-",
                "place_ja": "宮城",
                "place_en": "Miyagi",
                "at": now().isoformat(),
            },
            event_at=now(),
        )
    return made


@pytest.fixture
def link(app: Flask, world: World) -> Iterator[str]:
    with acting_as(TEST):
        token = db.session.scalar(sa.select(Recipient.token).where(Recipient.participant_id == world.aoife))
        db.session.rollback()
    with serve(app) as address:
        yield f"{address}/s/{token}"


@pytest.mark.parametrize("language", ["en", "ja", "ja-simple", "th", "ru", "vi"])
def test_no_state_has_faults(browser: Browser, link: str, language: str) -> None:
    for width in (320, 360):
        page = browser.new_page(viewport={"width": width, "height": 640})
        try:
            page.goto(f"{link}?l={language}")
            assert look_for_faults(page) == []
            page.click("button[value=safe]")
            assert look_for_faults(page) == []
            page.click("button[value=need_help]")
            assert look_for_faults(page) == []
            page.goto(f"{link}x?l={language}")
            assert look_for_faults(page) == []
        finally:
            page.close()


def test_one_tap_is_enough_without_a_script(browser: Browser, link: str, world: World) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    try:
        page = context.new_page()
        page.goto(link)
        assert len(asked) == 1, "one request, nothing else is fetched"
        page.click("button[value=need_help]")
        page.check("input[value=trapped]")
        page.fill("input[name=place]", "third floor")
        page.click("button[name=details]")
    finally:
        context.close()
    with acting_as(TEST):
        db.session.rollback()
        row = db.session.scalars(sa.select(Recipient).where(Recipient.participant_id == world.aoife)).one()
        assert row.answer is Answer.NEED_HELP
        assert (row.details["wrong"], row.details["place"]) == (["trapped"], "third floor")
