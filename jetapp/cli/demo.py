"""`jetapp demo …`: a fictitious population to try things with."""

from __future__ import annotations

import json
import time

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from jetapp.demo import queries, service
from jetapp.demo.logins import LOGINS, PASSWORD
from jetapp.demo.shape import PARTICIPANTS
from models.access import acting_as, system
from models.db import transaction
from models.errors import Forbidden

SEED = 2025

group = AppGroup("demo", help="A fictitious population to try things with.")


def init_app(app: Flask) -> None:
    """Let the sign-in page of a demonstration show how to get in."""
    if app.config["ENV"] == "demo":
        app.extensions["demo_logins"] = [
            {"email": login.email, "password": PASSWORD, "label": f"{login.what_en} / {login.what_ja}"}
            for login in LOGINS
        ]


@group.command("load")
@click.option("--participants", default=PARTICIPANTS, show_default=True, type=click.IntRange(1, 500_000))
@click.option("--seed", default=SEED, show_default=True, help="The same seed gives the same people.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@with_appcontext
def load_command(participants: int, seed: int, as_json: bool) -> None:
    """Load fictitious participants, shaped by the printed figures, and a log-in for each role."""
    refuse_in_production()
    started = time.monotonic()
    with acting_as(system("demo load")):
        with transaction():
            population = service.load(participants, seed)
        found = queries.counts()
    if as_json:
        logins = [{"email": login.email, "password": PASSWORD, "role": login.what_en} for login in LOGINS]
        click.echo(json.dumps({"loaded": population is not None, **found, "seed": seed, "logins": logins}))
        return
    what = f"{found['participants']} participants, {found['organisations']} contracting organisations"
    if population is None:
        click.echo(f"A demo population is here already ({what}): nothing changed.")
    else:
        click.echo(f"Loaded {what} in {time.monotonic() - started:.1f} s (seed {seed}).")
    click.echo(f"Log-ins, password {PASSWORD}:")
    for login in LOGINS:
        click.echo(f"  {login.email:26} {login.what_en}")


def refuse_in_production() -> None:
    """The demo password is known to everybody: such accounts must never reach a real system."""
    if current_app.config["ENV"] not in ("demo", "test"):
        raise Forbidden("demo_in_production", "Demo people and log-ins are never loaded in production.")
