"""Twilio's request signature (docs/usage/security): HMAC-SHA1 over the address and the sorted form fields."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping


def sign(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()
