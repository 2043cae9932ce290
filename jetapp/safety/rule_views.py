"""The rule table: which reports start or propose a check, and who would be asked."""

from __future__ import annotations

from flask import render_template

from jetapp.safety.blueprint import blueprint
from models.access import Permission, require


@blueprint.get("/rules")
def rules() -> str:
    """The table."""
    require(Permission.SAFETY_RULES)
    return render_template("safety/rules.html")
