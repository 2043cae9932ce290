"""JMA's Atom feeds: asked for politely, each telegram fetched once.

The short feed holds about the last ten minutes. On the first reading and after a longer gap the long feed (`…_l.xml`,
some days) is read as well, so that nothing is missed; whether an old telegram may still act is not decided here.
JMA asks not to fetch the same file twice and blocks who takes too much (safety.md §2.1).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from posixpath import basename
from typing import Any
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa
import urllib3
from lxml import etree

from models.db import db, transaction
from models.disaster import FeedState, Telegram
from models.errors import DomainError
from models.types import db_now, now
from notifications.jma.document import MAX_BYTES

log = logging.getLogger(__name__)

GAP = timedelta(minutes=10)
FEED_BYTES = 20 * 1024 * 1024
"""The long feed of warnings has some 2 MB on a stormy day."""
SILENT_SECONDS = 300.0
"""A feed not read for so long is a reason to look; the short feed forgets after about ten minutes."""
GIVE_UP = timedelta(days=2)
"""A telegram that cannot be fetched is asked for again for so long: at first each time, later every ten minutes."""
READ_AT_ONCE = 500
SECONDS_IN_ALL = 60.0
"""For one file, however slowly it trickles."""
READ_TYPES = ("VXSE51", "VXSE53", "VTSE41", "VPWW", "VPNO50", "VPBS50", "VPOA50", "VXWW50", "VXKO", "VXSU") + (
    "VFVO50", "VFVO52", "VFVO56", "VYSE50", "VYSE60",
)  # fmt: skip
_TYPE = re.compile(r"_(V[A-Z]{3}[0-9]{2})_")
_ATOM = "{http://www.w3.org/2005/Atom}"

Take = Callable[[bytes, str, str], object]
"""What is done with a telegram: its bytes, the file's name, its address."""


class FeedError(DomainError):
    """A feed or an entry of it could not be read; the text says what was wrong."""


@dataclass(frozen=True, slots=True)
class FeedResult:
    """`entries`: of types we read; `taken`: fetched and handed on now; `failed`: to be tried again next time."""

    url: str
    changed: bool
    replayed: bool
    entries: int = 0
    taken: int = 0
    failed: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    data: bytes
    etag: str
    last_modified: str


def poll_all(take: Take, urls: Iterable[str]) -> list[FeedResult]:
    """Read these feeds once, one after the other. Never raises: a feed that fails does not stop the others."""
    results = []
    with urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=5, read=15), retries=False, headers={"User-Agent": "jetapp"}, maxsize=2
    ) as pool:
        for url in urls:
            try:
                results.append(_poll(pool, url, take))
            except Exception as error:
                # Whatever it is, the clock must go on; the next reading tries again.
                log.exception("feed %s", url)
                results.append(FeedResult(url, False, False, error=f"{type(error).__name__}: {error}"))
                _remember_failure(url, results[-1].error)
    return results


@dataclass(frozen=True, slots=True)
class Reading:
    """How a configured feed is read; `age_seconds` since it last answered well, None = it never has."""

    url: str
    age_seconds: float | None
    error: str = ""
    missing: int = 0
    """Telegrams it named that could not be fetched yet."""

    def silent(self, poll_seconds: float) -> bool:
        """Whether somebody should look."""
        return self.age_seconds is None or self.age_seconds > max(SILENT_SECONDS, 10 * poll_seconds)


def readings(execute: Callable[[sa.Select[Any]], Iterable[Any]], urls: Sequence[str]) -> list[Reading]:
    """One for each of the feeds, by the database's clock; `execute` is that of a session or a connection."""
    wanted: Any = sa.select(
        FeedState.url, FeedState.read_at, FeedState.error, FeedState.missing, db_now().label("present")
    )
    rows = {row.url: row for row in execute(wanted.where(FeedState.url.in_(urls)))}
    found = []
    for url in urls:
        row = rows.get(url)
        if row is None:
            found.append(Reading(url, None))
            continue
        age = (row.present - row.read_at).total_seconds() if row.read_at is not None else None
        found.append(Reading(url, age, row.error, len(row.missing)))
    return found


def long_feed(url: str) -> str:
    """`…/eqvol.xml` → `…/eqvol_l.xml`."""
    return re.sub(r"\.xml$", "_l.xml", url)


def entries(data: bytes, base: str) -> list[str]:
    """The addresses of the telegrams of types we read, oldest first. Raises `FeedError` for anything but a feed.

    Only addresses on the feed's own host: a forged feed must not send us elsewhere.
    """
    root = _parse(data)
    host = urlsplit(base)[:2]
    found: dict[str, str] = {}
    for entry in root.findall(f"{_ATOM}entry"):
        link = entry.find(f"{_ATOM}link")
        address = urljoin(base, (link.get("href") if link is not None else "") or "")
        kind = _TYPE.search(basename(address))
        if kind and kind[1].startswith(READ_TYPES) and urlsplit(address)[:2] == host:
            found[address] = entry.findtext(f"{_ATOM}updated") or ""
    # File names begin with the time of issue, to the second.
    return sorted(found, key=lambda address: (found[address], basename(address)))


def _poll(pool: urllib3.PoolManager, url: str, take: Take) -> FeedResult:
    state = db.session.get(FeedState, url)
    etag, modified = (state.etag, state.last_modified) if state else ("", "")
    seen = set(state.seen) if state else set()
    missing = dict(state.missing) if state else {}
    read_at = state.read_at if state else None
    # No database transaction stays open while the network is waited for.
    db.session.rollback()
    started = now()
    gap = read_at is None or started - read_at > GAP
    addresses: list[str] = []
    try:
        if gap:
            addresses += entries(_get(pool, long_feed(url), FEED_BYTES).data, url)
        reply = _get(pool, url, FEED_BYTES, etag, modified)
        if reply.status == 304:
            current = [address for address in seen if address not in addresses]
        else:
            current = entries(reply.data, url)
    except FeedError as error:
        _remember_failure(url, str(error))
        return FeedResult(url, False, gap, error=str(error))
    addresses = list(dict.fromkeys([*addresses, *current]))
    again = [address for address, tries in missing.items() if _due(tries, started)]
    asked = [*again, *(address for address in _unseen(addresses, seen) if address not in missing)]
    taken, failures = _fetch(pool, asked, take)
    problem = f"{len(failures)} telegrams could not be fetched: {next(iter(failures.values()))}" if failures else ""
    with transaction() as session:
        row = session.get(FeedState, url) or FeedState(url=url)
        row.etag, row.last_modified = reply.etag or etag, reply.last_modified or modified
        row.asked_at, row.read_at, row.error = started, started, problem[:2000]
        row.seen, row.missing = current, _still_missing(missing, asked, failures, started)
        session.add(row)
    return FeedResult(url, reply.status == 200, gap, len(addresses), taken, len(failures), problem)


def _due(tries: Sequence[str], moment: datetime) -> bool:
    first, last = map(datetime.fromisoformat, tries)
    return moment - first <= GAP or moment - last >= GAP


def _still_missing(
    missing: Mapping[str, list[str]], asked: Collection[str], failures: Collection[str], moment: datetime
) -> dict[str, list[str]]:
    """What is to be asked for again: what failed now, and what was not asked for this time."""
    left = {address: tries for address, tries in missing.items() if address not in asked}
    for address in failures:
        left[address] = [missing[address][0] if address in missing else moment.isoformat(), moment.isoformat()]
    kept = {address: tries for address, tries in left.items() if moment - datetime.fromisoformat(tries[0]) <= GIVE_UP}
    for address in left.keys() - kept.keys():
        log.error("telegram %s could not be fetched for %s and is given up", address, GIVE_UP)
    return kept


def _unseen(addresses: list[str], seen: set[str]) -> list[str]:
    """Without what was fetched before, by the last reading or ever."""
    left = [address for address in addresses if address not in seen]
    for start in range(0, len(left), READ_AT_ONCE):
        part = left[start : start + READ_AT_ONCE]
        seen |= set(db.session.scalars(sa.select(Telegram.source).where(Telegram.source.in_(part))))
    db.session.rollback()
    return [address for address in left if address not in seen]


def _fetch(pool: urllib3.PoolManager, addresses: Iterable[str], take: Take) -> tuple[int, dict[str, str]]:
    taken = 0
    failures: dict[str, str] = {}
    for address in addresses:
        try:
            take(_get(pool, address, MAX_BYTES).data, basename(address), address)
            taken += 1
        except Exception as error:
            log.warning("telegram %s: %s", address, error)
            failures[address] = str(error)
    return taken, failures


def _get(pool: urllib3.PoolManager, url: str, limit: int, etag: str = "", modified: str = "") -> Reply:
    """One file, or nothing if it has not changed. Redirects are not followed: JMA uses none."""
    headers = {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    deadline = time.monotonic() + SECONDS_IN_ALL
    try:
        reply = pool.request(
            "GET", url, headers={**pool.headers, **headers}, preload_content=False, redirect=False, decode_content=True
        )
    except urllib3.exceptions.HTTPError as error:
        raise FeedError(
            "feed_unreachable", "%(url)s: no answer (%(why)s)", url=url, why=type(error).__name__
        ) from error
    try:
        if reply.status == 304 and headers:
            reply.drain_conn()
            return Reply(304, b"", "", "")
        if reply.status != 200:
            raise FeedError("feed_status", "%(url)s: answered %(status)d", url=url, status=reply.status)
        data = bytearray()
        for part in reply.stream(65536, decode_content=True):
            data += part
            if len(data) > limit:
                raise FeedError("feed_too_large", "%(url)s: larger than %(limit)d bytes", url=url, limit=limit)
            if time.monotonic() > deadline:
                raise FeedError("feed_too_slow", "%(url)s: took longer than %(limit)d s", url=url, limit=SECONDS_IN_ALL)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        reply.close()
        raise FeedError("feed_broken", "%(url)s: broke off (%(why)s)", url=url, why=type(error).__name__) from error
    except FeedError:
        reply.close()
        raise
    reply.release_conn()
    return Reply(200, bytes(data), reply.headers.get("ETag", "")[:200], reply.headers.get("Last-Modified", "")[:60])


def _parse(data: bytes) -> etree._Element:
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise FeedError("feed_doctype", "the feed holds a DOCTYPE, which JMA's do not; refused.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise FeedError("feed_malformed", "the feed is no well-formed XML (%(why)s)", why=str(error)) from error
    if root.tag != f"{_ATOM}feed":
        raise FeedError("feed_not_atom", "this is no Atom feed")
    return root


def _remember_failure(url: str, error: str) -> None:
    """What went wrong stays on the row; the time of the last good reading stays as it is."""
    try:
        with transaction() as session:
            row = session.get(FeedState, url) or FeedState(url=url)
            row.asked_at, row.error = now(), error[:2000].replace("\0", "")
            session.add(row)
    except Exception:
        log.exception("feed %s: the failure could not be stored", url)
