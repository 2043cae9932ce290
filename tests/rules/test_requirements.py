"""Every package is pinned by hash, and nothing in the repository says from where packages come."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FILES = ["run", "test", "uv"]
# Taken apart, so that this file does not hold what it forbids.
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("unpkg", "com"),
        ("cdn", "jsdelivr", "net"),
        ("cdnjs", "cloudflare", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("conda", "anaconda", "org"),
        ("index", "docker", "io"),
    ]
]


def pinned(name: str) -> dict[str, tuple[Requirement, int]]:
    """The packages of requirements/<name>.txt with the number of hashes of each."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    found: dict[str, tuple[Requirement, int]] = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        requirement, *hashes = line.split(" --hash=")
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", entry.strip()) for entry in hashes), line
        parsed = Requirement(requirement.strip())
        found[canonicalize_name(parsed.name)] = (parsed, len(hashes))
    return found


def version(requirement: Requirement) -> str:
    """The one version a pinned requirement allows."""
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", requirement
    return specifier.version


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_one_version_and_hashes(name: str) -> None:
    packages = pinned(name)
    assert packages
    for requirement, hashes in packages.values():
        assert version(requirement)
        assert requirement.url is None
        assert hashes > 0, f"{requirement} has no hash"


@pytest.mark.parametrize("name", FILES)
def test_requirements_hold_no_addresses_and_no_options(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    options = {line.split("=")[0].strip() for line in text.splitlines() if line.strip().startswith("-")}
    assert options <= {"--hash"}


def test_the_tests_run_on_the_same_packages_as_the_product() -> None:
    run, test = pinned("run"), pinned("test")
    different = {
        name: (str(requirement), str(test[name][0]) if name in test else "absent")
        for name, (requirement, _) in run.items()
        if name not in test or version(test[name][0]) != version(requirement)
    }
    assert different == {}


def test_the_pins_fulfil_pyproject() -> None:
    """Fails when pyproject.toml was changed and `make lock` was forgotten."""
    wanted = {
        "run": [*PYPROJECT["project"]["dependencies"], *PYPROJECT["dependency-groups"]["build"]],
        "test": PYPROJECT["dependency-groups"]["test"],
        "uv": (ROOT / "requirements" / "uv.in").read_text().split(),
    }
    for name, lines in wanted.items():
        packages = pinned(name)
        for requirement in map(Requirement, lines):
            found = packages.get(canonicalize_name(requirement.name))
            assert found, f"{requirement} is not in requirements/{name}.txt"
            assert requirement.specifier.contains(version(found[0]), prereleases=True), requirement


def test_what_builds_the_project_is_pinned() -> None:
    assert {canonicalize_name(Requirement(line).name) for line in PYPROJECT["build-system"]["requires"]} <= set(
        pinned("run")
    )


def test_no_file_names_a_registry() -> None:
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert files
    forbidden = re.compile("|".join(re.escape(host) for host in REGISTRIES).encode())
    named = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in files
        if path.is_file() and (match := forbidden.search(path.read_bytes()))
    ]
    assert named == []
