"""The board: states, numbers that equal the lists behind them, refreshing, and a constant number of queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from jetapp.safety import people
from jetapp.safety.queries import BoardState, Filters, board_state, totals
from models.db import db, transaction
from models.disaster import Answer, CheckState, Reach, Recipient, SafetyCheck
from models.message import Message
from models.participant import Channel, Participant, Position
from models.types import now
from tests.world import STAFF, World, build_world, post, sign_in


@pytest.fixture
def world(app: Flask, system: None) -> World:
    return build_world()


def browser_of(app: Flask, user: str) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, user)
    return browser


@pytest.mark.parametrize(
    ("answer", "answer_round", "asked_round", "reach", "expected"),
    [
        (None, None, 1, Reach.WAITING, "no_answer"),
        (None, None, 1, Reach.ARRIVED, "no_answer"),
        (None, None, 1, Reach.FAILED, "not_reached"),
        (Answer.SAFE, 1, 1, Reach.FAILED, "safe"),
        (Answer.SAFE, 1, 2, Reach.ARRIVED, "no_answer"),
        (Answer.SAFE, 1, 2, Reach.FAILED, "not_reached"),
        (Answer.SAFE, 3, 2, Reach.SENT, "safe"),
        (Answer.NEED_HELP, 1, 2, Reach.FAILED, "need_help"),
        (Answer.UNCLEAR, 1, 1, Reach.ARRIVED, "no_answer"),
        (Answer.UNCLEAR, 1, 1, Reach.FAILED, "not_reached"),
    ],
)
def test_state_of_a_person(
    world: World, answer: Answer | None, answer_round: int | None, asked_round: int, reach: Reach, expected: str
) -> None:
    ident = world.recipients["Brown"]
    with transaction() as session:
        row = session.get(Recipient, ident)
        row.answer, row.answer_round, row.asked_round, row.reach = answer, answer_round, asked_round, reach
    assert db.session.scalar(sa.select(board_state()).where(Recipient.id == ident)) == expected
    person = people.one(world.check, ident)
    assert person is not None
    assert person.state == expected
    assert person.status == ("safe_before" if answer is Answer.SAFE and expected != "safe" else expected)


def test_people_stand_in_the_order_of_need(world: World) -> None:
    states = [person.state for person in people.page(world.check, Filters(state="all"))]
    assert states == sorted(states, key=list(BoardState).index)
    assert states[0] is BoardState.NEED_HELP


@pytest.mark.parametrize("user", STAFF)
@pytest.mark.parametrize("area", ["", "prefecture=04", "q=e"])
def test_every_number_equals_the_list_behind_it(app: Flask, world: World, user: str, area: str) -> None:
    """Follows every link on the board whose text holds one number to a list, and counts the rows there."""
    browser = browser_of(app, user)
    page = html.fromstring(browser.get(f"/safety/{world.check}?{area}").text)
    followed = 0
    for link in page.xpath("//main//a[contains(@href, 'state=') or contains(@href, 'group=')]"):
        numbers = re.findall(r"\d[\d,]*", re.sub(r"\d+%|\b\d+ (told|not taken)", "", unescape(link.text_content())))
        if len(numbers) != 1 or "class" in link.getparent().attrib and "pages" in link.getparent().get("class", ""):
            continue
        shown = int(numbers[0].replace(",", ""))
        target = html.fromstring(browser.get(link.get("href")).text)
        rows = target.xpath("//section[@id='people' or @id='messages']//tbody/tr")
        assert len(rows) == shown, (user, link.get("href"), shown, len(rows))
        followed += 1
    assert followed >= 4


@pytest.mark.parametrize("user", STAFF)
def test_the_states_add_up_to_everybody(app: Flask, world: World, user: str) -> None:
    browser = browser_of(app, user)
    page = html.fromstring(browser.get(f"/safety/{world.check}").text)
    tiles = [int(text) for text in page.xpath("//nav[@class='tiles']//b/text()")]
    assert sum(tiles[:4]) == tiles[4] == len(world.people_of(user))


def test_totals_are_over_the_area_whatever_the_list(world: World) -> None:
    everybody = totals(world.check, Filters())
    assert totals(world.check, Filters(state="safe", mark="told", page=3)) == everybody
    assert (everybody.need_help, everybody.no_answer, everybody.not_reached, everybody.safe) == (1, 1, 1, 2)
    assert (everybody.told, everybody.not_taken) == (1, 1)
    assert totals(world.check, Filters(prefecture="28")).asked == 1
    assert totals(world.check, Filters(q="collins")).asked == 1
    assert totals(world.check, Filters(q="アボット")).safe == 1
    assert totals(world.check, Filters(q="100%_nobody")).asked == 0


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "page=99999", "page=-1", "host=abc", "host=999999999999999999999", "q=%00", "q=%25", "mark=x",
     "prefecture=99", "round=7", "state=all&q='; DROP TABLE recipient", "municipality=٠٤١٠٠"],
)  # fmt: skip
def test_senseless_addresses_do_no_harm(app: Flask, world: World, query: str) -> None:
    assert browser_of(app, "clair").get(f"/safety/{world.check}?{query}").status_code == 200


def test_who_left_meanwhile_stays_in_list_and_number(app: Flask, world: World) -> None:
    """A closed check keeps its numbers when somebody's placement ends; the name is then not the reader's any more."""
    with transaction() as session:
        person = session.get(Participant, world.people["Brown"])
        person.placements[0].end_date = now().date() - timedelta(days=3)
        # Who is asked in a running check stays visible until it is over.
        session.get(SafetyCheck, world.check).state = CheckState.CLOSED
    browser = browser_of(app, "sendai")
    page = html.fromstring(browser.get(f"/safety/{world.closed}?state=all").text)
    assert len(page.xpath("//section[@id='people']//tbody/tr")) == 2
    assert "Brown" not in browser.get(f"/safety/{world.closed}?state=all").text
    assert "No longer with you" in browser.get(f"/safety/{world.closed}?state=all").text


def test_live_answers_304_until_something_changes(app: Flask, world: World) -> None:
    browser = browser_of(app, "sendai")
    url = f"/safety/{world.check}/live"
    page = browser.get(f"/safety/{world.check}").text
    mark = html.fromstring(page).xpath("//*[@data-live]/@data-etag")[0]
    same = browser.get(url, headers={"If-None-Match": f'"{mark}"'})
    assert (same.status_code, same.data) == (304, b"")
    post(browser, f"/safety/{world.check}/people/{world.recipients['Collins']}/take")
    changed = browser.get(url, headers={"If-None-Match": f'"{mark}"'})
    assert changed.status_code == 200
    assert "<html" not in changed.text
    assert "Being helped" in changed.text
    parts = set(html.fromstring(changed.text).xpath("//*[@data-part]/@id"))
    assert {"totals", "help", "silent", "lost", "safe", "chart", "log"} <= parts
    again = browser.get(url, headers={"If-None-Match": changed.headers["ETag"]})
    assert again.status_code == 304


def test_live_marks_differ_between_readers_and_languages(app: Flask, world: World) -> None:
    marks = set()
    for user in STAFF:
        browser = browser_of(app, user)
        marks.add(browser.get(f"/safety/{world.check}/live").headers["ETag"])
        browser.get("/language/ja")
        marks.add(browser.get(f"/safety/{world.check}/live").headers["ETag"])
    assert len(marks) == 2 * len(STAFF)


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.lstrip()[:6].upper() in ("SELECT", "WITH R"):
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", count)


@pytest.mark.parametrize("user", ["clair", "miyagi", "sendai"])
@pytest.mark.parametrize("query", ["", "?state=all", "?state=no_answer&q=e", "/live"])
def test_the_number_of_queries_does_not_grow_with_the_people(app: Flask, world: World, user: str, query: str) -> None:
    browser = browser_of(app, user)
    url = f"/safety/{world.check}{query}"
    add_people(world, 6)
    browser.get(url)
    with counted_queries() as few:
        browser.get(url)
    add_people(world, 300)
    with counted_queries() as many:
        page = browser.get(url)
    assert page.status_code == 200
    assert len(many) == len(few), "\n".join(many)
    assert len(many) < 40


def add_people(world: World, count: int) -> None:
    """As many more people of Sendai, of every state when there are six."""
    with transaction() as session:
        first = session.scalar(sa.select(sa.func.count(Participant.id))) or 0
        like = session.get(Recipient, world.recipients["Brown"])
        for number in range(first, first + count):
            person = Participant(
                jet_number=f"2026{number:07d}", family_name=f"Extra{number}", nationality="GB", position=Position.ALT
            )
            session.add(person)
            session.flush()
            session.add(
                Recipient(
                    check_id=like.check_id,
                    participant_id=person.id,
                    organisation_id=like.organisation_id,
                    host_id=like.host_id,
                    municipality_code=like.municipality_code,
                    prefecture_code="04",
                    token=f"extra-{number}",
                    asked_at=like.asked_at,
                    severity_rank=60,
                    severity_label="6+",
                    answer=[None, Answer.SAFE, Answer.NEED_HELP][number % 3],
                    answer_round=1,
                    answered_at=now(),
                    first_answered_at=now(),
                    first_answer=Answer.SAFE,
                    reach=[Reach.FAILED, Reach.SENT][number % 2],
                )  # fmt: skip
            )


def test_long_lists_have_pages(app: Flask, world: World) -> None:
    add_people(world, 120)
    browser = browser_of(app, "clair")
    seen: list[str] = []
    for number in (1, 2, 3):
        page = html.fromstring(browser.get(f"/safety/{world.check}?state=all&page={number}").text)
        seen += page.xpath("//section[@id='people']//tbody/tr/th/a/@href")
    assert len(seen) == len(set(seen)) == 125
    assert "This page is empty" in browser.get(f"/safety/{world.check}?state=all&page=4").text


def test_the_curve_ends_at_the_number_of_answers(app: Flask, world: World) -> None:
    add_people(world, 50)
    page = html.fromstring(browser_of(app, "clair").get(f"/safety/{world.check}").text)
    texts = [
        text.text_content() for text in page.xpath("//*[name()='svg' and contains(@class,'chart')]//*[name()='text']")
    ]
    counted = totals(world.check, Filters())
    assert f"answered {counted.answered}" in texts
    assert f"asked {counted.asked}" in texts


def test_a_drill_says_so_on_every_page(app: Flask, world: World) -> None:
    with transaction() as session:
        session.execute(sa.text("UPDATE safety_check SET drill = :yes"), {"yes": True})
    browser = browser_of(app, "sendai")
    recipient = world.recipients["Collins"]
    for path in ("", "?state=all", f"/people/{recipient}", "/organisations"):
        page = browser.get(f"/safety/{world.check}{path}").text
        assert "drill-band" in page, path
        assert "DRILL" in page
    assert "Drill running" in browser.get("/safety/").text
    assert (
        b"DRILL" in browser.get(f"/safety/{world.check}/export.xlsx").data
        or "drill" in browser.get(f"/safety/{world.check}/export.csv").headers["Content-Disposition"]
    )


def test_taking_a_case_that_somebody_has_taken(app: Flask, world: World) -> None:
    url = f"/safety/{world.check}/people/{world.recipients['Collins']}/take"
    assert post(browser_of(app, "sendai"), url).status_code == 302
    late = post(browser_of(app, "miyagi"), url)
    assert late.status_code == 409
    assert "User sendai" in late.text


def test_an_answer_for_somebody_is_shown_with_who_told(app: Flask, world: World) -> None:
    browser = browser_of(app, "sendai")
    url = f"/safety/{world.check}/people/{world.recipients['Brown']}"
    assert post(browser, f"{url}/answer", answer="safe").status_code == 422
    done = post(browser, f"{url}/answer", answer="safe", how="spoke on the telephone", note="with <friends>")
    assert done.status_code == 302
    page = browser.get(url).text
    assert "User sendai: spoke on the telephone" in page
    assert "with &lt;friends&gt;" in page
    assert totals(world.check, Filters()).told == 2


def test_reasons_stand_in_plain_words_in_both_languages(app: Flask, world: World) -> None:
    browser = browser_of(app, "miyagi-board")
    url = f"/safety/{world.check}/people/{world.recipients['Evans']}"
    assert "The phone is off or has no signal" in browser.get(url).text
    browser.get("/language/ja")
    page = browser.get(url).text
    assert "電源が入っていない" in page
    assert "The phone is off" not in page


@pytest.mark.parametrize("user", ["clair", "miyagi", "sendai"])
def test_the_trail_hides_what_would_let_others_answer_or_pass_for_us(app: Flask, world: World, user: str) -> None:
    with transaction() as session:
        row = session.get(Recipient, world.recipients["Brown"])
        word, token = row.participant.code_word, row.token
        body = f"Are you safe? https://jet.example/s/{token} Code word: {word}"
        session.add(
            Message(key="ask", check_id=world.check, recipient_id=row.id, participant_id=row.participant_id, body=body,
                    channel=Channel.EMAIL, address="brown@example.jp", subject="JET", round_number=1)
        )  # fmt: skip
    browser = browser_of(app, user)
    page = browser.get(f"/safety/{world.check}/people/{world.recipients['Brown']}").text
    assert "Are you safe? https://jet.example/s/•••• Code word: ••••" in unescape(page)
    assert word not in page
    assert token not in page


@pytest.mark.parametrize(("user", "shown"), [("clair", True), ("sendai", True), ("kobe-city", False)])
def test_texts_that_are_no_answer_stand_in_the_trail(app: Flask, world: World, user: str, shown: bool) -> None:
    response = browser_of(app, user).get(f"/safety/{world.check}/people/{world.recipients['Brown']}")
    assert (response.status_code == 200) is shown
    assert ("I think I am fine?" in response.text) is shown
    assert ("Reply not clear, a person has to read it" in response.text) is shown
