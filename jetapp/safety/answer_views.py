"""The answer page `/s/<token>`: no sign-in, no script; only the button's POST records an answer.

Scanners and previews open links, so GET and HEAD change nothing. The token is the only authority and is told nothing
about: unknown, altered, expired and closed look the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from flask import Blueprint, Response, current_app, make_response, render_template, request

from jetapp.safety.answer_page import CHOICES, AnswerPage, Latest, style_hash
from models.access import acting_as, system
from models.db import transaction
from models.disaster import Answer, Recipient
from notifications.safety import answers
from notifications.safety.asking import event_of
from notifications.wording import languages

blueprint = Blueprint("answer", __name__, url_prefix="/s")

ACTOR = system("answer link")
LONGEST = {"place": 80, "note": 160, "phone": 20}
TOKEN = re.compile(r"[0-9A-Za-z_-]{8,16}")
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
def record(token: str) -> Response:
    """The first tap: kept before the page that says so is made. Also what is told afterwards (`details`)."""
    with acting_as(ACTOR):
        with transaction():
            recipient = recipient_of(token)
            if recipient is None:
                return refused()
            if "details" in request.form:
                details, errors = read_details(request.form)
                if errors or recipient.answer is None:
                    name = "answer/saved.html" if recipient.answer else "answer/ask.html"
                    return _page(name, recipient, status=422, errors=errors, values=details)
                _tell_more(recipient, details)
            else:
                given = request.form.get("answer", "")
                if given not in (Answer.SAFE, Answer.NEED_HELP):
                    return _page("answer/ask.html", recipient, status=422, errors={"answer": "error_choice"})
                answers.record(recipient.id, Answer(given), channel="page")
        recipient = recipient_of(token)
        if recipient is None:
            return refused()
        return _page(
            "answer/saved.html", recipient, details_saved="details" in request.form, values=dict(recipient.details)
        )


def recipient_of(token: str) -> Recipient | None:
    """Whose link this is; what cannot be a token is not even looked for (PostgreSQL refuses a NUL in a text)."""
    return answers.recipient_by_token(token) if TOKEN.fullmatch(token) else None


def _tell_more(recipient: Recipient, details: Mapping[str, object]) -> None:
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


def _page(name: str, recipient: Recipient, *, status: int = 200, **more: object) -> Response:
    check, person = recipient.check, recipient.participant
    latest = None
    if recipient.answer in (Answer.SAFE, Answer.NEED_HELP) and recipient.answered_at:
        latest = Latest("safe" if recipient.answer is Answer.SAFE else "need_help", recipient.answered_at)
    event = event_of(check.event)
    page = AnswerPage(
        request.path,
        person.languages,
        language=request.args.get("l", ""),
        name=person.letter_name,
        code_word=person.code_word,
        events=[event] if event else [],
        drill=check.drill,
        sms_reply=bool(current_app.config["SMS_REPLY"]),
        latest=latest,
        worse=latest is not None and (recipient.answer_round or 0) < recipient.asked_round,
        withdrawn=check.withdrawn_at is not None,
        **more,  # type: ignore[arg-type]
    )
    return _answer(render_template(name, page=page), status)


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
