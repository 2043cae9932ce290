"""The browser and the small application that serves the component page."""

from collections.abc import Iterator

import pytest

from scripts.compile_translations import main as compile_translations
from tests.browser import serve
from tests.look import sample_app


@pytest.fixture(scope="session", autouse=True)
def _translations() -> None:
    compile_translations([])


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve(sample_app.make()) as found:
        yield found
