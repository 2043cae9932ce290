"""The carrier as a process: one event loop with the HTTP server and the mail server."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp.web import Server, ServerRunner, TCPSite

from jetapp.sandbox.api import TwilioApi
from jetapp.sandbox.control import Control
from jetapp.sandbox.delivery import Delivery
from jetapp.sandbox.front import Front
from jetapp.sandbox.inbound import Inbound
from jetapp.sandbox.options import SandboxOptions
from jetapp.sandbox.pages import Pages
from jetapp.sandbox.people import People
from jetapp.sandbox.smtp import MailSink
from jetapp.sandbox.state import State
from jetapp.sandbox.webhooks import Webhooks

__all__ = ["SandboxOptions", "running", "serve"]
T = TypeVar("T")


@asynccontextmanager
async def running(options: SandboxOptions):  # type: ignore[no-untyped-def]
    """Start both servers in the running loop; gives the ready line as a mapping and stops them at the end."""
    state = State(options)
    webhooks = Webhooks(state)
    delivery = Delivery(state, webhooks)
    inbound = Inbound(state, webhooks, delivery)
    people = People(state, inbound, webhooks)
    sink = MailSink(state, webhooks)
    delivery.on_delivered = people.got_sms
    sink.on_mail = people.got_mail

    def forget() -> None:
        delivery.forget()
        people.forget()

    control = Control(state, inbound, webhooks, forget)
    front = Front(state, TwilioApi(state, delivery), control, Pages(state, inbound, control))
    # A caller that gives up frees its place at once; what it sent has been stored by then.
    runner = ServerRunner(Server(front, handler_cancellation=True), shutdown_timeout=1.0)
    await runner.setup()
    loop = asyncio.get_running_loop()
    smtp = None
    try:
        site = TCPSite(runner, options.host, options.http_port, backlog=1024)
        await site.start()
        smtp = await loop.create_server(sink.protocol, options.host, options.smtp_port, backlog=1024)
        http_port = runner.addresses[0][1]
        smtp_port = smtp.sockets[0].getsockname()[1]
        yield {
            "http": f"http://{options.host}:{http_port}",
            "smtp": f"smtp://{options.host}:{smtp_port}",
            "account_sid": options.account_sid,
            "sender": options.pool_sender,
        }
    finally:
        if smtp is not None:
            smtp.close()
        await people.close()
        await sink.close()
        await webhooks.close()
        await runner.cleanup()


async def serve(options: SandboxOptions) -> None:
    """Run until SIGTERM or SIGINT; one JSON line with the addresses on standard output says it is ready."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(options) as ready:
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


def run(main: Coroutine[Any, Any, T]) -> T:
    """With uvloop where there is one; it about halves the time per request."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
