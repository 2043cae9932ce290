"""The wheel holds everything the product needs, and its package names belong to us alone."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ["jetapp", "models", "notifications", "elearning", "templates"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the pinned hatchling; the build has no way to fetch anything."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked by pip into a folder of its own."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"),
            *("--no-deps", "--target", str(target), str(wheel)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return target


def run_installed(installed: Path, program: str) -> str:
    """Run a program that sees the installed copy before the checkout, from a folder where nothing of ours is."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_files_are_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            *SHIPPED,
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    ours = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    ours |= {str(path.relative_to(ROOT)) for path in (ROOT / "jetapp" / "translations").rglob("*.mo")}
    assert ours - inside == set()
    assert {Path(name).suffix for name in inside} >= {".py", ".html", ".css", ".csv", ".mo", ".mako"}


def test_nothing_else_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert top == {*SHIPPED, "wsgi.py", "jetapp-0.1.0.dist-info"}


def test_our_package_names_belong_to_us_alone(installed: Path) -> None:
    program = (
        "import importlib.metadata, json\n"
        "print(json.dumps({k: sorted(set(v)) for k, v in importlib.metadata.packages_distributions().items()}))"
    )
    owners = json.loads(run_installed(installed, program))
    # A folder without Python is not counted by every version of Python.
    owners.setdefault("templates", ["jetapp"])
    names = [*SHIPPED, "wsgi"]
    assert {name: owners.get(name) for name in names} == {name: ["jetapp"] for name in names}


def test_the_installed_product_makes_its_database_and_answers(installed: Path, tmp_path: Path) -> None:
    """Templates, static files, migrations and reference data are found outside a checkout."""
    program = f"""
import jetapp, json
from jetapp.cli.database import upgrade
from jetapp.factory import create_app
app = create_app({{
    "ENV": "test", "SECRET_KEY": "x", "DATABASE_URL": "sqlite:///{tmp_path / "wheel.sqlite"}",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}})
upgrade(app)
client = app.test_client()
print(json.dumps([jetapp.__file__, client.get("/healthz").status_code, client.get("/").status_code,
                  client.get("/static/app.css").status_code]))
"""
    place, *statuses = json.loads(run_installed(installed, program).splitlines()[-1])
    assert Path(place).is_relative_to(installed)
    assert statuses == [200, 200, 200]
