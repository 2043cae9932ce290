"""Pages over notifications.safety: boards, launching, rules, hazard reports, replies."""

from flask import Blueprint

blueprint = Blueprint("safety", __name__, url_prefix="/safety")
