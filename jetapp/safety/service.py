"""Changes of the staff pages that belong to no check: pausing and resuming a sender."""

from __future__ import annotations

from models.access import Permission, require
from models.db import lock
from models.message import Sender


def pause_sender(sender_id: int, reason: str) -> Sender:
    """Nothing leaves through this sender until it is resumed; messages wait."""
    actor = require(Permission.SENDERS_CONTROL)
    sender: Sender = lock(Sender, sender_id)
    sender.paused = True
    sender.paused_reason = f"{actor.label}: {reason.strip()}".rstrip(": ")[:200]
    return sender


def resume_sender(sender_id: int) -> Sender:
    """Messages that wait go out again."""
    require(Permission.SENDERS_CONTROL)
    sender: Sender = lock(Sender, sender_id)
    sender.paused, sender.paused_reason, sender.slow_until = False, "", None
    return sender
