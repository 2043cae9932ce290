"""Figures without a floor, for information: loading people, opening a check with mail, reading the largest telegram."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import send
from benchmarks.figures import Line, middle, spread
from benchmarks.ground import ROOT, Ground, Sizes, application, plain
from jetapp.cli.database import upgrade
from notifications.jma import telegram

REAL = ROOT.parent / "shared" / "data" / "jma"
MADE = ROOT / "tests" / "data" / "jma" / "synthetic_kumamoto_2_VXSE53.xml"
LARGE = 400_000
CITY = re.compile(rb"<City>.*?</City>\n?", re.DOTALL)


def run(ground: Ground, sizes: Sizes) -> Iterator[Line]:
    """The lines that are only told."""
    url = ground.postgres.create_database("other")
    environment = ground.environment(url)
    with application(environment) as app:
        upgrade(app)
    started = time.monotonic()
    command = [sys.executable, "-m", "jetapp", "demo", "load", "--participants", str(sizes.people)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    yield Line("other", f"jetapp demo load, {sizes.people:,} people", time.monotonic() - started, "s")
    with application(environment):
        opened: list[float] = []
        connection = plain(url)
        for number in range(sizes.repeats):
            send.forget(connection)
            opened.append(send.launch(f"other-{number}"))
        row = connection.execute("SELECT count(*) FROM message").fetchone()
        messages = row[0] if row else 0
        yield Line("other", f"opening a check: {messages:,} SMS and e-mails", middle(opened), "s", note=spread(opened))
    name, data = _large_telegram()
    read = []
    for _ in range(sizes.board_runs):
        started = time.perf_counter()
        telegram.read(data, name)
        read.append((time.perf_counter() - started) * 1000)
    yield Line("other", f"reading a telegram of {len(data) // 1024} KB", middle(read), "ms", note=name)


def _large_telegram() -> tuple[str, bytes]:
    """The largest real one where JMA's samples lie beside the repository, else a synthetic one made as large."""
    if found := sorted(REAL.glob("*.xml"), key=lambda path: path.stat().st_size):
        return found[-1].name, found[-1].read_bytes()
    data = MADE.read_bytes()
    city = CITY.search(data)
    assert city is not None
    return MADE.name, data.replace(city[0], city[0] * ((LARGE - len(data)) // len(city[0])), 1)
