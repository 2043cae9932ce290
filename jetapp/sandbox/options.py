"""What is fixed when the sandbox carrier starts; everything that may change while it runs is a knob."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Twilio's "magic" test sender (docs/iam/test-credentials): it can belong to nobody.
DEFAULT_SENDER = "+15005550006"
DEFAULT_ACCOUNT_SID = "AC" + "5a" * 16
DEFAULT_AUTH_TOKEN = "sandbox"


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    host: str = "127.0.0.1"
    http_port: int = 0
    smtp_port: int = 0
    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    inbound_url: str = ""
    senders: tuple[str, ...] = ()
    """Numbers the account owns. Empty: any well-formed sender is taken; else others answer 21606."""
    control_token: str = ""
    """Required as a bearer token by `/_sandbox/*` when set; without it only this machine is let in."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Knobs that differ from their defaults at the start; also what `/_sandbox/reset` goes back to."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"AC[0-9a-f]{32}", self.account_sid):
            raise ValueError(f"account_sid must be AC and 32 hexadecimal digits, not {self.account_sid!r}")
        if not self.auth_token:
            raise ValueError("auth_token must not be empty: every signature would be worthless")
        for name, port in (("http_port", self.http_port), ("smtp_port", self.smtp_port)):
            if not 0 <= port <= 65535:
                raise ValueError(f"{name} must be between 0 and 65535, not {port}")

    @property
    def pool_sender(self) -> str:
        """The number a Messaging Service picks; one is enough for a stand-in (sticky sender)."""
        return self.senders[0] if self.senders else DEFAULT_SENDER
