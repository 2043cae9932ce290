"""Where the demo lives: its folder, its ports, and the settings its processes get."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jetapp.demo.ports import LOCAL, Ports
from jetapp.demo.processes import DemoError
from jetapp.sandbox.options import DEFAULT_ACCOUNT_SID, DEFAULT_SENDER

CARRIER = {
    "latency_ms": 20,
    "latency_jitter_ms": 40,
    "share_429": 0.01,
    "share_500_after": 0.004,
    "share_close_after": 0.004,
    "sent_after_ms": 200,
    "delivered_after_ms": 500,
    "delivery_jitter_ms": 1500,
    "delivery_errors": [{"code": 30003, "share": 0.02}, {"code": 30005, "share": 0.005}],
    "callback_double": 0.02,
    "smtp_latency_ms": 10,
    "answer_share": 0.75,
    "answer_mail_share": 0.3,
    "answer_by_sms": 0.15,
    "answer_after_min_ms": 2_000,
}
"""A carrier of moderate virtue, so that the demo shows what the product does about it; and people who answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """The demo's folder with its ports; `settings` are the `JETAPP_*` variables of every process."""

    folder: Path
    ports: Ports
    settings: Mapping[str, str]
    knobs: Mapping[str, object]

    @property
    def web(self) -> str:
        return f"http://{LOCAL}:{self.ports['web']}"

    @property
    def carrier(self) -> str:
        return f"http://{LOCAL}:{self.ports['carrier']}"

    @property
    def database(self) -> str:
        return self.settings["JETAPP_DATABASE_URL"]

    def environment(self) -> dict[str, str]:
        """Of a child: ours without settings of another installation, and no proxy between its own parts."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JETAPP_")}
        direct = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), LOCAL, "localhost"]))
        return {**kept, **self.settings, "NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1"}

    def log(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.log"

    def write_settings(self) -> Path:
        """A file to read into a shell, for commands about the running demo (`. .demo/env; jetapp doctor`)."""
        file = self.folder / "env"
        _write_private(file, "".join(f"export {n}={shlex.quote(v)}\n" for n, v in sorted(self.settings.items())))
        return file


def take(folder: Path) -> IO[str]:
    """Make the folder ours until the file returned is closed. Raises `DemoError` while another demo has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "?"
        lock.close()
        raise DemoError(f"A demo runs here already (process {holder}). Stop it first, or use another folder.") from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def empty(folder: Path) -> None:
    """Remove what an earlier demo left: people, checks, queue and logs."""
    for path in (*folder.glob("jetapp.sqlite*"), *folder.glob("*.log")):
        path.unlink(missing_ok=True)
    for name in ("redis", "metrics"):
        shutil.rmtree(folder / name, ignore_errors=True)


def prepare(folder: Path, redis_url: str, feeds: list[str], ports: Ports, answer_seconds: float) -> Place:
    """Choose the settings. `feeds` are read besides the demo's own."""
    folder = folder.resolve()
    (folder / "metrics").mkdir(exist_ok=True)
    local = f"http://{LOCAL}"
    settings = {
        "ENV": "demo",
        "SECRET_KEY": _secret(folder / "secret_key"),
        "DATABASE_URL": f"sqlite:///{folder / 'jetapp.sqlite'}",
        "REDIS_URL": redis_url,
        "PUBLIC_URL": f"{local}:{ports['web']}",
        "TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": _secret(folder / "carrier_token"),
        "TWILIO_API_BASE": f"{local}:{ports['carrier']}",
        "TWILIO_SENDER": DEFAULT_SENDER,
        "SMS_SEGMENTS_PER_SECOND": "50",
        "SMS_REPLY": "yes",
        "SMTP_URL": f"smtp://{LOCAL}:{ports['mail']}",
        "METRICS_TOKEN": _secret(folder / "metrics_token"),
        "JMA_FEEDS": ",".join(feeds),
        "JMA_POLL_SECONDS": "2",
        "SEND_TIMEOUT_SECONDS": "5",
        "SEND_LEASE_SECONDS": "15",
        "UNKNOWN_WAIT_SECONDS": "3",
        "SWEEP_SECONDS": "1",
    }
    knobs = {**CARRIER, "answer_after_max_ms": int(answer_seconds * 1000)}
    return Place(folder, ports, {f"JETAPP_{name}": value for name, value in settings.items()}, knobs)


def carrier_command(place: Place) -> list[str]:
    """Arguments after `python -m jetapp.sandbox`."""
    settings = place.settings
    return [
        *("--http-port", str(place.ports["carrier"]), "--smtp-port", str(place.ports["mail"])),
        *("--account-sid", settings["JETAPP_TWILIO_ACCOUNT_SID"]),
        *("--auth-token", settings["JETAPP_TWILIO_AUTH_TOKEN"], "--sender", settings["JETAPP_TWILIO_SENDER"]),
        *("--inbound-url", f"{place.web}/webhooks/twilio/inbound", "--settings", json.dumps(place.knobs)),
    ]


def _secret(file: Path) -> str:
    if not file.exists():
        _write_private(file, secrets.token_hex(32))
    return file.read_text().strip()


def _write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as writing:
        writing.write(text)
