"""What a check says, and how checks are run so that none of them can hang or break the others."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from notifications.settings import Settings

CONNECT_SECONDS = 4
LONGEST_REASON = 300


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` is what was seen; `what_to_do` is empty only when nothing is to be done."""

    name: str
    state: State
    text: str
    what_to_do: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at. Needs no application: it must work when the application cannot start."""

    settings: Settings
    database_url: str
    engine: sa.Engine | None
    folder: Path
    """Where the data of this machine are kept, for the disk space."""


Check = Callable[[Subject], Finding]


class Trouble(Exception):
    """A check found its reason in words; `what_to_do` as in `Finding`."""

    def __init__(self, text: str, what_to_do: str) -> None:
        super().__init__(text)
        self.what_to_do = what_to_do


def engine_for(url: str) -> sa.Engine:
    """An engine of its own, whose connections give up soon. Raises `sa.exc.ArgumentError` for a bad address."""
    address = sa.make_url(url)
    arguments: dict[str, object] = {"timeout": CONNECT_SECONDS}
    if address.get_backend_name() == "postgresql":
        arguments = {"connect_timeout": CONNECT_SECONDS, "options": f"-c statement_timeout={CONNECT_SECONDS * 1000}"}
    return sa.create_engine(address, poolclass=NullPool, connect_args=arguments)


def all_of(checks: Iterable[tuple[str, Check]], subject: Subject, seconds: float) -> list[Finding]:
    """Every check's finding, in order. They run side by side; one that takes longer than `seconds` is a failure."""
    running = [(name, *_started(name, check, subject)) for name, check in checks]
    ends = time.monotonic() + seconds
    findings = []
    for name, thread, result in running:
        thread.join(max(0.0, ends - time.monotonic()))
        late = Finding(
            name, State.FAIL, f"no result within {seconds:g} seconds", "see why it hangs; then run the check again"
        )
        findings.append(result[0] if result else late)
    return findings


def _started(name: str, check: Check, subject: Subject) -> tuple[threading.Thread, list[Finding]]:
    result: list[Finding] = []

    def run() -> None:
        try:
            result.append(check(subject))
        except Trouble as trouble:
            result.append(Finding(name, State.FAIL, str(trouble), trouble.what_to_do))
        except Exception as error:
            text = f"the check itself failed: {type(error).__name__}: {reason(error)}"
            result.append(Finding(name, State.FAIL, text, "look into the configuration; else report it with this text"))

    # A daemon: a check that hangs in the operating system must not keep the command from ending.
    thread = threading.Thread(target=run, name=f"check {name}", daemon=True)
    thread.start()
    return thread, result


def reason(error: BaseException) -> str:
    """The first line of an error, without passwords."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return re.sub(r"(//[^:@/\s]*:)[^@/\s]+@", r"\1…@", text)[:LONGEST_REASON]


def failed(findings: Sequence[Finding]) -> bool:
    return any(finding.state is State.FAIL for finding in findings)


def ago(seconds: float) -> str:
    """A length of time in words, for people."""
    if seconds < 120:
        return f"{max(0, round(seconds))} s"
    if seconds < 7_200:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3_600)} h"
