"""The board of one check: who needs help, who is silent, who was not reached, who is safe."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from jetapp.safety import groups, overview, people, timeline
from jetapp.safety.addresses import board_url, read_filters
from jetapp.safety.blueprint import blueprint
from jetapp.safety.queries import Filters, Totals, totals
from jetapp.safety.words import local
from models.access import Role
from models.disaster import CheckState, SafetyCheck
from models.types import now

CASES = 20
LINES = 10
Page = str | Response


@blueprint.get("/<int:check_id>")
def board(check_id: int) -> Page:
    """The board, or with a state in the address the list of these people."""
    check = overview.check(check_id)
    if check.state in (CheckState.PROPOSED, CheckState.DECLINED):
        return redirect(url_for("safety.proposal", check_id=check_id))
    filters = read_filters()
    return render_template("safety/board.html", **_context(check, filters))


@blueprint.get("/<int:check_id>/live")
def live(check_id: int) -> Response:
    """The parts that change, or 304 when nothing has."""
    check = overview.check(check_id)
    filters = read_filters()
    mark = _mark(check, filters)
    if request.if_none_match.contains(mark):
        response = make_response("", 304)
    else:
        response = make_response(render_template("safety/board_parts.html", **_context(check, filters, mark)))
    response.set_etag(mark)
    return response


def _replies() -> int:
    return overview.replies_waiting() if g.actor.role is Role.CLAIR else 0


def _mark(check: SafetyCheck, filters: Filters) -> str:
    return overview.fingerprint(check, g.actor, filters, str(get_locale()), _replies())


def _context(check: SafetyCheck, filters: Filters, mark: str = "") -> dict[str, Any]:
    counted = totals(check.id, filters)
    rounds = overview.rounds(check.id)

    def href(**changes: Any) -> str:
        return board_url(check.id, filters, **changes)

    common = {
        "check": check,
        "filters": filters,
        "totals": counted,
        "href": href,
        "page_href": lambda number: href(page=number),
        "rounds": rounds,
        "round_counts": overview.round_counts(check.id, filters) if len(rounds) > 1 else {},
        "reach": overview.reach(check.id),
        "replies": _replies(),
        "now": now(),
        "mark": mark or _mark(check, filters),
        "live_url": board_url(check.id, filters, "safety.live", page=filters.page),
        "live_page": check.state is CheckState.RUNNING,
        "role": g.actor.role.value,
        "tile_items": _tiles(counted, filters, href),
        "whole": _whole(counted),
        "limits": _limits(filters),
        "export_href": lambda form: board_url(check.id, filters, f"safety.export_{form}"),
    }
    if filters.state:
        return common | _list(check, filters, counted)
    return common | _sections(check, filters, counted, rounds)


def _limits(filters: Filters) -> list[str]:
    names = [local(english, japanese) for english, japanese in overview.limit_names(filters)]
    if filters.round is not None:
        names.append(_("asked last in round %(number)s", number=filters.round))
    if filters.q:
        names.append(f"“{filters.q}”")
    return names


def _tiles(counted: Totals, filters: Filters, href: Any) -> list[dict[str, Any]]:
    def tile(kind: str, icon: str, word: str, count: int, state: str, note: str = "", alarm: bool = False) -> Any:
        current = filters.state == state and not filters.mark
        return {"kind": kind, "icon": icon, "word": word, "count": count, "note": note, "alarm": alarm,
                "href": href(state=state, mark=""), "current": current}  # fmt: skip

    share = f"{min(99, 100 * counted.answered // counted.asked)}%" if counted.answered < counted.asked else "100%"
    not_taken = _("%(count)s not taken yet", count=counted.not_taken) if counted.not_taken else ""
    told = _("%(count)s told by others", count=counted.told) if counted.told else ""
    return [
        tile("help", "help", _("Need help"), counted.need_help, "need_help", not_taken, counted.not_taken > 0),
        tile("silent", "silent", _("No answer"), counted.no_answer, "no_answer"),
        tile("lost", "lost", _("Not reached"), counted.not_reached, "not_reached",
             _("no channel worked") if counted.not_reached else ""),
        tile("safe", "safe", _("Safe"), counted.safe, "safe", told),
        tile("", "ring", _("Asked"), counted.asked, "all",
             _("%(share)s answered", share=share) if counted.asked else ""),
    ]  # fmt: skip


def _whole(counted: Totals) -> str:
    text: str = _(
        "Of %(asked)s people: %(help)s need help, %(silent)s have not answered, %(lost)s were not reached,"
        " %(safe)s are safe.",
        asked=counted.asked, help=counted.need_help, silent=counted.no_answer, lost=counted.not_reached,
        safe=counted.safe,
    )  # fmt: skip
    return text


def _list(check: SafetyCheck, filters: Filters, counted: Totals) -> dict[str, Any]:
    total = people.count(check.id, filters)
    pages = max(1, -(-total // people.PAGE))
    shown = people.page(check.id, filters, offset=(filters.page - 1) * people.PAGE)
    return {"people": shown, "total": total, "pages": pages}


def _sections(check: SafetyCheck, filters: Filters, counted: Totals, rounds: Any) -> dict[str, Any]:
    start = rounds[0].opened_at if rounds else check.opened_at or check.event_at
    minutes = current_app.config["REMINDER_MINUTES"]
    curve = timeline.curve(check.id, filters, start, check.closed_at or now())
    small = g.actor.role is Role.ORGANISATION or filters.organisation is not None
    return {
        "cases": people.page(check.id, filters.of_state("need_help"), limit=CASES),
        "silent_people": people.page(check.id, filters.of_state("no_answer"), limit=LINES)
        if small
        else [],
        "silent_organisations": None if small else groups.by_organisation(check.id, filters, LINES),
        "lost_people": people.page(check.id, filters.of_state("not_reached"), limit=LINES),
        "safe_people": people.page(check.id, filters.of_state("safe"), limit=LINES) if small else [],
        "areas": _areas(check, filters),
        "curve": curve,
        "half_after": curve.time_of(0.5, counted.asked),
        "waves": [{"at": wave.at, "label": _("Reminder %(number)s", number=wave.number)}
                  for wave in timeline.waves(rounds, minutes)],
        "next_reminder": timeline.next_reminder(rounds, minutes) if check.state is CheckState.RUNNING else None,
        "delivery": timeline.delivery(check.id),
        "latest": timeline.latest(check.id, rounds),
        "small": small,
        # CLAIR's own log: it may speak of people of other organisations.
        "note": check.note if g.actor.role is Role.CLAIR else "",
    }  # fmt: skip


def _areas(check: SafetyCheck, filters: Filters) -> dict[str, Any]:
    """CLAIR sees prefectures on the map; hosts and one prefecture's board their municipalities."""
    if g.actor.role is Role.ORGANISATION:
        return {}
    by_prefecture = g.actor.role is Role.CLAIR and not (filters.prefecture or filters.host or filters.municipality)
    found = (groups.by_prefecture if by_prefecture else groups.by_municipality)(check.id, filters)
    name = "prefecture" if by_prefecture else "municipality"
    rows = [
        {
            "code": group.key,
            "name": local(group.name_en, group.name_ja) or _("no municipality known"),
            "asked": group.totals.asked,
            "silent": group.totals.silent,
            "help": group.totals.need_help,
            "lost": group.totals.not_reached,
            "safe": group.totals.safe,
            "href": board_url(check.id, filters, **{name: group.key}) if group.key else "",
            "help_href": board_url(check.id, filters, state="need_help", **{name: group.key}) if group.key else "",
            "silent_href": board_url(check.id, filters, state="silent", **{name: group.key}) if group.key else "",
            "asked_href": board_url(check.id, filters, state="all", **{name: group.key}) if group.key else "",
        }
        for group in found
    ]
    return {"prefectures" if by_prefecture else "municipalities": rows}
