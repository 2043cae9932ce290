"""The command line: `jetapp …`, also `flask --app wsgi …`. One file per noun."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import FlaskGroup

from jetapp.cli import (
    backup,
    database,
    demo,
    demo_run,
    doctor,
    hazards,
    people,
    replies,
    safety,
    settings,
    users,
    worker,
)
from jetapp.cli.language import told
from models.errors import DomainError


def init_app(app: Flask) -> None:
    for command in (
        database.group,
        hazards.group,
        safety.group,
        replies.group,
        demo.group,
        people.participants,
        people.organisations,
        users.group,
        worker.worker_command,
        worker.scheduler_command,
        worker.drain_command,
        backup.backup_command,
        backup.restore_command,
        doctor.doctor_command,
        settings.settings_command,
    ):
        app.cli.add_command(command)
    demo.init_app(app)


def _make_app() -> Flask:
    from jetapp import create_app  # noqa: PLC0415 - only when a command needs the application

    return create_app()


@click.group(cls=FlaskGroup, create_app=_make_app, add_default_commands=False, add_version_option=False)
def group() -> None:
    """jetapp: participants, safety checks, courses and fairs of the JET Programme."""


# These must work when no application can be made: to find out why, or before there is one.
demo.group.add_command(demo_run.run_command)
for _command in (doctor.doctor_command, settings.settings_command, hazards.group, replies.group, demo.group):
    group.add_command(_command)


def main() -> None:
    """The console script. A refusal is one clear line on standard error and exit code 1."""
    from jetapp.config import SettingsError  # noqa: PLC0415

    try:
        group.main(standalone_mode=True)
    except DomainError as error:
        click.echo(told(error), err=True)
        sys.exit(1)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
