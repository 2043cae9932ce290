"""E-mail through SMTP: a small pool of connections, plain text, one stable Message-ID per message."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from models.types import now
from notifications.channels.base import CannotTell, ChannelError, Failure, Found, Outgoing
from notifications.settings import Settings

CONNECTIONS = 8
LONGEST_DOMAIN = 45
"""Of a Message-ID: with our 32 characters for the message it fits the column of provider ids."""


class SmtpEmail:
    """A mail server; each connection sends one mail at a time."""

    accepts_is_final = True
    has_list = False

    def __init__(self, settings: Settings, in_flight: int) -> None:
        self.max_in_flight = min(CONNECTIONS, in_flight)
        parts = urlsplit(settings.smtp_url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587 if parts.username else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._timeout = settings.send_timeout_seconds
        self._from = settings.mail_from
        domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
        self._domain = domain[-LONGEST_DOMAIN:].lstrip(".-") or "localhost"
        self._idle: asyncio.LifoQueue[aiosmtplib.SMTP] = asyncio.LifoQueue()

    async def __aenter__(self) -> SmtpEmail:
        return self

    async def __aexit__(self, *exc: object) -> None:
        while not self._idle.empty():
            client = self._idle.get_nowait()
            with suppress(Exception):
                await client.quit()

    async def _connection(self) -> aiosmtplib.SMTP:
        while not self._idle.empty():
            client = self._idle.get_nowait()
            if client.is_connected:
                return client
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._tls,
            start_tls=None if not self._tls else False,
            timeout=self._timeout,
            tls_context=ssl.create_default_context(),
        )
        await client.connect()
        if self._user:
            await client.login(self._user, self._password)
        return client

    def _mail(self, message: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._from
        mail["To"] = message.address
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(now())
        # The same name on a second try, so that mailboxes can drop the copy.
        mail["Message-ID"] = self.message_id(message)
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-JET-Message"] = message.uuid
        mail.set_content(message.body, charset="utf-8", cte="base64")
        return mail

    def message_id(self, message: Outgoing) -> str:
        return f"<{message.uuid}@{self._domain}>"

    async def send(self, message: Outgoing) -> str:
        try:
            mail = self._mail(message)
        except ValueError as error:  # a line break in an address, for example
            raise ChannelError(Failure.REFUSED, "Our mail cannot be written to this address") from error
        try:
            client = await self._connection()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise ChannelError(Failure.ACCOUNT, "The mail server refuses our sign-in", str(error.code)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise ChannelError(Failure.BUSY, f"no connection to the mail server: {error}", retry_after=5.0) from error
        try:
            await client.send_message(mail, sender=parseaddr(self._from)[1], recipients=[message.address])
        except aiosmtplib.SMTPNotSupported as error:
            # Letters in the address that this server does not know (SMTPUTF8): found out before anything was sent.
            self._keep(client)
            raise ChannelError(Failure.REFUSED, "Our mail cannot be written to this address") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            self._idle.put_nowait(client)
            raise self._refusal(error.recipients[0]) from error
        except aiosmtplib.SMTPResponseException as error:
            self._keep(client)
            raise self._refusal(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise ChannelError(Failure.IN_DOUBT, f"no clear answer: {type(error).__name__}") from error
        self._idle.put_nowait(client)
        return self.message_id(message)

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            self._idle.put_nowait(client)

    @staticmethod
    def _refusal(error: aiosmtplib.SMTPResponseException) -> ChannelError:
        # 4xx: the server took nothing and asks to come again; 5xx: it never will (RFC 5321 §4.2.1). Only 421 speaks of
        # the server itself: a full mailbox must not hold up everybody else's mail.
        if 400 <= error.code < 500:
            kind = Failure.BUSY if error.code == 421 else Failure.LATER
            return ChannelError(kind, f"the mail server asks us to wait ({error.code})", str(error.code), 30.0)
        return ChannelError(Failure.REFUSED, f"The mail server refuses the address ({error.code})", str(error.code))

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        raise CannotTell("a mail server keeps no list")

    async def fetch(self, provider_id: str) -> Found | None:
        raise CannotTell("a mail server keeps no list")
