"""Pages for people: virtual phones and mailboxes to read and answer, and an overview with the knobs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from aiohttp.web import BaseRequest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from jetapp.sandbox.answer import Answer
from jetapp.sandbox.control import Control
from jetapp.sandbox.figures import figures
from jetapp.sandbox.inbound import CannotSend, Inbound
from jetapp.sandbox.knob_form import changes, groups
from jetapp.sandbox.knobs import KnobError
from jetapp.sandbox.state import State
from jetapp.sandbox.store import Mail

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "jetapp" / "static"
STATIC_TYPES = {"sandbox.css": "text/css; charset=utf-8", "sandbox.svg": "image/svg+xml"}
HTML = "text/html; charset=utf-8"
POLICY = "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
# A letter's own HTML is shown as its sender made it, but can run nothing and fetch nothing.
LETTER_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
TOKYO = timezone(timedelta(hours=9))
PER_PAGE = 100
BESIDE = 12
LOT = 20
REFRESH_SECONDS = 5
_LINK = re.compile(r"https?://[!-~]*[A-Za-z0-9/_~#=&%+-]")


def linked(text: str) -> Markup:
    """The text with its links clickable; a link ends where ASCII ends, as most phones read it."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        url = escape(found[0])
        parts.append(escape(text[end : found.start()]))
        parts.append(Markup('<a href="{0}" rel="noopener noreferrer" target="_blank">{0}</a>').format(url))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, TOKYO).strftime("%H:%M:%S")


def day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, TOKYO):%a %-d %B %Y}"


class Pages:
    def __init__(self, state: State, inbound: Inbound, control: Control) -> None:
        self._state = state
        self._inbound = inbound
        self._control = control
        self._templates = Environment(
            loader=FileSystemLoader(ROOT / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(linked=linked, clock=clock, day=day, path=lambda text: quote(text, safe="+@"))

    async def answer(self, request: BaseRequest, path: str, query: Mapping[str, str]) -> Answer:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if request.method == "POST":
            return await self._post(request, parts)
        if request.method not in ("GET", "HEAD"):
            return self._page("missing", 405, path=path)
        match parts:
            case [""]:
                return self._overview(query)
            case ["phones"]:
                return self._phones(query)
            case ["phones", number]:
                return self._phone(number, query)
            case ["mailboxes"]:
                return await self._mailboxes(query)
            case ["mailboxes", address]:
                return self._mailbox(address, query)
            case ["mails", number, "html" | "raw" as form] if number.isdecimal():
                return self._letter(int(number), form)
            case ["static", name] if name in STATIC_TYPES:
                return Answer(200, (STATIC / name).read_bytes(), content_type=STATIC_TYPES[name])
            case _:
                return self._page("missing", 404, path=path)

    async def _post(self, request: BaseRequest, parts: list[str]) -> Answer:
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            return self._page("missing", 403, path=request.path)
        form = dict(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))
        match parts:
            case ["phones", number]:
                return await self._reply(number, form.get("body", ""))
            case ["knobs"]:
                return self._turn(form, request.remote or "")
            case ["reset"]:
                if not self._allowed(form, request.remote or ""):
                    return self._overview({}, error="The control token is missing or wrong.", status=403)
                self._control.reset(knobs=form.get("knobs") == "start")
                return _see_other("/?done=reset")
            case _:
                return self._page("missing", 404, path=request.path)

    def _allowed(self, form: Mapping[str, str], remote: str) -> bool:
        return self._control.admits(f"Bearer {form.get('control_token', '')}", remote)

    def _overview(
        self,
        query: Mapping[str, str],
        *,
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        error: str = "",
        status: int = 200,
    ) -> Answer:
        return self._page(
            "overview",
            status,
            figures=figures(self._state, self._control.stats()),
            groups=groups(self._state.knobs, typed, errors),
            errors=errors or {},
            error=error,
            done=query.get("done", ""),
            refresh=query.get("refresh") == "on",
            options=self._state.options,
        )

    def _turn(self, form: Mapping[str, str], remote: str) -> Answer:
        if not self._allowed(form, remote):
            return self._overview({}, typed=form, error="The control token is missing or wrong.", status=403)
        try:
            self._state.change(changes(form))
        except KnobError as error:
            return self._overview({}, typed=form, errors=error.errors, status=400)
        return _see_other("/?done=saved")

    def _phones(self, query: Mapping[str, str]) -> Answer:
        wanted = query.get("q", "").strip().lower()
        digits = re.sub(r"[\s()-]", "", wanted)
        rows = (
            (number, thread)
            for number, thread in reversed(self._state.store.phones.items())
            if not wanted or (digits and digits in number) or any(wanted in message.body.lower() for message in thread)
        )
        return self._list("phones", rows, query)

    async def _mailboxes(self, query: Mapping[str, str]) -> Answer:
        wanted = query.get("q", "").strip().lower()
        if wanted:
            # Unread letters are read in small lots, so that a search does not hold up the product.
            for start in range(0, len(self._state.store.mails), LOT):
                for mail in self._state.store.mails[start : start + LOT]:
                    _ = mail.letter
                await asyncio.sleep(0)
        rows = (
            (address, mails)
            for address, mails in reversed(self._state.store.mailboxes.items())
            if not wanted or wanted in address or any(wanted in mail.letter.words for mail in mails)
        )
        return self._list("mailboxes", rows, query)

    def _list(self, kind: str, rows: Iterable[tuple[str, list[Any]]], query: Mapping[str, str]) -> Answer:
        text = query.get("page", "1")
        page = max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1
        found = list(rows)
        first = (page - 1) * PER_PAGE
        asked = query.get("q", "")

        def address(**changed: str | int) -> str:
            return f"/{kind}?{urlencode({'q': asked, **changed})}"

        return self._page(
            kind,
            rows=found[first : first + PER_PAGE],
            first=first + 1,
            total=len(found),
            asked=asked,
            earlier=address(page=page - 1) if page > 1 else "",
            later=address(page=page + 1) if first + PER_PAGE < len(found) else "",
            refresh=query.get("refresh") == "on",
            address=address,
        )

    def _phone(
        self, number: str, query: Mapping[str, str], *, error: str = "", typed: str = "", status: int = 200
    ) -> Answer:
        store = self._state.store
        sender = store.last_sender(number)
        return self._page(
            "phone",
            status,
            number=number,
            thread=store.phones.get(number, []),
            beside=list(islice(reversed(store.phones.items()), BESIDE)),
            sender=sender,
            stopped=(sender, number) in store.opted_out,
            error=error,
            typed=typed,
            refresh=query.get("refresh") == "on",
        )

    async def _reply(self, number: str, body: str) -> Answer:
        try:
            received = await self._inbound.receive(number, body.strip())
        except CannotSend as error:
            return self._phone(number, {}, error=str(error), typed=body, status=400)
        if not received.taken:
            message = self._state.store.by_sid.get(received.sid)
            note = message.note if message else "the carrier was emptied meanwhile"
            return self._phone(number, {}, error=f"The message was {note}.", status=502)
        return _see_other(f"/phones/{quote(number, safe='+')}#newest")

    def _mailbox(self, address: str, query: Mapping[str, str]) -> Answer:
        mails = self._state.store.mailboxes.get(address.lower(), [])
        beside = list(islice(reversed(self._state.store.mailboxes.items()), BESIDE))
        return self._page(
            "mailbox",
            address=address,
            mails=list(reversed(mails)),
            beside=beside,
            refresh=query.get("refresh") == "on",
        )

    def _letter(self, number: int, form: str) -> Answer:
        mails: list[Mail] = self._state.store.mails
        if number >= len(mails):
            return self._page("missing", 404, path=f"/mails/{number}")
        mail = mails[number]
        headers = {"Content-Security-Policy": LETTER_POLICY, "X-Content-Type-Options": "nosniff"}
        if form == "raw":
            return Answer(200, mail.raw, headers, "text/plain; charset=utf-8")
        return Answer(200, mail.letter.html.encode(), headers, HTML)

    def _page(self, name: str, status: int = 200, **values: Any) -> Answer:
        store = self._state.store
        values = {"refresh": False, **values}
        page = self._templates.get_template(f"sandbox/{name}.html").render(
            here=name,
            phone_count=len(store.phones),
            mailbox_count=len(store.mailboxes),
            refresh_seconds=REFRESH_SECONDS,
            needs_token=bool(self._state.options.control_token),
            **values,
        )
        headers = {
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Answer(status, page.encode(), headers, HTML)


def _see_other(address: str) -> Answer:
    return Answer(303, b"", {"Location": address}, HTML)
