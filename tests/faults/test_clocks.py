"""Clocks and clicks: two schedulers, a killed one, none at all; a launch twice; one nobody was woken for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from models.disaster import CheckRound, SafetyCheck
from models.message import Lease, Message
from models.types import db_now
from tests.faults.conftest import LONG
from tests.faults.doors import Browser, make_operator
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import Plant
from tests.faults.processes import wait_for

message, check_round, lease = Message.__table__, CheckRound.__table__, Lease.__table__


def let_reminder_be_due(plant: Plant, minutes: int = 60) -> None:
    with plant.look() as connection:
        connection.execute(sa.update(check_round).values(opened_at=db_now(-minutes * 60)))


def test_two_clocks_write_each_reminder_once(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant(REMINDER_MINUTES="10,30,1440")
    people = populate(plant, 60)
    with plant.running(workers=2, schedulers=2):
        check = plant.launch()
        plant.settle(60)
        let_reminder_be_due(plant, 11)
        wait_for(lambda: plant.count(message.c.purpose == "reminder") >= 120, 60)
        plant.settle(60)
        let_reminder_be_due(plant, 31)
        wait_for(lambda: plant.count(message.c.purpose == "reminder") >= 240, 60)
        plant.settle(60)
    assert plant.count(message.c.purpose == "reminder") == 240
    verify(plant, people, checks=[check])
    tokens = plant.sandbox.stats()
    assert set(tokens["per_to"].values()) == {3}, "the question and two reminders"


def test_the_clock_is_killed_and_another_takes_over(plant: Plant) -> None:
    """Killed while it sends by itself (no Redis, no worker): the other one waits for the lease and goes on."""
    people = populate(plant, 40)
    plant.sandbox.set(latency_ms=600)
    plant.redis.stop()
    plant.web()
    first = plant.scheduler()
    check = plant.launch()
    wait_for(lambda: plant.sandbox.stats()["accepted"] > 0)
    second = plant.scheduler()
    first.kill()
    if not LONG:
        # The minute that nobody holds the task is not waited for.
        wait_for(lambda: "started" in second.log)
        with plant.look() as connection:
            connection.execute(sa.update(lease).where(lease.c.until > db_now()).values(until=db_now()))
    plant.settle(120)
    verify(plant, people, checks=[check])


def test_nobody_was_woken_after_the_commit(plant: Plant) -> None:
    """The process dies between commit and enqueue: the clock finds the rows, the workers send them."""
    people = populate(plant, 40)
    with plant.running(workers=1):
        with plant.deaf():
            check = plant.launch()
        plant.settle(30)
    verify(plant, people, checks=[check])


def test_no_clock_at_all(plant: Plant) -> None:
    """Without a scheduler the first questions and what the carrier put off still go out."""
    people = populate(plant, 100)
    plant.sandbox.set(share_429=0.3)
    with plant.running(workers=1, schedulers=0):
        check = plant.launch()
        plant.settle(60)
    verify(plant, people, checks=[check])


def test_started_twice_at_once_by_two_people(plant: Plant) -> None:
    """Two clicks on the same page and two operators with pages of their own, all at the same moment."""
    people = populate(plant, 60)
    make_operator(plant)
    make_operator(plant, "second@clair.example")
    with plant.running(workers=1):
        first, second = Browser(plant), Browser(plant, "second@clair.example")
        form, other = first.start_form("Twice"), second.start_form("Another")
        with ThreadPoolExecutor(6) as pool:
            clicks = [pool.submit(first.post, "/safety/start", form) for _ in range(4)]
            clicks += [pool.submit(second.post, "/safety/start", other) for _ in range(2)]
            replies = [click.result() for click in clicks]
        assert {reply.status for reply in replies} == {200}, [reply.text for reply in replies if reply.status != 200]
        assert len({reply.url for reply in replies[:4]}) == 1
        plant.settle(60)
    with plant.look() as connection:
        checks = list(connection.execute(sa.select(SafetyCheck.id)).scalars())
    assert len(checks) == 2, "each form is one check"
    verify(plant, people, checks=checks)


def test_a_second_check_for_the_same_people_minutes_later(plant: Plant) -> None:
    """Rows and links of its own (case 30)."""
    people = populate(plant, 30)
    with plant.running(workers=1):
        first = plant.launch("first")
        plant.settle(30)
        second = plant.launch("second", series="another")
        plant.settle(30)
    verify(plant, people, checks=[first, second])
    with plant.look() as connection:
        marks = list(connection.execute(sa.select(message.c.mark).group_by(message.c.mark)).scalars())
    assert len(marks) == 60
