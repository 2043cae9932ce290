"""The settings the two machines need, handed over once by the application (jetapp/config.py declares them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Names as in jetapp/config.py, lower case."""

    env: str = "test"
    redis_url: str = ""
    public_url: str = "http://127.0.0.1:8000"
    twilio_account_sid: str = ""
    twilio_auth_token: tuple[str, ...] = ()
    twilio_api_base: str = ""
    twilio_sender: str = ""
    twilio_messaging_service_sid: str = ""
    sms_segments_per_second: float = 10.0
    sms_reply: bool = False
    smtp_url: str = ""
    mail_from: str = ""
    mails_per_second: float = 0.0
    jma_feeds: tuple[str, ...] = ()
    jma_poll_seconds: int = 30
    trigger_max_age_minutes: int = 30
    trigger_join_hours: int = 72
    answer_link_days: int = 14
    reminder_minutes: tuple[int, ...] = (10, 60, 180, 360, 1440, 2880, 4320)
    send_in_flight: int = 50
    send_batch: int = 100
    send_timeout_seconds: float = 30.0
    send_lease_seconds: int = 90
    unknown_wait_seconds: int = 180
    sweep_seconds: float = 5.0


_current = Settings()


def install(values: Mapping[str, Any]) -> Settings:
    """Take the settings over from the application; `values` has upper-case names."""
    global _current
    _current = Settings(**{f.name: values[f.name.upper()] for f in fields(Settings) if f.name.upper() in values})
    return _current


def current() -> Settings:
    return _current
