"""`create_app`: settings, extensions, blueprints, errors; nothing else."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, g, request, session, url_for
from flask_babel import Babel
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

import models  # noqa: F401 - maps every table
from jetapp import actors, cli, components_page, errors, formats
from jetapp.accounts import throttle
from jetapp.accounts import views as accounts
from jetapp.api import health, webhooks
from jetapp.config import read_settings
from jetapp.navigation import navigation
from jetapp.safety import answer_views
from jetapp.safety import views as safety
from models.db import db
from notifications import settings as machine_settings

HERE = Path(__file__).parent
CSP = (
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

csrf = CSRFProtect()
babel = Babel()
migrate = Migrate()


def create_app(overrides: Mapping[str, object] | None = None) -> Flask:
    """The application; `overrides` are settings without prefix that win over the environment.

    Raises `jetapp.config.SettingsError` naming every setting that is missing or wrong.
    """
    values = read_settings(overrides=overrides)
    app = Flask("jetapp", template_folder="../templates", static_folder="static", root_path=str(HERE))
    app.config.update(values)
    _configure(app)
    machine_settings.install(values)

    db.init_app(app)
    migrate.init_app(app, db, directory=str(HERE / "migrations"), render_as_batch=True, compare_type=True)
    csrf.init_app(app)
    babel.init_app(app, default_translation_directories=str(HERE / "translations"), locale_selector=choose_locale)
    throttle.init_app(app)
    actors.init_app(app)
    errors.init_app(app)
    formats.register(app)
    cli.init_app(app)

    for blueprint in (accounts.blueprint, safety.blueprint, answer_views.blueprint, health.blueprint):
        app.register_blueprint(blueprint)
    app.register_blueprint(webhooks.blueprint)
    if app.config["ENV"] != "production":
        app.register_blueprint(components_page.blueprint)
    # A provider and a person with a link in an SMS hold no session: the signature and the token are their proof.
    csrf.exempt(webhooks.blueprint)
    csrf.exempt(answer_views.blueprint)
    app.after_request(add_security_headers)
    app.context_processor(template_context)
    if proxies := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app


def _configure(app: Flask) -> None:
    config = app.config
    if not config["SECRET_KEY"]:
        # Good for one process only; production refuses to start without a key, the demo sets one.
        config["SECRET_KEY"] = secrets.token_hex(32)
    url = str(config["DATABASE_URL"])
    if not url:
        Path(app.instance_path).mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{Path(app.instance_path) / 'jetapp.sqlite'}"
    if url.startswith("postgres://"):
        url = "postgresql" + url.removeprefix("postgres")
    config["SQLALCHEMY_DATABASE_URI"] = url
    # Texts, numbers and link secrets are parameters of statements; an error in a log must not show them.
    options: dict[str, object] = {"hide_parameters": True}
    if url.startswith("postgresql"):
        options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
    config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    secure = str(config["PUBLIC_URL"]).startswith("https://")
    config.update(
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=secure,
        REMEMBER_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=20 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_DEFAULT_TIMEZONE="Asia/Tokyo",
    )


def choose_locale() -> str:
    """The page's language: the visitor's choice, else the account's, else the browser's; English or Japanese."""
    if (chosen := session.get("locale")) in ("en", "ja"):
        return str(chosen)
    signed_in = getattr(g, "_login_user", None)
    if signed_in is not None and getattr(signed_in, "locale", "") in ("en", "ja"):
        return str(signed_in.locale)
    return request.accept_languages.best_match(["en", "ja"], default="en") or "en"


def add_security_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


@lru_cache(maxsize=256)
def _fingerprint(path: str) -> str:
    digest = hashlib.sha256((HERE / "static" / path).read_bytes()).digest()
    return base64.urlsafe_b64encode(digest)[:10].decode()


def asset(path: str) -> str:
    """The address of a static file with its fingerprint, so that browsers may keep it for ever."""
    return url_for("static", filename=path, v=_fingerprint(path))


def template_context() -> dict[str, object]:
    locale = choose_locale()
    other = "ja" if locale == "en" else "en"
    return {
        "actor": actors.describe_actor(locale),
        "nav": LocalProxy(navigation),
        "locale": locale,
        "asset": asset,
        "demo": current_app.config["ENV"] == "demo",
        "sign_in_url": url_for("accounts.sign_in"),
        "sign_out_url": url_for("accounts.sign_out"),
        "hats_url": url_for("accounts.hats") if actors.has_more_hats() else "",
        "other_language_url": url_for("accounts.language", code=other, next=request.full_path.rstrip("?")),
    }
