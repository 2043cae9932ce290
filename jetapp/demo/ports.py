"""The demo's ports: the usual ones, else free ones, and never those of another demo that is just starting."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from jetapp.local_servers import free_port

LOCAL = "127.0.0.1"
USUAL = {"web": 8000, "carrier": 8010, "mail": 8025, "feed": 8040}


class Ports:
    """Numbers by name. Until `close()` no other demo on this machine takes them, even before our servers listen."""

    def __init__(self) -> None:
        self._claims: list[IO[str]] = []
        self.numbers = {name: self._take(usual) for name, usual in USUAL.items()}

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    def close(self) -> None:
        for claim in self._claims:
            with suppress(OSError):
                Path(claim.name).unlink()
            claim.close()
        self._claims.clear()

    def _take(self, usual: int) -> int:
        number = usual
        while not (is_free(number) and self._claim(number)):
            number = free_port()
        return number

    def _claim(self, number: int) -> bool:
        # A lock goes with its process, however that ends; a file that stays behind claims nothing.
        path = Path(tempfile.gettempdir()) / f"jetapp-demo-{os.getuid()}-{number}.lock"
        try:
            claim = path.open("w")
        except OSError:
            return False
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its holder may have removed it between our opening and locking.
            if not path.exists() or os.fstat(claim.fileno()).st_ino != path.stat().st_ino:
                raise BlockingIOError
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True


def is_free(port: int) -> bool:
    """Whether nobody listens there now."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier demo that are still fading away do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCAL, port))
        except OSError:
            return False
    return True
