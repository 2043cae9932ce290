"""The real sandbox carrier as a process on free ports, with a small client for its knobs.

with sandbox_process(sent_after_ms=0) as sandbox:      # or the fixture `sandbox` after
    sandbox.set(share_429=0.3)                         # `from tests.sandbox_process import sandbox  # noqa: F401`
    sandbox.wait(lambda: sandbox.stats()["accepted"] == 3)
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[1]
AUTH_TOKEN = "sandbox-test-token"
SENDER = "+15005550006"
QUICK = {"sent_after_ms": 0, "delivered_after_ms": 0}


class SandboxError(Exception):
    """The carrier refused a change; `errors` says what was wrong by knob."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.errors = body.get("errors", {}) if isinstance(body, dict) else {}


@dataclass(frozen=True)
class Sandbox:
    http: str
    smtp: str
    account_sid: str
    sender: str
    pid: int
    auth_token: str = AUTH_TOKEN
    control_token: str = ""

    @property
    def smtp_address(self) -> tuple[str, int]:
        host, _, port = self.smtp.removeprefix("smtp://").partition(":")
        return host, int(port)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """A request to `/_sandbox/<path>`; JSON in and out."""
        url = f"{self.http}/_sandbox/{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.control_token}"} if self.control_token else {}
        try:
            with urlopen(Request(url, data=data, method=method, headers=headers), timeout=30) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                raise SandboxError(error.code, json.load(error)) from None

    def set(self, **knobs: Any) -> dict[str, Any]:
        return self.call("PUT", "settings", knobs)

    def settings(self) -> dict[str, Any]:
        return self.call("GET", "settings")

    def reset(self, *, keep_knobs: bool = False) -> None:
        self.call("POST", "reset", **({"knobs": "keep"} if keep_knobs else {}))

    def stats(self) -> dict[str, Any]:
        return self.call("GET", "stats")

    def messages(self, **filters: Any) -> list[dict[str, Any]]:
        """Oldest first; filters `to`, `direction`, `limit`, and `from` as `**{"from": …}`."""
        return self.call("GET", "messages", **filters)["messages"]

    def mails(self, **filters: Any) -> list[dict[str, Any]]:
        return self.call("GET", "mails", **filters)["mails"]

    def inbound(self, phone: str, body: str, to: str = SENDER) -> dict[str, Any]:
        """An SMS from this phone; gives the sid and what the product's webhook answered."""
        return self.call("POST", "inbound", {"from": phone, "body": body, "to": to})

    def wait(self, condition: Callable[[], Any], seconds: float = 20.0) -> Any:
        """The first true value of the condition; fails when there is none in time."""
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                pytest.fail(f"not reached within {seconds} s; stats: {self.stats()}")
            time.sleep(0.01)

    def wait_idle(self, seconds: float = 20.0) -> dict[str, Any]:
        """Wait until every accepted message is final and no callback is on its way; gives the stats."""

        def idle() -> dict[str, Any] | None:
            stats = self.stats()
            moving = sum(stats["statuses"].get(status, 0) for status in ("accepted", "queued", "sending", "sent"))
            return stats if not moving and not stats["callbacks"]["pending"] else None

        return self.wait(idle, seconds)


@contextmanager
def sandbox_process(*arguments: str, control_token: str = "", **knobs: Any) -> Iterator[Sandbox]:
    """`arguments` as for `python -m jetapp.sandbox`; `knobs` are those to start with (and to reset to)."""
    command = [sys.executable, "-m", "jetapp.sandbox", "--auth-token", AUTH_TOKEN, "--settings", json.dumps(knobs)]
    if control_token:
        command += ["--control-token", control_token]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox carrier did not start: exit code {process.wait()}")
        yield Sandbox(**json.loads(line), pid=process.pid, control_token=control_token)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    """One carrier for the whole run; messages become final at once."""
    with sandbox_process(**QUICK) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_server: Sandbox) -> Sandbox:
    """Empty and with the knobs of the start."""
    sandbox_server.reset()
    return sandbox_server
