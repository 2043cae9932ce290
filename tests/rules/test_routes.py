"""Deny by default: every address needs somebody signed in, except the short public list; every form needs its token."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from jetapp.actors import PUBLIC_ENDPOINTS
from tests.world import build_world, sign_in

WITHOUT_TOKEN = ("answer.", "webhooks.")
"""Their proof is the secret in the address, or the provider's signature."""


def test_the_public_list_names_only_what_exists(app: Flask) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    # The component page is served in the demonstration and in tests only.
    assert {name for name in PUBLIC_ENDPOINTS if name not in known} <= {"components_page.show"}


def test_everything_else_refuses_visitors(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC_ENDPOINTS:
            continue
        url = rule.build(dict.fromkeys(rule.arguments, 1), append_unknown=False)
        assert url is not None
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(url[1], method=method)
            refused = answer.status_code in (400, 401) or (
                answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
            )
            assert refused, (method, url[1], answer.status_code)


def test_every_form_needs_its_token(app: Flask, system: None) -> None:
    build_world()
    browser = app.test_client()
    sign_in(browser, "clair")
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(WITHOUT_TOKEN):
            continue
        url = rule.build(dict.fromkeys(rule.arguments, 1), append_unknown=False)
        assert url is not None
        answer = browser.post(url[1])
        assert answer.status_code == 400, (url[1], answer.status_code)


def test_pages_carry_the_headers_that_protect_them(app: Flask, system: None) -> None:
    build_world()
    browser = app.test_client()
    sign_in(browser, "clair")
    answer = browser.get("/safety/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
