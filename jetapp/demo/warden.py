"""Ends the demo's processes when the demo itself was killed. Run as a script; needs nothing but Python.

Reads lines "+<pid>" and "-<pid>" about sessions that were started and ended. When its input closes, its parent is
gone: whatever is left is asked to end and then killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PATIENCE_SECONDS = 5.0


def members(session: int) -> list[int]:
    """The processes of a session, its leader's process groups and all (RQ's work-horses have groups of their own)."""
    proc = Path("/proc")
    if not proc.is_dir():
        return [session] if _is_there(session) else []
    found = []
    for entry in proc.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # The name, in brackets, may hold anything; after it come state, parent, group and session.
            state, _, _, theirs = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(theirs) == session and state != "Z":
                found.append(int(entry.name))
    return found


def tell(session: int, number: signal.Signals) -> None:
    """Send a signal to the leader's group; SIGKILL goes to every process of the session."""
    if number is signal.SIGKILL:
        for pid in members(session):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(session, number)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            sessions.add(pid)
        else:
            sessions.discard(pid)
    for session in sessions:
        tell(session, signal.SIGTERM)
    ends = time.monotonic() + PATIENCE_SECONDS
    while any(members(session) for session in sessions) and time.monotonic() < ends:
        time.sleep(0.1)
    for session in sessions:
        tell(session, signal.SIGKILL)


if __name__ == "__main__":
    main()
