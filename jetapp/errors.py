"""From an error to what the visitor sees: a page, a JSON problem (RFC 9457) or a line on standard error."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from models.errors import DomainError, ScopeMissing

log = logging.getLogger(__name__)


def wants_json() -> bool:
    return request.path.startswith("/api/")


def problem(status: int, code: str, detail: str) -> Response:
    response = jsonify(type="about:blank", title=code, status=status, detail=detail, code=code)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def page(status: int, detail: str = "") -> Response:
    # 403 and 404 read the same, so that nobody learns what exists beyond their own.
    code = 404 if status in (403, 405) else status
    return make_response(render_template("errors/error.html", code=code, why=detail), status)


def init_app(app: Flask) -> None:
    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Response:
        text = gettext(error.text, **error.values) if error.values else gettext(error.text)
        return problem(error.status, error.code, text) if wants_json() else page(error.status, text)

    @app.errorhandler(CSRFError)
    def csrf_error(error: CSRFError) -> Response:
        return page(400, gettext("This form was open too long. Go back, load the page again and send it once more."))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400 and error.response is not None:
            return make_response(error.get_response())
        if wants_json():
            return problem(status, error.name.lower().replace(" ", "_"), error.description or "")
        return page(status)

    @app.errorhandler(ScopeMissing)
    def scope_missing(error: ScopeMissing) -> Response:
        log.exception("a door forgot to bind an actor: %s %s", request.method, request.path)
        return page(500)
