"""The one blueprint of the staff pages; the views of each subject register on it (see views.py)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from jetapp.safety import words
from models.access import Permission, require

blueprint = Blueprint("safety", __name__, url_prefix="/safety")


@blueprint.before_request
def staff_only() -> None:
    """Participants answer by their link; these pages are for those who look after them."""
    require(Permission.SAFETY_VIEW)


@blueprint.app_context_processor
def names() -> dict[str, Any]:
    """The words of codes, in every template."""
    return {"local": words.local, "words": words}
