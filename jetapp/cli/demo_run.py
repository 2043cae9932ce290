"""`jetapp demo run`: what `make demo` calls."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("run")
@click.option("--once", is_flag=True, help="End by itself, with a JSON summary as the last line.")
@click.option("--participants", type=click.IntRange(1, 500_000), help="How many people; the real number if not given.")
@click.option(
    "--telegram",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A telegram in JMA's form instead of ours; its times are moved to the present.",
)
@click.option("--keep-data", is_flag=True, help="Go on with the people and checks of the last run.")
@click.option("--jma", is_flag=True, help="Read JMA's real earthquake feed as well.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=".demo", show_default=True)
def run_command(
    once: bool, participants: int | None, telegram: Path | None, keep_data: bool, jma: bool, folder: Path
) -> None:
    """The whole product on this machine, and an earthquake that goes through it. Ctrl-C stops everything."""
    # Imported late: the other commands need none of it.
    from jetapp.demo.run import Wishes, run  # noqa: PLC0415

    sys.exit(run(Wishes(once, participants, telegram, keep_data, jma, folder)))
