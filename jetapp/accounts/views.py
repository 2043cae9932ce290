"""The landing page, signing in and out, changing hat and language."""

from flask import Blueprint

blueprint = Blueprint("accounts", __name__)
