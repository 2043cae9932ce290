"""The whole product under test: real Redis, PostgreSQL and carrier, real processes, and a look at all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Connection

from jetapp.local_servers import RedisServer
from models.access import acting_as, system
from models.db import db, system_connection, transaction
from models.message import Message
from models.types import db_now
from notifications import settings as machine
from notifications.safety import checks
from notifications.safety.targets import Area
from tests.faults.processes import Process, Processes, Supervisor, wait_for
from tests.sandbox_process import Sandbox
from tests.servers import PostgresServer

message = Message.__table__
TOWN = "04202"
OTHER_TOWN = "04213"
NOBODY = "redis://127.0.0.1:9/0"


@dataclass
class Plant:
    """`app` is the operator's own process (this one): it opens checks through the same doors as the pages do."""

    app: Flask
    environment: dict[str, str]
    redis: RedisServer
    postgres: PostgresServer
    sandbox: Sandbox
    processes: Processes
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def web(self, workers: int = 2, threads: int = 4) -> Process:
        """gunicorn, as in production."""
        process = self.processes.start(
            "web",
            *("-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{self.port}"),
            *("--workers", str(workers), "--threads", str(threads), "--log-level", "warning"),
        )
        wait_for(lambda: process.code is not None or self._web_answers(), what="the web process answers")
        assert process.code is None, process.log
        return process

    def _web_answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=5):
                return True
        except (URLError, OSError):
            return False

    def worker(self, **environment: str) -> Process:
        return self.processes.start("worker", "-m", "jetapp", "worker", **environment)

    def scheduler(self, **environment: str) -> Process:
        return self.processes.start("scheduler", "-m", "jetapp", "scheduler", **environment)

    @contextmanager
    def running(self, workers: int = 2, schedulers: int = 1, *, web: bool = True) -> Iterator[list[Process]]:
        """Everything started and kept alive; the worker processes."""
        if web:
            self.web()
        started = [self.worker() for _ in range(workers)]
        supervisor = Supervisor([*started, *(self.scheduler() for _ in range(schedulers))])
        try:
            yield started
        finally:
            supervisor.close()

    @contextmanager
    def acting(self) -> Iterator[None]:
        """The operator's session as the system."""
        with self.app.app_context(), acting_as(system("fault harness")):
            yield

    def launch(self, key: str = "fault", towns: Sequence[str] = (TOWN,), **more: Any) -> int:
        """A check opened through the same door as the page's; its id."""
        with self.acting(), transaction():
            areas = [Area(town, "intensity", 60, "6-") for town in towns]
            return checks.start(key=key, title_en="Test earthquake", areas=areas, **more).id

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """The operator's process wakes nobody: as if it died between its commit and its call to the queue."""
        before = machine.current()
        machine.install({name.upper(): value for name, value in vars(before).items()} | {"REDIS_URL": NOBODY})
        try:
            yield
        finally:
            machine.install({name.upper(): value for name, value in vars(before).items()})

    def change(self, work: Callable[[], Any]) -> Any:
        """Domain work in one transaction of the operator."""
        with self.acting(), transaction():
            return work()

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A short transaction past all filters."""
        with self.app.app_context(), system_connection(db.engine) as connection:
            yield connection

    def count(self, *where: sa.ColumnElement[bool]) -> int:
        """How many message rows."""
        with self.look() as connection:
            found = connection.execute(sa.select(sa.func.count()).select_from(message).where(*where)).scalar_one()
            return int(found)

    def states(self) -> dict[str, int]:
        """How many message rows stand in each state of each channel."""
        columns = (message.c.channel, message.c.state)
        with self.look() as connection:
            rows = connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns)).all()
        return {f"{row[0]} {row[1]}": row[2] for row in sorted(rows)}

    def settle(self, seconds: float = 120.0, *where: sa.ColumnElement[bool]) -> None:
        """Wait until every message (of those meant) is finished."""
        try:
            wait_for(lambda: self.count(message.c.finished_at.is_(None), *where) == 0, seconds, pause=0.2)
        except BaseException:
            self.tell()
            raise

    def settle_by_asking(self, seconds: float = 60.0) -> None:
        """The same where callbacks were lost: what the carrier is silent on is asked about after an hour, and here
        the hours pass quickly."""

        def over() -> bool:
            with self.look() as connection:
                connection.execute(
                    sa.update(message)
                    .where(message.c.state.in_(["accepted", "sent"]), message.c.finished_at.is_(None))
                    .values(lease_until=db_now())
                )
            return self.count(message.c.finished_at.is_(None)) == 0

        try:
            wait_for(over, seconds, pause=1.0)
        except BaseException:
            self.tell()
            raise

    def tell(self) -> None:
        """For a failure's report: the rows that are not finished and the ends of all logs."""
        print("states:", self.states())  # noqa: T201
        with self.look() as connection:
            for row in connection.execute(sa.select(message).where(message.c.finished_at.is_(None)).limit(5)):
                print({name: str(value) for name, value in row._mapping.items() if name != "body"})  # noqa: T201
        for process in self.processes.started:
            print(f"--- {process.name} {process.pid}, code {process.code}:\n{process.log[-3000:]}")  # noqa: T201
