"""What the harness must be able to see: a claim without its guards, in the same surroundings, sends twice."""

from __future__ import annotations

import pytest

from models.message import Message
from models.participant import Channel
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import Plant

message = Message.__table__


def test_an_unguarded_claim_sends_twice_and_is_seen(plant: Plant) -> None:
    people = populate(plant, 300, channels=[Channel.SMS])
    plant.web()
    check = plant.launch()
    drains = [plant.processes.start("drain", "-m", "tests.faults.tampered", "unguarded", "30") for _ in range(3)]
    assert [drain.wait(60) for drain in drains] == [0, 0, 0], drains[0].log
    stats = plant.sandbox.stats()
    print("duplicates without guards:", stats["duplicates"])  # noqa: T201
    assert stats["duplicates"]["by_reference"] > 0
    with pytest.raises(AssertionError, match="I3"):
        verify(plant, people, checks=[check], final=False)


def test_the_same_with_guards_sends_once(plant: Plant) -> None:
    people = populate(plant, 300, channels=[Channel.SMS])
    plant.web()
    check = plant.launch()
    drains = [plant.processes.start("drain", "-m", "jetapp", "drain", "--seconds", "30") for _ in range(3)]
    assert [drain.wait(60) for drain in drains] == [0, 0, 0], drains[0].log
    plant.settle(30)
    verify(plant, people, checks=[check])
    assert min(drain.log.count("accepted 0,") for drain in drains) == 0


def test_a_lost_row_and_a_fallen_rank_are_seen(plant: Plant) -> None:
    """The invariants themselves: each damage done by hand is found."""
    people = populate(plant, 3, channels=[Channel.SMS])
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle(30)
    verify(plant, people, checks=[check])
    with plant.look() as connection:
        connection.execute(message.update().values(rank=30).where(message.c.id == 1))
    with pytest.raises(AssertionError, match="I4"):
        verify(plant, people, checks=[check])
    with plant.look() as connection:
        connection.execute(message.delete().where(message.c.id == 2))
    with pytest.raises(AssertionError, match="I1"):
        verify(plant, people, checks=[check])
    with plant.look() as connection:
        connection.execute(message.update().values(state="submitting", finished_at=None, lease_until=None))
    with pytest.raises(AssertionError, match="I2"):
        verify(plant, people, checks=[check])
