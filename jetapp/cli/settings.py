"""`jetapp settings`: every setting with its meaning and its present value. Works with wrong settings, too."""

from __future__ import annotations

import click

from jetapp import config
from jetapp.checkup.values import given, value_of
from jetapp.config import SETTINGS, Setting, SettingsError

TYPES = {
    "str": "text",
    "float": "number",
    "int": "whole number",
    "_flag": "yes or no",
    "_numbers": "numbers, comma-separated",
    "_words": "texts, comma-separated",
    "_environment": "demo, test or production",
    "_url": "web address",
}
HIDDEN = "(set)"
HEAD = f"""# Settings

Environment variables, declared in `{config.__name__.replace(".", "/")}.py`. Any may be given as `…_FILE` with the name
of a file that holds the value. Written by `jetapp settings --markdown > docs/settings.md`; a test keeps it true.

| name | type | default | meaning | |
|---|---|---|---|---|
"""


@click.command("settings")
@click.option("--markdown", is_flag=True, help="The table of docs/settings.md, without present values.")
def settings_command(markdown: bool) -> None:
    """Every setting: name, meaning, default, present value."""
    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    for setting in SETTINGS:
        click.secho(f"JETAPP_{setting.name}", bold=True, nl=False)
        click.echo(f"  {_present(setting)}")
        default = f"; default {setting.default}" if setting.default else ""
        needed = "; needed in production" if setting.needed_in_production else ""
        click.echo(f"    {setting.help} ({type_of(setting)}{default}{needed})")


def as_markdown() -> str:
    return HEAD + "".join(_line(setting) for setting in SETTINGS)


def type_of(setting: Setting) -> str:
    """In words; a new way of reading needs its word in `TYPES`."""
    return TYPES[setting.parse.__name__]


def _line(setting: Setting) -> str:
    known = (("needed in production", setting.needed_in_production), ("secret", setting.secret))
    marks = [word for word, holds in known if holds]
    default = f"`{setting.default}`" if setting.default else ""
    cells = (f"`JETAPP_{setting.name}`", type_of(setting), default, setting.help, ", ".join(marks))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _present(setting: Setting) -> str:
    """The value it has now, as it was written; secrets are only said to be there."""
    text, file = given(setting)
    if text is None and file is None:
        return "(default)"
    source = f" from {file}" if text is None else ""
    try:
        value_of(setting)
    except SettingsError:
        return click.style(f"(not usable){source}", fg="red")
    return f"{HIDDEN}{source}" if setting.secret else f"= {text}" if text is not None else source.strip()
