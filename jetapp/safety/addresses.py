"""From the address of a board to filters and back."""

from __future__ import annotations

from flask import request, url_for

from jetapp.safety.queries import MARKS, STATES, Filters

LONGEST_SEARCH = 80


def read_filters() -> Filters:
    """What the address asks for; what makes no sense is left out."""
    arguments = request.args

    def known(name: str, values: object) -> str:
        value = arguments.get(name, "")
        return value if value in values else ""  # type: ignore[operator]

    def code(name: str, length: int) -> str:
        value = arguments.get(name, "")
        return value if value.isdecimal() and len(value) == length and value.isascii() else ""

    def number(name: str) -> int | None:
        value = arguments.get(name, "")
        return int(value) if value.isdecimal() and value.isascii() and len(value) < 16 else None

    return Filters(
        state=known("state", STATES),
        mark=known("mark", MARKS),
        prefecture=code("prefecture", 2),
        municipality=code("municipality", 5),
        host=number("host"),
        organisation=number("organisation"),
        round=number("round"),
        q=arguments.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH],
        page=max(1, min(number("page") or 1, 1_000_000)),
    )


def board_url(check_id: int, filters: Filters, endpoint: str = "safety.board", **changes: object) -> str:
    """The address of the board with these filters and `changes`."""
    return url_for(endpoint, check_id=check_id, **filters.address(**changes))
