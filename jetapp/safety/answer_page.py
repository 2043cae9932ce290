"""What the answer page's templates need, without Flask and without a database.

    page = AnswerPage("/s/" + token, person.languages, language=request.args.get("l", ""), name=…, code_word=…)
    render_template("answer/ask.html", page=page)     on GET; a POST with no answer: errors={"answer": "error_choice"}
    render_template("answer/saved.html", page=page)   after an answer; `latest` is then required
    render_template("answer/closed.html", page=AnswerPage("", accepted_languages))    404 for any token that is no good

The forms post to `action`, one of: answer=safe | need_help; or details=1 with the fields `wrong` (several of
`CHOICES["wrong"]`), `where`, `place`, `note`, `phone`, `battery`=low. `errors` maps a field to the key of a text
("error_phone", "error_long", "error_choice"); `values` holds what was written. Whether a tick under "What is wrong?"
turns a "safe" into a call for help is for the domain to decide, not for the page.
Send `style_hash()` in style-src of the Content-Security-Policy (nothing else is loaded or run), and with every page
Cache-Control: no-store and X-Robots-Tag: noindex.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from markupsafe import Markup, escape

from notifications.events import Event, event_line, when
from notifications.texts import READINGS, pick_language
from notifications.wording import BASE, SIMPLE, Language, languages

STYLE = Path(__file__).resolve().parent.parent.parent / "templates" / "answer" / "answer.css"
CHOICES = {
    "wrong": ("hurt", "trapped", "no_shelter", "supplies"),
    "where": ("home", "work", "shelter", "elsewhere", "away"),
}
ALWAYS_OFFERED = (BASE, "ja", SIMPLE)
KANJI_WITH_READING = re.compile("([\u3005\u3400-\u9fff]+)《([^》]*)》")


class Latest(NamedTuple):
    """The newest answer, and when it was given (aware)."""

    answer: Literal["safe", "need_help"]
    at: datetime


class LanguageLink(NamedTuple):
    code: str
    html_lang: str
    name: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class AnswerPage:
    """One page for one person. A text nobody has reviewed is followed by its English, on this page too."""

    action: str = field(kw_only=False)
    languages: Sequence[str] = field(kw_only=False)
    language: str = ""
    name: str = ""
    code_word: str = ""
    events: Sequence[Event] = ()
    drill: bool = False
    sms_reply: bool = False
    latest: Latest | None = None
    worse: bool = False
    withdrawn: bool = False
    details_saved: bool = False
    values: Mapping[str, object] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    choices = CHOICES

    @property
    def own(self) -> Language:
        """The language chosen on the page, else the first of the person's list."""
        return languages()[pick_language([self.language, *self.languages])]

    @property
    def html_lang(self) -> str:
        return self.own.html_lang

    @property
    def simple(self) -> bool:
        return self.own.code == SIMPLE

    @property
    def url(self) -> str:
        return f"{self.action}?l={self.own.code}"

    @property
    def title(self) -> str:
        mark = "訓練 DRILL: " if self.drill else ""
        return f"{mark}{READINGS.sub('', self.own.text('page.ask'))} – {READINGS.sub('', self.own.text('page.check'))}"

    @property
    def links(self) -> list[LanguageLink]:
        """The person's first language, then the three that every page offers."""
        first = pick_language(self.languages)
        codes = dict.fromkeys((self.own.code if self.own.code not in ALWAYS_OFFERED else first, *ALWAYS_OFFERED))
        known = [languages()[code] for code in codes]
        return [LanguageLink(each.code, each.html_lang, each.name, each is self.own) for each in known]

    @property
    def event_lines(self) -> Markup:
        """What happened and what to do first, a line each; the English of all of it in one piece below."""
        advice = ["sea", "first"] if any(event.kind == "tsunami" for event in self.events) else ["first"]
        own, english = (
            [event_line(event, reader.code) for event in self.events] + [reader.text(f"page.{key}") for key in advice]
            for reader in (self.own, languages()[BASE])
        )
        keys = ["event.earthquake", "event.other", "page.sea", "page.first"]
        tags = ["span"] * len(self.events) + ["b"] * len(advice)
        lines = Markup("").join(
            Markup("<{0}>{1}</{0}>").format(tag, self._shown(line)) for tag, line in zip(tags, own, strict=True)
        )
        return lines + self._english("" if self._alone(*keys) else " ".join(english))

    def say(self, *keys: str) -> Markup:
        """The texts in a row, with readings over the kanji in やさしい日本語, and their English while unreviewed."""
        own, english = (
            " · ".join(self._filled(reader, key) for key in keys) for reader in (self.own, languages()[BASE])
        )
        return self._shown(own) + self._english("" if self._alone(*(f"page.{key}" for key in keys)) else english)

    def option(self, key: str) -> str:
        """The text for a place that takes no markup: readings in brackets, English behind a stroke."""
        own = READINGS.sub(r"（\1）", self._filled(self.own, key))
        return own if self._alone(f"page.{key}") else f"{own} / {self._filled(languages()[BASE], key)}"

    def plain(self, key: str) -> str:
        """The text alone: for attributes, and where the words beside it say the same."""
        return READINGS.sub("", self._filled(self.own, key))

    def _filled(self, language: Language, key: str) -> str:
        text = language.text(f"page.{key}")
        if "{" not in text:
            return text
        answer = {"safe": "safe", "need_help": "help"}[self.latest.answer] if self.latest else "ask"
        return text.format_map(
            {
                "name": self.name,
                "code_word": self.code_word,
                "time": when(self.latest.at, language.code) if self.latest else "",
                "answer": language.text(f"page.{answer}"),
            }
        )

    def _alone(self, *keys: str) -> bool:
        return self.own.base or all(self.own.wordings[key].reviewed for key in keys)

    def _shown(self, text: str) -> Markup:
        return (
            Markup(KANJI_WITH_READING.sub(r"<ruby>\1<rt>\2</ruby>", str(escape(text)))) if self.simple else escape(text)
        )

    @staticmethod
    def _english(text: str) -> Markup:
        return Markup("<i lang=en>{}</i>").format(text) if text else Markup("")


def style_hash() -> str:
    """The source expression for the one inlined style, as it comes out of the template."""
    css = STYLE.read_text(encoding="utf-8").removesuffix("\n")
    return f"'sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}'"
