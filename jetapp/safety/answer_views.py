"""The answer page `/s/<token>`: no sign-in, no script; only the button's POST records an answer."""

from flask import Blueprint

blueprint = Blueprint("answer", __name__, url_prefix="/s")
