"""Run all linters at the same time and show what they say, one after the other."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "style (ruff check)": ["ruff", "check", "."],
    "format (ruff format --check)": ["ruff", "format", "--check", "."],
    "types (mypy)": ["mypy"],
    "imports (lint-imports)": ["lint-imports", "--no-logo"],
    "templates (djlint)": ["djlint", "--lint", "--quiet", "templates"],
    "translations": ["python", "scripts/compile_translations.py", "--check"],
}


def main() -> int:
    started = time.monotonic()
    running = {
        name: subprocess.Popen(
            [BIN / command[0], *command[1:]],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, command in CHECKS.items()
    }
    failed = []
    for name, process in running.items():
        output, _ = process.communicate()
        if process.returncode:
            failed.append(name)
            sys.stdout.write(f"--- {name}\n{output}\n")
        else:
            sys.stdout.write(f"ok  {name}\n")
    if failed:
        sys.stdout.write(f"lint: FAILED: {', '.join(failed)}\n")
        return 1
    sys.stdout.write(f"lint: all passed in {time.monotonic() - started:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
