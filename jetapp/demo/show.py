"""What the demo shows in the terminal: steps, a progress bar, results, and where to look next."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from jetapp.demo.figures import Figures
from jetapp.demo.logins import LOGINS, PASSWORD
from jetapp.demo.place import Place

LINE_SECONDS = 5.0
"""Between two lines of progress where no bar can be drawn (a file, a pipe)."""


class Show:
    """Everything goes to standard error: standard output is for the summary."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        if not self.console.is_terminal:
            self.console.width = 120

    def say(self, text: str) -> None:
        self.console.print(text, markup=False)

    def title(self, text: str) -> None:
        self.console.print(f"\n{text}", style="bold", markup=False)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        started = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(text):
                yield
        else:
            yield
        self.say(f"  {text}: {time.monotonic() - started:.1f} s")

    def failure(self, text: str) -> None:
        self.console.print(text, style="bold red", markup=False)

    def results(self, figures: Figures, seconds: float, lost: int, duplicates: int) -> None:
        self.title("What happened")
        if figures.effect:
            self.say(f"  {figures.effect}")
        table = Table(box=None, show_header=False, padding=(0, 2))
        for name, value, note in (
            ("asked", figures.asked, "people"),
            ("messages", figures.messages, f"{figures.sms} SMS, {figures.messages - figures.sms} e-mails"),
            ("accepted", figures.accepted, "by carrier and mail server"),
            ("delivered", figures.delivered, "SMS, as the carrier reports; mail servers report nothing"),
            ("answered", figures.answered, f"people, {figures.need_help} of them need help"),
            ("lost", lost, "people without a final message, messages not final"),
            ("duplicates", duplicates, "messages the carrier got twice"),
            ("seconds", f"{seconds:.1f}", "from the telegram in the feed to the last message final"),
        ):
            table.add_row(f"  {name}", str(value), note)
        self.console.print(table)

    def addresses(self, place: Place) -> None:
        self.title("The site")
        table = Table(box=None, show_header=False, padding=(0, 2))
        table.add_row("  product", f"{place.web}/")
        table.add_row("  virtual phones and mailboxes", f"{place.carrier}/")
        table.add_row("  logs", f"{place.folder}/*.log")
        table.add_row("  commands about it", f". {place.folder}/env; {Path(sys.argv[0]).parent / 'jetapp'} doctor")
        self.console.print(table)
        self.title(f"Log-ins, password {PASSWORD}")
        table = Table(box=None, show_header=False, padding=(0, 2))
        for login in LOGINS:
            table.add_row(f"  {login.email}", login.what_en)
        self.console.print(table)


class Bars:
    """How far asking, sending and answering are."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._said = 0.0
        self._progress = Progress(
            TextColumn("  {task.description:<10}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=show.console,
            disable=not show.console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        self._tasks = {name: self._progress.add_task(name, total=None) for name in NAMES}
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, figures: Figures) -> None:
        for name, done, total in (
            ("asked", figures.asked, figures.asked),
            ("accepted", figures.accepted, figures.messages),
            ("delivered", figures.delivered, figures.sms),
            ("answered", figures.answered, figures.asked),
        ):
            self._progress.update(self._tasks[name], completed=done, total=total or None)
        if not self._show.console.is_terminal and time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            self._show.say(
                f"  asked {figures.asked}, messages {figures.messages}, accepted {figures.accepted}, "
                f"delivered {figures.delivered}, answered {figures.answered}"
            )


NAMES = ("asked", "accepted", "delivered", "answered")
