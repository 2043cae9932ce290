"""How many wrong passwords are borne, per account, browser and address.

Only wrong guesses are counted. A browser in which the account has been used before is counted apart, so that a
stranger who guesses at an account does not lock its owner out. Without Redis each process counts by itself.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from itsdangerous import BadSignature, URLSafeSerializer

from jetapp.accounts.service import normal_email

COOKIE = "known_device"
COOKIE_SECONDS = 180 * 24 * 3600
WAIT_MINUTES = 15

PER_BROWSER = "10 per 15 minutes"
"""One account from one address, or from one browser that knows it."""
PER_ACCOUNT = "60 per 15 minutes"
"""One account from all browsers that do not know it."""
PER_ADDRESS = "200 per 15 minutes"
"""All accounts from one address: an office shares it."""

limiter = Limiter(key_func=lambda: request.remote_addr or "", in_memory_fallback_enabled=True, headers_enabled=False)


@limiter.request_filter
def _elsewhere() -> bool:
    """Only signing in is counted: the library's look at its rules would be a tenth of an answer's time."""
    return request.blueprint != "accounts"


def init_app(app: Flask) -> None:
    """Count in Redis when it is there; a dead one delays nobody for long."""
    # The library's own word for a Redis behind a socket.
    address = str(app.config["REDIS_URL"] or "memory://").replace("unix://", "redis+unix://", 1)
    app.config.setdefault("RATELIMIT_STORAGE_URI", address)
    if app.config["RATELIMIT_STORAGE_URI"].startswith("redis"):
        app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", {"socket_connect_timeout": 1, "socket_timeout": 1})
    limiter.init_app(app)


def is_wrong_guess(response: Response) -> bool:
    return response.status_code == 401


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="known-device")


def known_device() -> str:
    """The mark of this browser if the account in the form has been used in it, else an empty text."""
    try:
        content: Any = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return ""
    if not isinstance(content, dict) or content.get("email") != _email():
        return ""
    return str(content.get("device", ""))


def remember_device(response: Any, email: str, device: str) -> None:
    """Let this browser be counted apart from strangers from now on."""
    response.set_cookie(
        COOKIE,
        str(_signer().dumps({"email": normal_email(email), "device": device})),
        max_age=COOKIE_SECONDS,
        path="/sign-in",
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )


def _email() -> str:
    return normal_email(request.form.get("email", ""))


def _browser() -> str:
    return f"{_email()} {known_device() or request.remote_addr}"


def _account() -> str:
    return f"{_email()} {known_device() or 'strangers'}"


def guarded(view: Any) -> Any:
    """The sign-in view with its three limits."""
    common: dict[str, Any] = {"methods": ["POST"], "deduct_when": is_wrong_guess, "override_defaults": False}
    view = limiter.limit(PER_BROWSER, key_func=_browser, scope="browser", **common)(view)
    view = limiter.limit(PER_ACCOUNT, key_func=_account, scope="account", **common)(view)
    return limiter.limit(PER_ADDRESS, scope="address", **common)(view)
