"""SMS from a phone to the product: posted to the inbound webhook as Twilio does, opt-out words obeyed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from jetapp.sandbox.chance import happens
from jetapp.sandbox.delivery import Delivery
from jetapp.sandbox.resource import API_VERSION
from jetapp.sandbox.segments import segments
from jetapp.sandbox.state import State
from jetapp.sandbox.store import INBOUND, REPLY, Message
from jetapp.sandbox.webhooks import Post, Reply, Webhooks

# Twilio's default keywords and answers (support: "Twilio support for opt-out keywords"), exact words only.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
STOP_ANSWER = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
START_ANSWER = (
    "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP_ANSWER = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
# Sent by Twilio and empty for Japanese numbers; a receiver that drops blank fields computes another signature.
BLANK_FIELDS = tuple(f"{side}{part}" for side in ("From", "To") for part in ("City", "State", "Zip"))


class CannotSend(ValueError):
    """Why this phone cannot send this text."""


@dataclass(frozen=True, slots=True)
class Received:
    sid: str
    reply: Reply

    @property
    def taken(self) -> bool:
        return 200 <= self.reply.status < 300


class Inbound:
    def __init__(self, state: State, webhooks: Webhooks, delivery: Delivery) -> None:
        self._state = state
        self._webhooks = webhooks
        self._delivery = delivery

    async def receive(self, phone: str, body: str, sender: str = "") -> Received:
        """`sender`: the product's number the text goes to; without it, whoever wrote to this phone last."""
        state = self._state
        sender = sender or state.store.last_sender(phone)
        if not phone.startswith("+"):
            raise CannotSend(f"{phone or 'The sender'} is not a phone number with + and country code.")
        if not sender:
            raise CannotSend("No message with a number that can be answered has come to this phone.")
        if not sender.startswith("+"):
            raise CannotSend(f"{sender} is a name, not a number: phones cannot answer it.")
        if not body:
            raise CannotSend("The text is empty.")
        now = time.time()
        message = Message(
            to=sender, sender=phone, body=body, segments=segments(body), direction=INBOUND, status="received",
            created=now, sent=now,
        )  # fmt: skip
        state.store.add(message)
        state.counts["inbound"] += 1
        self._keywords(message)
        return Received(message.sid, await self._post(message))

    async def _post(self, message: Message) -> Reply:
        state, knobs = self._state, self._state.knobs
        if not knobs.inbound_url:
            message.note = "not passed on: no inbound_url is set"
            return Reply(0, message.note)
        post = Post(knobs.inbound_url, self._form(message), "inbound")
        twice = happens(knobs.inbound_double, knobs.seed, "inbound", f"{message.sender}|{state.counts['inbound']}")
        replies = await asyncio.gather(*(self._webhooks.send(post) for _ in range(2 if twice else 1)))
        reply = replies[0]
        if 200 <= reply.status < 300:
            state.counts["inbound_taken"] += 1
            for text in _texts(reply.text):
                self._say(message, text)
        else:
            state.counts["inbound_refused"] += 1
            message.note = f"refused by the product: {f'answered {reply.status}' if reply.status else reply.text}"
            state.problem("inbound", post.url, message.note)
        return reply

    def _keywords(self, message: Message) -> None:
        word = message.body.strip().upper()
        pair = (message.to, message.sender)
        opted_out = self._state.store.opted_out
        if word in STOP_WORDS and pair not in opted_out:
            self._say(message, STOP_ANSWER)
            opted_out.add(pair)
        elif word in START_WORDS and pair in opted_out:
            opted_out.discard(pair)
            self._say(message, START_ANSWER)
        elif word in HELP_WORDS:
            self._say(message, HELP_ANSWER)

    def _say(self, heard: Message, text: str) -> None:
        if (heard.to, heard.sender) in self._state.store.opted_out:
            return
        answer = Message(
            to=heard.sender, sender=heard.to, body=text, segments=segments(text), direction=REPLY, status="queued",
            created=time.time(),
        )  # fmt: skip
        self._state.store.add(answer)
        self._delivery.start(answer)

    def _form(self, message: Message) -> dict[str, str]:
        """The form fields of an inbound message (docs/messaging/guides/webhook-request)."""
        return {
            "AccountSid": self._state.options.account_sid,
            "ApiVersion": API_VERSION,
            "Body": message.body,
            "From": message.sender,
            "FromCountry": "JP" if message.sender.startswith("+81") else "",
            "MessageSid": message.sid,
            "NumMedia": "0",
            "NumSegments": str(message.segments),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.to,
            "ToCountry": "JP" if message.to.startswith("+81") else "US",
            **dict.fromkeys(BLANK_FIELDS, ""),
        }


def _texts(answer: str) -> list[str]:
    """What a TwiML answer says: `<Response><Message>text</Message></Response>`, text or `<Body>` inside."""
    if "<Message" not in answer:
        return []
    try:
        root = fromstring(answer)
    except (ParseError, DefusedXmlException):
        return []
    found = ("".join(part.itertext()).strip() for part in root.iter("Message"))
    return [text for text in found if text]
