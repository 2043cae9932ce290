"""What a request is answered with, and whether the answer reaches the caller at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

JSON = "application/json; charset=utf-8"


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    delay: float = 0.0
    then: Literal["answer", "hang", "close"] = "answer"
