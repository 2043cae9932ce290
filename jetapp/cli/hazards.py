"""`jetapp hazards …`: JMA's telegrams."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from models.types import now
from notifications import settings
from notifications.jma import telegram as jma
from notifications.jma.errors import TelegramError
from notifications.jma.feed import FeedResult
from notifications.safety import watch
from notifications.safety.reading import describe
from notifications.safety.trigger import Outcome

group = AppGroup("hazards", help="Telegrams of the Japan Meteorological Agency.")
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False))


@group.command("read", with_appcontext=False)
@FILES
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_context
def read_command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """What we make of telegrams by the default rules; needs no database and changes nothing."""
    entries = describe(files)
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False, indent=1))
    else:
        for entry in entries:
            click.echo(_line(entry), err="error" in entry)
    ctx.exit(1 if any("error" in entry for entry in entries) else 0)


@group.command("ingest")
@FILES
@click.option(
    "--replay",
    is_flag=True,
    help="Judge each file as if received when it was reported (always so in demo and test), so that a recorded "
    "disaster can be played. Without it an old report only proposes.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_context
def ingest_command(ctx: click.Context, files: tuple[str, ...], replay: bool, as_json: bool) -> None:
    """Take in files as if they had come from the feed, in the order given."""
    replay = replay or current_app.config["ENV"] != "production"
    done: list[dict[str, Any]] = []
    for file in files:
        try:
            data = Path(file).read_bytes()
        except OSError as error:
            done.append({"file": file, "error": f"{file}: cannot be read ({error.strerror})"})
            continue
        name = Path(file).name
        outcome = watch.receive(
            data,
            name=name,
            source=f"file:{name}",
            received_at=_received_at(data, name) if replay else now(),
            reason="hazards ingest",
        )
        done.append(_ingested(file, outcome))
        if not as_json:
            click.echo(_said(file, outcome))
    for entry in done:
        if entry.get("error") and not as_json:
            click.echo(entry["error"], err=True)
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=1))
    ctx.exit(1 if any(entry.get("error") for entry in done) else 0)


@group.command("poll")
@click.option("--once", is_flag=True, help="Read the feeds one time and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document per reading on standard output.")
@click.pass_context
def poll_command(ctx: click.Context, once: bool, as_json: bool) -> None:
    """Read the Atom feeds of JETAPP_JMA_FEEDS; without --once for ever."""
    if not settings.current().jma_feeds:
        raise click.ClickException("JETAPP_JMA_FEEDS names no feed.")
    while True:
        results = watch.poll_all()
        if as_json:
            click.echo(json.dumps([asdict(result) for result in results], ensure_ascii=False))
        else:
            for result in results:
                click.echo(_read(result), err=bool(result.error))
        if once:
            ctx.exit(1 if any(result.error for result in results) else 0)
        time.sleep(settings.current().jma_poll_seconds)


def _received_at(data: bytes, name: str) -> datetime:
    try:
        return jma.read(data, name).reported_at
    except TelegramError:
        return now()


def _ingested(file: str, outcome: Outcome) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "file": file,
        "action": outcome.action,
        "why": outcome.why,
        "effect": outcome.effect,
        "check": outcome.check_id,
        "repeated": outcome.repeated,
    }
    return {**entry, "error": outcome.error} if outcome.error else entry


def _said(file: str, outcome: Outcome) -> str:
    again = " (taken in before; nothing was done now)" if outcome.repeated else ""
    return f"{file}: {outcome.action or 'unreadable'} – {outcome.effect}{again}"


def _line(entry: dict[str, Any]) -> str:
    if "error" in entry:
        return str(entry["error"])
    towns, prefectures = len(entry["municipalities"]), len(entry["prefectures"])
    return (
        f"{entry['file']}: {entry['type'] or '?'} {entry['status']} {entry['info_type']} → {entry['action']} "
        f"({entry['why']}); municipalities: {towns}, prefectures: {prefectures}"
    )


def _read(result: FeedResult) -> str:
    if result.error:
        return f"{result.url}: {result.error}"
    how = "replayed after a gap" if result.replayed else ("changed" if result.changed else "unchanged")
    return f"{result.url}: {how}, {result.taken} telegrams taken in"
