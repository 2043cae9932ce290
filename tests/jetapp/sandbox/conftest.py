"""A receiver for webhooks, the real Twilio client, and the real carrier process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.sandbox_process import AUTH_TOKEN, SENDER, Sandbox, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]


@dataclass(frozen=True)
class Hit:
    method: str
    path: str
    fields: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Plays the product: keeps what comes in and answers what the test says."""

    url: str
    hits: list[Hit] = field(default_factory=list)
    answer: Callable[[Hit], tuple[int, str]] = lambda hit: (200, "")

    def posts(self) -> list[Hit]:
        return [hit for hit in self.hits if hit.method == "POST"]

    def statuses(self) -> list[str]:
        return [hit.fields["MessageStatus"] for hit in self.posts()]

    def signed(self, hit: Hit) -> bool:
        validator = RequestValidator(AUTH_TOKEN)
        return bool(validator.validate(self.url + hit.path, hit.fields, hit.headers["X-Twilio-Signature"]))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fields = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
            hit = Hit(self.command, self.path, fields, dict(self.headers), body)
            found.hits.append(hit)
            status, text = found.answer(hit)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if self.command == "GET" else "text/xml")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A caller that hung up is part of the test."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def twilio(sandbox: Sandbox) -> Iterator[Client]:
    """The real SDK, pointed at the carrier; gives up on an answer after a second."""
    http = TwilioHttpClient(timeout=1.0)
    client = Client(sandbox.account_sid, sandbox.auth_token, http_client=http)
    client.api.base_url = sandbox.http
    yield client
    http.session.close()


Send = Callable[..., str]


@pytest.fixture
def send(twilio: Client) -> Send:
    """Send one SMS; gives its sid."""

    def sent(number: int = 1, body: str = "Are you safe?", **more: object) -> str:
        message = twilio.messages.create(to=phone(number), **{"from_": SENDER, "body": body, **more})
        return str(message.sid)

    return sent


def phone(number: int) -> str:
    return f"+8190{number:08d}"
