"""The answer page `/s/<token>`: no sign-in, no script; only the button's POST records an answer.

Scanners and previews open links, so GET and HEAD change nothing. The token is the only authority and is told nothing
about: unknown, altered, expired and closed look the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, make_response, render_template, request
from jinja2 import Environment
from markupsafe import escape

from jetapp.safety.answer_page import CHOICES, AnswerPage, Latest, style_hash
from models.access import acting_as, system
from models.db import again_after_deadlock, transaction
from models.disaster import Answer
from models.types import now
from notifications.events import Event
from notifications.safety import answers
from notifications.safety.asking import event_of
from notifications.wording import languages

Asked = sa.Row[Any]
"""A row of `answers.recipient_by_token`."""

blueprint = Blueprint("answer", __name__, url_prefix="/s")

ACTOR = system("answer link")
LONGEST = {"place": 80, "note": 160, "phone": 20}
TOKEN = re.compile(r"[0-9A-Za-z_-]{8,16}")
WORDS: Mapping[Answer | None, Literal["safe", "need_help"]] = {Answer.SAFE: "safe", Answer.NEED_HELP: "need_help"}
PLACES = ("\ue001", "\ue002", "\ue003")
NO_PLACES = str.maketrans(dict.fromkeys(PLACES, ""))
"""Stand for address, name and code word in a page kept ready; private-use characters, which no text has."""
PHONE = re.compile(r"\+?[0-9 ()./-]{5,20}")


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """The question, or the answer given so far; never records anything."""
    with acting_as(ACTOR):
        recipient = recipient_of(token)
        if recipient is None:
            return refused()
        return _page("answer/ask.html", recipient)


@blueprint.post("/<token>")
@again_after_deadlock
def record(token: str) -> Response:
    """The first tap: kept before the page that says so is made. Also what is told afterwards (`details`)."""
    with acting_as(ACTOR):
        given = request.form.get("answer", "")
        with transaction():
            recipient = recipient_of(token)
            if recipient is None:
                return refused()
            if "details" in request.form:
                details, errors = read_details(request.form)
                answered = recipient.answer in WORDS
                if errors or not answered:
                    name = "answer/saved.html" if answered else "answer/ask.html"
                    return _page(name, recipient, status=422, errors=errors, values=details)
                _tell_more(recipient, details)
            else:
                if given not in (Answer.SAFE, Answer.NEED_HELP):
                    return _page("answer/ask.html", recipient, status=422, errors={"answer": "error_choice"})
                answers.record(recipient.id, Answer(given), channel="page")
        if "details" not in request.form:
            # Known without asking again: the person's own answer always counts.
            return _page("answer/saved.html", recipient, latest=Latest(WORDS[Answer(given)], now()))
        recipient = recipient_of(token)
        if recipient is None:
            return refused()
        return _page("answer/saved.html", recipient, details_saved=True, values=dict(recipient.details))


def recipient_of(token: str) -> Asked | None:
    """Whose link this is; what cannot be a token is not even looked for (PostgreSQL refuses a NUL in a text)."""
    return answers.recipient_by_token(token) if TOKEN.fullmatch(token) else None


def _tell_more(recipient: Asked, details: Mapping[str, object]) -> None:
    if details["wrong"] and recipient.answer is not Answer.NEED_HELP:
        # Who ticks "hurt" or "cannot get out" is not safe, whatever the first tap said.
        answers.record(recipient.id, Answer.NEED_HELP, channel="page")
    answers.add_details(recipient.id, details)


def read_details(form: Mapping[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    """What the person added, and which fields cannot be kept as they are (field → key of the text that says why)."""
    many = request.form.getlist("wrong")
    values: dict[str, object] = {
        "wrong": [choice for choice in CHOICES["wrong"] if choice in many],
        "where": form.get("where", "") if form.get("where", "") in CHOICES["where"] else "",
        "battery": form.get("battery") == "low",
    }
    errors = {}
    for field, longest in LONGEST.items():
        text = form.get(field, "").replace("\x00", "").strip()
        values[field] = text
        if len(text) > longest:
            errors[field] = "error_long"
    if values["phone"] and not PHONE.fullmatch(str(values["phone"])):
        errors["phone"] = "error_phone"
    return values, errors


def _page(name: str, recipient: Asked, *, latest: Latest | None = None, status: int = 200, **more: Any) -> Response:
    """The page of one person; `latest` if it is known better than by `recipient`."""
    worse = False
    if latest is None and recipient.answer in WORDS and recipient.answered_at:
        latest = Latest(WORDS[recipient.answer], recipient.answered_at)
        worse = (recipient.answer_round or 0) < recipient.asked_round
    asked = request.args.get("l", "")
    common = Common(
        languages=tuple(recipient.languages),
        language=asked if asked in languages() else "",
        event=event_of(recipient.event),
        drill=recipient.drill,
        sms_reply=bool(current_app.config["SMS_REPLY"]),
        # To the minute, as it is shown.
        latest=latest and Latest(latest.answer, latest.at.replace(second=0, microsecond=0)),
        worse=worse,
        withdrawn=recipient.withdrawn_at is not None,
    )
    own = (request.path, f"{recipient.given_name} {recipient.family_name}".strip(), recipient.code_word)
    if more:
        return _answer(render_template(name, page=common.page(*own, **more)), status)
    html = _rendered(current_app.jinja_env, name, common)
    for place, value in zip(PLACES, own, strict=True):
        html = html.replace(place, str(escape(value).translate(NO_PLACES)))
    return _answer(html, status)


@dataclass(frozen=True)
class Common:
    """What makes the pages of two people differ, apart from address, name and code word."""

    languages: tuple[str, ...]
    language: str
    event: Event | None
    drill: bool
    sms_reply: bool
    latest: Latest | None
    worse: bool
    withdrawn: bool

    def page(self, action: str, name: str, code_word: str, **more: Any) -> AnswerPage:
        return AnswerPage(
            action,
            self.languages,
            language=self.language,
            name=name,
            code_word=code_word,
            events=[self.event] if self.event else [],
            drill=self.drill,
            sms_reply=self.sms_reply,
            latest=self.latest,
            worse=self.worse,
            withdrawn=self.withdrawn,
            **more,
        )


@lru_cache(maxsize=1024)
def _rendered(templates: Environment, name: str, common: Common) -> str:
    """The page with places left open: thousands answer in the same minutes, in a few languages."""
    return templates.get_template(name).render(page=common.page(*PLACES))


def refused() -> Response:
    """One page for every token that is no good, in the visitor's own language as far as the browser tells it."""
    wanted: Sequence[str] = [
        best for accepted, _ in request.accept_languages if (best := _known_language(accepted)) is not None
    ]
    page = AnswerPage("", wanted, language=request.args.get("l", ""))
    return _answer(render_template("answer/closed.html", page=page), 404)


@lru_cache(maxsize=512)
def _known_language(accepted: str) -> str | None:
    lowered = accepted.lower()
    for code in languages():
        if code.lower() == lowered:
            return code
    return next((code for code in languages() if code.split("-")[0] == lowered.split("-")[0]), None)


@lru_cache(maxsize=1)
def _policy() -> str:
    return f"default-src 'none'; style-src {style_hash()}; img-src data:; form-action 'self'; base-uri 'none'"


def _answer(html: str, status: int) -> Response:
    response = make_response(html, status)
    response.headers["Content-Security-Policy"] = _policy()
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
