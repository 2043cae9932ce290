"""Starts the demo's processes, keeps them running, and leaves none behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from jetapp.demo import warden

STAYS_UP_SECONDS = 5.0
CRASHES_IN_A_ROW = 5
ASK_AGAIN_SECONDS = 1.5
"""RQ ends a running job only at the second request, and takes two within a second for one."""
PATIENCE_SECONDS = 8.0
TICK = 0.1


class DemoError(RuntimeError):
    """The demo cannot go on; the text says why."""


class Stopped(Exception):
    """Somebody asked us to end."""


class Child:
    """One process in a session of its own, so that Ctrl-C in the terminal reaches only us."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.crashes = 0
        self.restarts = 0
        self.start_at = 0.0
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started = time.monotonic()

    @property
    def age(self) -> float:
        return time.monotonic() - self._started

    def last_words(self, lines: int = 15) -> str:
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return "(no log)"


class Supervisor:
    """Owns every process it starts. `tend()` must be called every now and then; `stop()` ends everything."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._asked_to_stop = False
        self._warden = subprocess.Popen(
            [sys.executable, "-I", str(Path(warden.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def on_signal(self, *_: object) -> None:
        self._asked_to_stop = True

    def check(self) -> None:
        """Raise `Stopped` if a signal came."""
        if self._asked_to_stop:
            raise Stopped

    def guard(self, pid: int | None) -> None:
        """Have a process ended with us that somebody else starts and stops (Redis)."""
        if pid:
            self._tell_warden(f"+{pid}")

    def start(self, child: Child) -> Child:
        """Start it and keep it running."""
        self._launch(child)
        self._children.append(child)
        return child

    def run(self, child: Child) -> None:
        """Start it and wait for its end. Raises `DemoError` when it fails."""
        self._launch(child)
        try:
            while child.code is None:
                self.check()
                time.sleep(TICK)
        finally:
            self._end([child])
        if child.code:
            raise DemoError(f"{child.name} failed:\n{child.last_words()}")

    def wait(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for `condition`, tending the processes. Raises `DemoError` when it does not come true in time."""
        ends = time.monotonic() + seconds
        while not condition():
            self.tend()
            if time.monotonic() > ends:
                logs = "\n".join(f"--- {child.name}\n{child.last_words(5)}" for child in self._children)
                raise DemoError(f"{what} took longer than {seconds:g} seconds.\n{logs}")
            time.sleep(TICK)

    def tend(self) -> None:
        """Start again what has ended. Raises `Stopped`, or `DemoError` when something does not stay up."""
        self.check()
        for child in self._children:
            if child.code is None:
                if child.crashes and child.age > STAYS_UP_SECONDS:
                    child.crashes = 0
                continue
            if not child.start_at:
                self._noticed(child)
            if time.monotonic() >= child.start_at:
                self._launch(child)
                child.restarts += 1
                child.start_at = 0.0

    def _noticed(self, child: Child) -> None:
        # A worker that was killed may have left a work-horse behind, which finishes its job.
        if not warden.members(child.pid):
            self._tell_warden(f"-{child.pid}")
        # Somebody killed it: that says nothing about whether it works.
        child.crashes += 1 if (child.code or 0) >= 0 else 0
        if child.crashes >= CRASHES_IN_A_ROW:
            raise DemoError(f"{child.name} does not stay up:\n{child.last_words()}")
        pause = 0.0 if child.crashes <= 1 else min(10.0, 0.5 * 2**child.crashes)
        child.start_at = time.monotonic() + pause
        self._say(f"{child.name} ended ({_ending(child.code)}) and is started again; see {child.log}")

    def stop(self) -> None:
        """End everything, whatever happens meanwhile."""
        children, self._children = self._children, []
        self._end(children)
        if self._warden.stdin is not None:
            with suppress(OSError):
                self._warden.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._warden.wait(PATIENCE_SECONDS)

    def _launch(self, child: Child) -> None:
        child.start()
        self._tell_warden(f"+{child.pid}")

    def _end(self, children: Sequence[Child]) -> None:
        started = time.monotonic()
        left = [child for child in children if child.pid and warden.members(child.pid)]
        asked = 0
        while left and time.monotonic() - started < PATIENCE_SECONDS:
            if asked == 0 or (asked == 1 and time.monotonic() - started > ASK_AGAIN_SECONDS):
                asked += 1
                for child in left:
                    warden.tell(child.pid, signal.SIGTERM)
            time.sleep(TICK / 2)
            left = [child for child in left if child.code is None or warden.members(child.pid)]
        for child in left:
            warden.tell(child.pid, signal.SIGKILL)
        for child in children:
            while child.pid and child.code is None:
                time.sleep(TICK / 10)
            if child.pid:
                self._tell_warden(f"-{child.pid}")

    def _tell_warden(self, line: str) -> None:
        if self._warden.stdin is not None:
            with suppress(OSError, ValueError):
                self._warden.stdin.write(f"{line}\n".encode())
                self._warden.stdin.flush()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
