"""Two doors that wait for each other: PostgreSQL ends one of them, and that one begins again."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from models.access import acting_as, system
from models.db import again_after_deadlock, db, transaction
from models.organisation import Host

pytestmark = pytest.mark.postgres_only


@pytest.mark.parametrize("again", [True, False])
def test_the_door_that_was_ended_begins_again(app: Flask, again: bool) -> None:
    meet = threading.Barrier(2)
    failures: list[str] = []
    done: list[str] = []
    met: set[str] = set()

    def door(first: str, second: str) -> None:
        with acting_as(system("test")), transaction() as session:
            for code in (first, second):
                session.execute(sa.select(Host.id).where(Host.code == code).with_for_update())
                if code == first and first not in met:
                    met.add(first)
                    meet.wait(10)
        done.append(first)

    run = again_after_deadlock(door) if again else door

    def person(first: str, second: str) -> None:
        with app.app_context():
            try:
                run(first, second)
            except OperationalError as error:
                failures.append(str(getattr(error.orig, "sqlstate", "")))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=person, args=order) for order in (("01", "02"), ("02", "01"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == ([] if again else ["40P01"])
    assert len(done) == (2 if again else 1)
