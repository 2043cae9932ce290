"""Can messages leave: provider, mail server, senders, and is anything stuck?"""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from jetapp.checkup.findings import CONNECT_SECONDS, Finding, State, Subject, Trouble, ago, reason
from jetapp.checkup.storage import connection
from models.message import Message, MessageState, Sender
from models.types import db_now
from notifications.channels.base import ChannelError, Failure
from notifications.channels.twilio_sms import check_account

WAITING_SECONDS = 120.0
DOUBT_SECONDS = 900.0


def provider(subject: Subject) -> Finding:
    settings = subject.settings
    if not settings.twilio_account_sid or not settings.twilio_auth_token:
        state = State.FAIL if settings.env == "production" else State.WARN
        todo = "set JETAPP_TWILIO_ACCOUNT_SID and JETAPP_TWILIO_AUTH_TOKEN"
        return Finding("provider", state, "no account is configured: no SMS can be sent", todo)
    where = settings.twilio_api_base or "Twilio"
    try:
        status = check_account(settings)
    except ChannelError as error:
        if error.kind is Failure.ACCOUNT:
            raise Trouble(
                f"{where} refuses our credentials ({error.code}): {error.text}",
                "correct JETAPP_TWILIO_ACCOUNT_SID and JETAPP_TWILIO_AUTH_TOKEN",
            ) from error
        raise Trouble(
            f"{where} cannot be asked: {reason(error)}",
            "see that this machine may reach it (proxy, firewall, JETAPP_TWILIO_API_BASE) and that it is up",
        ) from error
    if status != "active":
        return Finding("provider", State.FAIL, f"{where}: the account is {status}", "see the provider's console")
    return Finding("provider", State.OK, f"{where}: the account is active")


def mail(subject: Subject) -> Finding:
    settings = subject.settings
    if not settings.smtp_url:
        state = State.FAIL if settings.env == "production" else State.WARN
        return Finding("mail", state, "no mail server is configured: no e-mail can be sent", "set JETAPP_SMTP_URL")
    parts = urlsplit(settings.smtp_url)
    try:
        host, secure = parts.hostname or "localhost", parts.scheme == "smtps"
        port = parts.port or (465 if secure else 587 if parts.username else 25)
    except ValueError as error:
        raise Trouble(f"JETAPP_SMTP_URL is no usable address: {error}", "correct JETAPP_SMTP_URL") from error
    context = ssl.create_default_context()
    try:
        server = (
            smtplib.SMTP_SSL(host, port, timeout=CONNECT_SECONDS, context=context)
            if secure
            else smtplib.SMTP(host, port, timeout=CONNECT_SECONDS)
        )
        with server:
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.noop()
    except smtplib.SMTPAuthenticationError as error:
        raise Trouble(
            f"{host}:{port} refuses our sign-in ({error.smtp_code})", "correct user and password in JETAPP_SMTP_URL"
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Trouble(
            f"{host}:{port} cannot be used: {reason(error)}", "start it, or correct JETAPP_SMTP_URL"
        ) from error
    signed_in = ", signed in" if parts.username else ""
    return Finding("mail", State.OK, f"{host}:{port} answers{signed_in}")


def sender(subject: Subject) -> Finding:
    """Is a sender named, and is one of them stopped?"""
    settings = subject.settings
    name = settings.twilio_messaging_service_sid or settings.twilio_sender
    with connection(subject) as reading:
        row = Sender.__table__
        paused = reading.execute(sa.select(row.c.channel, row.c.paused_reason).where(row.c.paused)).all()
    if paused:
        text = "; ".join(f"{channel.value} is stopped: {why or 'no reason given'}" for channel, why in paused)
        todo = "put right what the provider complains about; then CLAIR starts the sender again on its pages"
        return Finding("sender", State.FAIL, text, todo)
    if not name and settings.twilio_account_sid:
        todo = "set JETAPP_TWILIO_SENDER or JETAPP_TWILIO_MESSAGING_SERVICE_SID"
        return Finding("sender", State.FAIL, "SMS have no sender", todo)
    if not name:
        return Finding("sender", State.WARN, "SMS have no sender", "set JETAPP_TWILIO_SENDER")
    rate = settings.sms_segments_per_second
    shown = f"{rate:g} segments per second" if rate else "no limit of rate"
    return Finding("sender", State.OK, f"{name}, {shown}")


def waiting(subject: Subject) -> Finding:
    """The age of the oldest message that should have left (not the length of the queue: a rate limit makes that)."""
    message, senders = Message.__table__, Sender.__table__
    with connection(subject) as reading:
        count, oldest, segments, present = reading.execute(
            sa.select(
                sa.func.count(),
                sa.func.min(message.c.due_at),
                sa.func.sum(message.c.segments),
                db_now(),
            ).where(
                message.c.state == MessageState.PENDING,
                message.c.due_at <= db_now(),
                message.c.channel.not_in(sa.select(senders.c.channel).where(senders.c.paused)),
            )
        ).one()
    if not count:
        return Finding("waiting", State.OK, "nothing waits to be sent")
    age = _seconds(oldest, present)
    rate = subject.settings.sms_segments_per_second
    expected = float(segments or 0) / rate if rate else 0.0
    text = f"{count} messages wait, the oldest for {ago(age)}"
    if age <= WAITING_SECONDS + expected:
        return Finding("waiting", State.OK, text)
    state = State.FAIL if age > 3 * WAITING_SECONDS + 2 * expected else State.WARN
    return Finding("waiting", state, text, "see workers, scheduler and provider above; `jetapp drain` sends from here")


def doubt(subject: Subject) -> Finding:
    """Messages of which nobody knows yet whether the provider took them."""
    message = Message.__table__
    with connection(subject) as reading:
        count, oldest, present = reading.execute(
            sa.select(sa.func.count(), sa.func.min(message.c.submitted_at), db_now()).where(
                message.c.state == MessageState.UNKNOWN
            )
        ).one()
    if not count:
        return Finding("doubt", State.OK, "no message is in doubt")
    age = _seconds(oldest, present)
    text = f"{count} messages are in doubt, the oldest for {ago(age)}"
    if age <= DOUBT_SECONDS + subject.settings.unknown_wait_seconds:
        return Finding("doubt", State.OK, f"{text}; they will be looked up")
    return Finding("doubt", State.WARN, text, "see that the provider answers: they are looked up there")


def _seconds(since: datetime | None, present: datetime) -> float:
    return (present - since).total_seconds() if since is not None else 0.0
