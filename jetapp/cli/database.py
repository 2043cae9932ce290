"""`jetapp db …`: migrations, the same for SQLite and PostgreSQL, and the reference data."""

from __future__ import annotations

from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from flask_migrate import downgrade as alembic_downgrade
from flask_migrate import revision as alembic_revision
from flask_migrate import upgrade as alembic_upgrade

from models import places
from models.access import acting_as, system
from models.db import transaction
from models.organisation import Host, HostKind
from models.place import Municipality, Prefecture
from notifications.safety import rulebook

MIGRATIONS = str(Path(__file__).parents[1] / "migrations")

group = AppGroup("db", help="The database.")


@group.command("upgrade")
@click.argument("revision", default="head")
@with_appcontext
def upgrade_command(revision: str) -> None:
    """Bring the tables to the newest form and load prefectures, municipalities, hosts and rules."""
    alembic_upgrade(directory=MIGRATIONS, revision=revision)
    if revision == "head":
        load_reference_data()


@group.command("downgrade")
@click.argument("revision", default="-1")
@with_appcontext
def downgrade_command(revision: str) -> None:
    """Go back one revision (or to REVISION)."""
    alembic_downgrade(directory=MIGRATIONS, revision=revision)


@group.command("revision")
@click.option("-m", "--message", required=True)
@click.option("--autogenerate/--empty", default=True)
@with_appcontext
def revision_command(message: str, autogenerate: bool) -> None:
    """Write a new migration (for developers)."""
    alembic_revision(directory=MIGRATIONS, message=message, autogenerate=autogenerate)


def upgrade(app: Flask) -> None:
    """Tables and reference data of `app`'s database, brought up to date."""
    with app.app_context():
        alembic_upgrade(directory=MIGRATIONS)
        load_reference_data()


def load_reference_data() -> None:
    """Prefectures, municipalities and hosts as in models/places, and trigger rules that are missing; re-running
    changes only what differs, and never what staff have changed."""
    with acting_as(system("reference data")), transaction() as session:
        for prefecture in places.prefectures().values():
            session.merge(Prefecture(code=prefecture.jis2, name_ja=prefecture.name_ja, name_en=prefecture.name_en))
        session.flush()
        known = {m.code: m for m in session.scalars(sa.select(Municipality))}
        for place in places.municipalities().values():
            row = known.get(place.jis5)
            if row is None:
                row = Municipality(code=place.jis5)
                session.add(row)
            row.prefecture_code = place.prefecture
            row.name_ja, row.name_en = place.name_ja, place.name_en
            row.designated_city = place.designated
        session.flush()
        hosts = {host.code: host for host in session.scalars(sa.select(Host))}
        entries = [(HostKind.PREFECTURE, p.jis2, p.name_ja, p.name_en) for p in places.prefectures().values()]
        entries += [
            (HostKind.DESIGNATED_CITY, c.jis5, c.name_ja, c.name_en) for c in places.designated_cities().values()
        ]
        for kind, code, name_ja, name_en in entries:
            host = hosts.get(code) or Host(code=code)
            host.kind, host.name_ja, host.name_en, host.prefecture_code = kind, name_ja, name_en, code[:2]
            session.add(host)
        session.flush()
        rulebook.load_defaults()
