"""What all parts of one running carrier share: options, knobs in force, what was accepted, and counters."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import Any

from jetapp.sandbox.knobs import Knobs
from jetapp.sandbox.options import SandboxOptions
from jetapp.sandbox.store import Store

ACCEPTED, SEGMENTS, CALLBACKS, MAILS = range(4)


class State:
    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.epoch = 0
        self.ended = asyncio.Event()
        """Set at the next reset: what hangs on purpose ends then."""
        self.knobs = Knobs()
        self.reset(knobs=True)

    def reset(self, *, knobs: bool) -> None:
        """Forget everything accepted; with `knobs`, also go back to the knobs of the start."""
        self.epoch += 1
        self.ended.set()
        self.ended = asyncio.Event()
        self.store = Store()
        self.counts: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.timeline: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self.problems: deque[dict[str, Any]] = deque(maxlen=50)
        self.next_free: dict[str, float] = {}
        if knobs:
            start = Knobs().changed({"inbound_url": self.options.inbound_url})
            self.knobs = start.changed(self.options.settings)

    def change(self, changes: Mapping[str, Any]) -> Knobs:
        self.knobs = self.knobs.changed(changes)
        return self.knobs

    def problem(self, what: str, where: str, why: str) -> None:
        """Keep the newest failures of webhooks for people to read."""
        self.problems.append({"at": time.time(), "what": what, "where": where, "why": why})
