"""The answer page through HTTP: what a link may do, and what only the button may do."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from jetapp.safety.answer_page import style_hash
from models.access import acting_as, system
from models.db import db, transaction
from models.disaster import Answer, CheckState, Recipient, SafetyAnswer, SafetyCheck
from models.message import Message
from models.types import db_now, now
from notifications.safety import answers, checks
from tests.factories import MITO, SENDAI, World, make_world

TEST = system("test")


@pytest.fixture
def world(app: Flask) -> World:
    return make_world()


def start(drill: bool = False, key: str = "one") -> int:
    with acting_as(TEST), transaction():
        check = checks.start(
            key=key,
            title_en="Earthquake off Miyagi",
            title_ja="宮城県沖の地震",
            kind="earthquake",
            areas=[checks.Area(SENDAI.code, "intensity", 60, "6-", False)],
            drill=drill,
            event={
                "kind": "intensity",
                "max_value": "6-",
                "place_ja": "宮城県沖",
                "place_en": "off Miyagi",
                "at": now().isoformat(),
            },
            event_at=now(),
            why="test",
        )
        return check.id


def recipient_of(participant_id: int) -> Recipient:
    """The newest row of a person, fresh from the database."""
    with acting_as(TEST):
        db.session.rollback()
        mine = sa.select(Recipient).where(Recipient.participant_id == participant_id).order_by(Recipient.id.desc())
        row = db.session.scalars(mine.limit(1)).one()
        db.session.expunge_all()
        return row


def kept() -> list[tuple[str, str]]:
    with acting_as(TEST):
        db.session.rollback()
        rows = db.session.execute(sa.select(SafetyAnswer.answer, SafetyAnswer.channel).order_by(SafetyAnswer.id))
        return [(answer.value, channel) for answer, channel in rows]


def test_opening_the_link_never_answers(client: FlaskClient, world: World) -> None:
    start()
    path = f"/s/{recipient_of(world.aoife).token}"
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert client.get(f"{path}?answer=safe").status_code == 200
    assert kept() == []
    assert recipient_of(world.aoife).answer is None


def test_the_first_tap_answers_and_stops_what_was_waiting(client: FlaskClient, world: World) -> None:
    start()
    token = recipient_of(world.aoife).token
    page = client.post(f"/s/{token}", data={"answer": "safe"})
    assert page.status_code == 200
    assert "you are safe" in page.text
    row = recipient_of(world.aoife)
    assert (row.answer, row.first_answer, row.answer_round) == (Answer.SAFE, Answer.SAFE, 1)
    with acting_as(TEST):
        waiting = db.session.scalars(sa.select(Message.state).where(Message.recipient_id == row.id)).all()
    assert {state.value for state in waiting} == {"canceled"}


def test_every_answer_is_kept_and_the_newest_counts(client: FlaskClient, world: World) -> None:
    start()
    path = f"/s/{recipient_of(world.aoife).token}"
    for given in ("safe", "need_help", "safe"):
        client.post(path, data={"answer": given})
    assert kept() == [("safe", "page"), ("need_help", "page"), ("safe", "page")]
    row = recipient_of(world.aoife)
    assert (row.answer, row.first_answer) == (Answer.SAFE, Answer.SAFE)


def test_more_can_be_told_afterwards(client: FlaskClient, world: World) -> None:
    start()
    path = f"/s/{recipient_of(world.aoife).token}"
    client.post(path, data={"answer": "need_help"})
    told = {
        "details": "1",
        "wrong": ["hurt", "trapped", "made up"],
        "where": "home",
        "place": "体育館",
        "note": "<b>leg</b>",
        "phone": "090-1234-5678",
        "battery": "low",
    }
    page = client.post(path, data=told)
    assert page.status_code == 200
    assert "&lt;b&gt;leg&lt;/b&gt;" in page.text
    assert recipient_of(world.aoife).details == {
        "wrong": ["hurt", "trapped"],
        "where": "home",
        "place": "体育館",
        "note": "<b>leg</b>",
        "phone": "090-1234-5678",
        "battery": True,
    }


def test_who_is_hurt_is_not_safe(client: FlaskClient, world: World) -> None:
    start()
    path = f"/s/{recipient_of(world.aoife).token}"
    client.post(path, data={"answer": "safe"})
    client.post(path, data={"details": "1", "wrong": "hurt"})
    row = recipient_of(world.aoife)
    assert (row.answer, row.first_answer) == (Answer.NEED_HELP, Answer.SAFE)


@pytest.mark.parametrize(
    "data", [{}, {"answer": "SAFE "}, {"answer": "unclear"}, {"details": "1", "phone": "call me"}, {"details": "1"}]
)
def test_what_cannot_be_understood_records_nothing(client: FlaskClient, world: World, data: dict[str, str]) -> None:
    start()
    page = client.post(f"/s/{recipient_of(world.aoife).token}", data=data)
    assert page.status_code == 422
    assert kept() == []


def test_after_an_unclear_answer_the_question_stands(client: FlaskClient, world: World) -> None:
    start()
    row = recipient_of(world.aoife)
    with acting_as(TEST), transaction():
        answers.record(row.id, Answer.UNCLEAR, channel="sms", said="my friend is fine")
    path = f"/s/{row.token}"
    asked = client.get(path)
    assert asked.status_code == 200
    assert "value=need_help" in asked.text
    told = client.post(path, data={"details": "1", "wrong": "hurt"})
    assert told.status_code == 422
    assert "value=need_help" in told.text
    assert kept() == [("unclear", "sms")]


def test_a_wrong_field_keeps_what_was_written(client: FlaskClient, world: World) -> None:
    start()
    path = f"/s/{recipient_of(world.aoife).token}"
    client.post(path, data={"answer": "need_help"})
    page = client.post(path, data={"details": "1", "phone": "call me", "note": "second floor"})
    assert page.status_code == 422
    assert "second floor" in page.text
    assert "call me" in page.text


def test_bad_tokens_all_look_the_same(client: FlaskClient, world: World) -> None:
    check_id = start()
    row = recipient_of(world.aoife)
    altered = row.token[:-1] + ("a" if row.token[-1] != "a" else "b")
    refused = {client.get(f"/s/{token}").text for token in (altered, "x", "9" * 200, "%00")}
    with acting_as(TEST), transaction():
        db.session.execute(sa.update(SafetyCheck).where(SafetyCheck.id == check_id).values(token_expires_at=db_now(-1)))
    expired = client.get(f"/s/{row.token}")
    assert expired.status_code == 404
    refused.add(expired.text)
    assert len(refused) == 1
    assert "Aoife" not in refused.pop()
    for token in (altered, row.token):
        assert client.post(f"/s/{token}", data={"answer": "safe"}).status_code == 404
    assert kept() == []


def test_a_link_of_one_person_speaks_of_that_person_only(client: FlaskClient, world: World) -> None:
    start()
    page = client.get(f"/s/{recipient_of(world.aoife).token}").text
    assert "Aoife Byrne" in page
    assert "heron 42" in page
    for name in ("Chidi", "Emil", "Ben"):
        assert name not in page


def test_a_closed_check_still_hears_who_comes_late(client: FlaskClient, world: World) -> None:
    check_id = start()
    token = recipient_of(world.aoife).token
    with acting_as(TEST), transaction():
        checks.close(check_id, "over")
    assert client.post(f"/s/{token}", data={"answer": "need_help"}).status_code == 200
    with acting_as(TEST), transaction():
        db.session.execute(sa.update(SafetyCheck).values(state=CheckState.CLOSED, closed_at=db_now(-86_400 * 3)))
    assert client.post(f"/s/{token}", data={"answer": "safe"}).status_code == 404


def test_a_drill_says_so_and_real_checks_do_not(client: FlaskClient, world: World) -> None:
    start(drill=True, key="drill")
    drill = client.get(f"/s/{recipient_of(world.aoife).token}").text
    assert "訓練" in drill
    assert "DRILL" in drill
    start(key="real")
    real = client.get(f"/s/{recipient_of(world.aoife).token}").text
    assert "訓練" not in real


@pytest.mark.parametrize("language", ["en", "ja", "ja-simple", "th", "mn", "zh-Hant"])
def test_the_page_is_one_small_request(client: FlaskClient, world: World, language: str) -> None:
    start()
    token = recipient_of(world.aoife).token
    for page in (
        client.get(f"/s/{token}?l={language}"),
        client.post(f"/s/{token}?l={language}", data={"answer": "safe"}),
        client.post(f"/s/{token}?l={language}", data={"answer": "need_help"}),
        client.get(f"/s/nothing?l={language}"),
    ):
        assert len(page.data) < 8_000
        assert not re.search(rb"<(script|img|link rel=stylesheet|iframe)", page.data)
        assert "Set-Cookie" not in page.headers
        assert style_hash() in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"


def test_the_person_reads_their_own_language_first(client: FlaskClient, world: World) -> None:
    with acting_as(TEST), transaction():
        checks.start(
            key="mito",
            title_en="Flood",
            kind="warning",
            areas=[checks.Area(MITO.code, "warning", 80, "33", False)],
            event_at=now(),
            why="test",
        )
    page = client.get(f"/s/{recipient_of(world.dana).token}").text
    assert "<html lang=de>" in page
    assert "Deutsch" in page
    assert "Are you safe?" in page, "a wording nobody has reviewed stands beside its English"
