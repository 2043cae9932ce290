"""What can be wrong with a telegram."""

from __future__ import annotations

from models.errors import DomainError


class TelegramError(DomainError):
    """The bytes are no telegram that may be acted upon. The text names the file and, where known, the line."""


def telegram_error(code: str, text: str, name: str, **values: object) -> TelegramError:
    """`text` is put behind the name of the file, so that a list of errors can be read file by file."""
    return TelegramError(f"telegram_{code}", f"%(file)s: {text}", file=name or "telegram", **values)
