"""Liveness, readiness, and figures that only those may read who should."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from models.db import db, system_connection, transaction
from models.message import Lease, Message, MessageState
from models.participant import Channel
from models.types import db_now
from tests.servers import RedisServer

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def figures(client: FlaskClient, **options: Any) -> dict[str, float]:
    answer = client.get("/metrics", **options)
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_alive_without_database_and_redis(client: FlaskClient, redis_server: RedisServer) -> None:
    redis_server.stop()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_ready_when_everything_is_there(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "database": "ok", "redis": "ok", "migrations": "ok"}


def test_not_ready_without_redis(client: FlaskClient, redis_server: RedisServer) -> None:
    redis_server.stop()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"ready": False, "database": "ok", "redis": "fail", "migrations": "ok"}


def test_not_ready_while_redis_hangs(client: FlaskClient, redis_server: RedisServer) -> None:
    redis_server.freeze()
    try:
        answer = client.get("/readyz")
    finally:
        redis_server.thaw()
    assert answer.status_code == 503
    assert answer.json["redis"] == "fail"


def test_not_ready_before_the_migration(client: FlaskClient) -> None:
    with system_connection(db.engine) as connection:
        at = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    try:
        answer = client.get("/readyz")
    finally:
        with system_connection(db.engine) as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :at"), {"at": at})
    assert answer.status_code == 503
    assert answer.json["migrations"] == "fail"


def test_not_ready_without_database_and_says_no_more(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "postgresql+psycopg://user:hidden@127.0.0.1:9/nothing"
    monkeypatch.setitem(client.application.config, "SQLALCHEMY_DATABASE_URI", address)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"] == "fail"
    assert "hidden" not in answer.text
    assert "127.0.0.1" not in answer.text


def test_figures_follow_the_rows(client: FlaskClient, system: None) -> None:
    with transaction() as session:
        for number, state in enumerate((MessageState.PENDING, MessageState.PENDING, MessageState.UNKNOWN)):
            session.add(
                Message(
                    key=f"m{number}",
                    channel=Channel.SMS,
                    address="+819000000000",
                    body="x",
                    state=state,
                    due_at=db_now(-100),
                    submitted_at=db_now(-50),
                )
            )
        session.add(Lease(name="deliver", until=db_now(), done_at=db_now(-30)))
    found = figures(client)
    assert found['jetapp_messages{channel="sms",state="pending"}'] == 2
    assert found['jetapp_messages{channel="sms",state="unknown"}'] == 1
    assert found["jetapp_oldest_pending_seconds"] >= 100
    assert found["jetapp_oldest_doubt_seconds"] >= 50
    assert found['jetapp_task_age_seconds{task="deliver"}'] >= 30
    assert found["jetapp_workers"] == 0
    assert found['jetapp_up{what="redis"}'] == 1


def test_figures_without_redis(client: FlaskClient, redis_server: RedisServer) -> None:
    redis_server.stop()
    found = figures(client)
    assert found['jetapp_up{what="redis"}'] == 0
    assert found['jetapp_up{what="database"}'] == 1


def test_requests_are_counted_by_endpoint_never_by_address(client: FlaskClient) -> None:
    client.get("/s/secretsecre")
    client.get("/no/such/page")
    text = client.get("/metrics").text
    assert re.search(r'jetapp_http_request_seconds_count\{endpoint="answer.show",status="[24]xx"\}', text)
    assert "secretsecre" not in text
    assert "/no/such/page" not in text


def test_figures_are_for_this_machine(client: FlaskClient) -> None:
    assert client.get("/metrics", environ_base=ELSEWHERE).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200


def test_a_proxy_nobody_told_us_of_is_not_this_machine(client: FlaskClient) -> None:
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert client.get("/metrics", headers={header: "203.0.113.9"}).status_code == 404


def test_behind_a_trusted_proxy_the_visitor_counts(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TRUSTED_PROXIES", 1)
    monkeypatch.setattr(app, "wsgi_app", ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1))
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    # A visitor may write what he likes before the proxy's own entry.
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200


def test_with_a_token_only_the_token_counts(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "figures please")
    assert client.get("/metrics").status_code == 404
    for wrong in ("Bearer figures", "figures please", "Bearer ", "Bearer figures pleasé"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 404
    right = {"Authorization": "Bearer figures please"}
    assert client.get("/metrics", headers=right, environ_base=ELSEWHERE).status_code == 200
