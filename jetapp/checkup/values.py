"""Each setting looked at alone, for the times when all of them together cannot be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from jetapp.config import SETTINGS, Setting, SettingsError, read_settings


def given(setting: Setting) -> tuple[str | None, str | None]:
    """The text of the environment variable, and the file named instead of it."""
    name = f"JETAPP_{setting.name}"
    return os.environ.get(name), os.environ.get(f"{name}_FILE") or None


def value_of(setting: Setting) -> object:
    """Its value now. Raises `SettingsError` when it cannot be used."""
    text, file = given(setting)
    if setting.name == "ENV":
        # Read as a setting it would bring in the demands of production.
        try:
            return setting.parse((text or setting.default).strip())
        except ValueError as error:
            raise SettingsError(f"JETAPP_ENV: {text!r} is not usable: {error}") from error
    name = f"JETAPP_{setting.name}"
    alone = {name: text} if text is not None else {f"{name}_FILE": file} if file else {}
    return read_settings(alone)[setting.name]


def usable() -> dict[str, object]:
    """All settings, with the default in the place of each that cannot be used."""
    values: dict[str, object] = {}
    for setting in SETTINGS:
        try:
            values[setting.name] = value_of(setting)
            if setting.default_in_production_only and values["ENV"] == "production" and not any(given(setting)):
                values[setting.name] = setting.parse(setting.default)
        except SettingsError:
            values[setting.name] = setting.parse(setting.default)
    return values


def database_address(values: Mapping[str, object]) -> str:
    """As `jetapp.factory` finds it, without an application."""
    instance = Path(Flask("jetapp", root_path=str(Path(__file__).parents[1])).instance_path)
    url = str(values["DATABASE_URL"]) or f"sqlite:///{instance / 'jetapp.sqlite'}"
    return "postgresql" + url.removeprefix("postgres") if url.startswith("postgres://") else url
