"""Whether Twilio sent a request: its signature over the public address and every form field."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from twilio.request_validator import RequestValidator


@lru_cache(maxsize=16)
def _validator(token: str) -> RequestValidator:
    return RequestValidator(token)


def is_signed(url: str, form: Any, signature: str, tokens: Sequence[str]) -> bool:
    """True if one of `tokens` signed exactly this. `url` is the address as Twilio called it, with its query; `form`
    the multi-dict with blank and unknown fields, which are part of what is signed. Several tokens while rotating."""
    return any(_validator(token).validate(url, form, signature) for token in tokens)
