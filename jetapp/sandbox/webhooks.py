"""Signed requests to the product: bounded in number, repeated once like Twilio's, counted."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlencode
from uuid import uuid4

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from jetapp.sandbox.signature import sign
from jetapp.sandbox.state import CALLBACKS, State

FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Post:
    url: str
    fields: Mapping[str, str]
    what: str = "callback"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the product answered; status 0 when there was no answer."""

    status: int
    text: str
    content_type: str = ""


class Webhooks:
    def __init__(self, state: State) -> None:
        self._state = state
        self._session: ClientSession | None = None
        self._waiting: deque[tuple[list[Post], int]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._delayed = 0

    @property
    def session(self) -> ClientSession:
        """Connections are dropped after a second unused, sooner than servers do, so none is found closed."""
        if self._session is None:
            connector = TCPConnector(limit=0, keepalive_timeout=1.0)
            self._session = ClientSession(connector=connector, auto_decompress=True)
        return self._session

    @property
    def pending(self) -> int:
        return len(self._waiting) + len(self._tasks) + self._delayed

    def submit(self, posts: list[Post], delay: float = 0.0) -> None:
        """Post one after the other, the next only when the one before was answered."""
        if not posts:
            return
        if delay > 0:
            self._delayed += 1
            asyncio.get_running_loop().call_later(delay, self._due, posts, self._state.epoch)
        else:
            self._waiting.append((posts, self._state.epoch))
            self._pump()

    def _due(self, posts: list[Post], epoch: int) -> None:
        self._delayed -= 1
        self._waiting.append((posts, epoch))
        self._pump()

    def _pump(self) -> None:
        while self._waiting and len(self._tasks) < self._state.knobs.callback_concurrency:
            self._tasks.add(asyncio.get_running_loop().create_task(self._work()))

    async def _work(self) -> None:
        try:
            while self._waiting and len(self._tasks) <= self._state.knobs.callback_concurrency:
                posts, epoch = self._waiting.popleft()
                for post in posts:
                    if epoch == self._state.epoch:
                        await self._callback(post, epoch)
        finally:
            # Here and not in a done callback, so that nothing can be queued between the last look and leaving.
            task = asyncio.current_task()
            if task is not None:
                self._tasks.discard(task)

    async def _callback(self, post: Post, epoch: int) -> None:
        reply = await self.send(post)
        if epoch != self._state.epoch:
            return
        taken = 200 <= reply.status < 300
        self._state.counts["callbacks_sent" if taken else "callbacks_failed"] += 1
        self._state.timeline[int(time.time())][CALLBACKS] += 1
        if not taken:
            self._state.problem(post.what, post.url, reply.text if reply.status == 0 else f"answered {reply.status}")

    async def send(self, post: Post) -> Reply:
        """One webhook with its repeats (docs/usage/webhooks/webhooks-connection-overrides: `#rc=` in the address)."""
        url, fragment = urldefrag(post.url)
        retries = self._state.knobs.callback_retries
        wanted = parse_qs(fragment).get("rc", [""])[0]
        if wanted.isdecimal():
            retries = min(int(wanted), 5)
        headers = {
            "Content-Type": FORM,
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": sign(self._state.options.auth_token, url, post.fields),
            "I-Twilio-Idempotency-Token": str(uuid4()),
        }
        body = urlencode(post.fields).encode()
        for attempt in range(retries + 1):
            reply = await self._once(url, body, headers)
            if 0 < reply.status < 500 or attempt == retries:
                return reply
            self._state.counts["callbacks_repeated"] += 1
        raise AssertionError("unreachable")

    async def _once(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        limit = self._state.knobs.callback_timeout_ms / 1000
        timeout = ClientTimeout(total=limit, sock_connect=min(limit, 5.0))
        try:
            # encoded=True: the address must leave exactly as it was signed.
            async with self.session.post(
                URL(url, encoded=True), data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                text = (await response.read()).decode(errors="replace")
                return Reply(response.status, text, response.content_type)
        except TimeoutError:
            return Reply(0, f"no answer within {limit:g} s")
        except (ClientError, OSError, ValueError) as error:
            return Reply(0, f"no connection: {error}")

    async def close(self) -> None:
        self._waiting.clear()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
