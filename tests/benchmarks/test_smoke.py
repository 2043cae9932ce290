"""Every benchmark still runs against the product as it is; what it measures here means nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOALS = {"send": 5, "answers": 2, "board": 12}


def test_a_small_run_measures_everything(tmp_path: Path) -> None:
    found = tmp_path / "lines.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(found)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = json.loads(found.read_text(encoding="utf-8"))["lines"]
    assert all(line["value"] > 0 for line in lines)
    assert Counter(line["group"] for line in lines if line["goal"] is not None) == GOALS
    assert done.stdout.count("\n|") == len(lines) + 2
