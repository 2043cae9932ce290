"""Workers and their horses killed with -9 while the carrier fails as in the simulation of messaging.md §2.2."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from models.message import Message
from tests.faults.chaos import Killer
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import Plant
from tests.faults.processes import send, wait_for

message = Message.__table__

SIMULATION = {
    "share_429": 0.05,
    "share_500_before": 0.02,
    "share_500_after": 0.03,
    "share_hang_after": 0.04,
    "hang_seconds": 10,
}


@pytest.fixture
def failing(make_plant: Callable[..., Plant]) -> Plant:
    plant = make_plant(SEND_IN_FLIGHT=8)
    plant.sandbox.set(**SIMULATION, latency_ms=150, smtp_latency_ms=50)
    return plant


def test_600_people_while_workers_are_killed_at_random(failing: Plant) -> None:
    people = populate(failing, 600)
    # Slow at first, so that there is something to kill; quick for the rest.
    failing.sandbox.set(latency_ms=700, smtp_latency_ms=700)
    with failing.running(workers=3) as workers:
        check = failing.launch()
        killer = Killer(workers, seed=311)
        killer.run(24)
        failing.sandbox.set(latency_ms=50, smtp_latency_ms=20)
        killer.run(28)
        failing.settle(120)
    stats = failing.sandbox.stats()
    print("kills", dict(killer.kills), "faults", stats["faults"], "refused", stats["refused"])  # noqa: T201
    assert killer.total >= 20
    assert {"horse", "parent", "both"} <= set(killer.kills)
    assert all(stats["faults"].get(name) for name in SIMULATION if name.startswith("share"))
    found = verify(failing, people, checks=[check])
    assert (found.asked, found.messages) == (600, 1200)


def test_a_worker_told_to_end_stores_what_is_in_hand(failing: Plant) -> None:
    """SIGTERM to every process of the unit, as systemd sends it: nothing is left to be looked up."""
    failing.sandbox.set(share_429=0, share_500_before=0, share_500_after=0, share_hang_after=0, latency_ms=300)
    people = populate(failing, 100)
    failing.web()
    worker = failing.worker()
    check = failing.launch()
    wait_for(lambda: failing.sandbox.stats()["accepted"] > 20)
    for pid in [*worker.children, worker.pid]:
        send(pid, signal.SIGTERM)
    assert worker.wait(20) == 0, worker.log
    assert failing.count(message.c.state.in_(["submitting", "unknown"])) == 0
    assert failing.count(message.c.state == "pending") > 0
    with failing.running(workers=1, web=False):
        failing.settle(60)
    verify(failing, people, checks=[check])


def test_a_child_of_worker_n_that_died_is_replaced(plant: Plant) -> None:
    people = populate(plant, 30)
    plant.web()
    parent = plant.processes.start("worker", "-m", "jetapp", "worker", "-n", "2")
    wait_for(lambda: len(parent.children) == 2)
    killed = parent.children
    for pid in killed:
        send(pid, signal.SIGKILL)
    wait_for(lambda: len(set(parent.children) - set(killed)) == 2, what="two new ones")
    check = plant.launch()
    plant.settle(60)
    verify(plant, people, checks=[check])
    parent.signal(signal.SIGTERM)
    assert parent.wait(30) == 0, parent.log


def test_on_sqlite_as_the_demo_runs(make_plant: Callable[..., Plant], sqlite_url: str) -> None:
    """One writer at a time: two workers, the clock, callbacks and answers, with kills; nobody sees "locked"."""
    plant = make_plant(DATABASE_URL=sqlite_url, SEND_IN_FLIGHT=8)
    people = populate(plant, 150)
    plant.sandbox.set(**SIMULATION, latency_ms=300)
    with plant.running(workers=2) as workers:
        check = plant.launch()
        killer = Killer(workers, seed=5)
        killer.run(6)
        plant.settle_by_asking(120)
    assert killer.total == 6
    assert plant.sandbox.stats()["callbacks"]["failed"] == 0
    assert "locked" not in "".join(plant.processes.log(name) for name in ("worker", "web", "scheduler"))
    verify(plant, people, checks=[check])
