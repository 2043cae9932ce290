"""Each test of signing in begins with no wrong guesses counted, in Redis or in this process."""

from __future__ import annotations

import pytest
from flask import Flask

from jetapp.accounts.throttle import limiter


@pytest.fixture(autouse=True)
def _no_guesses_yet(app: Flask) -> None:
    # Whichever counts just now: after a test has stopped Redis the process counts by itself for a while.
    limiter.limiter.storage.reset()
