"""`make demo ONCE=1`, with fewer people: the whole product as processes, from the telegram in a feed to the answers."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

PEOPLE = 60


def demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "jetapp", "demo", "run", "--participants", str(PEOPLE), "--folder", str(folder)]
    return subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def processes_of(folder: Path) -> list[str]:
    """What still runs with the demo's database or Redis."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in told and int(entry.name) != os.getpid():
            found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_nobody_is_lost_and_nobody_asked_twice(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    running = demo(folder, "--once")
    out, said = running.communicate()
    assert running.returncode == 0, said
    summary = json.loads(out.splitlines()[-1])
    assert list(summary) == [
        *("asked", "messages", "accepted", "delivered", "answered", "lost", "duplicates", "seconds")
    ]
    assert summary["asked"] > 0
    assert summary["messages"] >= summary["asked"]
    assert summary["answered"] > 0
    assert (summary["lost"], summary["duplicates"]) == (0, 0)
    with closing(sqlite3.connect(folder / "jetapp.sqlite")) as rows:
        assert rows.execute("SELECT count(*) FROM message WHERE finished_at IS NULL").fetchone()[0] == 0
        assert rows.execute("SELECT count(*) FROM recipient").fetchone()[0] == summary["asked"]
        source = rows.execute("SELECT source FROM telegram").fetchone()[0]
        assert source.startswith("http://127.0.0.1:"), "the telegram came through the feed"
    assert processes_of(folder) == []


def test_it_goes_on_after_crashes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    running = demo(folder)
    try:
        assert running.stderr is not None
        lines = iter(running.stderr)
        said = next((line for line in lines if line.startswith("Running")), "")
        assert said, "it never ran"
        killed = False
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                ours = os.fsencode(folder) in (entry / "environ").read_bytes()
            except OSError:
                continue
            if ours and command.endswith(b"jetapp\0worker\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                killed = True
                break
        assert killed
        assert "started again" in next(lines)
        running.send_signal(signal.SIGTERM)
        assert running.wait() == 0
    finally:
        running.kill()
        running.communicate()
    assert processes_of(folder) == []


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = demo(tmp_path, "--once")
        out, said = running.communicate()
    assert running.returncode == 1
    assert out == ""
    assert "runs here already" in said


def test_a_file_that_is_no_telegram_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.xml"
    file.write_text("<letter>Dear all</letter>")
    running = demo(tmp_path / "demo", "--once", "--telegram", str(file))
    out, said = running.communicate()
    assert running.returncode == 1
    assert out == ""
    assert "letter.xml" in said
