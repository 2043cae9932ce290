"""What Twilio calls: message status, texts from people, phone calls. Signed, refused otherwise."""

from flask import Blueprint

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks/twilio")
