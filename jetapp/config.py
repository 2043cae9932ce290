"""Every setting: name, type, default, help. Read once from `JETAPP_*` (or a file named by `JETAPP_*_FILE`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(RuntimeError):
    """The settings are not usable; the text names every problem, one a line."""


def _flag(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("expected yes or no")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part.strip())


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _environment(text: str) -> str:
    if text not in ("demo", "test", "production"):
        raise ValueError("expected demo, test or production")
    return text


def _url(text: str) -> str:
    return text.rstrip("/")


@dataclass(frozen=True)
class Setting:
    name: str
    parse: Callable[[str], object]
    default: str
    help: str
    needed_in_production: bool = False
    secret: bool = False
    default_in_production_only: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("ENV", _environment, "demo", "demo, test or production; production refuses to start half-configured"),
    Setting("SECRET_KEY", str, "", "signs sessions; a long random text", True, True),
    Setting("DATABASE_URL", str, "", "SQLAlchemy address; empty = SQLite in the instance folder", True, True),
    Setting("REDIS_URL", str, "redis://127.0.0.1:6379/0", "the queue's Redis or Valkey", True, True),
    Setting(
        "PUBLIC_URL", _url, "http://127.0.0.1:8000", "address people reach us at; short, it stands in every SMS", True
    ),
    Setting("TWILIO_ACCOUNT_SID", str, "", "Twilio account", True),
    Setting("TWILIO_AUTH_TOKEN", _words, "", "Twilio token; two, comma-separated, while rotating", True, True),
    Setting("TWILIO_API_BASE", _url, "", "empty = Twilio; else the address of a stand-in"),
    Setting("TWILIO_SENDER", str, "", "number or name SMS are sent from (or set a messaging service)"),
    Setting("TWILIO_MESSAGING_SERVICE_SID", str, "", "Twilio messaging service SMS are sent from"),
    Setting("SMS_SEGMENTS_PER_SECOND", float, "10", "the sender's agreed rate; 0 = not limited"),
    Setting("SMS_REPLY", _flag, "no", "offer answering by SMS; only once tested with the carriers"),
    Setting("SMTP_URL", str, "", "smtp://user:password@host:port or smtps://…; empty = no e-mail", True, True),
    Setting("MAIL_FROM", str, "JET safety check <safety@jetapp.example>", "sender of e-mails", True),
    Setting("MAILS_PER_SECOND", float, "0", "agreed rate of the mail server; 0 = not limited"),
    Setting(
        "JMA_FEEDS",
        _words,
        "https://www.data.jma.go.jp/developer/xml/feed/eqvol.xml,https://www.data.jma.go.jp/developer/xml/feed/extra.xml",
        "Atom feeds to poll; the long feed of each is its name with _l; empty in demo and test unless set",
        default_in_production_only=True,
    ),
    Setting("JMA_POLL_SECONDS", int, "30", "pause between two readings of a feed"),
    Setting("TRIGGER_MAX_AGE_MINUTES", int, "30", "an older report only proposes a check"),
    Setting("TRIGGER_JOIN_HOURS", int, "72", "a new event in an overlapping area joins the running check within"),
    Setting("ANSWER_LINK_DAYS", int, "14", "how long the link in a message can be answered"),
    Setting("REMINDER_MINUTES", _numbers, "10,60,180,360,1440,2880,4320", "reminders after the start of a round"),
    Setting("SEND_IN_FLIGHT", int, "50", "requests to a provider at the same time, per worker"),
    Setting("SEND_BATCH", int, "100", "messages claimed at a time"),
    Setting("SEND_TIMEOUT_SECONDS", float, "30", "after this long without an answer a send is in doubt"),
    Setting("SEND_LEASE_SECONDS", int, "90", "how long a worker may hold messages; longer than the time-out"),
    Setting("UNKNOWN_WAIT_SECONDS", int, "180", "pause before a send in doubt is looked up at the provider"),
    Setting("SWEEP_SECONDS", float, "5", "pause between two rounds of the scheduler"),
    Setting("METRICS_TOKEN", str, "", "bearer token for /metrics; empty = only from this machine", False, True),
    Setting("TRUSTED_PROXIES", int, "0", "how many proxies in front add X-Forwarded-* headers"),
)


def read_settings(
    environ: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None
) -> dict[str, object]:
    """All settings with their values. Raises `SettingsError` with every problem at once."""
    environ = os.environ if environ is None else environ
    overrides = dict(overrides or {})
    problems: list[str] = []
    values: dict[str, object] = {}
    for setting in SETTINGS:
        if setting.name in overrides:
            values[setting.name] = overrides.pop(setting.name)
            continue
        name = f"JETAPP_{setting.name}"
        text = environ.get(name)
        if text is None and (file := environ.get(f"{name}_FILE")):
            try:
                text = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                problems.append(f"{name}_FILE: cannot read {file}: {error.strerror}")
                continue
        if text is None:
            text = "" if setting.default_in_production_only and values.get("ENV") != "production" else setting.default
        try:
            values[setting.name] = setting.parse(text.strip())
        except ValueError as error:
            problems.append(f"{name}: {text!r} is not usable: {error}")
    known = {f"JETAPP_{s.name}" for s in SETTINGS} | {f"JETAPP_{s.name}_FILE" for s in SETTINGS}
    problems += [
        f"{name}: there is no such setting" for name in environ if name.startswith("JETAPP_") and name not in known
    ]
    problems += [f"{name}: there is no such setting" for name in overrides]
    if values.get("ENV") == "production":
        problems += _missing(values, environ)
    if problems:
        raise SettingsError("\n".join(problems))
    return values


def _missing(values: Mapping[str, object], environ: Mapping[str, str]) -> list[str]:
    missing = [
        f"JETAPP_{setting.name}: needed in production ({setting.help})"
        for setting in SETTINGS
        if setting.needed_in_production
        and (not values.get(setting.name) or str(values[setting.name]) == setting.default)
    ]
    if not values.get("TWILIO_SENDER") and not values.get("TWILIO_MESSAGING_SERVICE_SID"):
        missing.append("JETAPP_TWILIO_SENDER or JETAPP_TWILIO_MESSAGING_SERVICE_SID: needed in production")
    if values.get("TWILIO_API_BASE"):
        missing.append("JETAPP_TWILIO_API_BASE: must be empty in production, or messages go to a stand-in")
    return missing
