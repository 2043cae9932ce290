"""Changing participants, the ways to reach them, and their placements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import SystemRandom
from typing import Any

from jetapp.participants import code_words
from models.access import Permission, require
from models.db import db
from models.errors import Conflict, Invalid, text_key
from models.organisation import ContractingOrganisation, Workplace
from models.participant import Channel, ContactPoint, ContactState, Participant, Placement
from models.types import now

REQUIRED = ("family_name", "nationality", "position")
FOREVER = date.max


@dataclass(frozen=True, slots=True)
class GivenContact:
    """A number or address as somebody states it; `state` is None when nothing is said of it."""

    value: str
    state: ContactState | None = None


@dataclass(frozen=True, slots=True)
class GivenPlacement:
    """A placement as somebody states it. Without `start` the latest one with this organisation is meant; `end` is
    the last day, and only used when `end_given`."""

    organisation: ContractingOrganisation
    workplace: Workplace | None
    start: date | None
    end: date | None
    end_given: bool


@dataclass(slots=True)
class Change:
    """What was changed, by column name, and what the person who asked for it should know."""

    participant: Participant
    created: bool
    changed: list[str] = field(default_factory=list)
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)


def put_participant(
    person: Participant | None,
    jet_number: str,
    given: Mapping[str, Any],
    contacts: Mapping[Channel, Sequence[GivenContact]],
    placement: GivenPlacement | None,
) -> Change:
    """Create (when None) or change a participant; what is not given stays as it is.

    The contacts of a channel in `contacts` are the whole list, the first one tried first. Raises `Invalid` with
    the column in `field`, or `Conflict`; then nothing has been touched.
    """
    require(Permission.PEOPLE_IMPORT)
    created = person is None
    if person is None:
        for name in REQUIRED:
            if not given.get(name):
                raise Invalid("missing", "A new participant needs this.", field=name)
        if placement is None:
            raise Invalid("missing", "A new participant needs this.", field="organisation")
        made = "" if given.get("code_word") else code_words.make(SystemRandom())
        person = Participant(jet_number=jet_number, languages=[], code_word=made)
    plan = _plan_placement(person, placement) if placement is not None else None
    change = Change(person, created)
    if created:
        db.session.add(person)
    for name, value in given.items():
        if getattr(person, name) != value:
            setattr(person, name, value)
            change.changed.append(name)
    for channel, points in contacts.items():
        _put_contacts(person, channel, points, change)
    if plan is not None and placement is not None:
        _put_placement(person, placement, plan, change)
    return change


def _put_contacts(person: Participant, channel: Channel, given: Sequence[GivenContact], change: Change) -> None:
    name = "phones" if channel is Channel.SMS else "emails"
    present = {_key(point.value): point for point in person.contacts if point.channel is channel}
    touched = False
    for rank, wish in enumerate(given):
        point = present.pop(_key(wish.value), None)
        if point is None:
            point = ContactPoint(channel=channel, value=wish.value, rank=rank, state=ContactState.UNVERIFIED)
            person.contacts.append(point)
            touched = True
        if point.rank != rank:
            point.rank = rank
            touched = True
        if wish.state is not None and wish.state is not point.state:
            if point.state is ContactState.OPTED_OUT:
                change.notes.append(
                    (
                        text_key("%(value)s stays opted out: only the person can take that back."),
                        {"value": point.value},
                    )
                )
            else:
                point.state = wish.state
                point.verified_at = now() if wish.state is ContactState.VERIFIED else point.verified_at
                touched = True
    rank = len(given)
    for point in sorted(present.values(), key=lambda point: point.rank):
        if point.state is ContactState.OPTED_OUT:
            # Forgetting it would forget the STOP: the same number, given again later, would be written to.
            touched = touched or point.rank != rank
            point.rank = rank
            rank += 1
        else:
            person.contacts.remove(point)
            touched = True
    if touched:
        change.changed.append(name)


def _key(value: str) -> str:
    return value.casefold()


@dataclass(slots=True)
class _Plan:
    """The placement to change (None: a new one) and those that end the day before."""

    target: Placement | None
    start: date
    end: date | None
    ended: list[Placement]


def _plan_placement(person: Participant, given: GivenPlacement) -> _Plan:
    mine = [one for one in person.placements if one.organisation is given.organisation]
    if given.start is None:
        if not mine:
            raise Invalid("missing", "A new placement needs this.", field="placement_start")
        target: Placement | None = max(mine, key=lambda one: one.start_date)
    else:
        target = next((one for one in mine if one.start_date == given.start), None)
    start = target.start_date if target is not None else given.start
    assert start is not None
    end = given.end if given.end_given or target is None else target.end_date
    if end is not None and end < start:
        raise Invalid("end_before_start", "The placement would end before it starts (%(start)s).",
                      field="placement_end", start=start.isoformat())  # fmt: skip
    ended = []
    for other in person.placements:
        if other is target or other.start_date > (end or FOREVER) or (other.end_date or FOREVER) < start:
            continue
        if other.start_date >= start:
            raise Conflict(
                "placements_overlap",
                "Overlaps the placement with %(organisation)s from %(start)s. Give the day this one ends.",
                organisation=other.organisation.name_ja,
                start=other.start_date.isoformat(),
            )
        ended.append(other)
    return _Plan(target, start, end, ended)


def _put_placement(person: Participant, given: GivenPlacement, plan: _Plan, change: Change) -> None:
    for other in plan.ended:
        other.end_date = plan.start - timedelta(days=1)
        change.changed.append("placement_end")
        change.notes.append(
            (
                text_key("The placement with %(organisation)s now ends on %(end)s."),
                {"organisation": other.organisation.name_ja, "end": other.end_date.isoformat()},
            )
        )
    if plan.target is None:
        person.placements.append(
            Placement(
                organisation=given.organisation, workplace=given.workplace, start_date=plan.start, end_date=plan.end
            )
        )
        change.changed.append("placement")
        return
    if plan.target.end_date != plan.end:
        plan.target.end_date = plan.end
        change.changed.append("placement_end")
    if given.workplace is not None and plan.target.workplace is not given.workplace:
        plan.target.workplace = given.workplace
        change.changed.append("workplace")
