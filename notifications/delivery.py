"""Draining: claim what is due, send it with many requests in flight and no transaction open, store what came back.

`drain()` is the whole RQ job. Missing, extra, late or doubled jobs are harmless: the rows are the truth.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field

import uvloop
from sqlalchemy.engine import Connection, Engine

from models.db import db
from models.participant import Channel as Lane
from notifications import claims, look_ups
from notifications.channels import channel_for
from notifications.channels.base import Channel, ChannelError, Failure, Outgoing
from notifications.settings import Settings, current
from notifications.short_transaction import in_database

log = logging.getLogger(__name__)

BUDGET_SECONDS = 50.0
"""A job ends after this long and asks for the next one, so that deploys and leases never wait for a long drain."""
FLUSH_SECONDS = 0.1


@dataclass
class Drained:
    """What one drain did, for logs and the command line."""

    accepted: int = 0
    refused: int = 0
    put_back: int = 0
    in_doubt: int = 0
    not_sent: int = 0
    looked_up: int = 0

    def __iadd__(self, other: Drained) -> Drained:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass
class _Results:
    """What came back and is not stored yet, of one claim."""

    accepted: list[tuple[int, str]] = field(default_factory=list)
    refused: list[claims.Refused] = field(default_factory=list)
    busy: list[tuple[int, float]] = field(default_factory=list)
    doubtful: list[tuple[int, str]] = field(default_factory=list)
    account: str = ""

    def add_error(self, message_id: int, error: ChannelError) -> None:
        if error.kind is Failure.REFUSED:
            self.refused.append(claims.Refused(message_id, error.code, error.text))
        elif error.kind is Failure.IN_DOUBT:
            self.doubtful.append((message_id, error.text))
        else:
            self.busy.append((message_id, error.retry_after))
            if error.kind is Failure.ACCOUNT:
                self.account = error.text

    def __len__(self) -> int:
        return len(self.accepted) + len(self.refused) + len(self.busy) + len(self.doubtful)


def drain(budget: float = BUDGET_SECONDS) -> Drained:
    """Send everything that is due on every lane, side by side, for at most `budget` seconds.

    Runs inside an application context (worker, scheduler, tests); raises only when the database stays away.
    """
    engine, settings = db.engine, current()
    return uvloop.run(_drain_all(engine, settings, budget))


async def _drain_all(engine: Engine, settings: Settings, budget: float) -> Drained:
    done = Drained()
    lanes = [lane for lane in Lane if channel_for(lane, settings) is not None]
    for result in await asyncio.gather(*(_LaneDrain(engine, settings, lane, budget).run() for lane in lanes)):
        done += result
    return done


class _LaneDrain:
    """One lane of one drain."""

    def __init__(self, engine: Engine, settings: Settings, lane: Lane, budget: float) -> None:
        self.engine, self.settings, self.lane = engine, settings, lane
        self.ends = time.monotonic() + budget
        self.done = Drained()
        self.final = False
        self.results: dict[str, _Results] = {}
        self.in_flight: set[asyncio.Task[None]] = set()
        self.flushed = time.monotonic()
        self.address = settings.twilio_messaging_service_sid or settings.twilio_sender
        self.rate = settings.sms_segments_per_second
        if lane is Lane.EMAIL:
            self.address, self.rate = settings.mail_from, settings.mails_per_second

    async def run(self) -> Drained:
        await in_database(self.engine, lambda c: claims.ensure_sender(c, self.lane, self.address[:120], self.rate))
        await in_database(self.engine, lambda c: claims.sweep(c, self.settings.unknown_wait_seconds))
        channel = channel_for(self.lane, self.settings)
        assert channel is not None
        self.final = channel.accepts_is_final
        async with channel:
            self.done.looked_up = await look_ups.run(self.engine, channel, self.lane, self.settings)
            try:
                await self._pump(channel)
            finally:
                # Whatever happens, answers of the provider that are in hand are stored before the drain ends.
                if self.in_flight:
                    await asyncio.wait(self.in_flight)
                await self._flush()
        return self.done

    async def _pump(self, channel: Channel) -> None:
        limit = channel.max_in_flight
        wait = 0.0
        claimable = True
        while True:
            ending = time.monotonic() >= self.ends
            free = limit - len(self.in_flight)
            if claimable and not ending and wait <= 0 and free >= max(1, limit // 4):
                claim = await self._claim(free)
                wait = claim.wait
                claimable = bool(claim.messages) or wait > 0
                deadline = time.monotonic() + self.settings.send_lease_seconds - self.settings.send_timeout_seconds
                for message in claim.messages:
                    task = asyncio.create_task(self._send(channel, claim.token, message, deadline))
                    self.in_flight.add(task)
                    task.add_done_callback(self.in_flight.discard)
            if not self.in_flight:
                await self._flush()
                if ending or not claimable or time.monotonic() + wait >= self.ends:
                    return
                await asyncio.sleep(wait)
                wait = 0.0
                continue
            started = time.monotonic()
            await asyncio.wait(
                self.in_flight,
                timeout=min(FLUSH_SECONDS, wait) if wait > 0 else FLUSH_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            wait = max(0.0, wait - (time.monotonic() - started))
            if self._stored_enough():
                await self._flush()

    async def _claim(self, limit: int) -> claims.Claim:
        seconds = self.settings.send_lease_seconds
        return await in_database(self.engine, lambda c: claims.claim(c, self.lane, limit, seconds))

    def _stored_enough(self) -> bool:
        waiting = sum(len(results) for results in self.results.values())
        return waiting >= self.settings.send_batch or (waiting > 0 and time.monotonic() - self.flushed >= FLUSH_SECONDS)

    async def _send(self, channel: Channel, token: str, message: Outgoing, deadline: float) -> None:
        if time.monotonic() > deadline:
            # This process slept through its lease: somebody else may hold the row by now, so nothing leaves.
            self.done.not_sent += 1
            return
        try:
            provider_id = await channel.send(message)
        except ChannelError as error:
            self._results(token).add_error(message.id, error)
        except Exception as error:  # a bug in a channel must leave the row in doubt, not lost
            log.exception("the channel failed in a way it should not")
            self._results(token).doubtful.append((message.id, f"{type(error).__name__}: {error}"))
        else:
            self._results(token).accepted.append((message.id, provider_id))

    def _results(self, token: str) -> _Results:
        # Asked for when a result is there, never kept across an await: a flush takes the whole table away.
        return self.results.setdefault(token, _Results())

    async def _flush(self) -> None:
        stored, self.results = self.results, {}
        self.flushed = time.monotonic()
        if not any(len(results) for results in stored.values()):
            return
        await in_database(self.engine, lambda c: self._store(c, stored))
        for results in stored.values():
            self.done.accepted += len(results.accepted)
            self.done.refused += len(results.refused)
            self.done.put_back += len(results.busy)
            self.done.in_doubt += len(results.doubtful)

    def _store(self, connection: Connection, stored: dict[str, _Results]) -> None:
        for token, results in stored.items():
            claims.record_accepted(connection, token, results.accepted, final=self.final, address=self.address[:60])
            claims.record_refused(connection, token, results.refused)
            claims.put_in_doubt(connection, token, results.doubtful, self.settings.unknown_wait_seconds)
            if results.busy:
                asked = max(seconds for _, seconds in results.busy)
                # Jitter, so that what was refused together does not come back together.
                again = max(asked, 1.0) * random.uniform(1.0, 1.5)
                claims.put_back(connection, token, [ident for ident, _ in results.busy], again)
                claims.slow_down(connection, self.lane, max(asked, 0.2))
            if results.account:
                claims.pause(connection, self.lane, results.account)
                log.error("sending on %s is paused: %s", self.lane, results.account)
