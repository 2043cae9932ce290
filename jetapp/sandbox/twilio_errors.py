"""Twilio's error codes as it words them (docs/api/errors) and the JSON it answers with."""

from __future__ import annotations

import json
from collections.abc import Mapping

# Code: HTTP status and message of a refused request.
REQUEST_ERRORS: Mapping[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter: {detail}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account is not active"),
    20404: (404, "The requested resource {detail} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service is unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {to}"),
    21212: (400, "Invalid From Number (caller ID): {sender}"),
    21266: (400, "'To' and 'From' number cannot be the same: {to}"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (400, "The 'From' phone number {sender} is not a valid, SMS-capable inbound phone number for your account"),
    21608: (400, "The number {to} is unverified. Trial accounts cannot send messages to unverified numbers"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number {sender} has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' number {to} is not currently reachable using the 'From' number {sender} via SMS"),
    21614: (400, "'To' number {to} is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified"),
    21635: (400, "'To' number {to} cannot be a landline"),
    63016: (400, "Failed to send freeform message because you are outside the allowed window"),
    63018: (429, "Rate limit exceeded for channel"),
}

# Code: message of an accepted message that did not arrive.
DELIVERY_ERRORS: Mapping[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30017: "Carrier network congestion",
    30018: "Destination carrier requires sender ID pre-registration",
    30022: "US A2P 10DLC rate limits exceeded",
    30024: "Numeric sender ID not provisioned on carrier",
    30036: "Validity period expired",
    30410: "Provider timeout error",
    30500: "Provider internal error",
}

# Reported by the network after the message was sent; every other code means Twilio itself gave up (status failed).
UNDELIVERED = frozenset({30003, 30004, 30005, 30006, 30007, 30008, 30017})


def refusal(code: int, **values: str) -> tuple[int, bytes]:
    """HTTP status and JSON body; a code the list does not know answers 400 as most do."""
    status, text = REQUEST_ERRORS.get(code, (400, "Error {code}"))
    filled = text.format_map({"to": "", "sender": "", "detail": "", "code": code, **values})
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": filled, "more_info": more, "status": status}
    return status, json.dumps(body, ensure_ascii=False).encode()
