"""The product through its doors: staff with a browser, the carrier's signed calls, people with their link."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

import aiohttp
from twilio.request_validator import RequestValidator

from jetapp.accounts.passwords import hash_password
from models.access import Role
from models.account import Membership, User
from models.db import db
from tests.faults.plant import TOWN, Plant

PASSWORD = "fault harness, long enough"
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
KEY = re.compile(r'name="key"[^>]*value="([^"]+)"')


@dataclass(frozen=True)
class Reply:
    status: int
    text: str
    url: str = ""


def make_operator(plant: Plant, email: str = "duty@clair.example") -> None:
    """A duty officer of CLAIR who can sign in."""

    def write() -> None:
        user = User(email=email, name="Duty officer", password_hash=hash_password(PASSWORD))
        user.memberships.append(Membership(role=Role.CLAIR))
        db.session.add(user)

    plant.change(write)


class Browser:
    """A signed-in duty officer."""

    def __init__(self, plant: Plant, email: str = "duty@clair.example") -> None:
        self._root = plant.url
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        token = self._token(self.get("/sign-in"))
        reply = self.post("/sign-in", {"csrf_token": token, "email": email, "password": PASSWORD})
        assert reply.status == 200, reply.text
        assert "/sign-in" not in reply.url, reply.text

    def get(self, path: str) -> Reply:
        return self._open(Request(self._root + path))

    def post(self, path: str, form: Mapping[str, str]) -> Reply:
        return self._open(Request(self._root + path, data=urlencode(form).encode()))

    def start_form(self, title: str, town: str = TOWN) -> dict[str, str]:
        """The filled-in form of a new check; sending it again is a second click."""
        page = self.get("/safety/start")
        key = KEY.search(page.text)
        assert key, page.text
        return {
            "csrf_token": self._token(page),
            "key": key[1],
            "what": "manual:",
            "title_en": title,
            "areas": town,
            "step": "send",
        }

    @staticmethod
    def _token(page: Reply) -> str:
        found = CSRF.search(page.text)
        assert found, page.text
        return found[1]

    def _open(self, request: Request) -> Reply:
        try:
            with self._opener.open(request, timeout=60) as response:
                return Reply(response.status, response.read().decode(), response.url)
        except HTTPError as error:
            with error:
                return Reply(error.code, error.read().decode(), request.full_url)


@dataclass(frozen=True)
class Call:
    """One signed call of the carrier; `headers`, `token` and `url` are what a forger or a proxy would change."""

    path: str
    form: Mapping[str, str]
    token: str
    headers: Mapping[str, str] | None = None
    signed_url: str = ""
    signed_form: Mapping[str, str] | None = None

    def prepared(self, root: str) -> tuple[str, bytes, dict[str, str]]:
        url = root + self.path
        signed = self.form if self.signed_form is None else self.signed_form
        signature = RequestValidator(self.token).compute_signature(self.signed_url or url, dict(signed))
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        return url, urlencode(self.form).encode(), {**headers, **(self.headers or {})}


def status_call(plant: Plant, uuid: str, sid: str, status: str, code: str = "", **more: str) -> Call:
    """A status callback as the carrier sends it."""
    form = {
        "AccountSid": plant.sandbox.account_sid,
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": status,
        "SmsStatus": status,
        **({"ErrorCode": code} if code else {}),
        **more,
    }
    return Call(f"/webhooks/twilio/status?m={uuid}", form, plant.sandbox.auth_token)


def inbound_call(plant: Plant, sender: str, body: str, sid: str, **more: str) -> Call:
    """A text from a phone."""
    form = {
        "AccountSid": plant.sandbox.account_sid,
        "MessageSid": sid,
        "From": sender,
        "To": plant.sandbox.sender,
        "Body": body,
        "NumMedia": "0",
        **more,
    }
    return Call("/webhooks/twilio/inbound", form, plant.sandbox.auth_token)


def post_all(plant: Plant, calls: Sequence[Call], at_once: int = 50) -> list[int]:
    """All calls, so many at a time; their answers in order. 0 = no answer."""

    async def go() -> list[int]:
        answers = [0] * len(calls)
        places = iter(range(len(calls)))
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1.0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:

            async def work() -> None:
                for place in places:
                    url, body, headers = calls[place].prepared(plant.url)
                    try:
                        async with session.post(url, data=body, headers=headers) as response:
                            await response.read()
                            answers[place] = response.status
                    except aiohttp.ClientError:
                        answers[place] = 0

            await asyncio.gather(*(work() for _ in range(at_once)))
        return answers

    return asyncio.run(go())


def post(plant: Plant, call: Call) -> int:
    return post_all(plant, [call], 1)[0]


def answer_by_link(plant: Plant, token: str, answer: str = "safe") -> Reply:
    """The button behind the link."""
    request = Request(f"{plant.url}/s/{token}", data=urlencode({"answer": answer}).encode())
    try:
        with urlopen(request, timeout=60) as response:
            return Reply(response.status, response.read().decode())
    except HTTPError as error:
        with error:
            return Reply(error.code, error.read().decode())
