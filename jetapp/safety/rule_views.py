"""The rule table: which reports start or propose a check, and who would be asked."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from jetapp.safety import reports
from jetapp.safety.blueprint import blueprint
from models.access import Permission, require
from models.db import transaction
from models.errors import DomainError
from notifications.safety import rulebook
from notifications.safety.rule_table import ACTIONS

Page = str | Response | tuple[str, int]
DAYS = 30


@blueprint.route("/rules", methods=["GET", "POST"])
def rules() -> Page:
    """The table; with changed actions first the reports of the last days under them, then saving."""
    require(Permission.SAFETY_RULES)
    rows = reports.rules()
    if request.method == "GET":
        return render_template("safety/rules.html", rules=rows, changes={}, actions=ACTIONS, days=DAYS)
    changes = {
        row.id: action
        for row in rows
        if (action := request.form.get(f"rule-{row.id}", row.action)) != row.action and action in ACTIONS
    }
    error = ""
    judged = None
    try:
        if request.form.get("step") == "save":
            with transaction():
                for rule_id, action in changes.items():
                    rulebook.change(rule_id, action)
            flash(ngettext("%(num)s rule is changed.", "%(num)s rules are changed.", len(changes)))
            return redirect(url_for("safety.rules"))
        judged = rulebook.preview(DAYS, changes)
    except DomainError as refused:
        error = _(refused.text, **refused.values) if refused.values else _(refused.text)
    page = render_template(
        "safety/rules.html", rules=rows, changes=changes, actions=ACTIONS, days=DAYS, judged=judged, error=error
    )
    return (page, 422) if error else page


@blueprint.post("/rules/defaults")
def default_rules() -> Page:
    """Put the default rules that are missing into the table."""
    require(Permission.SAFETY_RULES)
    with transaction():
        added = rulebook.load_defaults()
    flash(ngettext("%(num)s rule is added.", "%(num)s rules are added.", added))
    return redirect(url_for("safety.rules"))
