"""How many SMS segments a text costs: GSM 03.38, else UCS-2 (Twilio docs/glossary/what-sms-character-limit)."""

from __future__ import annotations

import re

_BASIC = re.escape(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = re.escape("\f^{}\\[~]|€")
_GSM = re.compile(f"[{_BASIC}{_EXTENDED}]*")
_TWO_SEPTETS = re.compile(f"[{_EXTENDED}]")


def segments(body: str) -> int:
    if _GSM.fullmatch(body):
        length, single, part = len(body) + len(_TWO_SEPTETS.findall(body)), 160, 153
    else:
        length, single, part = len(body.encode("utf-16-be", "surrogatepass")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)
