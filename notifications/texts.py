"""What we send: one finished text per person, purpose and channel, in that person's language.

    compose("ask", "sms", ["fr", "en"], Values(link=url), drill=False) -> Text(subject, body, language, segments)

A wording nobody has reviewed goes out only together with its English. An SMS is composed from the longest wording
that still fits one part; where not even the shortest fits, the link stands inside the first part, so that no carrier
can tear it. 訓練 DRILL is put before every text of a drill here, not in the wording files.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from notifications.events import Event, event_line
from notifications.segments import is_gsm7, keep_whole, segments, units
from notifications.wording import BASE, SIMPLE, Language, languages

__all__ = ["Event", "Text", "Values", "compose", "event_line", "pick_language", "review_state", "segments"]

Purpose = Literal["ask", "reminder", "cancel", "ack", "help_received", "unclear"]
Channel = Literal["sms", "email"]

DRILL_MARK = "訓練 DRILL"
DRILL_MARK_SMS = "訓練DRILL"
RULE = "-" * 24
WITH_LINK = frozenset({"ask", "reminder"})
"""An SMS of these purposes always carries the link; a receipt only if it still fits one part; a cancel notice never."""
WITH_DIGITS = frozenset({"ask", "reminder"})
WITH_CODE_WORD = frozenset({"ask", "reminder"})
WITH_EMERGENCY_NUMBERS = frozenset({"ask", "reminder", "help_received", "unclear"})
READINGS = re.compile("《([^》]*)》")
"""やさしい日本語 files write the reading behind the kanji: 地震《じしん》."""
_BRACKETS = r"（\1）"


@dataclass(frozen=True, slots=True)
class Values:
    """What a text may speak of. SMS uses only the link."""

    name: str = ""
    link: str = ""
    code_word: str = ""
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """`subject` is empty and `segments` counted for SMS; e-mail has a subject and 0 segments."""

    subject: str
    body: str
    language: str
    segments: int


def compose(
    purpose: Purpose,
    channel: Channel,
    languages: Sequence[str],
    values: Values,
    drill: bool,
    sms_reply: bool = True,
) -> Text:
    """`sms_reply`: whether an answer by SMS was tested for this sender, so that the digits may be offered."""
    code = pick_language(languages)
    if channel == "email":
        return _email(purpose, code, values, drill)
    link = "" if purpose == "cancel" else values.link
    before, after, count = _sms(purpose, code, drill, sms_reply, units(link), is_gsm7(link))
    return Text("", before if after is None else f"{before}{link}{after}", code, count)


def pick_language(wanted: Iterable[str]) -> str:
    """The first language of the person's list that we have wording for, else English."""
    known = languages()
    return next((code for code in wanted if code in known), BASE)


def review_state() -> list[tuple[str, str, bool]]:
    """(language, key, reviewed) of every text; English is the base the others are reviewed against."""
    return [
        (language.code, key, language.base or wording.reviewed)
        for language in languages().values()
        for key, wording in language.wordings.items()
    ]


@lru_cache(maxsize=4096)
def _sms(purpose: str, code: str, drill: bool, sms_reply: bool, room: int, gsm7: bool) -> tuple[str, str | None, int]:
    """The text before the link, after it (None: it goes without), and the segments; the link takes `room` places."""
    link = ("x" if gsm7 else "×") * room
    digits = sms_reply and purpose in WITH_DIGITS
    drafts = _drafts(purpose, languages()[code], digits)
    mark = [DRILL_MARK_SMS] if drill else []
    bodies = [keep_whole(mark + lines, link) for lines in drafts] if link else []
    if not link:
        bodies = ["\n".join(mark + lines) for lines in drafts]
    elif purpose not in WITH_LINK:
        bodies.append("\n".join(mark + drafts[-1]))
    body = min(bodies, key=segments)
    if not link or link not in body:
        return body, None, segments(body)
    before, _, after = body.partition(link)
    return before, after, segments(body)


def _drafts(purpose: str, own: Language, digits: bool) -> list[list[str]]:
    """The lines without the link, from the fullest wording to the leanest; a reminder that is too long asks anew."""
    alone = _reviewed(own, purpose, digits)
    english = languages()[BASE]
    drafts: list[list[str]] = []
    for hint in ("digits", "digits_short", "") if digits else ("",):
        for own_length, english_length in (("", ""), ("", "_short"), ("_short", "_short")):
            lines = [own.text(f"sms.{purpose}{own_length}")]
            if not alone:
                lines.append(english.text(f"sms.{purpose}{english_length}"))
            if hint and (alone or hint == "digits_short"):
                lines[-1] += " " + (own if alone else english).text(f"sms.{hint}")
            elif hint:
                lines = [f"{line} {who.text('sms.digits')}" for line, who in zip(lines, (own, english), strict=True)]
            drafts.append([READINGS.sub("", line) for line in lines])
    return drafts + (_drafts("ask", own, digits) if purpose == "reminder" else [])


def _reviewed(own: Language, purpose: str, digits: bool) -> bool:
    keys = [f"sms.{purpose}", f"sms.{purpose}_short", *(["sms.digits", "sms.digits_short"] if digits else [])]
    return own.base or all(own.wordings[key].reviewed for key in keys)


def _email(purpose: str, code: str, values: Values, drill: bool) -> Text:
    subject, body = _email_form(purpose, code, drill, values.event is not None, bool(values.code_word))
    filled = {"name": values.name, "link": values.link, "code_word": values.code_word}
    if values.event:
        for field, reader in (("event", code), ("event_english", BASE), ("event_simple", SIMPLE)):
            filled[field] = READINGS.sub(_BRACKETS, event_line(values.event, reader))
    return Text(subject, body.format_map(filled), code, 0)


@lru_cache(maxsize=4096)
def _email_form(purpose: str, code: str, drill: bool, event: bool, code_word: bool) -> tuple[str, str]:
    """Subject and body with the placeholders left open: own language, English, one line of やさしい日本語."""
    known = languages()
    own, english, simple = known[code], known[BASE], known[SIMPLE]
    sections = [_section(purpose, own, "{event}", event, code_word)]
    subjects = [own.text(f"email.{purpose}_subject")]
    if not own.base:
        sections.append(_section(purpose, english, "{event_english}", event, code_word))
        subjects.append(english.text(f"email.{purpose}_subject"))
    if not code.startswith("ja"):
        sections.append((["{event_simple}"] if event else []) + [simple.text(f"email.{purpose}")])
    body = f"\n\n{RULE}\n\n".join("\n\n".join(section) for section in sections)
    subject = " / ".join(subjects)
    if drill:
        notes = [language.text("page.drill") for language in (own, english)[: 1 if own.base else 2]]
        subject = f"{DRILL_MARK}: {subject}"
        body = "\n".join([f"{DRILL_MARK}: {notes[0]}", *notes[1:]]) + f"\n\n{body}"
    body += f"\n\n-- \n{english.text('email.sign')}\n"
    return READINGS.sub("", subject), READINGS.sub(_BRACKETS, body)


def _section(purpose: str, language: Language, event_field: str, event: bool, code_word: bool) -> list[str]:
    blocks = [language.text("email.greeting")]
    if event:
        blocks.append(event_field)
    blocks.append(language.text(f"email.{purpose}"))
    if purpose != "cancel":
        blocks[-1] += "\n{link}"
    if code_word and purpose in WITH_CODE_WORD:
        blocks.append(language.text("email.code_word"))
    if purpose in WITH_EMERGENCY_NUMBERS:
        numbers = [f"{number} {language.text(f'page.n{number}')}" for number in (119, 110)]
        blocks.append("\n".join([language.text("page.danger"), *numbers]))
    return blocks
