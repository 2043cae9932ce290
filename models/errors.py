"""The errors of the domain: what a person is told, and the stable code a program may rely on."""

from __future__ import annotations


def text_key(text: str) -> str:
    """Marks a text that is translated where it is shown, so that the catalogue of translations holds it."""
    return text


class DomainError(Exception):
    """Something the caller asked for cannot be done.

    `text` is English with `%(name)s` placeholders and is the translation key; doors translate it
    and fill in `values`. `code` is stable and appears in API answers.
    """

    status = 400

    def __init__(self, code: str, text: str, **values: object) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


class Invalid(DomainError):
    """The input is wrong. `field` names the place when there is one."""

    status = 422

    def __init__(self, code: str, text: str, field: str = "", **values: object) -> None:
        super().__init__(code, text, **values)
        self.field = field


class NotFound(DomainError):
    """It is not there, or not the actor's to see; the two are never told apart."""

    status = 404

    def __init__(
        self, code: str = "not_found", text: str = "This is not here, or not yours to see.", **values: object
    ) -> None:
        super().__init__(code, text, **values)


class Forbidden(DomainError):
    """The actor may not do this."""

    status = 403

    def __init__(
        self, code: str = "forbidden", text: str = "You are not allowed to do this.", **values: object
    ) -> None:
        super().__init__(code, text, **values)


class Conflict(DomainError):
    """The state of things does not allow it, e.g. closing a check that is already closed."""

    status = 409


class ScopeMissing(RuntimeError):
    """A query ran on a session that no actor is bound to: a bug in a door, never a user's mistake."""


class NotInTransaction(RuntimeError):
    """Rows were changed outside `transaction()`: a bug in a door, never a user's mistake."""
