"""People for demonstrations: some of those reached answer after a while, by SMS or by the button behind the link."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientError, ClientTimeout

from jetapp.sandbox.chance import draw
from jetapp.sandbox.inbound import CannotSend, Inbound
from jetapp.sandbox.state import State
from jetapp.sandbox.store import Mail, Message
from jetapp.sandbox.webhooks import Webhooks


class People:
    def __init__(self, state: State, inbound: Inbound, webhooks: Webhooks) -> None:
        self._state = state
        self._inbound = inbound
        self._webhooks = webhooks
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = asyncio.Semaphore(state.knobs.answer_concurrency)
        self._allowed = state.knobs.answer_concurrency
        self._answered: set[str] = set()

    def forget(self) -> None:
        self._answered.clear()

    def got_sms(self, message: Message) -> None:
        if self._state.knobs.answer_share and message.direction == "outbound-api":
            self._consider(message.to, message.body, self._state.knobs.answer_share, can_write=True)

    def got_mail(self, mail: Mail) -> None:
        share = self._state.knobs.answer_mail_share
        if share:
            self._consider(mail.to.lower(), mail.letter.text or mail.letter.html, share, can_write=False)

    def _consider(self, who: str, text: str, share: float, *, can_write: bool) -> None:
        knobs = self._state.knobs
        seed = knobs.seed
        if draw(seed, "answers", who) >= share:
            return
        found = re.search(knobs.answer_link, text)
        link = found[0] if found else ""
        writes = can_write and (not link or draw(seed, "writes", who) < knobs.answer_by_sms)
        if not writes and not link:
            return
        what = link or f"{who}|{text}"
        if what in self._answered:
            return
        self._answered.add(what)
        needs_help = draw(seed, "needs help", who) < knobs.answer_help
        span = knobs.answer_after_max_ms - knobs.answer_after_min_ms
        delay = (knobs.answer_after_min_ms + span * draw(seed, "answers after", who)) / 1000
        task = asyncio.get_running_loop().create_task(
            self._answer(who, "" if writes else link, needs_help, delay, self._state.epoch)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, who: str, link: str, needs_help: bool, delay: float, epoch: int) -> None:
        await asyncio.sleep(delay)
        if epoch != self._state.epoch:
            return
        async with self._turn():
            if link:
                await self._press(link, needs_help)
            else:
                knobs = self._state.knobs
                texts = knobs.answer_texts_help if needs_help else knobs.answer_texts_safe
                text = texts[int(draw(knobs.seed, "words", who) * len(texts))]
                try:
                    received = await self._inbound.receive(who, text)
                except CannotSend as error:
                    self._state.problem("answer", who, str(error))
                else:
                    self._count(received.taken)

    def _turn(self) -> asyncio.Semaphore:
        if self._allowed != self._state.knobs.answer_concurrency:
            self._allowed = self._state.knobs.answer_concurrency
            self._busy = asyncio.Semaphore(self._allowed)
        return self._busy

    def _count(self, taken: bool) -> None:
        self._state.counts["answers" if taken else "answers_refused"] += 1

    async def _press(self, link: str, needs_help: bool) -> None:
        """Open the page and press the button, hidden fields and all, as a browser without script would."""
        knobs = self._state.knobs
        if knobs.answer_base_url:
            parts = urlsplit(link)
            link = knobs.answer_base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")
        value = knobs.answer_value_help if needs_help else knobs.answer_value_safe
        timeout = ClientTimeout(total=knobs.callback_timeout_ms / 1000)
        try:
            async with self._webhooks.session.get(link, timeout=timeout) as page:
                forms = FormReader.read(await page.text()) if page.status == 200 else []
                here = str(page.url)
                cookies = {name: morsel.value for name, morsel in page.cookies.items()}
            url, fields = _filled(forms, here, knobs.answer_field, value)
            async with self._webhooks.session.post(
                url, data=fields, timeout=timeout, allow_redirects=False, cookies=cookies, headers={"Referer": here}
            ) as reply:
                taken = reply.status < 400
        except (ClientError, OSError, TimeoutError) as error:
            self._count(False)
            self._state.problem("answer", link, f"no answer: {error}")
            return
        self._count(taken)
        if not taken:
            self._state.problem("answer", url, f"answered {reply.status}")

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _filled(forms: list[Form], here: str, name: str, value: str) -> tuple[str, Mapping[str, str]]:
    """Where to post and what; a page without such a button gets the bare field at its own address."""
    for form in forms:
        if (name, value) in form.choices:
            return urljoin(here, form.action), {**form.hidden, name: value}
    return here, {name: value}


@dataclass(slots=True)
class Form:
    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    choices: set[tuple[str, str]] = field(default_factory=set)


class FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    @classmethod
    def read(cls, html: str) -> list[Form]:
        reader = cls()
        reader.feed(html)
        return reader.forms

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif self.forms and tag in ("input", "button") and given.get("name"):
            pair = given["name"], given.get("value", "")
            if given.get("type") == "hidden":
                self.forms[-1].hidden[pair[0]] = pair[1]
            # A button, a radio choice or a hidden answer (one form per button) can all carry the answer.
            self.forms[-1].choices.add(pair)
