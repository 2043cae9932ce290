"""The import contracts of pyproject.toml hold, and each one notices a violation."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["jetapp", "notifications", "elearning", "models"]
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
# For each contract: a file and the line that breaks it, and the modules the report must name.
VIOLATIONS = {
    "packages": ("elearning/planted.py", "import notifications.segments", "elearning.planted"),
    "cycles": ("models/types.py", "import models.access", ".types"),
    "entry-points": ("jetapp/actors.py", "import jetapp.safety.views", "jetapp.actors"),
    "feature": ("jetapp/planted/queries.py", "import jetapp.planted.views", "jetapp.planted.queries"),
    "no-http": ("jetapp/planted/service.py", "import flask", "jetapp.planted.service"),
    "outside-services": ("jetapp/accounts/planted.py", "import redis.client", "jetapp.accounts.planted"),
    "sandbox": ("jetapp/sandbox/planted.py", "import models.db", "jetapp.sandbox.planted"),
}


def lint(folder: Path) -> str:
    """What lint-imports says about the packages in `folder`."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "300", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on a copy of the code with all violations planted in it."""
    copy = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("static", "*.csv", "*.po", "*.mo")
        )
    (copy / "jetapp" / "planted").mkdir()
    for name in ("__init__.py", "views.py"):
        (copy / "jetapp" / "planted" / name).touch()
    for file, line, _ in VIOLATIONS.values():
        path = copy / file
        path.write_text(f"{path.read_text() if path.exists() else ''}\n{line}\n")
    return lint(copy)


def test_every_contract_is_tried() -> None:
    assert set(VIOLATIONS) == set(CONTRACTS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_contract_notices_a_violation(contract: str, report: str) -> None:
    name, (_, _, module) = CONTRACTS[contract], VIOLATIONS[contract]
    assert f"{name} BROKEN" in report
    # A heading is the contract's name with a line under it.
    explanation = re.split(r"\n[^\n]+\n-{3,}\n", report.split(f"\n{name}\n---")[-1])[0]
    assert module in explanation


def test_contracts_hold() -> None:
    assert "0 broken." in lint(ROOT)
