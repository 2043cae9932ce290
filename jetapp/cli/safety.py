"""`jetapp safety …`: checks by hand."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import click
from flask.cli import AppGroup

from models import places
from models.access import acting_as, system
from models.db import transaction
from models.errors import Invalid
from models.participant import Channel
from models.types import now, today
from notifications.safety import checks
from notifications.safety.status import status
from notifications.safety.targets import COAST, PREFECTURE

group = AppGroup("safety", help="Safety checks.")
ACTOR = "command line"


@group.command("start")
@click.option(
    "--area",
    "areas",
    multiple=True,
    required=True,
    metavar="JIS",
    help="A municipality (5 digits, or 6 with the check digit), a prefecture (2 digits), or coast:04. "
    "Several: repeat it, or separate by commas.",
)
@click.option("--title", required=True, help="What the check is about, in English.")
@click.option("--title-ja", default="", help="The same in Japanese.")
@click.option("--drill", is_flag=True, help="Mark everything 訓練/DRILL.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The started check as JSON; needs --yes.")
def start_command(areas: tuple[str, ...], title: str, title_ja: str, drill: bool, yes: bool, as_json: bool) -> None:
    """Start a check, after showing who would be asked. The same command again on the same day finds the same check."""
    chosen = [_area(part) for word in areas for part in word.split(",") if part.strip()]
    if as_json and not yes:
        raise click.UsageError("--json needs --yes.")
    with acting_as(system(ACTOR)):
        if not as_json:
            _show(checks.preview(chosen, drill), drill)
        if not yes:
            click.confirm("Start the check?", abort=True, err=True)
        with transaction():
            check = checks.start(
                key=_key(title, chosen, drill),
                title_en=title,
                title_ja=title_ja,
                areas=chosen,
                drill=drill,
                event={
                    "kind": "manual",
                    "max_value": title,
                    "place_en": "",
                    "place_ja": "",
                    "at": now().isoformat(),
                },
                why="started by hand on the command line",
            )
            ident = check.id
        entry = status(ident)[0]
    if as_json:
        click.echo(json.dumps(entry, ensure_ascii=False, indent=1))
    else:
        click.echo(f"Check {ident} is {entry['state']}: {entry['asked']} people asked.")


@group.command("status")
@click.argument("check_id", required=False, type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def status_command(check_id: int | None, as_json: bool) -> None:
    """All checks, or the one with this id, in numbers."""
    with acting_as(system(ACTOR)):
        entries = status(check_id)
    if as_json:
        click.echo(json.dumps(entries if check_id is None else entries[0], ensure_ascii=False, indent=1))
        return
    if not entries:
        click.echo("There are no checks.")
    for entry in entries:
        click.echo(_line(entry))


@group.command("close")
@click.argument("check_id", type=int)
@click.option("--note", default="", help="Kept in the check's log.")
def close_command(check_id: int, note: str) -> None:
    """End a running check."""
    with acting_as(system(ACTOR)), transaction():
        checks.close(check_id, note)
    click.echo(f"Check {check_id} is closed.")


def _area(word: str) -> checks.Area:
    code = word.strip()
    if code.startswith((PREFECTURE, COAST)):
        return checks.Area(code)
    if len(code) == 6 and code.isdigit() and places.check_digit(code[:5]) == code[5]:
        code = code[:5]
    if code in places.prefectures():
        return checks.Area(PREFECTURE + code)
    if code not in places.municipalities():
        raise Invalid("unknown_area", "There is no area %(codes)s.", field="areas", codes=word)
    return checks.Area(code)


def _key(title: str, areas: list[checks.Area], drill: bool) -> str:
    told = json.dumps([title, sorted(area.code for area in areas), drill, today().isoformat()])
    return f"hand:{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def _show(preview: checks.Preview, drill: bool) -> None:
    click.echo(f"{'DRILL. ' if drill else ''}{preview.people} people, {preview.already_asked} of them asked already.")
    names = places.prefectures()
    for code, count in preview.by_prefecture.items():
        click.echo(f"  {names[code].name_en}: {count}")
    for channel in Channel:
        numbers = preview.channels[channel]
        length = f"about {numbers.seconds:.0f} s" if numbers.seconds else "not limited"
        click.echo(f"  {channel.value}: {numbers.messages} messages, {numbers.segments} segments, {length}")
    if preview.without_channel:
        click.echo(f"  without any phone or e-mail: {preview.without_channel}")
    spoken = ", ".join(
        f"{each.code} {each.people}{'' if each.reviewed else ' (not reviewed: sent with English)'}"
        for each in preview.languages
    )
    click.echo(f"  languages: {spoken or '–'}")


def _line(entry: dict[str, Any]) -> str:
    drill = "DRILL " if entry["drill"] else ""
    return (
        f"{entry['id']}  {drill}{entry['title']}  [{entry['state']}]  rounds {len(entry['rounds'])}, "
        f"municipalities {entry['areas']['municipalities']}, asked {entry['asked']}, safe {entry['safe']}, "
        f"need help {entry['need_help']}, unclear {entry['unclear']}, no answer {entry['no_answer']}, "
        f"not reached {entry['not_reached']}, duplicates {entry['duplicates']}"
    )
