"""One HTTP server for three kinds of callers: the product (Twilio's API), tests (`/_sandbox/`) and people (pages).

It is aiohttp's plain server without routes and middlewares, because the time from request to accepted message
is what benchmarks of the product measure against.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import parse_qsl

from aiohttp.web import BaseRequest, Response

from jetapp.sandbox.answer import JSON, Answer
from jetapp.sandbox.api import TwilioApi
from jetapp.sandbox.chance import draw
from jetapp.sandbox.control import Control
from jetapp.sandbox.pages import Pages
from jetapp.sandbox.state import State


class Front:
    def __init__(self, state: State, api: TwilioApi, control: Control, pages: Pages) -> None:
        self._state = state
        self._api = api
        self._control = control
        self._pages = pages
        self._requests = 0

    async def __call__(self, request: BaseRequest) -> Response:
        path, _, query = request.raw_path.partition("?")
        if path.startswith("/2010-04-01/"):
            return await self._twilio(request, path, query)
        fields = dict(parse_qsl(query, keep_blank_values=True))
        if path.startswith("/_sandbox/"):
            if not self._control.admits(request.headers.get("Authorization", ""), request.remote or ""):
                return _response(Answer(403, b'{"error": "not allowed: give the control token as bearer token"}'))
            return _response(await self._control.answer(request.method, path, fields, await request.read()))
        return _response(await self._pages.answer(request, path, fields))

    async def _twilio(self, request: BaseRequest, path: str, query: str) -> Response:
        api = self._api
        full = api.enter()
        try:
            body = await request.read() if request.body_exists else b""
            if not api.admits(request.headers.get("Authorization")):
                answer = api.unauthorised()
            elif full is not None:
                answer = full
            elif request.method == "POST" and path == api.create_path:
                answer = api.create(dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True)))
            else:
                answer = api.read(request.method, path, dict(parse_qsl(query, keep_blank_values=True)))
            await self._linger(request, answer)
            return _response(answer, {"Twilio-Concurrent-Requests": api.concurrent()})
        finally:
            api.leave()

    async def _linger(self, request: BaseRequest, answer: Answer) -> None:
        knobs = self._state.knobs
        wait = knobs.latency_ms / 1000
        if knobs.latency_jitter_ms:
            self._requests += 1
            wait += knobs.latency_jitter_ms / 1000 * draw(knobs.seed, "latency", str(self._requests))
        if wait:
            await asyncio.sleep(wait)
        if answer.then == "hang":
            with suppress(TimeoutError):
                await asyncio.wait_for(self._state.ended.wait(), knobs.hang_seconds)
        if answer.then != "answer" and request.transport is not None:
            request.transport.abort()


def _response(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    found = {"Content-Type": answer.content_type or JSON, **answer.headers, **(headers or {})}
    return Response(status=answer.status or 500, body=answer.body, headers=found)
