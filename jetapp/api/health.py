"""Liveness, readiness and figures for monitoring."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)
