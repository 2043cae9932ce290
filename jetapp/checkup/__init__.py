"""Is everything there that a safety check needs? One list of checks for `jetapp doctor` and `/readyz`.

A check is a function of a `Subject` that gives a `Finding`. Checks need no application context and have time-outs,
because they are asked when something is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jetapp.checkup import machinery, outside, sending, storage
from jetapp.checkup.findings import Check, Finding, State, Subject, all_of, engine_for, failed

__all__ = ["CHECKS", "Finding", "State", "Subject", "configuration", "engine_for", "examine", "failed", "ready"]

LONGEST_SECONDS = 12.0
READY_SECONDS = 3.0

CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", storage.database),
    ("migrations", storage.migrations),
    ("clock", storage.clock),
    ("disk", storage.disk),
    ("redis", machinery.redis),
    ("workers", machinery.workers),
    ("scheduler", machinery.scheduler),
    ("feed", machinery.feed),
    ("provider", sending.provider),
    ("sender", sending.sender),
    ("mail", sending.mail),
    ("waiting", sending.waiting),
    ("doubt", sending.doubt),
    ("address", outside.address),
    ("texts", outside.texts),
    ("fonts", outside.fonts),
)
READY = ("database", "redis", "migrations")


def configuration(problems: Sequence[str], env: str) -> list[Finding]:
    """One finding for each setting that is missing or wrong."""
    todo = "correct it; `jetapp settings` lists all with their help"
    if not problems:
        return [Finding("configuration", State.OK, f"all settings are usable ({env})")]
    return [Finding("configuration", State.FAIL, problem, todo) for problem in problems]


def examine(subject: Subject, seconds: float = LONGEST_SECONDS) -> list[Finding]:
    """All findings, in the order of `CHECKS`; takes at most `seconds`."""
    return list(_told_once(all_of(CHECKS, subject, seconds)))


def _told_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same trouble with the same advice in full only where it comes first."""
    first: dict[tuple[str, str], str] = {}
    for finding in findings:
        cause = first.setdefault((finding.text, finding.what_to_do), finding.name)
        if finding.state is not State.FAIL or cause == finding.name:
            yield finding
        else:
            yield Finding(finding.name, State.FAIL, f"not known: see {cause}", f"put {cause} right first")


def ready(subject: Subject, names: Iterable[str] = READY, seconds: float = READY_SECONDS) -> list[Finding]:
    """The findings a load balancer asks for."""
    wanted = dict(CHECKS)
    return all_of([(name, wanted[name]) for name in names], subject, seconds)
