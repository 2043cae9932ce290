"""`jetapp doctor`: what is there, what is not, and what to do. Works when everything else is broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import ScriptInfo
from rich.console import Console
from rich.text import Text

from jetapp.checkup import Finding, State, Subject, configuration, engine_for, examine, failed
from jetapp.checkup.findings import reason
from jetapp.checkup.values import database_address, usable
from jetapp.config import SettingsError
from notifications import settings as machine_settings

STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_context
def doctor_command(context: click.Context, as_json: bool) -> None:
    """Look at everything a safety check needs; exit 1 if something is broken."""
    findings, values, url = _configuration(context)
    installed = machine_settings.install(values)
    try:
        engine = engine_for(url)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
        engine = None
        findings.append(
            Finding("configuration", State.FAIL, f"JETAPP_DATABASE_URL: {reason(error)}", "correct JETAPP_DATABASE_URL")
        )
    folder = Path(engine.url.database or ".").parent if engine and engine.dialect.name == "sqlite" else Path.cwd()
    findings += examine(Subject(installed, url, engine, folder.absolute()))
    broken = failed(findings)
    if as_json:
        click.echo(json.dumps({"ok": not broken, "findings": [asdict(f) for f in findings]}, ensure_ascii=False))
    else:
        _show(findings)
    context.exit(1 if broken else 0)


def _configuration(context: click.Context) -> tuple[list[Finding], Mapping[str, object], str]:
    """What the settings look like, and settings to go on with, even if the application cannot start."""
    try:
        app = _application(context)
    except SettingsError as error:
        values = usable()
        return configuration(str(error).splitlines(), str(values["ENV"])), values, database_address(values)
    except Exception as error:
        values = usable()
        problem = f"the application cannot start: {type(error).__name__}: {reason(error)}"
        return configuration([problem], str(values["ENV"])), values, database_address(values)
    return configuration([], app.config["ENV"]), app.config, app.config["SQLALCHEMY_DATABASE_URI"]


def _application(context: click.Context) -> Flask:
    if current_app:
        return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
    return context.ensure_object(ScriptInfo).load_app()


def _show(findings: list[Finding]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        line = Text(f"{finding.state.value:<4}  ", STYLES[finding.state])
        line.append(f"{finding.name:<{width}}  ", "bold")
        line.append(finding.text, "default")
        console.print(line)
        if finding.what_to_do:
            console.print(Text(f"{'':<{width + 8}}→ {finding.what_to_do}", "default"))
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    console.print(f"\n{counts[State.OK]} ok, {counts[State.WARN]} to look at, {counts[State.FAIL]} broken")
