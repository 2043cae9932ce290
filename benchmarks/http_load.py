"""A client that costs little: ready-made requests over kept connections, one after the other on each."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from urllib.parse import urlencode

import uvloop

CONNECTIONS = 64


@dataclass
class Load:
    """What came of all requests; `latencies` in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def post(path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> bytes:
    """One request, ready to be written to a connection."""
    body = urlencode(form).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/x-www-form-urlencoded"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, requests: Sequence[bytes], status: int) -> Load:
    """Send all of them from a process of its own; raises unless every answer has `status`."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        load = pool.submit(_run, port, requests).result()
    if set(load.statuses) != {status}:
        raise RuntimeError(f"expected only {status}: {dict(load.statuses)}")
    return load


def _run(port: int, requests: Sequence[bytes]) -> Load:
    return uvloop.run(_all(port, requests))


async def _all(port: int, requests: Sequence[bytes]) -> Load:
    load = Load()
    todo = iter(requests)
    started = time.monotonic()
    await asyncio.gather(*(_one_after_the_other(port, todo, load) for _ in range(min(CONNECTIONS, len(requests)))))
    load.seconds = time.monotonic() - started
    return load


async def _one_after_the_other(port: int, todo: Iterator[bytes], load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in todo:
        begun = time.monotonic()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        _, found, rest = head.partition("\r\ncontent-length:")
        if found and status != 204:
            await reader.readexactly(int(rest.split("\r\n", 1)[0]))
        load.latencies.append(time.monotonic() - begun)
        load.statuses[status] += 1
        if "\r\nconnection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
