"""The landing page, signing in and out, changing hat and language."""

from __future__ import annotations

import secrets
import time
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from jetapp.accounts import service, throttle
from jetapp.accounts.addresses import safe_next
from jetapp.accounts.forms import SignInForm
from jetapp.accounts.queries import Hat
from jetapp.actors import ROLE_WORDS, load_signed_in
from models.access import Permission, acting_as, system
from models.db import transaction

blueprint = Blueprint("accounts", __name__)
CHOOSING_SECONDS = 600
Page = str | Response | tuple[str, int]


@blueprint.get("/")
def landing() -> Page:
    """The first page: staff go to the safety checks, everybody else reads where to go."""
    if g.actor is not None and g.actor.may(Permission.SAFETY_VIEW):
        return redirect(url_for("safety.index"))
    return render_template("accounts/landing.html")


@blueprint.route("/sign-in", methods=["GET", "POST"])
@throttle.guarded
def sign_in() -> Page:
    """E-mail and password; with several hats the choice of one comes next, before anything can be seen."""
    form = SignInForm()
    if request.method == "GET":
        choosing = _choosing()
        if choosing and "again" not in request.args:
            return _choose(_hats_of(choosing["user"]), url_for("accounts.sign_in"))
        form.next.data = safe_next(request.args.get("next"), "")
        return render_template("accounts/sign_in.html", form=form, demo_logins=_demo_logins())
    if "membership" in request.form:
        return _put_on_chosen_hat()
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form, demo_logins=_demo_logins()), 422
    email = service.normal_email(form.email.data or "")
    with acting_as(system("sign-in")):
        welcome = service.check_password(email, form.password.data or "")
    if welcome is None:
        form.form_errors.append(_("The e-mail address or the password is wrong."))
        return render_template("accounts/sign_in.html", form=form, demo_logins=_demo_logins()), 401
    with acting_as(system("sign-in")), transaction():
        service.note_sign_in(welcome.user_id)
    onward = safe_next(form.next.data, url_for("accounts.landing"))
    if len(welcome.hats) == 1:
        response = _enter(welcome.hats[0].membership_id, onward)
    else:
        _fresh_session(choosing={"user": welcome.user_id, "until": time.time() + CHOOSING_SECONDS, "next": onward})
        response = redirect(url_for("accounts.sign_in"))
    throttle.remember_device(response, email, throttle.known_device() or secrets.token_urlsafe(12))
    return response


@blueprint.errorhandler(429)
def too_many(error: Exception) -> Page:
    """Too many wrong guesses: say how long to wait, keep the address typed."""
    form = SignInForm()
    form.form_errors.append(
        _("Too many wrong tries. Wait %(minutes)s minutes, then try again.", minutes=throttle.WAIT_MINUTES)
    )
    response = current_app.make_response(
        render_template("accounts/sign_in.html", form=form, demo_logins=_demo_logins())
    )
    response.status_code = 429
    response.headers["Retry-After"] = str(throttle.WAIT_MINUTES * 60)
    return response


@blueprint.route("/hats", methods=["GET", "POST"])
def hats() -> Page:
    """The hats of the person who is signed in; putting another one on begins a new session."""
    own = _hats_of(current_user.user_id)
    if request.method == "GET":
        return _choose(own, url_for("accounts.hats"), current_user.id)
    chosen = request.form.get("membership", type=int)
    if chosen not in {hat.membership_id for hat in own}:
        abort(404)
    return _enter(chosen, url_for("accounts.landing"))


@blueprint.post("/sign-out")
def sign_out() -> Page:
    """End the session in this browser."""
    logout_user()
    _fresh_session()
    flash(_("You are logged out."))
    return redirect(url_for("accounts.landing"))


@blueprint.get("/language/<code>")
def language(code: str) -> Page:
    """Show the pages in English or Japanese from now on, and go back to where the reader was."""
    if code not in ("en", "ja"):
        abort(404)
    session["locale"] = code
    return redirect(safe_next(request.args.get("next"), url_for("accounts.landing")))


def _hats_of(user_id: int) -> tuple[Hat, ...]:
    with acting_as(system("sign-in")):
        return service.hats_of(user_id)


def _choosing() -> dict[str, Any] | None:
    """Who has given the right password in this browser and has yet to choose a hat; for some minutes only."""
    choosing = session.get("choosing")
    return choosing if choosing and choosing["until"] > time.time() else None


def _put_on_chosen_hat() -> Page:
    choosing = _choosing()
    if choosing is None:
        return redirect(url_for("accounts.sign_in"))
    chosen = request.form.get("membership", type=int)
    if chosen not in {hat.membership_id for hat in _hats_of(choosing["user"])}:
        abort(404)
    return _enter(chosen, safe_next(choosing.get("next"), url_for("accounts.landing")))


def _choose(own: tuple[Hat, ...], action: str, present: int = 0) -> str:
    return render_template(
        "accounts/hats.html", hats=own, words=ROLE_WORDS, form_action=action, present=present, choosing=not present
    )


def _enter(membership_id: int | None, onward: str) -> Response:
    person = load_signed_in(str(membership_id))
    if person is None:
        abort(404)
    _fresh_session()
    login_user(person)
    return redirect(onward)


def _fresh_session(**content: object) -> None:
    """Nothing that was in the session before somebody signed in or out stays, but the language."""
    kept = {"locale": session["locale"]} if "locale" in session else {}
    session.clear()
    session.update(kept, **content)


def _demo_logins() -> list[Any]:
    """Log-ins of the demo population; never anywhere else."""
    if current_app.config["ENV"] != "demo":
        return []
    return list(current_app.extensions.get("demo_logins", []))
