"""The knobs: how slow, strict and unreliable the carrier is right now.

A set of knobs never changes; a change makes a new set, so a request always sees one consistent set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

RULE_FIELDS = {"code", "to", "share"}


class KnobError(ValueError):
    """What is wrong with a requested change, by knob."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Rule:
    """An error `code` for a `share` of what is sent to numbers or addresses like `to` (shell pattern)."""

    code: int
    to: str = "*"
    share: float = 1.0


def _knob(group: str, kind: str, default: Any, text: str, **limits: Any) -> Any:
    return field(default=default, metadata={"group": group, "kind": kind, "text": text, **limits})


def _share(group: str, text: str, default: float = 0.0) -> Any:
    return _knob(group, "share", default, text, low=0.0, high=1.0)


def _count(group: str, default: int, text: str, high: int, low: int = 0) -> Any:
    return _knob(group, "count", default, text, low=low, high=high)


def _rules(group: str, text: str, low: int, high: int) -> Any:
    return _knob(group, "rules", (), text, low=low, high=high)


API, ACCEPT, DELIVERY, CALLBACKS, LOOKUP, MAIL, PEOPLE = (
    "API pace",
    "Faults on acceptance",
    "Delivery",
    "Callbacks and inbound",
    "Look-up",
    "Mail",
    "People who answer",
)
ONE_DRAW = (
    "share_429",
    "share_500_before",
    "share_close_before",
    "share_500_after",
    "share_hang_after",
    "share_close_after",
)


@dataclass(frozen=True, slots=True)
class Knobs:
    seed: int = _count(API, 1, "the same seed gives the same person the same luck", 2**31)
    latency_ms: int = _count(API, 0, "wait before every API answer, after the message was stored", 600_000)
    latency_jitter_ms: int = _count(API, 0, "up to this much more, at random", 600_000)
    segments_per_second: float = _knob(
        API, "number", 0.0, "limit per sender, one second's worth may come at once; 0 = none", low=0.0, high=100_000.0
    )
    over_rate: str = _knob(
        API, "choice", "refuse", "over the limit: refuse with 429, or queue as Twilio does", choices=("refuse", "queue")
    )
    max_concurrent: int = _count(API, 0, "more API requests than this at once answer 429; 0 = none", 100_000)
    retry_after_s: int = _count(API, 0, "Retry-After header with a 429; 0 = no header", 3600)

    share_429: float = _share(ACCEPT, "refused with 429 (20429), not stored")
    share_500_before: float = _share(ACCEPT, "500, not stored")
    share_close_before: float = _share(ACCEPT, "connection cut, not stored")
    share_500_after: float = _share(ACCEPT, "500 although stored and sent")
    share_hang_after: float = _share(ACCEPT, "stored and sent, but no answer for hang_seconds")
    share_close_after: float = _share(ACCEPT, "stored and sent, but connection cut")
    hang_seconds: int = _count(ACCEPT, 300, "then the hanging connection is cut", 3600)
    create_errors: tuple[Rule, ...] = _rules(ACCEPT, "Twilio error codes at create", 20000, 69999)

    sent_after_ms: int = _count(DELIVERY, 200, "from acceptance to sent", 86_400_000)
    delivered_after_ms: int = _count(DELIVERY, 500, "from sent to delivered", 86_400_000)
    delivery_jitter_ms: int = _count(DELIVERY, 0, "up to this much more for each step, at random", 86_400_000)
    delivery_errors: tuple[Rule, ...] = _rules(DELIVERY, "Twilio error codes instead of delivery", 30000, 69999)
    share_stay_sent: float = _share(DELIVERY, "never reported beyond sent, as by some carriers abroad")

    callback_sending: bool = _knob(CALLBACKS, "flag", False, "also report the status sending")
    callback_delay_ms: int = _count(CALLBACKS, 0, "wait before each callback", 86_400_000)
    callback_jitter_ms: int = _count(CALLBACKS, 0, "up to this much more, at random: mixes the order", 86_400_000)
    callback_loss: float = _share(CALLBACKS, "callbacks never sent")
    callback_double: float = _share(CALLBACKS, "callbacks sent twice")
    callback_reorder: float = _share(CALLBACKS, "messages whose callbacks come last first")
    callback_concurrency: int = _count(CALLBACKS, 50, "webhook requests at once", 1000, low=1)
    callback_timeout_ms: int = _count(CALLBACKS, 15_000, "for one webhook request", 120_000, low=1)
    callback_retries: int = _count(CALLBACKS, 1, "after 5xx, time-out or no connection; #rc= in the address wins", 5)
    inbound_url: str = _knob(CALLBACKS, "url", "", "where inbound messages are posted; empty = nowhere")
    inbound_double: float = _share(CALLBACKS, "inbound messages posted twice")

    list_lag_ms: int = _count(LOOKUP, 0, "how long a new message is missing from lists", 86_400_000)
    share_list_429: float = _share(LOOKUP, "list requests refused with 429")

    smtp_latency_ms: int = _count(MAIL, 0, "wait before the answer to DATA", 600_000)
    smtp_errors: tuple[Rule, ...] = _rules(MAIL, "4xx and 5xx replies to RCPT TO", 400, 599)
    share_smtp_drop_after: float = _share(MAIL, "mail stored, but connection cut without a reply")
    smtp_bounces: tuple[Rule, ...] = _rules(MAIL, "accepted, then a bounce to the envelope sender", 400, 599)
    bounce_after_ms: int = _count(MAIL, 300, "from acceptance to the bounce", 86_400_000)
    bounce_url: str = _knob(MAIL, "url", "", "bounces are also posted here as message/rfc822; empty = nowhere")

    answer_share: float = _share(PEOPLE, "phones whose owner answers")
    answer_mail_share: float = _share(PEOPLE, "mailboxes whose owner answers")
    answer_by_sms: float = _share(PEOPLE, "of the phones that answer: by SMS, not by the link", 0.2)
    answer_help: float = _share(PEOPLE, "of those who answer: need help", 0.05)
    answer_after_min_ms: int = _count(PEOPLE, 2_000, "earliest answer after delivery", 86_400_000)
    answer_after_max_ms: int = _count(PEOPLE, 30_000, "latest answer after delivery", 86_400_000)
    answer_concurrency: int = _count(PEOPLE, 8, "people answering at once", 1000, low=1)
    answer_texts_safe: tuple[str, ...] = _knob(PEOPLE, "texts", ("1", "safe", "無事"), "what they write when safe")
    answer_texts_help: tuple[str, ...] = _knob(
        PEOPLE, "texts", ("2", "I need help, I cannot get out"), "what they write when not"
    )
    answer_link: str = _knob(PEOPLE, "pattern", r"https?://[^\s<>\"]+/s/[^\s<>\"]+", "which link they open")
    answer_base_url: str = _knob(PEOPLE, "url", "", "open the link's path here instead; empty = the link as it is")
    answer_field: str = _knob(PEOPLE, "text", "answer", "name of the button's form field")
    answer_value_safe: str = _knob(PEOPLE, "text", "safe", "its value for safe")
    answer_value_help: str = _knob(PEOPLE, "text", "need_help", "its value for help")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def changed(self, changes: Mapping[str, Any]) -> Knobs:
        """A new set with these changes, or KnobError naming everything that is wrong with them."""
        known = {spec.name: spec for spec in fields(self)}
        values = {name: getattr(self, name) for name in known}
        errors: dict[str, str] = {}
        for name, value in changes.items():
            if name not in known:
                errors[str(name)] = "there is no such knob"
                continue
            try:
                values[name] = _READERS[known[name].metadata["kind"]](value, known[name].metadata)
            except ValueError as error:
                errors[name] = str(error)
        if not errors:
            errors = _contradictions(values)
        if errors:
            raise KnobError(errors)
        return Knobs(**values)


def _contradictions(values: Mapping[str, Any]) -> dict[str, str]:
    if sum(values[name] for name in ONE_DRAW) > 1.0 + 1e-9:
        return {ONE_DRAW[0]: f"{', '.join(ONE_DRAW)} must not add up to more than 1"}
    if values["answer_after_min_ms"] > values["answer_after_max_ms"]:
        return {"answer_after_min_ms": "must not be more than answer_after_max_ms"}
    return {}


def _bounded(value: float, spec: Mapping[str, Any]) -> None:
    if not spec["low"] <= value <= spec["high"]:
        raise ValueError(f"must be between {spec['low']:g} and {spec['high']:g}, not {value:g}")


def _read_count(value: Any, spec: Mapping[str, Any]) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"must be a whole number, not {value!r}")
    _bounded(value, spec)
    return int(value)


def _read_number(value: Any, spec: Mapping[str, Any]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number, not {value!r}")
    _bounded(value, spec)
    return float(value)


def _read_flag(value: Any, _spec: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def _read_text(value: Any, _spec: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")
    return value


def _read_choice(value: Any, spec: Mapping[str, Any]) -> str:
    if value not in spec["choices"]:
        raise ValueError(f"must be one of {', '.join(spec['choices'])}, not {value!r}")
    return str(value)


def _read_url(value: Any, spec: Mapping[str, Any]) -> str:
    text = _read_text(value, spec)
    if text and not re.match(r"https?://[^/\s]+", text):
        raise ValueError(f"must be empty or start with http:// or https://, not {text!r}")
    return text


def _read_pattern(value: Any, spec: Mapping[str, Any]) -> str:
    try:
        re.compile(_read_text(value, spec))
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return str(value)


def _read_texts(value: Any, _spec: Mapping[str, Any]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(text, str) for text in value):
        raise ValueError("must be a list of at least one text")
    return tuple(value)


def _read_rules(value: Any, spec: Mapping[str, Any]) -> tuple[Rule, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError('must be a list like [{"code": 30003, "to": "+8190*", "share": 0.1}]')
    return tuple(_read_rule(number, entry, spec) for number, entry in enumerate(value, start=1))


def _read_rule(number: int, entry: Any, spec: Mapping[str, Any]) -> Rule:
    if not isinstance(entry, dict) or "code" not in entry or set(entry) - RULE_FIELDS:
        raise ValueError(f"rule {number} must have code, and may have to and share, not {entry!r}")
    try:
        code = _read_count(entry["code"], spec)
        share = _read_number(entry.get("share", 1.0), {"low": 0.0, "high": 1.0})
        to = _read_text(entry.get("to", "*"), spec)
    except ValueError as error:
        raise ValueError(f"rule {number}: {error}") from None
    return Rule(code, to, share)


_READERS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "count": _read_count,
    "number": _read_number,
    "share": _read_number,
    "flag": _read_flag,
    "text": _read_text,
    "choice": _read_choice,
    "url": _read_url,
    "pattern": _read_pattern,
    "texts": _read_texts,
    "rules": _read_rules,
}
