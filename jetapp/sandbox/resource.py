"""Messages as Twilio's API writes them (docs/messaging/api/message-resource)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from jetapp.sandbox.store import Message
from jetapp.sandbox.twilio_errors import DELIVERY_ERRORS

API_VERSION = "2010-04-01"


@lru_cache(maxsize=4096)
def rfc2822(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def message_uri(account_sid: str, sid: str) -> str:
    return f"/{API_VERSION}/Accounts/{account_sid}/Messages/{sid}.json"


def as_twilio(message: Message, account_sid: str) -> dict[str, Any]:
    """A Messaging Service has not chosen a sender while the status is accepted, so From and segments are still open."""
    undecided = message.status == "accepted"
    error = message.error_code
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(int(message.created)),
        "date_sent": None if message.sent is None else rfc2822(int(message.sent)),
        "date_updated": rfc2822(int(message.updated)),
        "direction": message.direction,
        "error_code": error,
        "error_message": None if error is None else DELIVERY_ERRORS.get(error, "Unknown error"),
        "from": None if undecided else message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": "0",
        "num_segments": "0" if undecided else str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}/Media.json"},
        "to": message.to,
        "uri": message_uri(account_sid, message.sid),
    }
