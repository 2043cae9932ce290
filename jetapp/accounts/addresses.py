"""Which address a page may send the reader on to: one of ours, never somebody else's."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_next(target: str | None, otherwise: str) -> str:
    """`target` when it is a path on this site, else `otherwise`."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or len(target) > 2000:
        return otherwise
    if any(ord(character) < 33 or character in "\\\x7f" for character in target):
        return otherwise
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else target
