"""Signing in: who may, and what is noted of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from jetapp.accounts import passwords, queries
from jetapp.accounts.queries import Hat
from models.account import User
from models.db import db
from models.types import now

LONGEST_EMAIL = 254
LONGEST_PASSWORD = 1000


@dataclass(frozen=True)
class Welcome:
    """Somebody whose password is right, with the hats to choose from."""

    user_id: int
    hats: tuple[Hat, ...]


def normal_email(text: str) -> str:
    """The form in which addresses are stored and counted."""
    return text.strip().lower()[:LONGEST_EMAIL]


@cache
def _nobody() -> str:
    """A hash that fits no password; checked for unknown addresses, so that they cost the same time."""
    return passwords.hash_password(secrets.token_urlsafe(24))


def check_password(email: str, password: str) -> Welcome | None:
    """Who this is, or None; an unknown address costs as much time as a wrong password."""
    user = queries.account(normal_email(email))
    stored = user.password_hash if user is not None else ""
    right = passwords.verify_password(stored or _nobody(), password[:LONGEST_PASSWORD])
    if user is None or not stored or not right:
        return None
    hats = tuple(queries.hats(user.id))
    return Welcome(user.id, hats) if hats else None


def note_sign_in(user_id: int) -> None:
    """Remember when the account was last used."""
    db.session.execute(sa.update(User).where(User.id == user_id).values(signed_in_at=now()))


def hats_of(user_id: int) -> tuple[Hat, ...]:
    """The hats a user may put on."""
    return tuple(queries.hats(user_id))
