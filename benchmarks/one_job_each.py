"""The usual way: one RQ job per message, the synchronous SDK, one UPDATE. Written as well as that way allows.

Modules are imported before any fork, a SimpleWorker keeps its HTTP and database connections, the row is read and
written by psycopg without an ORM. `python -m benchmarks.one_job_each fork|simple` is a worker.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from typing import Any

import psycopg
import redis
import twilio.rest.api.v2010.account.message  # noqa: F401 - imported before the fork, not in every child
from rq import Queue, SimpleWorker, Worker
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from benchmarks.bare_loop import Carrier

NAME = "one-job-each"
VARIABLE = "BENCHMARK_ONE_JOB_EACH"


def settings(conninfo: str, redis_url: str, carrier: Carrier) -> dict[str, str]:
    """What a worker process needs, as its environment variable."""
    return {VARIABLE: json.dumps({"conninfo": conninfo, "redis": redis_url, "carrier": vars(carrier)})}


@cache
def _given() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(os.environ[VARIABLE])
    return found


@cache
def _database() -> psycopg.Connection[Any]:
    return psycopg.connect(_given()["conninfo"])


@cache
def _client() -> tuple[Client, Carrier]:
    carrier = Carrier(**_given()["carrier"])
    client = Client(carrier.account_sid, carrier.auth_token, http_client=TwilioHttpClient(timeout=30))
    client.api.base_url = carrier.http
    return client, carrier


def send(ident: int) -> None:
    """The whole job."""
    connection = _database()
    row = connection.execute("SELECT address, body, uuid FROM bare_message WHERE id = %s", (ident,)).fetchone()
    connection.commit()
    assert row is not None
    client, carrier = _client()
    created = client.messages.create(
        to=row[0],
        from_=carrier.sender,
        body=row[1],
        status_callback=f"http://127.0.0.1:9/webhooks/twilio/status?m={row[2]}",
        validity_period=14_400,
    )
    connection.execute(
        "UPDATE bare_message SET state = 'accepted', provider_id = %s, accepted_at = now() WHERE id = %s",
        (created.sid, ident),
    )
    connection.commit()


def enqueue(redis_url: str, idents: list[int]) -> None:
    """All jobs in one pipeline."""
    queue = Queue(NAME, connection=redis.Redis.from_url(redis_url))
    queue.enqueue_many([Queue.prepare_data(send, (ident,), result_ttl=0) for ident in idents])


def main() -> None:
    kind = {"fork": Worker, "simple": SimpleWorker}[sys.argv[1]]
    connection = redis.Redis.from_url(_given()["redis"])
    kind([Queue(NAME, connection=connection)], connection=connection).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
