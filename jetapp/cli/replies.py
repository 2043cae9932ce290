"""`jetapp replies …`: what people text back."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from notifications.safety.replies import classify

group = AppGroup("replies", help="Replies by SMS.")


@group.command("classify", with_appcontext=False)
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def classify_command(text: str, as_json: bool) -> None:
    """What a text counts as: safe, need_help or unclear. Needs no database."""
    reply = classify(text)
    if as_json:
        facts = {"answer": reply.answer, "note": reply.note, "opt_out": reply.opt_out, "opt_in": reply.opt_in}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    wish = " (no more SMS wanted)" if reply.opt_out else " (SMS wanted again)" if reply.opt_in else ""
    click.echo(f"{reply.answer}{wish}")
