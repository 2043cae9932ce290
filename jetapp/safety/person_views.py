"""One person of a check: the trail in plain words, taking the case, answering for them."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from jetapp.accounts.addresses import safe_next
from jetapp.safety import overview, trail
from jetapp.safety.blueprint import blueprint
from jetapp.safety.forms import AnswerForThemForm
from models.db import transaction
from models.disaster import Answer, CheckState
from models.types import now
from notifications.safety import answers

Page = str | Response | tuple[str, int]


def _show(check_id: int, recipient_id: int, form: AnswerForThemForm) -> str:
    check = overview.check(check_id)
    found = trail.of(check_id, recipient_id)
    return render_template(
        "safety/person.html",
        check=check,
        trail=found,
        asked=found.person,
        form=form,
        rounds={round.number: round for round in overview.rounds(check_id)},
        now=now(),
        role=g.actor.role.value,
        running=check.state is CheckState.RUNNING,
    )


@blueprint.get("/<int:check_id>/people/<int:recipient_id>")
def person(check_id: int, recipient_id: int) -> Page:
    """Everything sent to and heard from one person."""
    return _show(check_id, recipient_id, AnswerForThemForm())


@blueprint.post("/<int:check_id>/people/<int:recipient_id>/take")
def take(check_id: int, recipient_id: int) -> Page:
    """Say that one looks after a case."""
    with transaction():
        trail.of(check_id, recipient_id)
        answers.take_case(recipient_id)
    flash(_("You have taken this case. It is shown with your name."))
    return _back(check_id, recipient_id)


@blueprint.post("/<int:check_id>/people/<int:recipient_id>/release")
def release(check_id: int, recipient_id: int) -> Page:
    """Give a case back, so that somebody else takes it."""
    with transaction():
        trail.of(check_id, recipient_id)
        answers.release_case(recipient_id)
    flash(_("The case is free again."))
    return _back(check_id, recipient_id)


@blueprint.post("/<int:check_id>/people/<int:recipient_id>/answer")
def answer_for(check_id: int, recipient_id: int) -> Page:
    """Record what somebody else told us; the person's own later answer counts more."""
    form = AnswerForThemForm()
    if not form.validate_on_submit():
        return _show(check_id, recipient_id, form), 422
    told_by = f"{g.actor.label}: {(form.how.data or '').strip()}"[:120]
    with transaction():
        trail.of(check_id, recipient_id)
        answers.record(
            recipient_id,
            Answer(form.answer.data),
            channel="staff",
            said=(form.note.data or "").strip(),
            given_by=told_by,
        )
    flash(_("Saved. The board shows it as told by you."))
    return redirect(url_for("safety.person", check_id=check_id, recipient_id=recipient_id))


def _back(check_id: int, recipient_id: int) -> Response:
    here = url_for("safety.person", check_id=check_id, recipient_id=recipient_id)
    return redirect(safe_next(request.form.get("next"), here))
