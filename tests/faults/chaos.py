"""Killing and freezing the processes that send, at random but the same way for the same seed."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from tests.faults.processes import Process, send

WAYS = ("horse", "horse", "horse", "parent", "both")


class Killer:
    """Kills workers, their horses or both; a worker whose parent died alone leaves its horse working on."""

    def __init__(self, workers: Sequence[Process], seed: int) -> None:
        self._workers = list(workers)
        self._random = random.Random(seed)
        self.kills: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return sum(self.kills.values())

    def run(self, kills: int, least: float = 0.05, most: float = 0.5) -> None:
        """Until there have been `kills` in all, with random pauses; ends early when nothing is left to be killed."""
        deadline = time.monotonic() + 60
        while self.total < kills and time.monotonic() < deadline:
            time.sleep(self._random.uniform(least, most))
            if self.one():
                deadline = time.monotonic() + 15

    def one(self) -> bool:
        way = self._random.choice(WAYS)
        busy = [worker for worker in self._workers if worker.code is None and worker.children]
        if not busy:
            return False
        worker = self._random.choice(busy)
        horses = worker.children
        if way in ("parent", "both"):
            worker.kill()
        if way in ("horse", "both"):
            for pid in horses:
                send(pid, signal.SIGKILL)
        self.kills[way] += 1
        return True
