"""The set-up says clearly what a machine lacks, and changes nothing then."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ["sh", "env", "cat", "cksum", "dirname", "find", "rm", "sort", "id"]
OLD_PYTHON = """#!/bin/sh
[ "$1" = --version ] && echo "Python 3.9.2" && exit 0
exit 1
"""
PYTHON_WITHOUT_VENV = """#!/bin/sh
case "$2" in
    *ensurepip*) exit 1 ;;
    *print*) echo 3.12 ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout on a machine that has a shell and little else; programs are added to its `bin`."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def run(machine: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / command[0]), *command[1:]],
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def add_program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.write_text(text)
    path.chmod(0o755)


def test_no_python(machine: Path) -> None:
    done = run(machine, "scripts/setup.sh", "run")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; this machine has no python3 at all" in done.stderr


def test_python_too_old(machine: Path) -> None:
    add_program(machine, "python3", OLD_PYTHON)
    done = run(machine, "scripts/setup.sh", "run")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; this machine has Python 3.9.2" in done.stderr


def test_python_without_venv_names_the_package(machine: Path) -> None:
    add_program(machine, "python3", PYTHON_WITHOUT_VENV)
    for what in ("run", "test"):  # there is no apt-get on this machine, so `test` cannot install it either
        done = run(machine, "scripts/setup.sh", what)
        assert done.returncode == 1
        assert "sudo apt-get install python3.12-venv" in done.stderr
    assert not (machine / ".venv").exists()


def test_demo_never_calls_apt(machine: Path) -> None:
    add_program(machine, "python3", PYTHON_WITHOUT_VENV)
    add_program(machine, "apt-get", f"#!/bin/sh\ncat >{machine}/called\n")
    assert run(machine, "scripts/setup.sh", "run").returncode == 1
    assert not (machine / "called").exists()


def test_wrong_word_is_explained(machine: Path) -> None:
    done = run(machine, "scripts/setup.sh", "everything")
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_missing_system_packages_are_an_error_that_names_all(machine: Path) -> None:
    done = run(machine, "scripts/system_packages.sh")
    assert done.returncode == 1
    assert "MISSING and needed by the tests: chromium fontconfig fonts-ipafont-gothic redis-server" in done.stderr


def test_system_packages_that_are_there_are_left_alone(machine: Path) -> None:
    for name in ("chromium", "redis-server"):
        add_program(machine, name, "#!/bin/sh\n")
    add_program(machine, "fc-list", "#!/bin/sh\necho /usr/share/fonts/gothic.ttf\n")
    add_program(machine, "apt-get", f"#!/bin/sh\ncat >{machine}/called\n")
    (machine / "bin" / "grep").symlink_to(shutil.which("grep") or "")
    done = run(machine, "scripts/system_packages.sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (machine / "called").exists()
