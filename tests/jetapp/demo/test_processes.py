"""Processes that are kept running, and of which none is left, however the demo itself ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jetapp.demo import warden
from jetapp.demo.processes import CRASHES_IN_A_ROW, Child, DemoError, Stopped, Supervisor

SLEEPS = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
WITH_HORSE = f"""
import os, subprocess, sys, time
horse = subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], preexec_fn=os.setpgrp)
print(horse.pid, flush=True)
time.sleep(600)
"""
PARENT = f"""
import sys, time
from pathlib import Path
from jetapp.demo.processes import Child, Supervisor
supervisor = Supervisor(print)
child = supervisor.start(Child("sleeper", [sys.executable, "-c", {SLEEPS!r}], {{}}, Path(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(600)
"""


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "not reached in time"
        time.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(said.append)
    yield made
    made.stop()


def child(folder: Path, code: str, name: str = "child") -> Child:
    return Child(name, [sys.executable, "-c", code], os.environ, folder / f"{name}.log")


def test_what_dies_is_started_again_and_said(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    sleeper = supervisor.start(child(tmp_path, SLEEPS))
    first = sleeper.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: supervisor.tend() or sleeper.pid != first)
    assert sleeper.code is None
    assert said == [f"child ended (killed by SIGKILL) and is started again; see {tmp_path / 'child.log'}"]


def test_what_does_not_stay_up_is_an_error_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jetapp.demo.processes.CRASHES_IN_A_ROW", 2)
    supervisor.start(child(tmp_path, "raise SystemExit('no such port')"))
    with pytest.raises(DemoError, match="no such port"):
        until(supervisor.tend)
    assert CRASHES_IN_A_ROW > 2


def test_a_step_that_fails_is_an_error(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.run(child(tmp_path, "pass", "good"))
    with pytest.raises(DemoError, match="disk is full"):
        supervisor.run(child(tmp_path, "raise SystemExit('disk is full')", "bad"))


def test_a_signal_ends_a_step(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.on_signal()
    step = child(tmp_path, SLEEPS)
    with pytest.raises(Stopped):
        supervisor.run(step)
    assert warden.members(step.pid) == []


def test_grandchildren_in_groups_of_their_own_end_too(supervisor: Supervisor, tmp_path: Path) -> None:
    worker = supervisor.start(child(tmp_path, WITH_HORSE))
    until(lambda: worker.log.read_text().strip())
    assert len(warden.members(worker.pid)) == 2
    supervisor.stop()
    assert warden.members(worker.pid) == []


def test_what_does_not_want_to_end_is_killed(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jetapp.demo.processes.PATIENCE_SECONDS", 0.2)
    stubborn = supervisor.start(child(tmp_path, STUBBORN))
    until(lambda: stubborn.log.read_text())
    supervisor.stop()
    assert stubborn.code == -signal.SIGKILL


def test_nothing_is_left_when_the_demo_itself_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    sleeper = int(parent.stdout.readline())
    assert warden.members(sleeper) == [sleeper]
    parent.kill()
    parent.communicate()
    until(lambda: warden.members(sleeper) == [])
