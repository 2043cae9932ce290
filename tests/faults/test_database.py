"""PostgreSQL restarted in mid-batch, and locked: what the provider has answered is kept and stored."""

from __future__ import annotations

import time

import pytest

from models.message import Message
from models.types import db_now
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import Plant
from tests.faults.processes import wait_for

message = Message.__table__


@pytest.mark.parametrize("immediately", [False, True], ids=["fast", "immediate"])
def test_restarted_in_mid_batch(plant: Plant, immediately: bool) -> None:
    people = populate(plant, 150)
    plant.sandbox.set(latency_ms=400)
    with plant.running(workers=2) as workers:
        check = plant.launch()
        for accepted in (30, 80):
            wait_for(lambda accepted=accepted: plant.sandbox.stats()["accepted"] > accepted)  # type: ignore[misc]
            plant.postgres.restart(immediately=immediately)
        wait_for(lambda: plant.count(message.c.state.in_(["pending", "submitting", "unknown"])) == 0, 90)
        wait_for(lambda: not plant.sandbox.stats()["callbacks"]["pending"], 60)
        plant.settle_by_asking()
    print("callbacks while it was away:", plant.sandbox.stats()["callbacks"])  # noqa: T201
    verify(plant, people, checks=[check])
    # In hand when it went away, and stored when it was back: nothing had to be looked up.
    assert plant.count(message.c.reason.like("the worker stopped%")) == 0
    assert all(worker.starts == 1 for worker in workers), "a restart of the database is no reason to die"


def test_a_lock_held_for_longer_than_the_lease(plant: Plant) -> None:
    """The commit after the 201 has to wait: the row is looked up, not sent again."""
    people = populate(plant, 40)
    plant.sandbox.set(latency_ms=500)
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.sandbox.stats()["accepted"] > 0)
        with plant.postgres.connect("faults") as holder:
            holder.autocommit = False
            holder.execute("SELECT id FROM message FOR UPDATE")
            wait_for(lambda: plant.sandbox.stats()["accepted"] >= 40, 60)
            lease = plant.app.config["SEND_LEASE_SECONDS"]
            wait_for(lambda: _all_leases_over(plant), lease + 20)
            holder.rollback()
        plant.settle(90)
    verify(plant, people, checks=[check])


def _all_leases_over(plant: Plant) -> bool:
    return plant.count(message.c.state == "submitting", message.c.lease_until > db_now()) == 0


def test_every_session_ended_again_and_again(plant: Plant) -> None:
    """As a pooler or a failover does it: connections die in the middle of whatever they were doing."""
    people = populate(plant, 150)
    plant.sandbox.set(latency_ms=200)
    with plant.running(workers=2):
        check = plant.launch()
        ended = 0
        with plant.postgres.connect("postgres") as admin:
            while plant.sandbox.stats()["accepted"] < 150:
                found = admin.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'faults'"
                ).fetchone()
                ended += found[0] if found else 0
                time.sleep(0.3)
        wait_for(lambda: plant.count(message.c.state.in_(["pending", "submitting", "unknown"])) == 0, 90)
        wait_for(lambda: not plant.sandbox.stats()["callbacks"]["pending"], 60)
        plant.settle_by_asking()
    print("sessions ended:", ended)  # noqa: T201
    assert ended > 10
    verify(plant, people, checks=[check])
