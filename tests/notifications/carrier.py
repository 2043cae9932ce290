"""The sending machine connected to the sandbox carrier, for tests of what leaves and what comes back.

`carrier` (fixture) installs settings that point to the sandbox; `write_messages` makes rows without a safety check.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from models.access import acting_as, system
from models.db import db, system_connection, transaction
from models.message import Message
from models.participant import Channel
from notifications import outbox
from notifications import settings as machine
from tests.sandbox_process import Sandbox

NOWHERE = "http://127.0.0.1:9"


def settings_for(sandbox: Sandbox, **changes: Any) -> machine.Settings:
    """The present settings with the sandbox as provider, quick look-ups and no limit of rate."""
    return replace(
        machine.current(),
        **{
            "twilio_account_sid": sandbox.account_sid,
            "twilio_auth_token": (sandbox.auth_token,),
            "twilio_api_base": sandbox.http,
            "twilio_sender": sandbox.sender,
            "smtp_url": sandbox.smtp,
            "mail_from": "JET <jet@jetapp.example>",
            "public_url": NOWHERE,
            "sms_segments_per_second": 0.0,
            "unknown_wait_seconds": 0,
            "send_timeout_seconds": 3.0,
            "send_lease_seconds": 8,
            **changes,
        },
    )


@pytest.fixture
def carrier(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, and the product's settings pointing to it. Callbacks go nowhere unless a test says otherwise."""
    sandbox.set(callback_loss=1.0)
    use(monkeypatch, settings_for(sandbox))
    return sandbox


def use(monkeypatch: pytest.MonkeyPatch, settings: machine.Settings) -> None:
    monkeypatch.setattr(machine, "_current", settings)


def write_messages(count: int, channel: Channel = Channel.SMS, **columns: Any) -> list[int]:
    """`count` messages to as many numbers; their ids in order."""
    with acting_as(system("test")):
        with transaction():
            rows = [
                {
                    "key": f"test:{channel}:{number}",
                    "channel": channel,
                    "address": address(number, channel),
                    "subject": "JET safety check",
                    "body": f"Are you safe? {NOWHERE}/s/{mark(number)}",
                    "mark": mark(number),
                    **columns,
                }
                for number in range(count)
            ]
            outbox.write(rows)
        return list(db.session.scalars(sa.select(Message.id).order_by(Message.id)))


def address(number: int, channel: Channel = Channel.SMS) -> str:
    return f"+8190000{number:05d}" if channel is Channel.SMS else f"person{number}@example.jp"


def mark(number: int) -> str:
    return f"mark{number:07d}"


def states() -> dict[str, int]:
    """How many messages stand in each state."""
    with acting_as(system("test")):
        db.session.rollback()
        rows = db.session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state)).all()
        return {state.value: count for state, count in rows}


def rows() -> list[Message]:
    """All messages, fresh from the database, in order of their ids."""
    with acting_as(system("test")):
        db.session.rollback()
        found = db.session.scalars(sa.select(Message).order_by(Message.id)).all()
        db.session.expunge_all()
        return list(found)


def pass_time(seconds: float) -> None:
    """Let leases, look-ups and due times of all messages come `seconds` nearer, without waiting."""
    table = Message.__table__
    with system_connection(db.engine) as connection:
        for row in connection.execute(sa.select(table.c.id, table.c.lease_until, table.c.due_at)).all():
            earlier = timedelta(seconds=seconds)
            connection.execute(
                sa.update(table)
                .where(table.c.id == row.id)
                .values(lease_until=row.lease_until - earlier if row.lease_until else None, due_at=row.due_at - earlier)
            )
