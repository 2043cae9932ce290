"""A database with the organisations that rows refer to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jetapp.imports import service
from jetapp.imports.report import Report
from models.db import transaction
from tests.jetapp.imports.files import MIYAGI, SOMA, csv_file, grid

Import = Callable[..., Report]


@pytest.fixture
def organisations(app: Flask, system: None) -> None:
    """相馬市 and 宮城県 are there."""
    headings = {"code": "Organisation code", "name_ja": "Name in Japanese"}
    with transaction():
        report = service.import_organisations(csv_file(grid([SOMA, MIYAGI], headings)), "organisations.csv")
    assert report.counts["created"] == 2, report.lines()


@pytest.fixture
def bring(organisations: None) -> Import:
    """Imports participants: rows by field, a grid of cells, or the bytes of a file."""

    def run(what: Any, name: str = "people.csv", **options: bool) -> Report:
        data = what if isinstance(what, bytes) else csv_file(grid(what) if isinstance(what[0], dict) else what)
        with transaction():
            return service.import_participants(data, name, **options)

    return run
