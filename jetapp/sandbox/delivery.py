"""What happens to a message after acceptance: queued, sending, sent, delivered or not, each with its callback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from jetapp.sandbox.chance import draw, happens, rule_for
from jetapp.sandbox.resource import API_VERSION
from jetapp.sandbox.state import State
from jetapp.sandbox.store import FINAL, Message
from jetapp.sandbox.twilio_errors import DELIVERY_ERRORS, UNDELIVERED
from jetapp.sandbox.webhooks import Post, Webhooks

Step = tuple[float, str, int | None]


class Delivery:
    def __init__(self, state: State, webhooks: Webhooks) -> None:
        self._state = state
        self._webhooks = webhooks
        self._held: dict[str, list[Post]] = {}
        self.on_delivered: Callable[[Message], None] = lambda message: None

    def forget(self) -> None:
        self._held.clear()

    def start(self, message: Message, wait: float = 0.0) -> None:
        """`wait`: seconds until the sender's rate lets the message out."""
        steps = self._course(message, wait)
        self._later(message, steps, 0, self._state.epoch)

    def _course(self, message: Message, wait: float) -> list[Step]:
        """Seconds after the step before, the status reached, and the error."""
        knobs = self._state.knobs
        to_sent = wait + self._time(knobs.sent_after_ms, message, "sent")
        rule = rule_for(knobs.delivery_errors, message.to, knobs.seed, "deliver", f"{message.to}|{message.nth}")
        if to_sent > message.validity:
            return [(message.validity, "failed", 30036)]
        if rule and rule.code not in UNDELIVERED:
            return [(to_sent, "failed", rule.code)]
        steps: list[Step] = [(to_sent, "sending", None)] if knobs.callback_sending else []
        steps.append((0.0 if steps else to_sent, "sent", None))
        if happens(knobs.share_stay_sent, knobs.seed, "stay", f"{message.to}|{message.nth}"):
            return steps
        last = self._time(knobs.delivered_after_ms, message, "delivered")
        steps.append((last, "undelivered", rule.code) if rule else (last, "delivered", None))
        return steps

    def _time(self, base_ms: int, message: Message, step: str) -> float:
        jitter = self._state.knobs.delivery_jitter_ms
        if not jitter:
            return base_ms / 1000
        return (base_ms + jitter * draw(self._state.knobs.seed, step, f"{message.to}|{message.nth}")) / 1000

    def _later(self, message: Message, steps: list[Step], index: int, epoch: int) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(steps[index][0], self._reach, message, steps, index, epoch)

    def _reach(self, message: Message, steps: list[Step], index: int, epoch: int) -> None:
        if epoch != self._state.epoch:
            return
        _, message.status, message.error_code = steps[index]
        message.updated = time.time()
        if message.status == "sent":
            message.sent = message.updated
        self._state.counts[message.status] += 1
        ended = index + 1 == len(steps)
        if message.callback_url:
            self._report(message, ended)
        if message.status == "delivered":
            self.on_delivered(message)
        if not ended:
            self._later(message, steps, index + 1, epoch)

    def _report(self, message: Message, ended: bool) -> None:
        state, knobs = self._state, self._state.knobs
        key = f"{message.to}|{message.nth}"
        turned = happens(knobs.callback_reorder, knobs.seed, "reorder", key)
        key = f"{key}|{message.status}"
        posts: list[Post] = []
        if happens(knobs.callback_loss, knobs.seed, "loss", key):
            state.counts["callbacks_lost"] += 1
        else:
            posts.append(Post(message.callback_url, self.form(message)))
            if happens(knobs.callback_double, knobs.seed, "double", key):
                state.counts["callbacks_doubled"] += 1
                posts.append(posts[0])
        if turned:
            posts = posts + self._held.pop(message.sid, [])
            if not ended:
                self._held[message.sid] = posts
                return
            state.counts["callbacks_reordered"] += 1
            self._webhooks.submit(posts)
            return
        for position, post in enumerate(posts):
            delay = knobs.callback_delay_ms
            if knobs.callback_jitter_ms:
                delay += int(knobs.callback_jitter_ms * draw(knobs.seed, "delay", f"{key}|{position}"))
            self._webhooks.submit([post], delay / 1000)

    def form(self, message: Message) -> dict[str, str]:
        """The form fields of a status callback (docs/messaging/guides/track-outbound-message-status)."""
        fields = {
            "AccountSid": self._state.options.account_sid,
            "ApiVersion": API_VERSION,
            "From": message.sender,
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.to,
        }
        if message.service_sid:
            fields["MessagingServiceSid"] = message.service_sid
        if message.error_code is not None:
            fields["ErrorCode"] = str(message.error_code)
            fields["ErrorMessage"] = DELIVERY_ERRORS.get(message.error_code, "Unknown error")
        if message.status in FINAL:
            fields["RawDlrDoneDate"] = datetime.fromtimestamp(message.updated, UTC).strftime("%y%m%d%H%M")
        return fields
