"""Starting, deciding, looking after a check: nothing is sent before it was seen, and nothing twice."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from jetapp.safety import launch
from models.db import db, transaction
from models.disaster import CheckArea, CheckState, Recipient, SafetyCheck, TriggerRule
from models.errors import Invalid
from models.message import InboundMessage, InboundState, Message, Sender
from tests.world import STAFF, World, build_world, csrf_token, post, sign_in

EVENT = {"what": "intensity:6+", "title_en": "Big quake", "title_ja": "大地震"}


@pytest.fixture
def world(app: Flask, system: None) -> World:
    return build_world()


@pytest.fixture
def clair(app: Flask, world: World) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, "clair")
    return browser


def send(browser: FlaskClient, step: str, areas: list[str], key: str = "a" * 24, **more: str) -> TestResponse:
    data = MultiDict([*({**EVENT, **more}).items(), *(("areas", area) for area in areas)])
    data["step"], data["key"], data["csrf_token"] = step, key, csrf_token(browser, "/hats")
    return browser.post("/safety/start", data=data)


def checks_called(title: str) -> list[SafetyCheck]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(SafetyCheck).where(SafetyCheck.title_en == title)))


def test_areas_are_found_and_kept_without_script(clair: FlaskClient) -> None:
    page = html.fromstring(send(clair, "search", ["28100"], q="仙台").text)
    ticked = page.xpath("//input[@name='areas'][@checked]/@value")
    offered = page.xpath("//input[@name='areas'][not(@checked)]/@value")
    assert ticked == ["28100"]
    assert "04100" in offered
    assert page.xpath("//input[@name='title_en']/@value") == ["Big quake"]
    assert not checks_called("Big quake")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("宮城", "pref:04"),
        ("Miyagi", "pref:04"),
        ("04", "pref:04"),
        ("仙台市", "04100"),
        ("04100", "04100"),
        ("相馬", "07209"),
    ],
)
def test_search_finds_by_name_and_code(text: str, first: str) -> None:
    assert launch.search(text)[0].code == first


def test_search_finds_nothing_for_nonsense() -> None:
    assert launch.search("zzzz") == []
    assert launch.search("  ") == []


@pytest.mark.parametrize("code", ["99999", "pref:99", "coast:", "x:04", "", "04100; DROP", "pref:04x"])
def test_areas_that_do_not_exist_are_refused(code: str) -> None:
    with pytest.raises(Invalid):
        launch.place_of(code)


def test_the_preview_says_how_many_and_sends_nothing(clair: FlaskClient) -> None:
    page = send(clair, "preview", ["04100", "04202"])
    assert page.status_code == 200
    assert "Send now to 4 people" in page.text
    assert "JET: Are you safe?" in page.text
    assert not checks_called("Big quake")


def test_the_button_sends_to_as_many_as_it_says(clair: FlaskClient, world: World) -> None:
    answer = send(clair, "send", ["04100", "04202"])
    check = checks_called("Big quake")[0]
    assert answer.headers["Location"] == f"/safety/{check.id}"
    assert check.state is CheckState.RUNNING
    assert not check.drill
    people = db.session.scalar(sa.select(sa.func.count(Recipient.id)).where(Recipient.check_id == check.id))
    messages = db.session.scalar(sa.select(sa.func.count(Message.id)).where(Message.check_id == check.id))
    assert (people, messages) == (4, 8)


def test_a_second_click_shows_the_running_check(clair: FlaskClient, world: World) -> None:
    first = send(clair, "send", ["04100"])
    second = send(clair, "send", ["04100"])
    as_drill = send(clair, "drill", ["04100"])
    assert first.headers["Location"] == second.headers["Location"] == as_drill.headers["Location"]
    assert len(checks_called("Big quake")) == 1
    assert db.session.scalar(sa.select(sa.func.count(Message.id)).where(Message.check_id != world.check)) == 4
    assert "started before" in clair.get(as_drill.headers["Location"]).text


def test_each_opened_page_has_its_own_key(clair: FlaskClient) -> None:
    keys = {re.search(r'name="key"[^>]*value="([0-9a-f]{24})"', clair.get("/safety/start").text)[1] for _ in range(3)}
    assert len(keys) == 3


def test_a_drill_is_a_drill(clair: FlaskClient) -> None:
    send(clair, "drill", ["04100"])
    check = checks_called("Big quake")[0]
    assert check.drill
    bodies = db.session.scalars(sa.select(Message.body).where(Message.check_id == check.id)).all()
    assert bodies
    assert all("DRILL" in body for body in bodies)


@pytest.mark.parametrize(
    ("areas", "more", "words"),
    [
        ([], {}, "Choose at least one area."),
        (["99999"], {}, "There is no area 99999."),
        (["04100"], {"what": ""}, "Choose what happened"),
        (["04100"], {"what": "manual:", "title_en": "", "title_ja": ""}, "Give the check a title."),
        (["04100"], {"key": "short"}, ""),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(
    clair: FlaskClient, areas: list[str], more: dict[str, str], words: str
) -> None:
    for step in ("preview", "send"):
        answer = send(clair, step, areas, **more)
        assert answer.status_code == 422, (step, answer.status_code)
        assert words in answer.text
    assert not checks_called("Big quake")


def test_titles_are_made_from_the_event_when_left_empty(clair: FlaskClient) -> None:
    send(clair, "send", ["04100"], title_en="", title_ja="")
    db.session.rollback()
    made = db.session.scalars(sa.select(SafetyCheck).where(SafetyCheck.key.startswith("manual:"))).one()
    assert made.title_en.startswith("Earthquake, intensity 6 Upper · Miyagi")
    assert made.title_ja.startswith("地震 震度6強 宮城県")


@pytest.fixture
def proposal(world: World) -> int:
    with transaction() as session:
        session.add(
            CheckArea(check_id=world.proposed, round_number=1, area="28100", kind="warning", rank=40, label="level 4")
        )
    return world.proposed


def test_a_proposal_is_approved_once(clair: FlaskClient, proposal: int) -> None:
    page = clair.get(f"/safety/{proposal}/proposal")
    assert "Send now to 1 person" in page.text
    for _ in range(2):
        assert post(clair, f"/safety/{proposal}/approve").status_code == 302
    db.session.rollback()
    assert db.session.get(SafetyCheck, proposal).state is not CheckState.PROPOSED


def test_a_proposal_is_declined_with_its_reason(clair: FlaskClient, proposal: int) -> None:
    assert post(clair, f"/safety/{proposal}/decline", note="no damage").status_code == 302
    page = clair.get(f"/safety/{proposal}/proposal").text
    assert "Declined by User clair" in page
    assert "no damage" in page
    assert post(clair, f"/safety/{proposal}/approve").status_code == 409


def test_the_first_page_tells_clair_that_nothing_leaves(clair: FlaskClient, world: World) -> None:
    assert "Nothing leaves by SMS" not in clair.get("/safety/").text
    with transaction() as session:
        session.get(Sender, world.sender).paused = True
        session.get(Sender, world.sender).paused_reason = "The provider refuses our sign-in"
    page = html.fromstring(clair.get("/safety/").text).text_content()
    assert "Nothing leaves by SMS: it is stopped." in page
    assert "The provider refuses our sign-in" in page


@pytest.mark.parametrize("user", STAFF)
def test_only_clair_reads_its_log(app: Flask, clair: FlaskClient, world: World, user: str) -> None:
    post(clair, f"/safety/{world.check}/note", note="Diaz of Miyagi is the one in hospital")
    reader = app.test_client()
    sign_in(reader, user)
    assert ("in hospital" in reader.get(f"/safety/{world.check}").text) is (user == "clair")


def test_closing_keeps_the_board(clair: FlaskClient, world: World) -> None:
    assert post(clair, f"/safety/{world.check}/note", note="first").status_code == 302
    assert post(clair, f"/safety/{world.check}/note", note="").status_code == 422
    assert post(clair, f"/safety/{world.check}/close", note="over").status_code == 302
    page = clair.get(f"/safety/{world.check}").text
    assert "closed" in page
    assert "data-live" not in page
    assert "first" in page
    assert post(clair, f"/safety/{world.check}/ask-again").status_code == 409


def test_asking_again_writes_to_the_silent(clair: FlaskClient, world: World) -> None:
    before = db.session.scalar(sa.select(sa.func.count(Message.id)))
    assert post(clair, f"/safety/{world.check}/ask-again").status_code == 302
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) > before


@pytest.mark.parametrize(("answer", "state", "given"), [
    ("safe", InboundState.CLASSIFIED, "safe"), ("need_help", InboundState.CLASSIFIED, "need_help"),
    ("none", InboundState.SET_ASIDE, None),
])  # fmt: skip
def test_a_reply_is_read_by_a_person(
    clair: FlaskClient, world: World, answer: str, state: InboundState, given: str | None
) -> None:
    page = clair.get("/safety/replies").text
    assert "I think I am fine?" in page
    assert "BROWN Oliver" in page
    done = post(clair, f"/safety/replies/{world.reply}", answer=answer, recipient=world.recipients["Brown"])
    assert done.status_code == 302
    db.session.rollback()
    assert db.session.get(InboundMessage, world.reply).state is state
    assert db.session.get(Recipient, world.recipients["Brown"]).answer == given
    again = post(clair, f"/safety/replies/{world.reply}", answer="safe", recipient=world.recipients["Brown"])
    assert again.status_code == 409


def test_a_text_from_an_unknown_number_needs_its_person(clair: FlaskClient, world: World) -> None:
    with transaction() as session:
        text = session.get(InboundMessage, world.reply)
        text.from_address, text.recipient_id = "+818099998888", None
    page = clair.get("/safety/replies").text
    assert 'value="safe"' not in page, "nobody to record it for yet"
    found = clair.get(f"/safety/replies?reply={world.reply}&q=brown").text
    assert "BROWN Oliver" in found
    assert 'value="safe"' in found
    nobody = post(clair, f"/safety/replies/{world.reply}", answer="safe")
    assert nobody.status_code == 422


def test_a_sender_is_paused_and_resumed(clair: FlaskClient, world: World) -> None:
    post(clair, f"/safety/senders/{world.sender}/pause")
    db.session.rollback()
    assert db.session.get(Sender, world.sender).paused
    assert "Paused" in clair.get("/safety/messages").text
    post(clair, f"/safety/senders/{world.sender}/resume")
    db.session.rollback()
    assert not db.session.get(Sender, world.sender).paused


def test_rules_change_after_they_were_seen(clair: FlaskClient, world: World) -> None:
    assert "default rules are in force" in clair.get("/safety/rules").text
    post(clair, "/safety/rules/defaults")
    page = html.fromstring(clair.get("/safety/rules").text)
    selects = page.xpath("//select")
    assert len(selects) > 40
    rule = db.session.scalars(
        sa.select(TriggerRule).where(TriggerRule.type_group == "VXSE53", TriggerRule.value == "5-")
    ).one()
    shown = post(clair, "/safety/rules", "/safety/rules", step="preview", **{f"rule-{rule.id}": "start"})
    assert "Save 1 change" in shown.text
    db.session.rollback()
    assert db.session.get(TriggerRule, rule.id).action == "propose"
    post(clair, "/safety/rules", "/safety/rules", step="save", **{f"rule-{rule.id}": "start"})
    db.session.rollback()
    changed = db.session.get(TriggerRule, rule.id)
    assert (changed.action, changed.changed_by) == ("start", "User clair")


def more(browser: FlaskClient, check: int, step: str, codes: list[str], **fields: str) -> TestResponse:
    """The page of more areas with these ticked."""
    url = f"/safety/{check}/areas"
    data = MultiDict([("csrf_token", csrf_token(browser, url)), ("step", step), *fields.items()])
    for code in codes:
        data.add("areas", code)
    return browser.post(url, data=data)


def asked_in(check: int) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Recipient.id)).where(Recipient.check_id == check)) or 0


def test_more_areas_are_asked_by_hand_once(clair: FlaskClient) -> None:
    send(clair, "send", ["28100"])
    check = checks_called("Big quake")[0].id
    before = asked_in(check)
    found = html.fromstring(more(clair, check, "search", ["28100"], q="仙台").text)
    assert "04100" in found.xpath("//input[@name='areas'][not(@checked)]/@value")
    shown = more(clair, check, "preview", ["28100", "04100"])
    assert "2 more people would be asked." in shown.text
    assert asked_in(check) == before
    assert "2 more people are asked." in clair.get(more(clair, check, "send", ["04100"]).headers["Location"]).text
    assert asked_in(check) == before + 2
    assert "Nobody would be added." in more(clair, check, "preview", ["04100"]).text
    more(clair, check, "send", ["04100"])
    assert asked_in(check) == before + 2
    messages = db.session.scalar(sa.select(sa.func.count(Message.id)).where(Message.check_id == check))
    assert messages == 2 * asked_in(check)
    assert "仙台市" in clair.get(f"/safety/{check}/manage").text


def test_more_areas_refuses_what_makes_no_sense(clair: FlaskClient, world: World) -> None:
    assert "Choose at least one area." in more(clair, world.check, "preview", []).text
    assert more(clair, world.check, "send", ["99999"]).status_code == 422
    assert clair.get(f"/safety/{world.closed}/areas").status_code == 409
