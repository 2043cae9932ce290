"""Twilio's Messages API: create, fetch, list, and the account itself, with the faults the knobs ask for."""

from __future__ import annotations

import hmac
import json
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

from jetapp.sandbox import listing
from jetapp.sandbox.answer import Answer
from jetapp.sandbox.chance import draw, happens, rule_for
from jetapp.sandbox.delivery import Delivery
from jetapp.sandbox.knobs import ONE_DRAW
from jetapp.sandbox.resource import API_VERSION, as_twilio, rfc2822
from jetapp.sandbox.segments import segments
from jetapp.sandbox.state import ACCEPTED, SEGMENTS, State
from jetapp.sandbox.store import OUTBOUND, Message
from jetapp.sandbox.twilio_errors import refusal

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_MESSAGE = re.compile(r"/Messages/([A-Za-z0-9]+)\.json")
LONGEST_BODY = 1600
LONGEST_VALIDITY = 36_000


class TwilioApi:
    def __init__(self, state: State, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery
        options = state.options
        self._credentials = "Basic " + b64encode(f"{options.account_sid}:{options.auth_token}".encode()).decode()
        self._root = f"/{API_VERSION}/Accounts/{options.account_sid}"
        self.create_path = self._root + "/Messages.json"
        self._in_flight = 0
        self._requests = 0

    def admits(self, authorization: str | None) -> bool:
        return authorization is not None and hmac.compare_digest(authorization.encode(), self._credentials.encode())

    def enter(self) -> Answer | None:
        """Count a request in; over the account's concurrency it is refused, as Twilio does with 20429."""
        self._in_flight += 1
        most = self._state.knobs.max_concurrent
        return self._too_many("concurrency") if most and self._in_flight > most else None

    def leave(self) -> None:
        self._in_flight -= 1

    def concurrent(self) -> str:
        return str(self._in_flight)

    def unauthorised(self) -> Answer:
        answer = self._refuse(20003)
        answer.headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
        return answer

    def read(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        """Everything but create."""
        if not path.startswith(self._root):
            return self._refuse(20404, detail=path)
        rest = path[len(self._root) :]
        if rest not in (".json", "/Messages.json") and not _MESSAGE.fullmatch(rest):
            return self._refuse(20404, detail=path)
        if method != "GET":
            return self._refuse(20004)
        if rest == ".json":
            return self._ok(self._account())
        if rest == "/Messages.json":
            return self._list(query)
        found = _MESSAGE.fullmatch(rest)
        message = self._state.store.by_sid.get(found[1]) if found else None
        if message is None:
            return self._refuse(20404, detail=path)
        return self._ok(as_twilio(message, self._state.options.account_sid))

    def create(self, form: Mapping[str, str]) -> Answer:
        state, knobs = self._state, self._state.knobs
        to = form.get("To", "")
        store = state.store
        store.requests[to] += 1
        nth = store.requests[to]
        fault = self._fault(to, nth)
        if fault == "share_429":
            return self._too_many()
        if fault == "share_500_before":
            return self._refuse(20500)
        if fault == "share_close_before":
            return Answer(0, b"", then="close")
        code = self._wrong(form)
        if code:
            return self._refuse(code, to=to, sender=form.get("From", ""), detail="ValidityPeriod")
        sender = form.get("From") or state.options.pool_sender
        if (sender, to) in store.opted_out:
            return self._refuse(21610)
        if knobs.create_errors:
            rule = rule_for(knobs.create_errors, to, knobs.seed, "create", f"{to}|{nth}")
            if rule:
                return self._refuse(rule.code, to=to, sender=sender)
        body = form["Body"]
        parts = segments(body)
        now = time.time()
        leaves_at = self._slot(sender, parts, now)
        if leaves_at is None:
            return self._too_many("segments_per_second")
        message = Message(
            to=to,
            sender=sender,
            body=body,
            segments=parts,
            direction=OUTBOUND,
            status="accepted" if form.get("MessagingServiceSid") else "queued",
            created=now,
            nth=nth,
            service_sid=form.get("MessagingServiceSid"),
            callback_url=form.get("StatusCallback", ""),
            validity=int(form.get("ValidityPeriod") or LONGEST_VALIDITY),
        )
        store.add(message)
        state.counts["accepted"] += 1
        state.counts["segments"] += parts
        second = state.timeline[int(now)]
        second[ACCEPTED] += 1
        second[SEGMENTS] += parts
        answer = self._ok(as_twilio(message, state.options.account_sid), 201)
        self._delivery.start(message, leaves_at - now)
        return self._after_acceptance(answer, fault)

    def _after_acceptance(self, answer: Answer, fault: str) -> Answer:
        if fault == "share_500_after":
            return self._refuse(20500)
        endings: dict[str, Literal["hang", "close"]] = {"share_hang_after": "hang", "share_close_after": "close"}
        if fault in endings:
            answer.then = endings[fault]
        return answer

    def _fault(self, to: str, nth: int) -> str:
        """One draw decides between all faults, so their shares add up exactly and never overlap."""
        knobs = self._state.knobs
        shares = [(name, share) for name in ONE_DRAW if (share := getattr(knobs, name))]
        if not shares:
            return ""
        luck = draw(knobs.seed, "accept", f"{to}|{nth}")
        for name, share in shares:
            luck -= share
            if luck < 0:
                self._state.faults[name] += 1
                return name
        return ""

    def _wrong(self, form: Mapping[str, str]) -> int:
        """The error code for a request Twilio would not take, 0 for a good one."""
        to, sender, service = form.get("To"), form.get("From"), form.get("MessagingServiceSid")
        if not to:
            return 21604
        if not _E164.fullmatch(to):
            return 21211
        if service and not _SERVICE.fullmatch(service):
            return 20404
        if not sender:
            if not service:
                return 21603
        elif not _E164.fullmatch(sender) and not _ALPHANUMERIC.fullmatch(sender):
            return 21212
        elif self._state.options.senders and sender not in self._state.options.senders:
            return 21606
        if to == sender:
            return 21266
        body = form.get("Body")
        if not body:
            return 21619
        if len(body) > LONGEST_BODY:
            return 21617
        validity = form.get("ValidityPeriod")
        if validity and not (validity.isdecimal() and 1 <= int(validity) <= LONGEST_VALIDITY):
            return 20001
        return 0

    def _slot(self, sender: str, parts: int, now: float) -> float | None:
        """When this sender may send these segments, None if it must be refused."""
        knobs = self._state.knobs
        rate = knobs.segments_per_second
        if not rate:
            return now
        free = max(self._state.next_free.get(sender, 0.0), now)
        if knobs.over_rate == "refuse":
            if free > now and free - now + parts / rate > 1.0:
                return None
            leaves_at = now
        else:
            leaves_at = free
        self._state.next_free[sender] = free + parts / rate
        return leaves_at

    def _too_many(self, why: str = "") -> Answer:
        if why:
            self._state.faults[why] += 1
        answer = self._refuse(20429)
        if self._state.knobs.retry_after_s:
            answer.headers = {"Retry-After": str(self._state.knobs.retry_after_s)}
        return answer

    def _list(self, query: Mapping[str, str]) -> Answer:
        knobs = self._state.knobs
        self._requests += 1
        if happens(knobs.share_list_429, knobs.seed, "list", str(self._requests)):
            return self._too_many("share_list_429")
        try:
            page = listing.page(self._state.store, query, self.create_path, knobs.list_lag_ms / 1000)
        except ValueError as error:
            return self._refuse(20001, detail=str(error))
        messages = [as_twilio(message, self._state.options.account_sid) for message in page.pop("messages")]
        return self._ok({**page, "messages": messages})

    def _account(self) -> dict[str, object]:
        sid, started = self._state.options.account_sid, rfc2822(0)
        return {
            "sid": sid,
            "owner_account_sid": sid,
            "friendly_name": "Sandbox carrier",
            "status": "active",
            "type": "Full",
            "auth_token": "not shown",
            "date_created": started,
            "date_updated": started,
            "uri": f"{self._root}.json",
            "subresource_uris": {"messages": self.create_path},
        }

    def _ok(self, body: Mapping[str, object], status: int = 200) -> Answer:
        return Answer(status, json.dumps(body, ensure_ascii=False).encode())

    def _refuse(self, code: int, **values: str) -> Answer:
        self._state.refused[code] += 1
        return Answer(*refusal(code, **values))
