"""`jetapp worker` and `jetapp scheduler`: the processes that send and the clock that watches over them."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.orm import configure_mappers

from jetapp import schedule
from models.db import db
from notifications import delivery, queue


@click.command("worker")
@click.option("-n", "--processes", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--burst", is_flag=True, help="End when the queue is empty.")
@with_appcontext
def worker_command(processes: int, burst: bool) -> None:
    """Send what is due. Any number may run, on any number of machines."""
    if processes > 1:
        _start_several(processes, burst)
        return
    configure_mappers()
    engine = db.engine

    def in_child() -> None:
        # The parent's connections stay the parent's: closing them here would end its sessions on the server.
        engine.dispose(close=False)

    # What is loaded stays: children need not look through it for garbage, which costs a fifth of a large drain.
    gc.freeze()
    queue.work(in_child, while_down=lambda: delivery.drain(10.0), end_soon=delivery.end_soon, burst=burst)


def _start_several(processes: int, burst: bool) -> None:
    """One process each, started again when it dies, until told to stop."""
    command = [sys.executable, "-m", "jetapp", "worker", *(["--burst"] if burst else [])]
    children = [subprocess.Popen(command) for _ in range(processes)]
    stopped = threading.Event()
    told: set[int] = set()

    def stop(*_: object) -> None:
        stopped.set()
        for child in children:
            if child.pid not in told:
                told.add(child.pid)
                child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not burst and not stopped.wait(1.0):
        for place, child in enumerate(children):
            if child.poll() is not None and not stopped.is_set():
                click.echo(f"worker {child.pid} ended with code {child.returncode}, starting another", err=True)
                children[place] = subprocess.Popen(command)
    if stopped.is_set():
        stop()  # one may have been started at the very moment
    codes = [child.wait() for child in children]
    sys.exit(next((code for code in codes if code), 0))


@click.command("scheduler")
@with_appcontext
def scheduler_command() -> None:
    """The clock: sweeps, reminders, feeds. Two may run; the second waits for the first to fail."""
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        delivery.end_soon()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    click.echo(f"scheduler {os.getpid()} started", err=True)
    gc.freeze()
    schedule.run_for_ever(current_app._get_current_object(), stop)  # type: ignore[attr-defined]


@click.command("drain")
@click.option("--seconds", default=delivery.BUDGET_SECONDS, show_default=True)
@with_appcontext
def drain_command(seconds: float) -> None:
    """Send what is due from this process, without the queue."""
    done = delivery.drain(seconds)
    click.echo(", ".join(f"{name} {value}" for name, value in vars(done).items()), err=True)
