"""Twilio's message list: filters by To, From and DateSent, newest first, in pages with `next_page_uri`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from jetapp.sandbox.store import Message, Store

LARGEST_PAGE = 1000
FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
DAY = timedelta(days=1)


def page(store: Store, query: Mapping[str, str], path: str, lag: float) -> dict[str, Any]:
    """One page; the token names the last message of the page before, so new messages do not shift the pages."""
    size = _number(query, "PageSize", 50, low=1)
    size = min(size, LARGEST_PAGE)
    number = _number(query, "Page", 0, low=0)
    token = query.get("PageToken", "")
    before = None
    if token:
        last = store.by_sid.get(token.removeprefix("PA"))
        if last is None:
            raise ValueError("PageToken")
        before = last.position
    kept = _filter(query)
    rows = store.newest_first(to=query.get("To", ""), before=before, visible_until=time.time() - lag)
    found = list(islice((message for message in rows if kept(message)), size + 1))
    messages = found[:size]
    filters = {name: query[name] for name in FILTERS if query.get(name)}

    def uri(**position: object) -> str:
        return f"{path}?{urlencode({**filters, 'PageSize': size, **position})}"

    following = uri(Page=number + 1, PageToken=f"PA{messages[-1].sid}") if len(found) > size else None
    here = uri(Page=number, PageToken=token) if token else uri(Page=number)
    return {
        "start": number * size,
        "end": number * size + max(len(messages) - 1, 0),
        "page": number,
        "page_size": size,
        "uri": here,
        "first_page_uri": uri(Page=0),
        "next_page_uri": following,
        "previous_page_uri": None if number == 0 else uri(Page=number - 1),
        "messages": messages,
    }


def _number(query: Mapping[str, str], name: str, default: int, *, low: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) < low:
        raise ValueError(name)
    return int(text)


def _filter(query: Mapping[str, str]) -> Callable[[Message], bool]:
    sender = query.get("From", "")
    low, high = float("-inf"), float("inf")
    if query.get("DateSent"):
        # The SDKs write a date as its midnight, and Twilio's own example asks for a day that way.
        start, whole_day = _moment(query, "DateSent")
        whole_day = whole_day or start == start.replace(hour=0, minute=0, second=0, microsecond=0)
        low, high = start.timestamp(), (start + (DAY if whole_day else timedelta(seconds=1))).timestamp() - 1e-6
    if query.get("DateSent>"):
        low = max(low, _moment(query, "DateSent>")[0].timestamp())
    if query.get("DateSent<"):
        # Twilio: "on or before midnight on a date". Read narrowly: what a caller may rely on under either reading.
        until, whole_day = _moment(query, "DateSent<")
        high = min(high, until.timestamp() + (0 if whole_day else 1 - 1e-6))
    dated = (low, high) != (float("-inf"), float("inf"))

    def kept(message: Message) -> bool:
        if sender and message.sender != sender:
            return False
        return not dated or (message.sent is not None and low <= message.sent <= high)

    return kept


def _moment(query: Mapping[str, str], name: str) -> tuple[datetime, bool]:
    """Date-times to the second, as the API shows them; and whether it was a whole day. All in UTC."""
    text = query[name]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(name) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment, len(text) == len("2026-11-21")
