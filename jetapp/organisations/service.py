"""Changing contracting organisations and workplaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.access import Permission, require
from models.db import db
from models.errors import Invalid
from models.organisation import ContractingOrganisation, Host, OrganisationKind, Workplace
from models.place import Municipality

REQUIRED = ("name_ja", "kind")


def default_host(kind: OrganisationKind, municipality: str) -> str:
    """The host's code: a designated city is its own; everybody else there belongs to the prefecture."""
    place = db.session.get(Municipality, municipality)
    if kind is OrganisationKind.MUNICIPALITY and place is not None and place.designated_city:
        return municipality
    return municipality[:2]


def put_organisation(
    organisation: ContractingOrganisation | None, code: str, given: Mapping[str, Any], hosts: Mapping[str, Host]
) -> tuple[ContractingOrganisation, list[str]]:
    """Create (when None) or change an organisation; returns it with the names of the columns that changed.

    `given` holds columns of the model, `host` as a code. Raises `Invalid` with the column in `field`.
    """
    require(Permission.PEOPLE_IMPORT)
    values = dict(given)
    host = values.pop("host", None)
    kind = values.get("kind") or (organisation.kind if organisation else None)
    municipality = values.get("municipality_code", organisation.municipality_code if organisation else None)
    if organisation is None:
        for name in REQUIRED:
            if not values.get(name):
                raise Invalid("missing", "A new organisation needs this.", field=name)
        if kind is not OrganisationKind.PREFECTURE and not municipality:
            raise Invalid("missing", "A new organisation needs this, unless it is a prefecture.", field="municipality")
        if host is None and not municipality:
            raise Invalid("missing", "A new organisation needs this.", field="host")
    if kind is OrganisationKind.PREFECTURE and municipality:
        # People of a prefecture are found by where they work and live, not where its government sits.
        values["municipality_code"] = None
    if host is None and organisation is None:
        assert kind is not None
        assert municipality is not None
        host = default_host(kind, municipality)
    if host is not None:
        if host not in hosts:
            raise Invalid("unknown_host", "There is no such host.", field="host")
        values["host_id"] = hosts[host].id
    if organisation is None:
        organisation = ContractingOrganisation(code=code, **values)
        db.session.add(organisation)
        return organisation, sorted(values)
    return organisation, assign(organisation, values)


def new_workplace(
    organisation: ContractingOrganisation, name: str, municipality: str | None, coastal: bool | None
) -> Workplace:
    """A workplace, where its organisation is unless `municipality` says otherwise. It is kept together with the
    first placement there, so that a placement that is refused leaves nothing behind."""
    require(Permission.PEOPLE_IMPORT)
    place = municipality or organisation.municipality_code
    if place is None:
        raise Invalid(
            "missing",
            "A new workplace needs its municipality, because the organisation is a prefecture.",
            field="workplace_municipality",
        )
    return Workplace(organisation=organisation, name=name, municipality_code=place, coastal=coastal or False)


def change_workplace(workplace: Workplace, values: Mapping[str, Any]) -> list[str]:
    """Change columns of a workplace; the names of those that were different."""
    require(Permission.PEOPLE_IMPORT)
    return assign(workplace, values)


def assign(row: Any, values: Mapping[str, Any]) -> list[str]:
    """Set what differs; the names of what was set."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed
