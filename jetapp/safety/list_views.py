"""The list of checks, the organisations of a board, and the exports of a list."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import g, render_template, send_file
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from jetapp.exports import tables
from jetapp.formats import in_japan
from jetapp.safety import groups, overview, people, words
from jetapp.safety.addresses import board_url, read_filters
from jetapp.safety.blueprint import blueprint
from jetapp.safety.queries import totals
from models.access import Role
from models.types import now

ORGANISATIONS = 50


@blueprint.get("/")
def index() -> str:
    """Running checks first, then what waits for a decision, drills, and what is over."""
    return render_template(
        "safety/index.html",
        lists=overview.lists(),
        watch=overview.watch() if g.actor.role is Role.CLAIR else None,
        now=now(),
        role=g.actor.role.value,
    )


@blueprint.get("/<int:check_id>/organisations")
def organisations(check_id: int) -> str:
    """All organisations with people who have not answered."""
    check = overview.check(check_id)
    filters = read_filters()
    found = groups.by_organisation(check_id, filters, ORGANISATIONS, (filters.page - 1) * ORGANISATIONS)
    return render_template(
        "safety/organisations.html",
        check=check,
        silent_organisations=found,
        filters=filters,
        pages=max(1, -(-found.total // ORGANISATIONS)),
        totals=totals(check_id, filters),
        reach=overview.reach(check_id),
        role=g.actor.role.value,
        href=lambda **changes: board_url(check_id, filters, **changes),
        page_href=lambda number: board_url(check_id, filters, "safety.organisations", page=number),
    )


@blueprint.get("/<int:check_id>/export.csv")
def export_csv(check_id: int) -> Response:
    """The list of the address as CSV that Excel opens with its Japanese intact."""
    return _export(check_id, tables.CSV)


@blueprint.get("/<int:check_id>/export.xlsx")
def export_xlsx(check_id: int) -> Response:
    """The list of the address as a workbook."""
    return _export(check_id, tables.XLSX)


def _export(check_id: int, form: tables.Form) -> Response:
    check = overview.check(check_id)
    name = f"safety-{check.id}{'-drill' if check.drill else ''}-{in_japan(datetime.now(UTC)):%Y%m%d-%H%M}{form.ending}"
    title = words.local(check.title_en, check.title_ja)
    rows = (_row(person) for person in people.everybody(check_id, read_filters()))
    if check.drill:
        title = f"{_('DRILL')} {title}"
    file = form.write(title, _columns(), rows)
    return send_file(file, mimetype=form.mimetype, as_attachment=True, download_name=name)


def _columns() -> list[str]:
    return [
        _("JET number"), _("Family name"), _("Given name"), _("Kana"), _("Position"), _("Contracting organisation"),
        _("Host"), _("Prefecture"), _("Municipality"), _("Strength"), _("State"), _("Helped by"), _("Last answer at"),
        _("Told by"), _("Needs"), _("Place"), _("Note"), _("Telephone"), _("Asked at"), _("Round"),
        _("Why not reached"),
    ]  # fmt: skip


def _row(person: people.Person) -> list[object]:
    recipient = person.recipient
    details = recipient.details or {}
    return [
        person.jet_number, person.family_name, person.given_name, person.kana, person.position,
        words.local(person.organisation_en, person.organisation_ja), words.local(person.host_en, person.host_ja),
        words.local(person.prefecture_en, person.prefecture_ja),
        words.local(person.municipality_en, person.municipality_ja),
        words.severity(recipient.severity_label), words.state(person), recipient.taken_by,
        in_japan(recipient.answered_at).isoformat(timespec="seconds") if recipient.answered_at else "",
        person.told_by, words.needs(details), words.place(details), details.get("note", ""), person.phone,
        in_japan(recipient.asked_at).isoformat(timespec="seconds"), recipient.asked_round,
        str(_(". ")).join(words.failures(person.failures)),
    ]  # fmt: skip
