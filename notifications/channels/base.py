"""What every channel offers, and the ways a send can fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

LOOK_UPS_IN_FLIGHT = 10
"""Requests to a provider's list at the same time, beside the sends."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as the channel needs it. `uuid` is our name for it, `mark` words found in its body only."""

    id: int
    uuid: str
    address: str
    subject: str
    body: str
    mark: str
    segments: int
    valid_seconds: int
    """After this long the next wave has replaced the text; 0 = no limit."""


class Failure(StrEnum):
    REFUSED = "refused"
    """The provider said no; nothing was sent. `code` says whether it is the number, the text or something else."""
    BUSY = "busy"
    """Surely not processed: rate limit, or no connection was made."""
    IN_DOUBT = "in_doubt"
    """Time-out, reset or server error: it may have been sent. Never to be resent without looking it up."""
    LATER = "later"
    """Surely not processed, and nothing but this message is concerned: a full mailbox, greylisting."""
    ACCOUNT = "account"
    """Our own account or configuration: nobody can be reached until an operator acts."""


class ChannelError(Exception):
    """A send failed in the way `kind` says. `retry_after` is in seconds, 0 when the provider named none."""

    def __init__(self, kind: Failure, text: str, code: str = "", retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.code = code
        self.retry_after = retry_after


class CannotTell(Exception):
    """The provider's list could not be read just now, or there is none (e-mail)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message as the provider knows it; `status` in the provider's words."""

    provider_id: str
    status: str
    error_code: str = ""
    text: str = ""


class Channel(Protocol):
    """A way to send. Used inside one event loop: `async with` opens connections and closes them."""

    accepts_is_final: bool
    """True where nothing is heard after acceptance (e-mail)."""
    has_list: bool
    """True where a send in doubt can be looked up."""
    max_in_flight: int

    async def __aenter__(self) -> Channel: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def send(self, message: Outgoing) -> str:
        """The provider's id. Raises `ChannelError`."""

    async def find(self, message: Outgoing, since: datetime) -> Sequence[Found]:
        """What the provider accepted after `since` (UTC) that may be this message, those with its very words first:
        a question, a reminder and a reply to one person share their mark. Raises `CannotTell`."""

    async def fetch(self, provider_id: str) -> Found | None:
        """What the provider knows of an accepted message. Raises `CannotTell`."""
