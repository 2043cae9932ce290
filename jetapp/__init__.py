"""The application: entry points, and the features around people and events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app(overrides: Mapping[str, object] | None = None) -> Flask:
    """The Flask application; `overrides` are settings without their `JETAPP_` prefix, above the environment."""
    # Imported late so that parts that need no web application (the sandbox carrier) start without it.
    from jetapp.factory import create_app as create  # noqa: PLC0415

    return create(overrides)
