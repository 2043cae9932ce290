"""Redis only wakes up: emptied, away, frozen or full, nothing is lost and sending goes on."""

from __future__ import annotations

import random
import time

import pytest
import redis

from models.message import Message
from tests.faults.conftest import LONG
from tests.faults.doors import Browser, make_operator
from tests.faults.invariants import verify
from tests.faults.people import populate
from tests.faults.plant import OTHER_TOWN, Plant
from tests.faults.processes import wait_for

message = Message.__table__

DOWN_SECONDS = 120.0 if LONG else 6.0
"""How long Redis is away in the middle of sending; the acceptance asks for two minutes."""


def test_flushed_before_during_and_after(plant: Plant) -> None:
    people = populate(plant, 150)
    plant.sandbox.set(latency_ms=300)
    chance = random.Random(7)
    with plant.running(workers=2):
        plant.redis.flush()
        check = plant.launch()
        flushes = 0
        while plant.count(message.c.state == "pending"):
            plant.redis.flush()
            flushes += 1
            time.sleep(chance.uniform(0.05, 0.4))
        plant.settle()
        plant.redis.flush()
        verify(plant, people, checks=[check])
        assert flushes >= 3
        # And the workers, of whom Redis knows nothing any more, still listen.
        again = plant.launch("again")
        plant.settle()
    verify(plant, people, checks=[check, again])


def test_away_at_launch_and_then_workers_take_over(plant: Plant) -> None:
    """A fresh database, nothing ever sent, Redis down: the duty officer's click answers, and everybody is asked."""
    people = populate(plant, 60)
    others = populate(plant, 40, OTHER_TOWN, first=1001)
    make_operator(plant)
    plant.web()
    worker, clock = plant.worker(), plant.scheduler()
    wait_for(lambda: redis.Redis.from_url(plant.redis.url).smembers("rq:workers"), what="the worker has registered")
    plant.redis.stop()
    browser = Browser(plant)
    reply = browser.post("/safety/start", browser.start_form("Redis is down"))
    assert (reply.status, reply.url.rsplit("/", 1)[0]) == (200, f"{plant.url}/safety"), reply.text
    check = int(reply.url.rsplit("/", 1)[1])
    plant.settle(60)
    verify(plant, people, checks=[check])
    clock.kill()
    plant.redis.start()
    wait_for(lambda: redis.Redis.from_url(plant.redis.url).smembers("rq:workers"), what="the worker is back")
    second = plant.launch("second", [OTHER_TOWN])
    plant.settle(60)
    assert worker.code is None, worker.log
    verify(plant, others, checks=[second])


def test_stopped_in_mid_sending(plant: Plant) -> None:
    people = populate(plant, 120)
    others = populate(plant, 20, OTHER_TOWN, first=1001)
    plant.sandbox.set(latency_ms=500)
    plant.web()
    workers, clock = [plant.worker(), plant.worker()], plant.scheduler()
    check = plant.launch()
    wait_for(lambda: plant.sandbox.stats()["accepted"] >= 20)
    plant.redis.stop()
    began = time.monotonic()
    wait_for(lambda: plant.count(message.c.finished_at.is_(None)) == 0, 120, what="sending goes on without Redis")
    wait_for(lambda: time.monotonic() - began > DOWN_SECONDS, DOWN_SECONDS + 10)
    meanwhile = plant.launch("meanwhile", [OTHER_TOWN])
    plant.settle(60)
    plant.redis.start()
    print(f"Redis was away for {time.monotonic() - began:.0f} s")  # noqa: T201
    clock.kill()
    wait_for(lambda: len(redis.Redis.from_url(plant.redis.url).smembers("rq:workers")) == 2, what="both are back")
    last = plant.launch("last", [OTHER_TOWN])
    plant.settle(60)
    assert [worker.code for worker in workers] == [None, None], [worker.log for worker in workers]
    verify(plant, people, checks=[check])
    verify(plant, others, checks=[meanwhile, last])
    noise = [len(worker.log.splitlines()) for worker in workers]
    assert max(noise) < 60 + DOWN_SECONDS * 5, workers[0].log


@pytest.mark.parametrize("fault", ["frozen", "full"])
def test_not_answering_or_out_of_memory(plant: Plant, fault: str) -> None:
    people = populate(plant, 40)
    with plant.running(workers=1):
        wait_for(lambda: redis.Redis.from_url(plant.redis.url).smembers("rq:workers"))
        if fault == "frozen":
            plant.redis.freeze()
        else:
            redis.Redis.from_url(plant.redis.url).config_set("maxmemory", "1")
        check = plant.launch()
        plant.settle(60)
        if fault == "frozen":
            plant.redis.thaw()
        else:
            redis.Redis.from_url(plant.redis.url).config_set("maxmemory", "0")
    verify(plant, people, checks=[check])
