"""`/_sandbox/*`: turn the knobs, read what was accepted, send an SMS from a phone. JSON in and out."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jetapp.sandbox.answer import Answer
from jetapp.sandbox.inbound import CannotSend, Inbound
from jetapp.sandbox.knobs import KnobError
from jetapp.sandbox.state import State
from jetapp.sandbox.store import INBOUND, Mail, Message
from jetapp.sandbox.webhooks import Webhooks

TOKEN_IN_BODY = re.compile(r"/s/([A-Za-z0-9_-]+)")
MOST_ROWS = 100_000


class Control:
    def __init__(self, state: State, inbound: Inbound, webhooks: Webhooks, forget: Callable[[], None]) -> None:
        self._state = state
        self._inbound = inbound
        self._webhooks = webhooks
        self._forget = forget

    def admits(self, authorization: str, remote: str) -> bool:
        token = self._state.options.control_token
        if token:
            return hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
        try:
            return ip_address(remote).is_loopback
        except ValueError:
            return False

    async def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        match (method, path.removeprefix("/_sandbox/")):
            case ("GET", "settings"):
                return _json(self._state.knobs.as_json())
            case ("PUT", "settings"):
                return self._settings(body)
            case ("POST", "reset"):
                self.reset(knobs=query.get("knobs") != "keep")
                return _json({"reset": True})
            case ("GET", "stats"):
                return _json(self.stats())
            case ("GET", "messages"):
                return _json({"messages": [message_json(message) for message in self._messages(query)]})
            case ("GET", "mails"):
                return _json({"mails": [mail_json(mail) for mail in self._mails(query)]})
            case ("POST", "inbound"):
                return await self._receive(body)
            case _:
                return _json({"error": f"there is no {method} {path}"}, 404)

    def reset(self, *, knobs: bool) -> None:
        self._state.reset(knobs=knobs)
        self._forget()

    def _settings(self, body: bytes) -> Answer:
        try:
            changes = json.loads(body)
        except ValueError as error:
            return _json({"errors": {"": f"the body is not JSON: {error}"}}, 400)
        if not isinstance(changes, dict):
            return _json({"errors": {"": "the body must be an object of knobs"}}, 400)
        try:
            return _json(self._state.change(changes).as_json())
        except KnobError as error:
            return _json({"errors": error.errors}, 400)

    async def _receive(self, body: bytes) -> Answer:
        try:
            wanted = json.loads(body)
            received = await self._inbound.receive(wanted["from"], wanted["body"], wanted.get("to", ""))
        except CannotSend as error:
            return _json({"error": str(error)}, 400)
        except (ValueError, KeyError, TypeError, AttributeError):
            return _json({"error": 'the body must be JSON like {"from": "+81…", "body": "1", "to": "+1…"}'}, 400)
        return _json({"sid": received.sid, "status": received.reply.status, "text": received.reply.text})

    def _messages(self, query: Mapping[str, str]) -> Iterable[Message]:
        to, sender, direction = query.get("to"), query.get("from"), query.get("direction")
        rows = [
            message
            for message in self._state.store.messages
            if (not to or message.to == to)
            and (not sender or message.sender == sender)
            and (not direction or message.direction == direction)
        ]
        return rows[-_limit(query) :]

    def _mails(self, query: Mapping[str, str]) -> Iterable[Mail]:
        to = query.get("to", "").lower()
        rows = self._state.store.mailboxes.get(to, []) if to else self._state.store.mails
        return rows[-_limit(query) :]

    def stats(self) -> dict[str, Any]:
        state = self._state
        messages = [message for message in state.store.messages if message.direction != INBOUND]
        counts = state.counts
        return {
            "accepted": counts["accepted"],
            "segments": counts["segments"],
            "statuses": dict(Counter(message.status for message in messages)),
            "refused": {str(code): number for code, number in sorted(state.refused.items())},
            "faults": dict(state.faults),
            "per_to": dict(Counter(message.to for message in messages)),
            "duplicates": duplicates(messages),
            "callbacks": {
                "pending": self._webhooks.pending,
                **{kind: counts[f"callbacks_{kind}"] for kind in CALLBACK_KINDS},
            },
            "inbound": {kind: counts[name] for kind, name in INBOUND_KINDS.items()},
            "answers": {"taken": counts["answers"], "refused": counts["answers_refused"]},
            "mails": {
                "accepted": counts["mails"] - counts["bounces"],
                "bounces": counts["bounces"],
                "per_to": {address: len(mails) for address, mails in state.store.mailboxes.items()},
            },
            "opted_out": sorted(list(pair) for pair in state.store.opted_out),
            "problems": list(state.problems),
            "timeline": [
                dict(zip(("second", "accepted", "segments", "callbacks", "mails"), (second, *figures), strict=True))
                for second, figures in sorted(state.timeline.items())
            ],
            "now": time.time(),
        }


CALLBACK_KINDS = ("sent", "failed", "lost", "doubled", "reordered", "repeated")
INBOUND_KINDS = {"received": "inbound", "taken": "inbound_taken", "refused": "inbound_refused"}


def duplicates(messages: Iterable[Message]) -> dict[str, int]:
    """Messages beyond the first of their kind: same number and same row of the product (`m` in the callback address),
    same link token, or same text. A reminder may repeat the token on purpose, never the row."""
    seen: dict[str, Counter[Hashable]] = {"by_reference": Counter(), "by_token": Counter(), "by_body": Counter()}
    for message in messages:
        seen["by_body"][message.to, message.body] += 1
        token = TOKEN_IN_BODY.search(message.body)
        if token:
            seen["by_token"][message.to, token[1]] += 1
        reference = parse_qs(urlsplit(message.callback_url).query).get("m")
        if reference:
            seen["by_reference"][message.to, reference[0]] += 1
    return {kind: sum(number - 1 for number in counter.values()) for kind, counter in seen.items()}


def message_json(message: Message) -> dict[str, Any]:
    row = asdict(message)
    row["from"] = row.pop("sender")
    del row["position"], row["nth"]
    return row


def mail_json(mail: Mail) -> dict[str, Any]:
    return {
        "number": mail.number,
        "sender": mail.sender,
        "to": mail.to,
        "name": mail.letter.name,
        "received": mail.received,
        "subject": mail.letter.subject,
        "text": mail.letter.text,
        "html": mail.letter.html,
        "headers": mail.letter.headers,
    }


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "")
    return max(1, min(int(text), MOST_ROWS)) if text.isdecimal() else MOST_ROWS


def _json(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode())
