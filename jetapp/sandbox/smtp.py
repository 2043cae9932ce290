"""A mail server that keeps every letter, and can be slow, refuse, cut the connection or send letters back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from email.utils import formatdate, make_msgid
from typing import Any

from aiohttp import ClientError, ClientTimeout
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from jetapp.sandbox.chance import happens, rule_for
from jetapp.sandbox.state import MAILS, State
from jetapp.sandbox.store import Mail
from jetapp.sandbox.webhooks import Webhooks

HOSTNAME = "sandbox.invalid"
REPLIES = {
    421: "4.3.2 Service shutting down",
    450: "4.2.0 Mailbox busy, try again later",
    451: "4.3.0 Local error, try again later",
    452: "4.2.2 Mailbox full",
    550: "5.1.1 No such mailbox",
    552: "5.2.2 Mailbox over quota",
    554: "5.7.1 Refused as spam",
}


def reply_line(code: int) -> str:
    return f"{code} {REPLIES.get(code, '4.0.0 Try again later' if code < 500 else '5.0.0 Refused')}"


class MailSink:
    """The aiosmtpd handler; method names are aiosmtpd's hooks."""

    def __init__(self, state: State, webhooks: Webhooks) -> None:
        self._state = state
        self._webhooks = webhooks
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_mail: Callable[[Mail], None] = lambda mail: None

    def protocol(self) -> SMTP:
        """One connection; any user name and password is taken, since the address may carry some."""
        return SMTP(
            self,
            hostname=HOSTNAME,
            ident="Sandbox carrier: nothing leaves this machine",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
        )

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        state, knobs = self._state, self._state.knobs
        to = address.lower()
        state.store.requests[to] += 1
        rule = rule_for(knobs.smtp_errors, to, knobs.seed, "rcpt", f"{to}|{state.store.requests[to]}")
        if rule:
            state.faults[f"smtp_{rule.code}"] += 1
            return reply_line(rule.code)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        state, knobs = self._state, self._state.knobs
        cut = False
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        sender = (envelope.mail_from or "").strip("<>")
        for address in envelope.rcpt_tos:
            mail = self.keep(sender, address, raw)
            key = f"{address.lower()}|{state.store.requests[address.lower()]}"
            rule = rule_for(knobs.smtp_bounces, address.lower(), knobs.seed, "bounce", key)
            if rule:
                self._bounce_later(mail, rule.code)
            else:
                self.on_mail(mail)
            cut = cut or happens(knobs.share_smtp_drop_after, knobs.seed, "drop", key)
        if knobs.smtp_latency_ms:
            await asyncio.sleep(knobs.smtp_latency_ms / 1000)
        if cut:
            state.faults["share_smtp_drop_after"] += 1
            transport: Any = server.transport
            transport.abort()
        return f"250 2.0.0 OK: kept as {len(state.store.mails)}"

    def keep(self, sender: str, to: str, raw: bytes) -> Mail:
        now = time.time()
        self._state.counts["mails"] += 1
        self._state.timeline[int(now)][MAILS] += 1
        return self._state.store.add_mail(Mail(sender=sender, to=to, received=now, raw=raw))

    def _bounce_later(self, mail: Mail, code: int) -> None:
        epoch = self._state.epoch

        def begin() -> None:
            if epoch == self._state.epoch:
                task = asyncio.get_running_loop().create_task(self._bounce(mail, code))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        asyncio.get_running_loop().call_later(self._state.knobs.bounce_after_ms / 1000, begin)

    async def _bounce(self, mail: Mail, code: int) -> None:
        if not mail.sender:
            return  # RFC 5321: a letter without a sender is never sent back.
        raw = delivery_report(mail, code).as_bytes()
        self.keep("", mail.sender, raw)
        self._state.counts["bounces"] += 1
        url = self._state.knobs.bounce_url
        if not url:
            return
        try:
            headers = {"Content-Type": "message/rfc822"}
            timeout = ClientTimeout(total=self._state.knobs.callback_timeout_ms / 1000)
            async with self._webhooks.session.post(url, data=raw, headers=headers, timeout=timeout) as response:
                if response.status >= 300:
                    self._state.problem("bounce", url, f"answered {response.status}")
        except (ClientError, OSError, TimeoutError) as error:
            self._state.problem("bounce", url, f"no answer: {error}")

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def delivery_report(mail: Mail, code: int) -> EmailMessage:
    """A non-delivery report in the form mail servers send (RFC 3462, RFC 3464)."""
    status = reply_line(code).split(" ")[1]
    report = EmailMessage()
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{HOSTNAME}>"
    report["To"] = mail.sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = formatdate(mail.received)
    report["Message-ID"] = make_msgid(domain=HOSTNAME)
    report["Auto-Submitted"] = "auto-replied"
    report.set_content(f"Your message could not be delivered to {mail.to}:\n\n{reply_line(code)}\n")
    facts = _part(
        "message/delivery-status",
        f"Reporting-MTA: dns; {HOSTNAME}\n\nFinal-Recipient: rfc822; {mail.to}\nAction: failed\n"
        f"Status: {status}\nDiagnostic-Code: smtp; {reply_line(code)}\n",
    )
    headers = _part(
        "text/rfc822-headers", mail.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode(errors="replace") + "\n"
    )
    report.make_mixed()
    report.attach(facts)
    report.attach(headers)
    report.replace_header("Content-Type", "multipart/report; report-type=delivery-status")
    return report


def _part(content_type: str, text: str) -> EmailMessage:
    return message_from_bytes(f"Content-Type: {content_type}\n\n{text}".encode(), policy=default_policy)
