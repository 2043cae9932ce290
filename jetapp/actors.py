"""From a request to an `Actor`: binds the session once per request and denies by default."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask, abort, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.orm import aliased
from werkzeug.wrappers import Response

from models.access import Actor, Role, acting_as, bind_actor, system
from models.account import Membership, User
from models.db import db
from models.organisation import ContractingOrganisation, Host

PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "accounts.landing",
        "accounts.sign_in",
        "accounts.language",
        "answer.show",
        "answer.record",
        "webhooks.status",
        "webhooks.inbound",
        "webhooks.voice",
        "health.healthz",
        "health.readyz",
        "health.metrics",
        "components_page.show",
    }
)
"""What works without signing in. A test lists every other route and expects it to refuse."""


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """Who is signed in, with one hat on. A value, not a row: it outlives the session that read it."""

    id: int
    """The membership."""
    user_id: int
    name: str
    locale: str
    actor: Actor
    scope_ja: str
    scope_en: str
    hats: int = 1
    """How many memberships the person has."""

    def get_id(self) -> str:
        return str(self.id)


login_manager = LoginManager()
login_manager.login_view = "accounts.sign_in"


@login_manager.user_loader
def load_signed_in(membership_id: str) -> SignedIn | None:
    """The holder of a membership, or None when it is gone or the account is switched off."""
    if not membership_id.isdecimal():
        return None
    with acting_as(system("sign-in")):
        other = aliased(Membership)
        hats = sa.select(sa.func.count(other.id)).where(other.user_id == Membership.user_id).scalar_subquery()
        row = db.session.execute(
            sa.select(Membership, User, Host, ContractingOrganisation, hats)
            .join(User, User.id == Membership.user_id)
            .outerjoin(Host, Host.id == Membership.host_id)
            .outerjoin(ContractingOrganisation, ContractingOrganisation.id == Membership.organisation_id)
            .where(Membership.id == int(membership_id), User.active)
        ).first()
        if row is None:
            return None
        membership, user, host, organisation, count = row
        scope = organisation or host
        return SignedIn(
            id=membership.id,
            user_id=user.id,
            name=user.name,
            locale=user.locale,
            actor=membership.actor(user.name),
            scope_ja=scope.name_ja if scope else "",
            scope_en=(scope.name_en or scope.name_ja) if scope else "",
            hats=count,
        )


def bind_request_actor() -> Response | None:
    """Before every request: the session gets the actor of the membership; anything not public needs one."""
    g.actor = None
    if request.endpoint is None:
        return None
    if request.endpoint in PUBLIC_ENDPOINTS:
        if request.endpoint == "static":
            return None
        if not request.endpoint.startswith(("webhooks.", "answer.", "health.")) and current_user.is_authenticated:
            g.actor = current_user.actor
            bind_actor(g.actor)
        return None
    if not current_user.is_authenticated:
        if request.path.startswith("/api/") or request.headers.get("X-Requested-With") == "live":
            abort(401)
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    g.actor = current_user.actor
    bind_actor(g.actor)
    return None


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    app.before_request(bind_request_actor)


ROLE_WORDS = {
    Role.CLAIR: ("CLAIR staff", "CLAIR職員"),
    Role.HOST: ("Host officer", "取りまとめ団体担当者"),
    Role.ORGANISATION: ("Supervisor", "担当者"),
    Role.PARTICIPANT: ("Participant", "参加者"),
}


@dataclass(frozen=True)
class Shown:
    """The signed-in person as pages show them."""

    name: str
    role_label: str
    scope_label: str
    role: Role


def describe_actor(locale: str) -> Shown | None:
    """Who is signed in, in words of `locale`; None for visitors."""
    if getattr(g, "actor", None) is None:
        return None
    word = ROLE_WORDS[g.actor.role][1 if locale == "ja" else 0]
    scope = current_user.scope_ja if locale == "ja" else current_user.scope_en
    return Shown(current_user.name, word, scope, g.actor.role)


def has_more_hats() -> bool:
    """Whether the signed-in person could act in another role."""
    return getattr(g, "actor", None) is not None and current_user.hats > 1
