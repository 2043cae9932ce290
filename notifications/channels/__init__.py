"""The ways messages leave: one interface, one module per provider."""

from __future__ import annotations

from models.participant import Channel as Lane
from notifications.channels.base import Channel
from notifications.channels.smtp_email import SmtpEmail
from notifications.channels.twilio_sms import TwilioSms
from notifications.settings import Settings


def channel_for(lane: Lane, settings: Settings) -> Channel | None:
    """The channel of a lane as the settings configure it; None where it is not set up."""
    if lane is Lane.SMS:
        if settings.twilio_account_sid and settings.twilio_auth_token:
            return TwilioSms(settings, settings.send_in_flight)
        return None
    return SmtpEmail(settings, settings.send_in_flight) if settings.smtp_url else None
