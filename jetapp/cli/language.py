"""The language of the command line: `--lang`, else the terminal's (LC_ALL, LC_MESSAGES, LANG)."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import click
from babel.support import NullTranslations, Translations

from models.errors import DomainError

FOLDER = Path(__file__).resolve().parent.parent / "translations"
LANG = click.option("--lang", type=click.Choice(["en", "ja"]), help="Language of the texts; default: the terminal's.")


def translator(lang: str | None = None) -> Callable[[str], str]:
    """From a text that is a key of the translations to the text in `lang`."""
    return str if (lang or _of_terminal()) == "en" else _japanese().gettext


def told(error: DomainError, lang: str | None = None) -> str:
    """A refusal as one line for the person at the terminal."""
    text = translator(lang)(error.text)
    return text % error.values if error.values else text


def _of_terminal() -> str:
    chosen = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "ja" if chosen.lower().startswith("ja") else "en"


@cache
def _japanese() -> NullTranslations:
    return Translations.load(FOLDER, ["ja"])
