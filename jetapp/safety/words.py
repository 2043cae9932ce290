"""The words of pages for what the tables keep as codes. English is the translation key."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from jetapp.formats import (
    INTENSITIES,
    clock,
    day_and_time_short,
    duration,
    in_japan,
    intensity,
    interface_language,
)
from models.message import ARRIVED, AT_PROVIDER, IN_DOUBT, NOT_YET_OUT, MessageState

MESSAGE_GROUPS: dict[str, tuple[MessageState, ...]] = {
    "waiting": NOT_YET_OUT,
    "sent": AT_PROVIDER,
    "arrived": ARRIVED,
    "not_sure": IN_DOUBT,
    "failed": (MessageState.UNDELIVERED, MessageState.FAILED, MessageState.SUPPRESSED),
    "dropped": (MessageState.CANCELED, MessageState.EXPIRED),
}
"""The message states of ux.md §4, and what was not sent because it was not needed any more."""
GROUP_OF = {state: group for group, states in MESSAGE_GROUPS.items() for state in states}

STATES = {
    "need_help": _l("Need help"),
    "being_helped": _l("Being helped"),
    "no_answer": _l("No answer"),
    "not_reached": _l("Not reached"),
    "safe": _l("Safe"),
    "safe_before": _l("Safe before the later shock"),
}
CHANNELS = {"email": _l("E-mail"), "sms": _l("SMS"), "page": _l("Answer page"), "staff": _l("Told by others")}
PURPOSES = {
    "ask": _l("Question"),
    "reminder": _l("Reminder"),
    "cancel": _l("Report withdrawn"),
    "ack": _l("Receipt"),
    "help_received": _l("Receipt: help"),
    "unclear": _l("Request to answer again"),
}
NEEDS = {
    "hurt": _l("Hurt"),
    "trapped": _l("Cannot get out"),
    "no_shelter": _l("No safe place to stay"),
    "supplies": _l("Medicine, water or food"),
}
WHERE = {
    "home": _l("at home"),
    "work": _l("at work"),
    "shelter": _l("in a shelter"),
    "elsewhere": _l("somewhere else in the area"),
    "away": _l("not in the area"),
}
REASONS = {
    "work": _l("works there"),
    "home": _l("lives there"),
    "organisation": _l("the organisation is there"),
    "coast": _l("works or lives at the coast there"),
}
SEVERITIES = {
    "advisory": _l("Tsunami Advisory"),
    "warning": _l("Tsunami Warning"),
    "major warning": _l("Major Tsunami Warning"),
    "not_received": _l("no report yet, 5 Lower or more"),
}
KINDS = {
    "earthquake": _l("Earthquake"),
    "intensity": _l("Earthquake"),
    "tsunami": _l("Tsunami"),
    "warning": _l("Weather warning"),
    "landslide": _l("Landslide"),
    "flood": _l("Flood"),
    "volcano": _l("Volcano"),
    "nankai": _l("Nankai Trough"),
    "report": _l("Report as such"),
    "manual": _l("Started by hand"),
}
ACTIONS = {
    "start": _l("Ask at once"),
    "propose": _l("Propose to the duty officer"),
    "notice": _l("Notice only"),
    "release": _l("All clear"),
    "none": _l("Do nothing"),
    "cancel": _l("Report withdrawn"),
    "drill-start": _l("Drill: would ask"),
    "drill-propose": _l("Drill: would propose"),
    "drill-release": _l("Drill: all clear"),
    "drill-none": _l("Drill: nothing"),
}
CONTACT_STATES = {
    "unverified": _l("Not checked"),
    "verified": _l("Checked"),
    "bounced": _l("Came back"),
    "opted_out": _l("Has told us to stop"),
    "dead": _l("Does not work"),
}
# What providers and our own sending give as reasons; kept in English in the tables (provider_codes.csv).
DELIVERY_REASONS = (
    _l("The phone is off or has no signal"),
    _l("The number does not exist"),
    _l("The number is not valid"),
    _l("The number is a landline"),
    _l("The number is a landline or cannot be reached by SMS"),
    _l("The number cannot receive SMS"),
    _l("The number cannot be reached from our sender"),
    _l("The number is not released for our account"),
    _l("There is no number to send to"),
    _l("The carrier filtered the text"),
    _l("The carrier blocks this message"),
    _l("The carrier refuses our sender"),
    _l("The carrier gave no reason"),
    _l("The carrier is congested"),
    _l("The carrier's limit is reached"),
    _l("The carrier did not answer in time"),
    _l("The carrier had an error"),
    _l("The message was too old to be delivered"),
    _l("The message may not be sent outside a conversation"),
    _l("The person has told us to stop (STOP)"),
    _l("The provider asked us to slow down"),
    _l("The provider refuses our sign-in"),
    _l("The provider's queue is full"),
    _l("Our account at the provider is not active"),
    _l("Our account at the provider is suspended"),
    _l("Our account may not send to this country"),
    _l("Our sender cannot reach this number"),
    _l("Our sender number is not valid"),
    _l("Our text is too long"),
    _l("Our mail cannot be written to this address"),
    _l("the person answered first"),
    _l("too late to be of use"),
    _l("not found at the provider, sent again"),
    _l("nobody can tell whether it was sent; it was tried again"),
    _l("the worker stopped before the provider's answer was stored"),
)

MAIL_REFUSALS = {
    "550": _l("The address does not exist"),
    "551": _l("The address does not exist"),
    "553": _l("The address does not exist"),
    "552": _l("The mailbox is full"),
    "452": _l("The mailbox is full"),
    "554": _l("The mail server takes our mail for spam"),
    "": _l("The mail server refuses the address"),
}

GUESSES = {"safe": _l("Safe"), "need_help": _l("Need help")}
# Why the inbox left a reply to a person (notifications/inbox.py).
WHY_WAITING = (
    _l("the number is not known"),
    _l("not clear"),
    _l("nothing is being asked of this number"),
    _l("the number belongs to several people"),
    _l("a drill and a real check run at the same time"),
    _l("asked us to stop, and said more"),
)
NO_ANSWERS = {
    "waiting": _l("Reply not clear, a person has to read it"),
    "opt_out": _l("Asked us to stop writing"),
    "opt_in": _l("Wants our texts again"),
    "set_aside": _l("Reply, not an answer"),
}
"""What a text is that stands in the trail without being an answer (InboundState)."""


def local(english: str | None, japanese: str | None) -> str:
    """The name in the language of the page, else the one there is."""
    first, second = (japanese, english) if interface_language() == "ja" else (english, japanese)
    return first or second or ""


def severity(label: str) -> str:
    """ "6+" → 6 Upper, "warning" → Tsunami Warning, "level 5" → Level 5."""
    if label in SEVERITIES:
        return str(SEVERITIES[label])
    if label in INTENSITIES:
        return intensity(interface_language(), label)
    if label.startswith("level "):
        return str(_("Level %(level)s", level=label.removeprefix("level ")))
    return label


def reason(code: str, text: str) -> str:
    """Why a message did not arrive."""
    if text:
        if text.startswith("The mail server refuses the address"):
            return str(MAIL_REFUSALS.get(code, MAIL_REFUSALS[""]))
        return str(gettext(text))
    return str(_("Code %(code)s", code=code) if code else _("no reason given"))


def failures(found: Iterable[tuple[Any, MessageState, str, str]]) -> list[str]:
    """One line for each channel: "SMS: the phone is off or has no signal"; the newest reason counts."""
    newest = {channel: (code, text) for channel, _state, code, text in found}
    return [f"{CHANNELS[channel]}{_(': ')}{reason(code, text)}" for channel, (code, text) in newest.items()]


def needs(details: dict[str, Any]) -> str:
    """What a person needs, in words, as one text."""
    found = [str(NEEDS.get(need, need)) for need in details.get("wrong") or []]
    return str(_("; ")).join(found)


def place(details: dict[str, Any]) -> str:
    """Where the person said they are."""
    where = details.get("where") or ""
    parts = [str(WHERE.get(where, where)) if where else "", details.get("place") or ""]
    return str(_(", ")).join(part for part in parts if part)


def asked_because(reasons: str) -> str:
    return str(_(", ")).join(str(REASONS.get(word, word)) for word in reasons.split(",") if word)


def severity_at(kind: str, label: str) -> str:
    """With the kind where the label alone does not tell: intensity 6 Upper."""
    word = severity(label)
    if label in INTENSITIES and label != "not_received":
        return str(_("intensity %(value)s", value=word))
    if label.startswith("level ") and kind in KINDS:
        return f"{KINDS[kind]}{_(', ')}{word}"
    return word


def html_lang(code: str) -> str:
    """What goes into `lang=`: browsers know no code for やさしい日本語."""
    return "ja" if code == "ja-simple" else code


def state(person: Any) -> str:
    """The state of one person of a board as one text, for exports."""
    if person.status == "safe_told":
        return str(_("Safe, told by others"))
    if person.unclear:
        return str(_("No answer (a reply is not clear)"))
    return str(STATES[person.status])


def named(english: str | None, japanese: str | None) -> str | Markup:
    """A name in running text: a Japanese one on an English page says that it is Japanese."""
    shown = local(english, japanese)
    if interface_language() == "en" and shown == japanese and not shown.isascii():
        return Markup('<span lang="ja">{}</span>').format(shown)
    return shown


def named_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for the map macros, with `name` in the language of the page."""
    return [{**row, "name": local(row["name_en"], row["name_ja"])} for row in rows]


def lasts(seconds: float) -> str:
    """How long sending takes: never 0 seconds."""
    return duration(interface_language(), timedelta(seconds=max(1, math.ceil(seconds))))


def why_waiting(text: str) -> str:
    """Why a reply waits for a person."""
    return str(gettext(text)) if text else ""


def soon(moment: datetime, present: datetime) -> str:
    """A time to come: the clock alone on the same day, otherwise with the day; what is overdue comes now."""
    moment = max(moment, present)
    if in_japan(moment).date() == in_japan(present).date():
        return clock(moment)
    return day_and_time_short(interface_language(), moment)
