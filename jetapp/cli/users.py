"""`jetapp users create`: people who sign in."""

from __future__ import annotations

import json
import secrets
import sys

import click
from flask.cli import AppGroup

from jetapp.accounts import creation
from models.access import Role, acting_as, system
from models.db import transaction

group = AppGroup("users", help="People who sign in.")
ROLES = [role.value for role in Role if role is not Role.SYSTEM]


@group.command("create")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--host", help="Code of the host: two digits of a prefecture, five of a designated city.")
@click.option("--organisation", help="Code of the contracting organisation.")
@click.option("--participant", metavar="JETNO", help="JET number of the participant.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def create_command(
    email: str,
    name: str,
    role: str,
    host: str | None,
    organisation: str | None,
    participant: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Create an account with one role, or give an existing one a further role (its password stays)."""
    scopes = {Role.HOST: host, Role.ORGANISATION: organisation, Role.PARTICIPANT: participant}
    wanted = Role(role)
    for other, value in scopes.items():
        if value and other is not wanted:
            raise click.UsageError(f"--{other.value} does not go with --role {role}.")
    if wanted in scopes and not scopes[wanted]:
        raise click.UsageError(f"--role {role} needs --{role}.")
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    password = given if given is not None else secrets.token_urlsafe(12)
    with acting_as(system("users create")), transaction():
        made = creation.create_user(email, name, password, wanted, scopes.get(wanted) or "")
    shown = None if password_stdin or not made.new else password
    if as_json:
        click.echo(json.dumps({"email": made.email, "role": role, "created": made.new, "password": shown}))
        return
    click.echo(f"{made.email}: {'created' if made.new else 'further role added, password unchanged'} ({role})")
    if shown:
        click.echo(f"Password: {shown}")
