"""Answers per second: by the answer page and by signed SMS, against a bare route that writes one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from random import Random
from typing import Any

import psycopg
from twilio.request_validator import RequestValidator

from benchmarks import bare_app, http_load, send
from benchmarks.figures import Line, middle, spread
from benchmarks.ground import PUBLIC_URL, SEED, Ground, Sizes, application, plain, web_server
from tests.sandbox_process import AUTH_TOKEN, SENDER

INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"
SAID = ("1", "safe", "I'm safe", "無事です", "我很平安", "estou bem", "2", "help! I am stuck in the school")
STATUSES = ("queued", "sending", "sent", "delivered")


def signed(path: str, form: dict[str, str]) -> bytes:
    """A request as Twilio sends it."""
    signature = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC_URL + path, form)
    return http_load.post(path, form, {"X-Twilio-Signature": signature})


def run(ground: Ground, sizes: Sizes) -> Iterator[Line]:
    """The lines about answers and about status callbacks."""
    url = ground.populated(sizes.people)
    environment = ground.environment(url)
    with ExitStack() as stack:
        stack.enter_context(application(environment))
        connection = plain(url)
        connection.execute(bare_app.CREATE)
        send.launch("answers")
        connection.execute("UPDATE message SET state = 'accepted', rank = 10, accepted_at = now()")
        connection.execute("VACUUM ANALYZE")
        ours = stack.enter_context(web_server("wsgi:app", environment, "/healthz"))
        bare = stack.enter_context(web_server("benchmarks.bare_app:create_app()", environment, "/healthz"))
        people = connection.execute("SELECT token, value FROM recipient JOIN contact_point USING (participant_id)")
        found = people.fetchall()[: sizes.answers]
        yield from _answers(sizes, connection, ours, bare, found)
        yield _callbacks(sizes, connection, ours)


def _answers(
    sizes: Sizes, connection: psycopg.Connection[Any], ours: int, bare: int, people: Sequence[Any]
) -> Iterator[Line]:
    pages = [http_load.post(f"/s/{token}", {"answer": "safe"}) for token, _ in people]
    floor = [http_load.post("/answer", {"token": token, "answer": "safe"}) for token, _ in people]
    rates: dict[str, list[float]] = {"page": [], "sms": [], "bare": []}
    for port, requests in ((ours, pages), (bare, floor)):
        http_load.run(port, requests[:200], 200)
    for run_number in range(sizes.repeats):
        rates["bare"].append(http_load.run(bare, floor, 200).rate)
        rates["page"].append(http_load.run(ours, pages, 200).rate)
        rates["sms"].append(http_load.run(ours, _texts(people, run_number), 200).rate)
        _check(connection, len(people))
        connection.execute("DELETE FROM message WHERE key LIKE 'reply:%'")
    reference = middle(rates["bare"])
    for name, key in (("by the answer page (POST)", "page"), ("by signed SMS webhook", "sms")):
        yield Line(
            "answers",
            name,
            middle(rates[key]),
            "answers/s",
            reference,
            "bare route, one INSERT",
            0.7,
            note=f"{spread(rates[key])} / {spread(rates['bare'])}",
        )


def _texts(people: Sequence[Any], run_number: int) -> list[bytes]:
    return [
        signed(
            INBOUND,
            {
                "MessageSid": f"SM{run_number:04d}{number:028d}",
                "From": phone,
                "To": SENDER,
                "Body": SAID[number % len(SAID)],
                "NumMedia": "0",
                "NumSegments": "1",
                "SmsStatus": "received",
                "ApiVersion": "2010-04-01",
                "FromCountry": "JP",
            },
        )
        for number, (_, phone) in enumerate(people)
    ]


def _check(connection: psycopg.Connection[Any], people: int) -> None:
    statement = (
        "SELECT count(*) FILTER (WHERE answer IS NOT NULL),"
        " (SELECT count(*) FROM inbound_message WHERE state <> 'answered') FROM recipient"
    )
    row = connection.execute(statement).fetchone()
    if row != (people, 0):
        raise RuntimeError(f"everybody should have answered and every text be understood: {row}")


def _callbacks(sizes: Sizes, connection: psycopg.Connection[Any], port: int) -> Line:
    rows = connection.execute("SELECT uuid, address FROM message WHERE purpose = 'ask' ORDER BY id").fetchall()
    each = [(uuid, phone, status) for uuid, phone in rows for status in STATUSES]
    # A few come twice, as with the real carrier, and all in any order.
    rng = Random(SEED)
    each += rng.sample(each, max(0, min(len(each), sizes.callbacks - len(each))))
    rng.shuffle(each)
    requests = [
        signed(
            f"{STATUS}?m={uuid}",
            {
                "MessageSid": f"SM{uuid}",
                "SmsSid": f"SM{uuid}",
                "MessageStatus": status,
                "SmsStatus": status,
                "To": phone,
                "From": SENDER,
                "ApiVersion": "2010-04-01",
            },
        )
        for uuid, phone, status in each[: sizes.callbacks]
    ]
    load = http_load.run(port, requests, 204)
    row = connection.execute("SELECT count(*) FROM message WHERE purpose = 'ask' AND state <> 'delivered'").fetchone()
    if len(each) <= sizes.callbacks and row != (0,):
        raise RuntimeError(f"every message should be delivered: {row}")
    wait = f"p50 {load.percentile(0.5) * 1000:.0f} ms, p95 {load.percentile(0.95) * 1000:.0f} ms"
    return Line("callbacks", f"{len(requests):,} signed, shuffled, {http_load.CONNECTIONS} connections", load.rate,
                "requests/s", note=wait)  # fmt: skip
