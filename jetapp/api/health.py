"""`/healthz` (this process lives), `/readyz` (it can do its work), `/metrics` (figures for Prometheus)."""

from __future__ import annotations

import hmac
import os
import time
from ipaddress import ip_address
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from jetapp.api.figures import Figures
from jetapp.checkup import State, Subject, engine_for, ready
from models.db import db
from notifications.settings import current

blueprint = Blueprint("health", __name__)

REQUESTS = Histogram(
    "jetapp_http_request_seconds",
    "Time from request to answer",
    ("endpoint", "status"),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Named by the operator when several web processes answer at one address: prometheus_client adds them up there."""
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


@blueprint.before_app_request
def start_the_watch() -> None:
    g.request_began = time.perf_counter()


@blueprint.after_app_request
def stop_the_watch(response: Response) -> Response:
    began = g.pop("request_began", None)
    if began is not None and request.endpoint is not None:
        # Endpoints and classes of status only: an address would hold tokens, and make a series for each person.
        REQUESTS.labels(request.endpoint, f"{response.status_code // 100}xx").observe(time.perf_counter() - began)
    return response


@blueprint.get("/healthz")
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """503 when this process should get no visitors. Says what is missing, but not why: anybody may ask."""
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    findings = ready(Subject(current(), url, engine_for(url), Path(current_app.instance_path)))
    good = all(finding.state is not State.FAIL for finding in findings)
    answer = jsonify(ready=good, **{f.name: "fail" if f.state is State.FAIL else "ok" for f in findings})
    answer.status_code = 200 if good else 503
    return answer


@blueprint.get("/metrics")
def metrics() -> Response:
    if not _may_read():
        abort(404)
    registry = CollectorRegistry()
    registry.register(Figures(db.engine))
    if os.environ.get(SHARED):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
    else:
        text = generate_latest(registry) + generate_latest(REGISTRY)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _may_read() -> bool:
    """With the token if one is set; without, only from this machine itself."""
    token = str(current_app.config["METRICS_TOKEN"])
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    if not current_app.config["TRUSTED_PROXIES"] and any(name in request.headers for name in FORWARDED):
        # Through a proxy we were not told of, everybody seems to come from this machine.
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
