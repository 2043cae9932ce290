"""What Twilio calls: message status, texts from people, phone calls. Signed, refused otherwise.

The signature covers the public address as the provider knows it, so it is built from `PUBLIC_URL`, never from the
Host header, which a proxy changes and a stranger may choose.
"""

from __future__ import annotations

import logging
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, current_app, request

from models.access import acting_as, system
from models.db import again_after_deadlock, transaction
from notifications import inbox
from notifications.channels.twilio_signature import is_signed

log = logging.getLogger(__name__)

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks/twilio")

NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
SPOKEN = (
    ("en-GB", "This number sends the safety messages of the JET Programme. We cannot take calls here."),
    ("en-GB", "To answer, open the link in our message. In danger, call 1 1 9."),
    ("ja-JP", "こちらはJETプログラムの安否確認です。この電話では、お話しできません。"),
    ("ja-JP", "メッセージのリンクから答えてください。危ないときは、119番に電話してください。"),
)


@blueprint.before_request
def check_signature() -> None:
    """403 unless one of our tokens signed exactly this request; blank and unknown fields are part of what is signed."""
    config = current_app.config
    if config["TWILIO_ACCOUNT_SID"] and request.form.get("AccountSid", config["TWILIO_ACCOUNT_SID"]) != str(
        config["TWILIO_ACCOUNT_SID"]
    ):
        abort(403)
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    url = f"{config['PUBLIC_URL']}{request.path}{query}"
    given = request.headers.get("X-Twilio-Signature", "")
    if not is_signed(url, request.form, given, config["TWILIO_AUTH_TOKEN"]):
        log.warning("a call to %s with a wrong signature was refused", request.path)
        abort(403)


@blueprint.post("/status")
@again_after_deadlock
def status() -> Response:
    """A message moved on. 2xx once the event is stored, also for messages we do not know."""
    with acting_as(system("status callback")), transaction():
        inbox.receipt(request.form.to_dict(), request.args.get("m", "")[:32])
    return Response(status=204)


@blueprint.post("/inbound")
@again_after_deadlock
def inbound() -> Response:
    """A person texted us; what we write back goes through the outbox like everything else."""
    with acting_as(system("text from a person")), transaction():
        inbox.reply(request.form.to_dict())
    return Response(NOTHING_TO_SAY, mimetype="text/xml")


@blueprint.post("/voice")
def voice() -> Response:
    """Somebody rang the number the messages come from: say what to do instead, in English and Japanese."""
    said = "".join(f'<Say language="{language}">{escape(text)}</Say>' for language, text in SPOKEN)
    return Response(f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>', mimetype="text/xml")
