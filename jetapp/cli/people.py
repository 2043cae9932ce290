"""`jetapp participants import` and `jetapp organisations import`: files in, a report per row out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
from flask.cli import AppGroup

from jetapp.cli.language import LANG, told, translator
from jetapp.imports import service
from jetapp.imports.reading import MOST_BYTES
from jetapp.imports.report import Outcome, Report, Translate
from models.access import acting_as, system
from models.db import transaction
from models.errors import DomainError, Invalid, text_key

participants = AppGroup("participants", help="Participants of the JET Programme.")
organisations = AppGroup("organisations", help="Contracting organisations.")
MOST_LINES = 50

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
_PARTIAL = click.option("--partial", is_flag=True, help="Import the good rows although others are refused.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@participants.command("import")
@_FILE
@_DRY_RUN
@_PARTIAL
@_JSON
@LANG
@click.pass_context
def import_participants(
    ctx: click.Context, file: Path, dry_run: bool, partial: bool, as_json: bool, lang: str | None
) -> None:
    """Create and update participants from a CSV or XLSX file (columns: docs/imports.md)."""
    _run(ctx, service.import_participants, file, dry_run, partial, as_json, lang)


@organisations.command("import")
@_FILE
@_DRY_RUN
@_PARTIAL
@_JSON
@LANG
@click.pass_context
def import_organisations(
    ctx: click.Context, file: Path, dry_run: bool, partial: bool, as_json: bool, lang: str | None
) -> None:
    """Create and update contracting organisations from a CSV or XLSX file (columns: docs/imports.md)."""
    _run(ctx, service.import_organisations, file, dry_run, partial, as_json, lang)


def _run(
    ctx: click.Context,
    importer: Callable[..., Report],
    file: Path,
    dry_run: bool,
    partial: bool,
    as_json: bool,
    lang: str | None,
) -> None:
    translate = translator(lang)
    try:
        data = _bytes(file)
        with acting_as(system(f"import of {file.name}")), transaction():
            report = importer(data, file.name, dry_run=dry_run, partial=partial)
    except DomainError as error:
        click.echo(told(error, lang), err=True)
        ctx.exit(1)
    if as_json:
        click.echo(json.dumps(report.as_json(translate), ensure_ascii=False))
    else:
        _print(report, translate)
    if report.refused:
        # One line: what each row lacks stands in the report.
        text = translate("%(count)s rows of %(file)s are refused, nothing was changed.")
        click.echo(text % {"count": report.counts["refused"], "file": report.file}, err=True)
        ctx.exit(1)


def _bytes(file: Path) -> bytes:
    """Not more than one byte above what is allowed: a huge file is refused without being read."""
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid(
            "unreadable_file", "%(file)s cannot be read: %(problem)s.", "", file=file.name, problem=error.strerror
        ) from error


OUTCOMES = {
    Outcome.CREATED: text_key("created"),
    Outcome.UPDATED: text_key("updated"),
    Outcome.UNCHANGED: text_key("unchanged"),
    Outcome.REFUSED: text_key("refused"),
}


def _print(report: Report, translate: Translate) -> None:
    lines = report.lines(translate)
    for line in lines[:MOST_LINES]:
        click.echo(line)
    if len(lines) > MOST_LINES:
        click.echo(translate("… and %(count)s more; --json lists all.") % {"count": len(lines) - MOST_LINES})
    if report.unused:
        click.echo(translate("Columns not used: %(columns)s") % {"columns": ", ".join(report.unused)})
    counts = ", ".join(f"{translate(word)} {report.counts[outcome.value]}" for outcome, word in OUTCOMES.items())
    ending = translate("imported") if report.applied else translate("nothing changed")
    click.echo(f"{report.file}: {counts} ({ending})")
