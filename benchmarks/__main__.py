"""`python -m benchmarks`: measure, print the table, exit 1 when a goal is not met."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import answers, board, other, send
from benchmarks.figures import Line, table
from benchmarks.ground import QUICK, Ground, Sizes

GROUPS: Mapping[str, Callable[[Ground, Sizes], Iterator[Line]]] = {
    "send": send.run,
    "answers": answers.run,
    "board": board.run,
    "other": other.run,
}


def machine() -> str:
    """What the absolute figures hold for."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"load before {load}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {','.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it runs, measures nothing")
    parser.add_argument("--repeats", type=int, default=0, help="repetitions of each measurement")
    parser.add_argument("--json", type=Path, help="also write the lines to this file")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",")
    if wrong := set(chosen) - set(GROUPS):
        parser.error(f"there is no {', '.join(sorted(wrong))}")
    sizes = QUICK if given.quick else Sizes()
    if given.repeats:
        sizes = Sizes(**{**vars(sizes), "repeats": given.repeats})
    where = machine()
    lines: list[Line] = []
    with Ground() as ground:
        for name in chosen:
            for line in GROUPS[name](ground, sizes):
                lines.append(line)
                sys.stderr.write(f"{line.group}: {line.name}: {line.value:.4g} {line.unit}\n")
    sys.stdout.write(f"{where}\n\n{table(lines)}\n")
    if given.json:
        document = {"machine": where, "quick": given.quick, "lines": [line.as_json() for line in lines]}
        given.json.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if any(line.met is False for line in lines) and not given.quick else 0


if __name__ == "__main__":
    sys.exit(main())
