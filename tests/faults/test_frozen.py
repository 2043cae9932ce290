"""A worker frozen for longer than its lease and woken again: nobody is asked twice. And: the harness would see it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from models.message import Message
from models.participant import Channel
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import Plant
from tests.faults.processes import Process, send, wait_for

message = Message.__table__


def is_frozen(process: Process) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def freeze_and_wake(plant: Plant, how: str) -> Process:
    """A tampered drain freezes; the others do its work when its lease is over; it wakes up and goes on."""
    frozen = plant.processes.start("frozen", "-m", "tests.faults.tampered", how, "60")
    wait_for(lambda: is_frozen(frozen), what="the process has frozen itself")
    with plant.running(workers=1):
        plant.settle(90)
        frozen.signal(signal.SIGCONT)
        assert frozen.wait(60) == 0, frozen.log
        plant.settle(60)
    return frozen


@pytest.mark.parametrize("point", ["after-claim", "in-claim", "after-answer"])
def test_frozen_longer_than_its_lease(plant: Plant, point: str) -> None:
    people = populate(plant, 80)
    check = plant.launch()
    frozen = freeze_and_wake(plant, point)
    verify(plant, people, checks=[check])
    assert "Drained(" in frozen.log
    if point == "after-claim":
        assert "not_sent=0" not in frozen.log


def test_the_fence_is_what_holds_it(plant: Plant) -> None:
    """Without the look at the clock the woken process sends what others have sent meanwhile, and `verify` tells."""
    people = populate(plant, 20, channels=[Channel.SMS])
    check = plant.launch()
    freeze_and_wake(plant, "unfenced")
    with pytest.raises(AssertionError, match="I3"):
        verify(plant, people, checks=[check])
    assert plant.sandbox.stats()["duplicates"]["by_reference"] > 0


def test_real_workers_frozen_at_random(plant: Plant) -> None:
    """SIGSTOP of the horses of ordinary workers, for longer than the lease, wherever they happen to be."""
    people = populate(plant, 200)
    plant.sandbox.set(latency_ms=300)
    stopped: list[int] = []
    with plant.running(workers=3) as workers:
        check = plant.launch()
        for worker in workers[:2]:
            wait_for(lambda worker=worker: worker.children, what="a horse")  # type: ignore[misc]
            stopped += worker.children
            for pid in worker.children:
                send(pid, signal.SIGSTOP)
        plant.settle(90)  # the third worker does it all
        for pid in stopped:
            send(pid, signal.SIGCONT)
        plant.settle(60)
        wait_for(lambda: not any(worker.children for worker in workers), 60, what="woken drains come to their end")
    assert stopped
    verify(plant, people, checks=[check])
