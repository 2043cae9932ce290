"""What the carrier has accepted: messages, mails and who opted out, all in memory."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from functools import cached_property
from uuid import uuid4

INBOUND = "inbound"
OUTBOUND = "outbound-api"
REPLY = "outbound-reply"
FINAL = frozenset({"delivered", "undelivered", "failed", "received"})


@dataclass(slots=True, eq=False)
class Message:
    """One message resource of the API (Twilio docs/messaging/api/message-resource); times are UNIX seconds."""

    to: str
    sender: str
    body: str
    segments: int
    direction: str
    status: str
    created: float
    nth: int = 1
    """How many requests for this number came before, itself included: part of the key for its luck."""
    service_sid: str | None = None
    callback_url: str = ""
    validity: int = 36_000
    sent: float | None = None
    updated: float = 0.0
    error_code: int | None = None
    note: str = ""
    """For people: why the product did not take an inbound message."""
    sid: str = field(default_factory=lambda: "SM" + uuid4().hex)
    position: int = -1

    @property
    def phone(self) -> str:
        """The virtual phone that holds this message."""
        return self.sender if self.direction == INBOUND else self.to


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person reads of a mail."""

    author: str
    name: str
    """The display name the letter uses for this recipient."""
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    """As they came, encoded words and all: decoding each takes longer than the rest together."""
    words: str
    """What is searched, in small letters."""


@dataclass(eq=False)
class Mail:
    sender: str
    to: str
    received: float
    raw: bytes
    number: int = 0

    @cached_property
    def letter(self) -> Letter:
        """Read when somebody first looks: reading a mail takes longer than accepting it."""
        message = message_from_bytes(self.raw, policy=default_policy)
        name = ""
        for address in getattr(message["to"], "addresses", ()):
            if address.addr_spec.lower() == self.to.lower():
                name = str(address.display_name)
        subject, text = str(message["subject"] or ""), _part(message, "plain")
        return Letter(
            author=str(message["from"] or ""),
            name=name,
            subject=subject,
            text=text,
            html=_part(message, "html"),
            headers=tuple((header, str(value)) for header, value in message.raw_items()),
            words=f"{name} {subject} {text}".lower(),
        )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


class Store:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.by_sid: dict[str, Message] = {}
        self.by_to: defaultdict[str, list[Message]] = defaultdict(list)
        self.phones: dict[str, list[Message]] = {}
        self.mails: list[Mail] = []
        self.mailboxes: dict[str, list[Mail]] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.requests: defaultdict[str, int] = defaultdict(int)

    def add(self, message: Message) -> Message:
        message.position = len(self.messages)
        message.updated = message.created
        self.messages.append(message)
        self.by_sid[message.sid] = message
        self.by_to[message.to].append(message)
        # Moved to the end, so that the phones read backwards are those with the latest news first.
        thread = self.phones.pop(message.phone, None) or []
        thread.append(message)
        self.phones[message.phone] = thread
        return message

    def add_mail(self, mail: Mail) -> Mail:
        mail.number = len(self.mails)
        self.mails.append(mail)
        address = mail.to.lower()
        box = self.mailboxes.pop(address, None) or []
        box.append(mail)
        self.mailboxes[address] = box
        return mail

    def newest_first(self, *, to: str = "", before: int | None = None, visible_until: float = 0.0) -> Iterator[Message]:
        """Messages created up to `visible_until`, those for one number only if given, older than position `before`."""
        rows = self.by_to.get(to, []) if to else self.messages
        end = len(rows)
        if before is not None:
            end = bisect_right(rows, before - 1, key=lambda message: message.position)
        until = visible_until or time.time()
        return (rows[index] for index in range(end - 1, -1, -1) if rows[index].created <= until)

    def last_sender(self, phone: str) -> str:
        """Whom this phone would answer: the sender of the newest message that can be answered."""
        for message in reversed(self.phones.get(phone, [])):
            if message.direction != INBOUND and message.sender.startswith("+"):
                return message.sender
        return ""
