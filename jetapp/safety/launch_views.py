"""Starting a check by hand, deciding about a proposal, and looking after a running one. CLAIR only."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from jetapp.safety import launch, overview
from jetapp.safety.blueprint import blueprint
from jetapp.safety.forms import AreasForm, NoteForm, ReasonForm, StartForm
from jetapp.safety.queries import Filters, totals
from models import places
from models.access import Permission, require
from models.db import transaction
from models.disaster import CheckState
from models.errors import Conflict, DomainError, Invalid
from models.types import now
from notifications.safety import checks, naming, opening
from notifications.wording import languages

Page = str | Response | tuple[str, int]


@blueprint.route("/start", methods=["GET", "POST"])
def start() -> Page:
    """Step 1 gathers event and areas, step 2 shows who would be asked; the button there sends."""
    require(Permission.SAFETY_RUN)
    form = StartForm()
    if request.method == "GET":
        form.key.data = secrets.token_hex(12)
        return _gather(form)
    step = request.form.get("step", "gather")
    if step not in ("preview", "send", "drill"):
        return _gather(form)
    if not form.validate_on_submit():
        return _gather(form), 422
    try:
        chosen = _chosen(form)
        if step == "preview":
            return _preview(form, chosen)
        with transaction():
            check = checks.start(**chosen | {"drill": chosen["drill"] or step == "drill"})
            check_id, already = check.id, check.drill != (chosen["drill"] or step == "drill")
    except DomainError as error:
        form.form_errors.append(_(error.text, **error.values) if error.values else _(error.text))
        return _gather(form), error.status
    flash(_("This check was started before. It is shown here.") if already else _("The check runs."))
    return redirect(url_for("safety.board", check_id=check_id))


def _gather(form: StartForm) -> str:
    codes = request.form.getlist("areas")
    found = launch.search(request.form.get("q", ""))
    known = {code for code in codes if _is_area(code)}
    return render_template(
        "safety/start.html",
        form=form,
        chosen=launch.places_of(sorted(known)),
        found=[place for place in found if place.code not in known],
        q=request.form.get("q", "")[:80],
        searched=request.form.get("step") == "search",
    )


def _is_area(code: str) -> bool:
    try:
        launch.place_of(code)
    except DomainError:
        return False
    return True


def _chosen(form: StartForm) -> dict[str, Any]:
    """The arguments of `checks.start`."""
    codes = request.form.getlist("areas")
    what = form.what.data or "manual:"
    title_en, title_ja = (form.title_en.data or "").strip(), (form.title_ja.data or "").strip()
    told = launch.event(codes, what, title_en or title_ja)
    if what != "manual:":
        made_en, made_ja = naming.titles(told)
        title_en, title_ja = title_en or made_en, title_ja or made_ja
    if not codes:
        raise Invalid("no_areas", "Choose at least one area.", field="areas")
    if not title_en and not title_ja:
        raise Invalid("no_title", "Give the check a title.", field="title")
    return {
        "key": f"manual:{form.key.data}",
        "title_en": title_en or title_ja,
        "title_ja": title_ja or title_en,
        "kind": naming.kind_of(told),
        "areas": launch.areas(codes, what),
        "drill": bool(form.drill.data),
        "event": told,
        "why": "started by hand",
    }


def _preview(form: StartForm, chosen: dict[str, Any]) -> str:
    found = checks.preview(chosen["areas"], chosen["drill"])
    return render_template(
        "safety/preview.html",
        form=form,
        chosen=chosen,
        title_en=chosen["title_en"],
        title_ja=chosen["title_ja"],
        codes=[area.code for area in chosen["areas"]],
        **_told(found, chosen["areas"], chosen["event"], chosen["drill"]),
    )


def _told(found: checks.Preview, areas: list[checks.Area], event: dict[str, Any], drill: bool) -> dict[str, Any]:
    """What both previews show, of a check by hand and of a proposal."""
    known = places.prefectures()
    towns: dict[str, int] = {}
    for area in areas:
        towns[area.prefecture] = towns.get(area.prefecture, 0) + (":" not in area.code)
    rows = [
        {"code": code, "name_en": known[code].name_en, "name_ja": known[code].name_ja, "asked": people, "silent": 0,
         "municipalities": towns.get(code, 0) or "–"}
        for code, people in found.by_prefecture.items()
    ]  # fmt: skip
    return {
        "preview": found,
        "prefectures": rows,
        "municipalities": sum(towns.values()),
        "samples": launch.samples(event, [each.code for each in found.languages[:5]], drill),
        "language_names": {code: language.name for code, language in languages().items()},
        "html_langs": {code: language.html_lang for code, language in languages().items()},
        "watch": overview.watch(),
        "event": event,
        "drill": drill,
        "now": now(),
    }


@blueprint.get("/<int:check_id>/proposal")
def proposal(check_id: int) -> Page:
    """What a proposed check would do, and the buttons that decide."""
    require(Permission.SAFETY_RUN)
    check = overview.check(check_id)
    if check.state not in (CheckState.PROPOSED, CheckState.DECLINED):
        return redirect(url_for("safety.board", check_id=check_id))
    areas = opening.areas_in(check, 1)
    return render_template(
        "safety/preview.html",
        check=check,
        form=ReasonForm(),
        title_en=check.title_en,
        title_ja=check.title_ja,
        decided=check.state is CheckState.DECLINED,
        **_told(checks.preview(areas, check.drill), areas, check.event, check.drill),
    )


@blueprint.post("/<int:check_id>/approve")
def approve(check_id: int) -> Page:
    """Send what was proposed."""
    with transaction():
        overview.check(check_id)
        running = checks.approve(check_id).id
    flash(_("The check runs.") if running == check_id else _("The proposal became a new round of this check."))
    return redirect(url_for("safety.board", check_id=running))


@blueprint.post("/<int:check_id>/decline")
def decline(check_id: int) -> Page:
    """Ask nobody for this report."""
    with transaction():
        checks.decline(check_id, (ReasonForm().note.data or "").strip())
    flash(_("Declined. Nobody was asked."))
    return redirect(url_for("safety.index"))


@blueprint.get("/<int:check_id>/manage")
def manage(check_id: int) -> Page:
    """Notes, asking again, closing."""
    require(Permission.SAFETY_RUN)
    return _manage(check_id, NoteForm())


def _manage(check_id: int, form: NoteForm) -> str:
    check = overview.check(check_id)
    counted = totals(check_id, Filters())
    return render_template("safety/manage.html", check=check, totals=counted, form=form, closing=ReasonForm())


@blueprint.route("/<int:check_id>/areas", methods=["GET", "POST"])
def more_areas(check_id: int) -> Page:
    """Ask in more areas of the same disaster: search, tick, see how many, send."""
    require(Permission.SAFETY_RUN)
    check = overview.check(check_id)
    if check.state is not CheckState.RUNNING:
        raise Conflict("not_running", "This check is not running.")
    form = AreasForm()
    step = request.form.get("step", "")
    codes = [code for code in dict.fromkeys(request.form.getlist("areas")) if _is_area(code)]
    people: tuple[int, int] | None = None
    status = 200
    if request.method == "POST" and not form.validate_on_submit():
        status = 422
    elif step in ("preview", "send"):
        try:
            areas = launch.areas(codes, "manual:")
            if step == "send":
                why = _("More areas: %(names)s", names=_(", ").join(launch.names(codes)))
                with transaction():
                    asked = checks.grow(check_id, areas, why)
                flash(ngettext("%(num)s more person is asked.", "%(num)s more people are asked.", asked.people))
                return redirect(url_for("safety.board", check_id=check_id))
            people = checks.would_grow(check_id, areas)
        except DomainError as error:
            form.form_errors.append(_(error.text, **error.values) if error.values else _(error.text))
            status = error.status
    found = launch.search(request.form.get("q", ""))
    page = render_template(
        "safety/more_areas.html",
        check=check,
        form=form,
        chosen=launch.places_of(codes),
        found=[place for place in found if place.code not in codes],
        q=request.form.get("q", "")[:80],
        searched=step == "search",
        people=people,
    )
    return page, status


@blueprint.post("/<int:check_id>/note")
def note(check_id: int) -> Page:
    """A line in the log of the check."""
    require(Permission.SAFETY_RUN)
    form = NoteForm()
    if not form.validate_on_submit():
        return _manage(check_id, form), 422
    with transaction():
        checks.add_note(check_id, form.note.data or "")
    flash(_("The note is saved."))
    return redirect(url_for("safety.manage", check_id=check_id))


@blueprint.post("/<int:check_id>/ask-again")
def ask_again(check_id: int) -> Page:
    """A reminder now to those who have not answered."""
    with transaction():
        written = checks.ask_again(check_id)
    flash(ngettext("%(num)s message goes out now.", "%(num)s messages go out now.", written))
    return redirect(url_for("safety.board", check_id=check_id))


@blueprint.post("/<int:check_id>/close")
def close(check_id: int) -> Page:
    """End the check; answers are kept, links still take late ones for some days."""
    with transaction():
        checks.close(check_id, (ReasonForm().note.data or "").strip())
    flash(_("The check is closed. Nobody is asked any more."))
    return redirect(url_for("safety.board", check_id=check_id))
