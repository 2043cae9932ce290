"""Visibility holds only for what goes through the session's ORM statements. Whoever goes past it is on a list here,
with the reason; a page, export or query module never is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("models", "notifications", "elearning", "jetapp")

MAY = {
    "models": "says what visibility is; its conditions are made of plain tables",
    "notifications": "the machinery: works for everybody at once, shows nothing to anybody",
    "jetapp/schedule.py": "leases of the clock",
    "jetapp/checkup": "asks whether the database is well",
    "jetapp/cli": "commands of the operator, who acts as the system",
    "jetapp/demo": "makes the invented population",
    "jetapp/migrations": "changes tables",
    "jetapp/api/figures.py": "counts and ages for monitoring, nothing about a person",
    "jetapp/api/health.py": "asks whether the database answers",
    "jetapp/sandbox": "has no database",
}
PAST = {
    "__table__",
    "engine",
    "connection",
    "system_connection",
    "text",
    "raw_connection",
    "exec_driver_sql",
    "literal_column",
}


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def ways_past(source: str) -> Iterator[tuple[int, str]]:
    """(line, name) of every expression that could reach rows past the session's filter."""
    tree = ast.parse(source)
    positions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and _column_positions(node)}
    for node in ast.walk(tree):
        if id(node) in positions:
            continue
        if isinstance(node, ast.Attribute) and node.attr in PAST:
            owner = ast.unparse(node.value)
            if node.attr in ("text", "literal_column") and owner not in ("sa", "sqlalchemy"):
                continue
            if node.attr == "connection" and "session" not in owner and "engine" not in owner:
                continue
            if node.attr == "engine" and owner != "db":
                continue
            yield node.lineno, f"{owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                if name.name in ("system_connection", "unscoped") or (
                    node.module == "sqlalchemy" and name.name in ("text", "literal_column")
                ):
                    yield node.lineno, name.name


def _column_positions(call: ast.Call) -> bool:
    """`text("1, 2")`, as in ORDER BY: names columns of the statement it stands in and reaches nothing else."""
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and set(str(first.value)) <= set("0123456789, ")


def may(path: Path) -> bool:
    place = path.relative_to(ROOT).as_posix()
    return any(place == allowed or place.startswith(f"{allowed}/") for allowed in MAY)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_listed_go_past_the_session(path: Path) -> None:
    if not may(path):
        assert list(ways_past(path.read_text(encoding="utf-8"))) == []


def test_the_list_names_only_what_exists() -> None:
    assert [place for place in MAY if not (ROOT / place).exists()] == []


@pytest.mark.parametrize(
    "planted",
    [
        "rows = db.session.execute(sa.select(Participant.__table__))",
        "db.session.execute(sa.text('select * from participant'))",
        "from sqlalchemy import text",
        "db.session.connection().execute(query)",
        "with db.engine.connect() as c: pass",
        "from models.access import unscoped",
    ],
)
def test_a_way_past_is_noticed(planted: str) -> None:
    assert list(ways_past(planted))
