"""The product's own processes as the tests start, kill, freeze and watch them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARKER = "FAULT_HARNESS"


def wait_for(condition: Callable[[], object], seconds: float = 60.0, *, what: str = "", pause: float = 0.05) -> object:
    """The first true value of the condition; the test fails when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"not reached within {seconds:g} s: {what or condition}")
        time.sleep(pause)


def children_of(pid: int) -> list[int]:
    """The living child processes (a worker's horses)."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split() if _alive(int(word))]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def send(pid: int, number: signal.Signals) -> bool:
    """Whether the signal found the process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


class Processes:
    """Every process of one plant; what they started themselves is found again by a mark in their environment."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.mark = uuid4().hex
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JETAPP_")},
            **environment,
            MARKER: self.mark,
            "PYTHONUNBUFFERED": "1",
        }
        self.started: list[Process] = []

    def start(self, name: str, *arguments: str, **environment: str) -> Process:
        process = Process(name, [sys.executable, *arguments], {**self.environment, **environment}, self.folder)
        self.started.append(process)
        return process

    def run(self, *arguments: str, seconds: float = 120.0, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command of `python -m jetapp`, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "jetapp", *arguments],
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def log(self, name: str) -> str:
        """All that processes of this name wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob(f"{name}*.log")))

    def close(self) -> None:
        for process in self.started:
            process.kill()
        for pid in self._marked():
            send(pid, signal.SIGKILL)

    def _marked(self) -> Iterator[int]:
        mark = f"{MARKER}={self.mark}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes():
                    yield int(entry.name)


class Process:
    """One process with its log; its children may be reached apart from it."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._command, self._environment = command, environment
        self._log = folder / f"{name}-{uuid4().hex[:8]}.log"
        self._process: subprocess.Popen[bytes]
        self.starts = 0
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=dict(self._environment), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.starts += 1

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def children(self) -> list[int]:
        return children_of(self.pid)

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        if self.code is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """At once, as a power cut of this process alone: its children live on."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def kill_with_children(self) -> None:
        horses = self.children
        self.kill()
        for pid in horses:
            send(pid, signal.SIGKILL)

    def wait(self, seconds: float = 60.0) -> int:
        return self._process.wait(seconds)


class Supervisor:
    """Starts again whatever has ended, as systemd's `Restart=always` does, until closed."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = list(processes)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            for process in self._processes:
                if process.code is not None:
                    process.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
