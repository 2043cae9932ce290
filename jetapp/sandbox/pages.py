"""placeholder"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp.web import BaseRequest

from jetapp.sandbox.answer import Answer
from jetapp.sandbox.control import Control
from jetapp.sandbox.inbound import Inbound
from jetapp.sandbox.state import State


class Pages:
    def __init__(self, state: State, inbound: Inbound, control: Control) -> None:
        pass

    async def answer(self, request: BaseRequest, path: str, query: Mapping[str, str]) -> Answer:
        return Answer(404, b"")
