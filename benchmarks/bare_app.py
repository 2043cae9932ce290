"""The floor for requests: a Flask route that writes one row through the same session and commits."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask, request

from jetapp.config import read_settings
from models.access import acting_as, system
from models.db import db

COLUMNS = "id bigserial PRIMARY KEY, token text NOT NULL, answer text NOT NULL, received_at timestamptz DEFAULT now()"
CREATE = f"CREATE TABLE IF NOT EXISTS bare_answer ({COLUMNS})"
TABLE = sa.table("bare_answer", sa.column("token"), sa.column("answer"))
ACTOR = system("floor")


def create_app() -> Flask:
    app = Flask("bare")
    app.config["SQLALCHEMY_DATABASE_URI"] = read_settings()["DATABASE_URL"]
    # As jetapp.factory sets them.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
    db.init_app(app)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.post("/answer")
    def answer() -> str:
        with acting_as(ACTOR):
            values = {"token": request.form["token"], "answer": request.form["answer"]}
            db.session.execute(sa.insert(TABLE).values(values))
            db.session.commit()
        return "ok"

    return app
