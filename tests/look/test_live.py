"""Boards that refresh by themselves: what live.js does, seen in Chromium."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from flask import Response, abort, redirect, render_template_string, request
from playwright.sync_api import Browser, Page, expect

from tests.browser import serve
from tests.look import sample_app

PAGE = """{% extends "staff.html" %}{% from "components/layout.html" import live %}
{% set live_page = true %}{% block title %}Board{% endblock %}
{% block main %}<h1>Board</h1>{{ live("/parts", now, 0.1, "/sign-in") }}
<div id="help" data-part data-say="Need help: {{ board.help }}"><p>Help <b>{{ board.help }}</b></p>
{% for n in range(board.more) %}<p>Person {{ n }}</p>{% endfor %}
<details><summary>More</summary><p>inside</p></details><button type="button">Take</button></div>
<form id="note-form"><label>Note <input name="note" value=""></label></form>
<section id="notes" data-part><form><label>Case note <textarea name="case"></textarea></label></form>
<p>{{ board.help }} notes</p></section>
<div id="long">{% for n in range(80) %}<p id="row-{{ n }}">Row {{ n }}</p>{% endfor %}</div>{% endblock %}"""


@dataclass
class Board:
    """What the server knows and what it was asked."""

    help: int = 1
    more: int = 0
    fault: str = ""
    asked: list[int] = field(default_factory=list)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def page(browser: Browser, board: Board) -> Iterator[Page]:
    app = sample_app.make()

    def show() -> str:
        return render_template_string(PAGE, board=board, now=datetime(2026, 11, 19, 14, 59, 10, tzinfo=UTC))

    def parts() -> Response:
        if board.fault == "signed out":
            return redirect("/sign-in")  # type: ignore[return-value]
        if board.fault:
            board.asked.append(503)
            abort(503)
        answer = Response(show())
        answer.set_etag(f"{board.help}-{board.more}")
        answer.make_conditional(request)
        board.asked.append(answer.status_code)
        return answer

    app.add_url_rule("/board", view_func=show, endpoint="show")
    app.add_url_rule("/parts", view_func=parts, endpoint="parts")
    with serve(app) as address:
        found = browser.new_page(viewport={"width": 1000, "height": 600})
        found.goto(f"{address}/board")
        yield found
        found.close()


def wait_for_answers(page: Page, board: Board, status: int, times: int = 2) -> None:
    """Until the server has given `times` more answers of this status."""
    goal = board.asked.count(status) + times
    while board.asked.count(status) < goal:
        page.wait_for_timeout(20)


def test_changes_appear_and_nothing_is_sent_when_nothing_changed(page: Page, board: Board) -> None:
    wait_for_answers(page, board, 304)
    assert board.asked.count(200) == 1
    board.help = 2
    expect(page.locator("#help b")).to_have_text("2")
    wait_for_answers(page, board, 304)
    assert board.asked.count(200) == 2


def test_only_a_changed_number_is_read_out(page: Page, board: Board) -> None:
    wait_for_answers(page, board, 304)
    expect(page.locator("[data-live-say]")).to_have_text("")
    board.help = 3
    expect(page.locator("[data-live-say]")).to_have_text("Need help: 3")


def test_open_details_focus_and_typing_stay(page: Page, board: Board) -> None:
    page.locator("#help summary").click()
    page.get_by_label("Case note").fill("on the way")
    page.locator("#help button").focus()
    board.help, board.more = 2, 3
    expect(page.locator("#help b")).to_have_text("2")
    expect(page.locator("#notes p")).to_have_text("2 notes")
    assert page.locator("#help details").evaluate("e => e.open")
    assert page.get_by_label("Case note").input_value() == "on the way"
    assert page.evaluate("document.activeElement.textContent") == "Take"


def test_typing_goes_on_while_the_page_refreshes(page: Page, board: Board) -> None:
    note = page.get_by_label("Case note")
    note.click()
    page.keyboard.type("Hel")
    board.help = 5
    expect(page.locator("#notes p")).to_have_text("5 notes")
    page.keyboard.type("lo")
    assert note.input_value() == "Hello"


def test_place_on_the_page_stays_when_things_grow_above(page: Page, board: Board) -> None:
    row = page.locator("#row-40")
    page.locator("#row-40").evaluate("e => { e.tabIndex = 0; e.focus(); e.scrollIntoView({block: 'center'}); }")
    before = row.bounding_box()
    board.help, board.more = 2, 20
    expect(page.locator("#help b")).to_have_text("2")
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 2


def test_pause_and_go_on(page: Page, board: Board) -> None:
    wait_for_answers(page, board, 304)
    page.get_by_role("button", name="Pause").click()
    board.help = 7
    so_far = len(board.asked)
    page.wait_for_timeout(400)  # longer than three rounds of asking
    assert len(board.asked) <= so_far + 1  # one may have been on its way
    expect(page.locator("#help b")).to_have_text("1")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#help b")).to_have_text("7")


def test_fault_is_told_with_the_time_of_the_last_answer_and_goes_away(page: Page, board: Board) -> None:
    stale = page.locator("[data-live-stale]")
    wait_for_answers(page, board, 304)
    expect(stale).to_be_hidden()
    board.fault = "down"
    expect(stale).to_be_visible()
    expect(page.locator("[data-live-since]")).to_have_text(page.locator("[data-live-time]").inner_text())
    wait_for_answers(page, board, 503)
    board.fault, board.help = "", 9
    expect(page.locator("#help b")).to_have_text("9", timeout=10_000)
    expect(stale).to_be_hidden()


def test_offline_is_told_at_once(page: Page, board: Board) -> None:
    wait_for_answers(page, board, 304)
    page.context.set_offline(True)
    expect(page.locator("[data-live-stale]")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-live-stale]")).to_be_hidden(timeout=10_000)


def test_session_end_stops_and_keeps_what_was_typed(page: Page, board: Board) -> None:
    page.get_by_label("Note", exact=True).fill("keep me")
    board.fault = "signed out"
    expect(page.locator("[data-live-ended]")).to_be_visible()
    assert page.get_by_role("link", name="Log in again").get_attribute("href") == "/sign-in"
    assert page.get_by_label("Note", exact=True).input_value() == "keep me"


def test_hidden_page_asks_nothing(page: Page, board: Board) -> None:
    wait_for_answers(page, board, 304)
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    so_far = len(board.asked)
    page.wait_for_timeout(400)
    assert len(board.asked) <= so_far + 1
    board.help = 4
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: false, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    expect(page.locator("#help b")).to_have_text("4")
