"""Draining: claim what is due, send it with many requests in flight and no transaction open, store what came back.

`drain()` is all there is to the RQ job. Missing, extra, late or doubled jobs are harmless: the rows are the truth.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field

import uvloop
from sqlalchemy.engine import Connection, Engine

from models.db import db
from models.participant import Channel as Lane
from notifications import claims, look_ups, queue, reach
from notifications.channels import channel_for, lanes_set_up
from notifications.channels.base import Channel, ChannelError, Failure, Outgoing
from notifications.settings import Settings, current
from notifications.short_transaction import in_database

log = logging.getLogger(__name__)

BUDGET_SECONDS = 50.0
"""A job ends after this long and asks for the next one, so that deploys and leases never wait for a long drain."""
FLUSH_SECONDS = 0.1
"""What a provider answered is stored after this long at the latest."""
NAP_SECONDS = 0.5
"""How often a drain that waits looks whether it is to end."""
AGAIN_SECONDS = 5.0
"""A drain waits this long at most for what the provider asked us to send again."""
NOTHING = claims.Claim("", (), 0.0)


@dataclass
class Drained:
    """What one drain did, for logs and the command line."""

    accepted: int = 0
    refused: int = 0
    put_back: int = 0
    in_doubt: int = 0
    not_sent: int = 0
    looked_up: int = 0
    unfinished: int = 0
    """Lanes that had more to send when the time was up."""

    def __iadd__(self, other: Drained) -> Drained:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass
class _Results:
    """What came back and is not stored yet; what is rare by the token of its claim."""

    accepted: list[claims.Accepted] = field(default_factory=list)
    refused: defaultdict[str, list[claims.Refused]] = field(default_factory=lambda: defaultdict(list))
    busy: defaultdict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    later: defaultdict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    unsent: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    doubtful: defaultdict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    account: str = ""
    count: int = 0

    def add(self, token: str, message_id: int, provider_id: str) -> None:
        self.accepted.append(claims.Accepted(message_id, token, provider_id))
        self.count += 1

    def add_error(self, token: str, message_id: int, error: ChannelError) -> None:
        self.count += 1
        if error.kind is Failure.REFUSED:
            self.refused[token].append(claims.Refused(message_id, error.code, error.text))
        elif error.kind is Failure.IN_DOUBT:
            self.doubtful[token].append((message_id, error.text))
        elif error.kind is Failure.LATER:
            self.later[token].append((message_id, error.retry_after))
        else:
            self.busy[token].append((message_id, error.retry_after))
            if error.kind is Failure.ACCOUNT:
                self.account = error.text


_ending = threading.Event()


def end_soon() -> None:
    """This process is to end: its drains claim nothing more, and store the answers to what is in flight."""
    _ending.set()


def job() -> None:
    """The whole RQ job: a drain, and where its time was too short the request for another one."""
    if drain().unfinished and not _ending.is_set():
        queue.nudge()


def drain(budget: float = BUDGET_SECONDS) -> Drained:
    """Send everything that is due on every lane, side by side, for at most `budget` seconds.

    Runs inside an application context (worker, scheduler, tests); raises only when the database stays away.
    """
    engine, settings = db.engine, current()
    return uvloop.run(_drain_all(engine, settings, budget))


async def _drain_all(engine: Engine, settings: Settings, budget: float) -> Drained:
    done = Drained()
    drains = (_LaneDrain(engine, settings, lane, budget).run() for lane in lanes_set_up(settings))
    # A lane that fails must not cancel what the others have in flight.
    results = await asyncio.gather(*drains, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done += result
    return done


class _LaneDrain:
    """One lane of one drain."""

    def __init__(self, engine: Engine, settings: Settings, lane: Lane, budget: float) -> None:
        self.engine, self.settings, self.lane = engine, settings, lane
        self.ends = time.monotonic() + budget
        self.done = Drained()
        self.final = False
        self.results = _Results()
        self.held: deque[tuple[str, Outgoing, float]] = deque()
        """Claimed and waiting for a slot, with the token of the claim and the moment after which it may not leave."""
        self.in_flight: set[asyncio.Task[None]] = set()
        """One task for each slot in use."""
        self.moved = asyncio.Event()
        """Set when there is something to do again: there is room for more, or enough came back to be stored."""
        self.flushed = time.monotonic()
        self.again = 0.0
        """When what was put back for a moment is due again; 0 = nothing was."""
        self.claimed_at = 0.0
        self.limit = self.claim_from = 1
        self.ahead = 0
        """How many may be claimed beyond the free slots."""
        self.address = settings.twilio_messaging_service_sid or settings.twilio_sender
        self.rate = settings.sms_segments_per_second
        if lane is Lane.EMAIL:
            self.address, self.rate = settings.mail_from, settings.mails_per_second

    async def run(self) -> Drained:
        doubtful = await in_database(self.engine, self._prepare)
        channel = channel_for(self.lane, self.settings)
        assert channel is not None
        self.final = channel.accepts_is_final
        self.limit = channel.max_in_flight
        # Of what a process that dies has claimed nobody knows whether it left: where no list tells, nothing is claimed
        # before its slot is free.
        self.ahead = self.limit if channel.has_list else 0
        # A claim is a commit: it is worth one for so many, taken before the slots run dry.
        self.claim_from = max(1, self.limit * 4 // 5 if self.ahead else self.limit // 3)
        async with channel:
            # Beside the sending, which must not wait for a list that hangs.
            asking = asyncio.create_task(look_ups.ask(self.engine, channel, self.settings, doubtful, self._ending))
            try:
                await self._pump(channel)
                self.done.looked_up = await asking
                if self.done.looked_up:
                    await self._pump(channel)
            finally:
                asking.cancel()
                # Whatever happens, answers of the provider that are in hand are stored before the drain ends.
                self._give_back()
                if self.in_flight:
                    await asyncio.wait(self.in_flight)
                await self._store_and_claim(0)
        return self.done

    def _ending(self) -> bool:
        return _ending.is_set() or time.monotonic() >= self.ends

    def _prepare(self, connection: Connection) -> look_ups.Taken:
        claims.ensure_sender(connection, self.lane, self.address[:120], self.rate)
        claims.sweep(connection, self.settings.unknown_wait_seconds)
        return look_ups.take(connection, self.lane, self.settings.unknown_wait_seconds)

    async def _pump(self, channel: Channel) -> None:
        resume = 0.0
        claimable = True
        while True:
            now = time.monotonic()
            ending = self._ending()
            if ending:
                self._give_back()
            room = self._room()
            if claimable and not ending and now >= resume and room >= self.claim_from:
                claim = await self._store_and_claim(room)
                resume = time.monotonic() + claim.wait
                claimable = bool(claim.messages) or claim.wait > 0
                self._launch(channel, claim)
                continue
            if not claimable and self.again:
                # What was put back for a moment in this drain is due again soon: no need for a job of its own.
                claimable, resume, self.again = True, max(resume, self.again), 0.0
                continue
            if self._worth_storing():
                await self._store_and_claim(0)
                continue
            if not self.in_flight:
                await self._store_and_claim(0)
                if not claimable and self.again and not ending:
                    continue
                if ending or not claimable or resume >= self.ends:
                    self.done.unfinished = int(claimable)
                    return
                await asyncio.sleep(min(max(0.0, resume - time.monotonic()), NAP_SECONDS))
                continue
            self.moved.clear()
            pause = min(FLUSH_SECONDS, resume - now) if resume > now else FLUSH_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.moved.wait()

    def _launch(self, channel: Channel, claim: claims.Claim) -> None:
        # From before the claim was committed: a process that slept in between has slept through its lease.
        deadline = self.claimed_at + self.settings.send_lease_seconds - self.settings.send_timeout_seconds
        self.held.extend((claim.token, message, deadline) for message in claim.messages)
        for _ in range(min(self.limit - len(self.in_flight), len(self.held))):
            task = asyncio.create_task(self._slot(channel))
            self.in_flight.add(task)
            task.add_done_callback(self._ended)

    def _room(self) -> int:
        """How many more may be claimed: one in flight in each slot, and `ahead` of them."""
        return self.limit + self.ahead - len(self.in_flight) - len(self.held)

    def _give_back(self) -> None:
        """What waits for a slot has surely not been sent: others may have it."""
        for token, message, _ in self.held:
            self.results.unsent[token].append(message.id)
            self.results.count += 1
        self.held.clear()

    async def _slot(self, channel: Channel) -> None:
        while self.held:
            await self._send(channel, *self.held.popleft())
            if self._room() >= self.claim_from or self.results.count >= self.settings.send_batch:
                self.moved.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.in_flight.discard(task)
        self.moved.set()

    def _worth_storing(self) -> bool:
        count = self.results.count
        return count >= self.settings.send_batch or (count > 0 and time.monotonic() - self.flushed >= FLUSH_SECONDS)

    async def _send(self, channel: Channel, token: str, message: Outgoing, deadline: float) -> None:
        if time.monotonic() > deadline:
            # This process slept through its lease: somebody else may hold the row by now, so nothing leaves.
            self.done.not_sent += 1
            self.results.unsent[token].append(message.id)
            self.results.count += 1
            return
        # `self.results` is looked up when the answer is there: the one of before may have been taken away to be stored.
        try:
            provider_id = await channel.send(message)
        except ChannelError as error:
            self.results.add_error(token, message.id, error)
            if error.kind in (Failure.BUSY, Failure.ACCOUNT):
                # The next one would be refused as well.
                self._give_back()
        except Exception as error:  # a bug in a channel must leave the row in doubt, not lost
            log.exception("the channel failed in a way it should not")
            doubt = ChannelError(Failure.IN_DOUBT, f"{type(error).__name__}: {error}")
            self.results.add_error(token, message.id, doubt)
        else:
            self.results.add(token, message.id, provider_id)

    async def _store_and_claim(self, limit: int) -> claims.Claim:
        """Store what came back and take up to `limit` more, in one transaction."""
        results, self.results = self.results, _Results()
        self.flushed = time.monotonic()
        if not results.count and not limit:
            return NOTHING

        def work(connection: Connection) -> claims.Claim:
            self.claimed_at = time.monotonic()
            self._store(connection, results)
            if not limit:
                return NOTHING
            return claims.claim(connection, self.lane, limit, self.settings.send_lease_seconds)

        claim = await in_database(self.engine, work)
        self.done.accepted += len(results.accepted)
        self.done.refused += sum(map(len, results.refused.values()))
        self.done.put_back += sum(map(len, results.busy.values()))
        self.done.in_doubt += sum(map(len, results.doubtful.values()))
        return claim

    def _store(self, connection: Connection, results: _Results) -> None:
        sent = claims.record_accepted(connection, results.accepted, final=self.final, address=self.address[:60])
        failed: list[int | None] = []
        for token, refused in results.refused.items():
            failed += claims.record_refused(connection, token, refused)
        for token, unsent in results.unsent.items():
            claims.put_back(connection, token, unsent, 0.0)
        for token, doubtful in results.doubtful.items():
            claims.put_in_doubt(connection, token, doubtful, self.settings.unknown_wait_seconds)
        for token, busy in results.busy.items():
            asked = max(seconds for _, seconds in busy)
            # Jitter, so that what was refused together does not come back together.
            again = max(asked, 1.0) * random.uniform(1.0, 1.5)
            claims.put_back(connection, token, [ident for ident, _ in busy], again)
            if again <= AGAIN_SECONDS:
                self.again = max(self.again, time.monotonic() + again)
            claims.slow_down(connection, self.lane, max(asked, 0.2))
        for token, later in results.later.items():
            seconds = max(seconds for _, seconds in later)
            claims.put_back(connection, token, [ident for ident, _ in later], seconds * random.uniform(1.0, 1.5))
        # People after messages, as callbacks do it, and all at once in one order.
        if failed:
            reach.refresh(connection, [*sent, *failed])
        else:
            reach.mark_sent(connection, sent)
        if results.account:
            claims.pause(connection, self.lane, results.account)
            log.error("sending on %s is paused: %s", self.lane, results.account)
