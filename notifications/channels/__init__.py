"""The ways messages leave: one interface, one module per provider."""

from __future__ import annotations

from models.participant import Channel as Lane
from notifications.channels.base import Channel
from notifications.channels.smtp_email import SmtpEmail
from notifications.channels.twilio_sms import TwilioSms
from notifications.settings import Settings


def is_set_up(lane: Lane, settings: Settings) -> bool:
    """Whether anything can leave on this lane."""
    if lane is Lane.SMS:
        return bool(settings.twilio_account_sid and settings.twilio_auth_token)
    return bool(settings.smtp_url)


def channel_for(lane: Lane, settings: Settings) -> Channel | None:
    """The channel of a lane as the settings configure it; None where it is not set up."""
    if not is_set_up(lane, settings):
        return None
    return (TwilioSms if lane is Lane.SMS else SmtpEmail)(settings, settings.send_in_flight)


def lanes_set_up(settings: Settings) -> list[Lane]:
    """The lanes on which anything can leave."""
    return [lane for lane in Lane if is_set_up(lane, settings)]
