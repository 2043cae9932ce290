"""What starting a check would do, without doing it: who, how many messages, how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from models.access import Permission, require
from models.db import db
from models.disaster import CheckState, Recipient, SafetyCheck
from models.message import Sender
from models.participant import UNUSABLE, Channel, ContactPoint, Participant
from notifications import settings
from notifications.safety import asking, targets
from notifications.safety.targets import Area
from notifications.texts import Values, compose, pick_language
from notifications.wording import languages

AT_ONCE = 5000
"""People asked for in one statement; SQLite takes 32,766 values at most."""


@dataclass(frozen=True, slots=True)
class ChannelPreview:
    """`seconds` at the agreed rate of the sender; 0 when it is not limited. E-mails count as one segment each."""

    messages: int
    segments: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LanguagePreview:
    """`reviewed` False: the text goes out together with English."""

    code: str
    people: int
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """`already_asked` are in a running check of the same sort (real or drill) and would not be new to it."""

    people: int
    new: int
    already_asked: int
    by_prefecture: Mapping[str, int]
    by_reason: Mapping[str, int]
    channels: Mapping[Channel, ChannelPreview]
    without_channel: int
    languages: tuple[LanguagePreview, ...]


def preview(areas: Sequence[Area], drill: bool = False) -> Preview:
    """Who would be asked by a check in these areas now. A person asked for two reasons counts under both."""
    require(Permission.SAFETY_RUN)
    people = targets.find(areas)
    ids = [target.participant_id for target in people]
    spoken = {row.id: row.languages or [] for row in _in_parts(ids, _languages_query)}
    contacts = asking.order(row for row in _in_parts(ids, _contacts_query))
    asked = set(
        db.session.scalars(
            sa.select(Recipient.participant_id)
            .join(SafetyCheck, SafetyCheck.id == Recipient.check_id)
            .where(SafetyCheck.state == CheckState.RUNNING, SafetyCheck.drill == drill)
        )
    )
    link = f"{settings.current().public_url}/s/{'x' * 11}"
    messages: Counter[Channel] = Counter()
    segments: Counter[Channel] = Counter()
    in_language: Counter[str] = Counter()
    for ident in ids:
        code = pick_language(spoken[ident])
        in_language[code] += 1
        for point in asking.best_of_each(0, contacts.get(ident, [])):
            text = compose("ask", point.channel.value, [code], Values(link=link), drill, settings.current().sms_reply)
            messages[point.channel] += 1
            segments[point.channel] += max(text.segments, 1)
    rates = _rates()
    return Preview(
        people=len(ids),
        new=sum(ident not in asked for ident in ids),
        already_asked=sum(ident in asked for ident in ids),
        by_prefecture=dict(sorted(Counter(target.prefecture_code for target in people).items())),
        by_reason=dict(Counter(reason for target in people for reason in target.reasons)),
        channels={
            channel: ChannelPreview(
                messages[channel],
                segments[channel],
                segments[channel] / rates[channel] if rates[channel] else 0.0,
            )
            for channel in Channel
        },
        without_channel=sum(not contacts.get(ident) for ident in ids),
        languages=tuple(
            LanguagePreview(code, count, languages()[code].reviewed("sms.") and languages()[code].reviewed("email."))
            for code, count in in_language.most_common()
        ),
    )


def _in_parts(ids: Sequence[int], query: object) -> list[sa.Row[tuple[object, ...]]]:
    connection = db.session.connection()
    found: list[sa.Row[tuple[object, ...]]] = []
    for start in range(0, len(ids), AT_ONCE):
        found += connection.execute(query(ids[start : start + AT_ONCE])).all()  # type: ignore[operator]
    return found


def _languages_query(ids: Sequence[int]) -> sa.Select[tuple[int, list[str]]]:
    person = Participant.__table__
    return sa.select(person.c.id, person.c.languages).where(person.c.id.in_(ids))


def _contacts_query(ids: Sequence[int]) -> sa.Select[tuple[object, ...]]:
    contact = ContactPoint.__table__
    columns = (contact.c.participant_id, contact.c.id, contact.c.channel, contact.c.value, contact.c.state)
    return sa.select(*columns, contact.c.rank).where(
        contact.c.participant_id.in_(ids), contact.c.state.not_in(UNUSABLE)
    )


def _rates() -> dict[Channel, float]:
    chosen = settings.current()
    rates = {Channel.SMS: chosen.sms_segments_per_second, Channel.EMAIL: chosen.mails_per_second}
    rates |= {row.channel: row.segments_per_second for row in db.session.scalars(sa.select(Sender))}
    return rates
