"""Phone numbers and e-mail addresses of the demo population: none of them can belong to anybody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from jetapp.demo.names import Name, mailbox
from jetapp.demo.organisations import fictitious_number
from models.participant import Channel, ContactState

if TYPE_CHECKING:
    from jetapp.demo.population import PlannedPerson

DOMAINS = ("example.jp", "example.com", "example.org", "example.net")
"""Reserved for examples by RFC 2606 and, under .jp, by JPRS."""
PHONES = {0: 0.015, 1: 0.775, 2: 0.17, 3: 0.04}
MAILS = {0: 0.02, 1: 0.58, 2: 0.33, 3: 0.07}
UNREACHABLE = 0.003
SHARED = 0.002
PHONE_STATES = {
    ContactState.VERIFIED: 0.90,
    ContactState.UNVERIFIED: 0.075,
    ContactState.BOUNCED: 0.012,
    ContactState.DEAD: 0.008,
    ContactState.OPTED_OUT: 0.005,
}
MAIL_STATES = {
    ContactState.VERIFIED: 0.88,
    ContactState.UNVERIFIED: 0.075,
    ContactState.BOUNCED: 0.035,
    ContactState.DEAD: 0.01,
}


@dataclass(frozen=True, slots=True)
class PlannedContact:
    channel: Channel
    value: str
    rank: int
    state: ContactState


class Ways:
    """Hands out numbers and addresses, none of them twice."""

    def __init__(self, rng: Random, participants: int) -> None:
        self._rng = rng
        self._numbers = iter(rng.sample(range(10_000_000), participants * 3))
        self._count = 0

    def draw(self, name: Name) -> tuple[PlannedContact, ...]:
        rng = self._rng
        self._count += 1
        if rng.random() < UNREACHABLE:
            return ()
        phones = rng.choices(list(PHONES), list(PHONES.values()))[0]
        mails = rng.choices(list(MAILS), list(MAILS.values()))[0]
        found = [
            PlannedContact(Channel.SMS, fictitious_number(next(self._numbers)), rank, self._state(PHONE_STATES))
            for rank in range(phones)
        ]
        local = mailbox(name) or "participant"
        found += [
            PlannedContact(
                Channel.EMAIL,
                f"{local}.{self._count}@{DOMAINS[(self._count + rank) % len(DOMAINS)]}",
                rank,
                self._state(MAIL_STATES),
            )
            for rank in range(mails)
        ]
        return tuple(found)

    def _state(self, states: dict[ContactState, float]) -> ContactState:
        return self._rng.choices(list(states), list(states.values()))[0]


def share_some(people: list[PlannedPerson], rng: Random) -> list[PlannedPerson]:
    """Let a few pairs of one workplace hold the same number, as couples and flatmates do."""
    by_workplace: dict[tuple[str, str], list[int]] = {}
    for index, person in enumerate(people):
        if any(contact.channel is Channel.SMS for contact in person.contacts):
            place = person.placements[-1]
            by_workplace.setdefault((place.organisation, place.workplace), []).append(index)
    candidates = [indexes for indexes in by_workplace.values() if len(indexes) > 1]
    wanted = min(len(candidates), max(1, round(len(people) * SHARED)))
    changed = list(people)
    for indexes in rng.sample(candidates, wanted):
        one, other = indexes[0], indexes[1]
        number = next(contact for contact in people[one].contacts if contact.channel is Channel.SMS)
        mine = [contact for contact in people[other].contacts if contact.channel is Channel.SMS]
        rest = [contact for contact in people[other].contacts if contact.channel is not Channel.SMS]
        mine[-1] = replace(mine[-1], value=number.value, state=ContactState.VERIFIED)
        changed[other] = replace(people[other], contacts=(*mine, *rest))
    return changed
