"""Hazard reports, texts that a person must read, messages and senders."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from jetapp.safety import overview, reports, service
from jetapp.safety.blueprint import blueprint
from jetapp.safety.words import ACTIONS, MESSAGE_GROUPS
from models.access import Permission, require
from models.db import transaction
from models.disaster import Answer
from models.participant import Channel
from models.types import now
from notifications.safety import answers

Page = str | Response
ANSWERS: dict[str, Answer | None] = {"safe": Answer.SAFE, "need_help": Answer.NEED_HELP, "none": None}


def _page() -> int:
    return max(1, min(request.args.get("page", 1, type=int), 1_000_000))


@blueprint.get("/telegrams")
def telegrams() -> Page:
    """Every report that came, with what was made of it."""
    action = request.args.get("action", "")
    action = action if action in {*ACTIONS, "error", "acted"} else ""
    found, count = reports.telegrams(action, _page())
    return render_template(
        "safety/telegrams.html",
        telegrams=found,
        count=count,
        action=action,
        page=_page(),
        pages=max(1, -(-count // reports.PAGE)),
        page_href=lambda number: url_for("safety.telegrams", action=action or None, page=number),
    )


@blueprint.get("/telegrams/<int:telegram_id>")
def telegram(telegram_id: int) -> Page:
    """One report, word for word, and why it led to what it led to."""
    found, text = reports.telegram(telegram_id)
    return render_template("safety/telegram.html", telegram=found, text=text)


@blueprint.get("/replies")
def replies() -> Page:
    """Texts that are not clear, word for word; a person says what they mean."""
    found, count = reports.replies()
    searched_for = request.args.get("reply", type=int)
    q = request.args.get("q", "").replace("\x00", "").strip()[:80]
    return render_template(
        "safety/replies.html",
        replies=found,
        count=count,
        searched_for=searched_for,
        q=q,
        people=reports.find_people(q) if searched_for and q else [],
        now=now(),
    )


@blueprint.post("/replies/<int:inbound_id>")
def classify(inbound_id: int) -> Page:
    """What a text means, and whose it is."""
    require(Permission.SAFETY_CLASSIFY)
    meaning = request.form.get("answer", "")
    if meaning not in ANSWERS:
        return redirect(url_for("safety.replies"))
    with transaction():
        answers.classify_reply(inbound_id, ANSWERS[meaning], recipient_id=request.form.get("recipient", type=int))
    flash(_("Set aside: not an answer.") if meaning == "none" else _("Saved as an answer."))
    return redirect(url_for("safety.replies"))


@blueprint.get("/messages")
def messages() -> Page:
    """Messages by state; every count leads to its messages."""
    check_id = request.args.get("check", type=int)
    check = overview.check(check_id) if check_id is not None else None
    channel = request.args.get("channel", "")
    channel = channel if channel in {each.value for each in Channel} else ""
    group = request.args.get("group", "")
    group = group if group in MESSAGE_GROUPS else ""
    filters = reports.MessageFilters(check_id, channel, MESSAGE_GROUPS.get(group, ()))
    found, count = reports.messages(filters, _page())
    own: dict[str, Any] = {"check": check_id, "channel": channel or None, "group": group or None}
    return render_template(
        "safety/messages.html",
        check=check,
        channel=channel,
        group=group,
        outlook=reports.outlook(check_id),
        messages=found,
        count=count,
        page=_page(),
        pages=max(1, -(-count // reports.PAGE)),
        page_href=lambda number: url_for("safety.messages", **own, page=number),
        href=lambda **changes: url_for("safety.messages", **{"check": check_id} | changes),
        senders=reports.senders() if g.actor.may(Permission.SENDERS_CONTROL) else [],
        now=now(),
    )


@blueprint.post("/senders/<int:sender_id>/pause")
def pause(sender_id: int) -> Page:
    """Stop a sender."""
    with transaction():
        service.pause_sender(sender_id, request.form.get("reason", "")[:150])
    flash(_("Paused. Messages wait until you resume it."))
    return redirect(url_for("safety.messages"))


@blueprint.post("/senders/<int:sender_id>/resume")
def resume(sender_id: int) -> Page:
    """Let a sender go on."""
    with transaction():
        service.resume_sender(sender_id)
    flash(_("Messages go out again."))
    return redirect(url_for("safety.messages"))
