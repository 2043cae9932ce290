"""SMS through the Twilio SDK; the only module that imports it for sending."""

from __future__ import annotations

import asyncio
import base64
import logging
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import twilio.rest.api  # noqa: F401 - the SDK loads it when first used: once before the fork, not in every child
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from notifications.channels.base import LOOK_UPS_IN_FLIGHT, CannotTell, ChannelError, Failure, Found, Outgoing
from notifications.channels.codes import CodeClass, meaning
from notifications.settings import Settings

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
CLOCK_SKEW = timedelta(minutes=2)


class PooledHttpClient(AsyncHttpClient):  # type: ignore[misc]
    """The SDK's asynchronous HTTP seam with what its own client lacks: time-outs that work and no retries.

    The stock client ignores its time-out and, with retries on, repeats a POST after any error, which would send twice.
    """

    def __init__(self, timeout: float, connections: int) -> None:
        super().__init__(log, True, timeout)
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_SECONDS)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._authorization: dict[tuple[str, str], str] = {}
        self.retry_after = ""

    async def open(self) -> None:
        # As many connections as requests in flight: a send must never wait for one after it was marked as submitted.
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        assert self._session is not None
        sent = dict(headers or {})
        if auth is not None:
            known = self._authorization.get(auth)
            if known is None:
                known = "Basic " + base64.b64encode(f"{auth[0]}:{auth[1]}".encode()).decode()
                self._authorization[auth] = known
            sent["Authorization"] = known
        async with self._session.request(
            method,
            url,
            params=[(key, str(value)) for key, value in params.items()] if params else None,
            data=urlencode(data).encode() if data else None,
            headers=sent,
            proxy=_proxy_for(url),
            allow_redirects=allow_redirects,
        ) as answer:
            self.retry_after = answer.headers.get("Retry-After", "")
            return Response(answer.status, (await answer.read()).decode(errors="replace"), answer.headers)


class TwilioSms:
    """Twilio, or the stand-in whose address `twilio_api_base` gives."""

    accepts_is_final = False
    has_list = True

    def __init__(self, settings: Settings, in_flight: int) -> None:
        self.max_in_flight = in_flight
        self._settings = settings
        self._http = PooledHttpClient(settings.send_timeout_seconds, in_flight + LOOK_UPS_IN_FLIGHT)
        self._client = Client(settings.twilio_account_sid, settings.twilio_auth_token[0], http_client=self._http)
        if settings.twilio_api_base:
            self._client.api.base_url = settings.twilio_api_base
        self._from: dict[str, str] = (
            {"MessagingServiceSid": settings.twilio_messaging_service_sid}
            if settings.twilio_messaging_service_sid
            else {"From": settings.twilio_sender}
        )
        # Found once: importing and building the parts of the SDK takes longer than a thousand messages.
        self._api = self._client.api.v2010
        self._messages = f"/Accounts/{settings.twilio_account_sid}/Messages.json"
        self._callback = f"{settings.public_url}/webhooks/twilio/status?m="

    async def __aenter__(self) -> TwilioSms:
        await self._http.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    async def send(self, message: Outgoing) -> str:
        form: dict[str, object] = {
            "To": message.address,
            "Body": message.body,
            "StatusCallback": self._callback + message.uuid,
            **self._from,
        }
        if message.valid_seconds:
            # Twilio accepts 1 to 36,000 seconds (messaging.md §2.7).
            form["ValidityPeriod"] = min(max(message.valid_seconds, 60), 36_000)
        try:
            # The SDK's own request without its model of the answer: of thirty fields we need one.
            created = await self._api.create_async("POST", self._messages, data=form)
        except TwilioRestException as error:
            raise self._refusal(error) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ChannelError(Failure.BUSY, "no connection to the provider", retry_after=5.0) from error
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            raise ChannelError(Failure.IN_DOUBT, f"no clear answer: {type(error).__name__}") from error
        sid = created.get("sid") if isinstance(created, dict) else None
        if not sid:
            raise ChannelError(Failure.IN_DOUBT, "the provider named no message id")
        return str(sid)

    def _refusal(self, error: TwilioRestException) -> ChannelError:
        code = str(error.code or error.status)
        if error.status >= 500:
            return ChannelError(Failure.IN_DOUBT, f"provider error {error.status}", code)
        kind = meaning(code).kind
        if error.status == 429 or kind is CodeClass.BUSY:
            return ChannelError(Failure.BUSY, "rate limit", code, _seconds(self._http.retry_after))
        # A 403 may be about one number only (21408, a country that is not enabled): the code decides where it is known.
        if kind is CodeClass.ACCOUNT or (error.status in (401, 403) and kind is CodeClass.LATER):
            return ChannelError(Failure.ACCOUNT, meaning(code).reason, code)
        return ChannelError(Failure.REFUSED, meaning(code).reason, code)

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        # The list filters by To alone: DateSent is empty until a message has left (messaging.md §2.5).
        try:
            listed = await self._client.messages.list_async(to=message.address, limit=200, page_size=200)
        except (TwilioException, aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise CannotTell(str(error)) from error
        found = []
        for entry in listed:
            created, text = entry.date_created, str(entry.body or "")
            if created is not None and created.replace(tzinfo=created.tzinfo or UTC) < since - CLOCK_SKEW:
                continue
            alike = text == message.body or bool(message.mark and message.mark in text)
            if alike and str(entry.direction).startswith("outbound"):
                found.append(Found(str(entry.sid), str(entry.status), str(entry.error_code or ""), text))
        return sorted(found, key=lambda each: each.text != message.body)

    async def fetch(self, provider_id: str) -> Found | None:
        try:
            entry = await self._client.messages(provider_id).fetch_async()
        except TwilioRestException as error:
            if error.status == 404:
                return None
            raise CannotTell(str(error)) from error
        except (TwilioException, aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise CannotTell(str(error)) from error
        return Found(provider_id, str(entry.status), str(entry.error_code or ""))


@cache
def _proxy_for_host(scheme: str, host: str) -> str | None:
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _proxy_for(url: str) -> str | None:
    """The machine's proxy for an address. aiohttp's own look at the environment costs two thread hops a request."""
    parts = urlsplit(url)
    return _proxy_for_host(parts.scheme, parts.hostname or "")


def _seconds(text: str) -> float:
    try:
        return max(0.0, min(float(text), 600.0))
    except ValueError:
        return 0.0


def check_account(settings: Settings) -> str:
    """The account's status in the provider's words ("active"). Raises `ChannelError` when it cannot be read."""

    async def ask() -> str:
        channel = TwilioSms(settings, 1)
        async with channel:
            try:
                account = await channel._client.api.accounts(settings.twilio_account_sid).fetch_async()
            except TwilioRestException as error:
                raise channel._refusal(error) from error
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise ChannelError(Failure.BUSY, f"not reachable: {error}") from error
            return str(account.status)

    return asyncio.run(ask())
