"""The limit: nothing but a loop that posts with aiohttp, 100 in flight, and updates rows 200 at a time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import psycopg
import uvloop

IN_FLIGHT = 100
BATCH = 200
UPDATE = (
    "UPDATE bare_message SET state = 'accepted', provider_id = found.sid, accepted_at = now() "
    "FROM unnest(%s::bigint[], %s::text[]) AS found(id, sid) WHERE bare_message.id = found.id"
)


@dataclass(frozen=True)
class Carrier:
    http: str
    account_sid: str
    auth_token: str
    sender: str


def prepare(connection: psycopg.Connection[Any]) -> None:
    """The rows of the loop: the product's own addresses and texts, in the plainest table."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS bare_message (id bigint PRIMARY KEY, address text NOT NULL, body text NOT NULL, "
        "uuid text NOT NULL, state text NOT NULL, provider_id text, accepted_at timestamptz)"
    )
    connection.execute("TRUNCATE bare_message")
    connection.execute("INSERT INTO bare_message SELECT id, address, body, uuid, 'pending' FROM message")
    connection.execute("VACUUM ANALYZE bare_message")


def run(conninfo: str, carrier: Carrier) -> float:
    """Seconds from reading the rows to the last commit. Runs in a process of its own."""
    return uvloop.run(_run(conninfo, carrier))


async def _run(conninfo: str, carrier: Carrier) -> float:
    connection = await psycopg.AsyncConnection.connect(conninfo)
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    auth = aiohttp.BasicAuth(carrier.account_sid, carrier.auth_token)
    async with connection, aiohttp.ClientSession(connector=connector, auth=auth) as session:
        started = time.monotonic()
        cursor = await connection.execute(
            "SELECT id, address, body, uuid FROM bare_message WHERE state = 'pending' ORDER BY id"
        )
        rows = await cursor.fetchall()
        await connection.commit()
        done: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        writer = asyncio.create_task(_write(connection, done, len(rows)))
        todo = iter(rows)
        await asyncio.gather(*(_post(session, carrier, todo, done) for _ in range(IN_FLIGHT)))
        await writer
        return time.monotonic() - started


async def _post(
    session: aiohttp.ClientSession, carrier: Carrier, todo: Iterator[Any], done: asyncio.Queue[tuple[int, str]]
) -> None:
    url = f"{carrier.http}/2010-04-01/Accounts/{carrier.account_sid}/Messages.json"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for ident, address, body, uuid in todo:
        form = {
            "To": address,
            "From": carrier.sender,
            "Body": body,
            "StatusCallback": f"http://127.0.0.1:9/webhooks/twilio/status?m={uuid}",
            "ValidityPeriod": "14400",
        }
        async with session.post(url, data=urlencode(form).encode(), headers=headers) as answer:
            text = await answer.read()
            if answer.status != 201:
                raise RuntimeError(f"the carrier answered {answer.status}: {text[:200]!r}")
            done.put_nowait((ident, json.loads(text)["sid"]))


async def _write(connection: psycopg.AsyncConnection[Any], done: asyncio.Queue[tuple[int, str]], wanted: int) -> None:
    written = 0
    while written < wanted:
        batch = [await done.get() for _ in range(min(BATCH, wanted - written))]
        await connection.execute(UPDATE, ([ident for ident, _ in batch], [sid for _, sid in batch]))
        await connection.commit()
        written += len(batch)
