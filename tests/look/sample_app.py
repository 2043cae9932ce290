"""A small application that serves the component page and the error pages, with the context the factory gives."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, render_template, request
from flask_babel import Babel

from jetapp import components_page, formats

TOP = Path(__file__).parents[2]
NAV = (("Home", "ホーム", 0), ("Safety", "安否確認", 1), ("People", "参加者", 0), ("Organisations", "任用団体", 0),
       ("Messages", "メッセージ", 0), ("Reports", "報告", 0), ("Settings", "設定", 0))  # fmt: skip


def make(**more: Any) -> Flask:
    """`more` overrides names of the template context, for example demo=True or actor=None."""
    app = Flask("look", template_folder=str(TOP / "templates"), static_folder=str(TOP / "jetapp" / "static"))
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TOP / "jetapp" / "translations")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = False
    language = lambda: "ja" if request.args.get("lang") == "ja" else "en"  # noqa: E731
    Babel(app, locale_selector=language, default_timezone="Asia/Tokyo")
    formats.register(app)

    @app.context_processor
    def frame() -> dict[str, Any]:
        locale = language()
        return {
            "actor": SimpleNamespace(name="YAMADA Ken", role_label="Duty officer", scope_label="CLAIR"),
            "nav": [
                {"href": f"#{en.lower()}", "label": ja if locale == "ja" else en, "current": en == "Safety", "count": n}
                for en, ja, n in NAV
            ],
            "locale": locale,
            "asset": lambda path: f"/static/{path}",
            "demo": True,
            "csrf_token": lambda: "token",
            "other_language_url": "?lang=en" if locale == "ja" else "?lang=ja",
            "sign_out_url": "/out",
            "footer_links": [{"href": "#help", "label": "Help"}],
            **more,
        }

    @app.get("/_components")
    def components() -> str:
        return render_template("components_page.html", **components_page.context())

    @app.get("/error/<int:code>")
    def error(code: int) -> tuple[str, int]:
        return render_template("errors/error.html", code=code), code

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    return app
