"""The answer page in every language and state: under 8 KB, nothing loaded or run, never unreviewed text alone."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jetapp.safety.answer_page import CHOICES, AnswerPage, Latest, style_hash
from notifications.events import Event
from notifications.texts import READINGS
from notifications.wording import LANGUAGES, languages

TEMPLATES = Path(__file__).parents[3] / "templates"
AT = datetime(2026, 11, 19, 14, 47, tzinfo=UTC)
EVENTS = (
    Event("intensity", "6+", "南三陸町", "Minamisanriku Town", AT),
    Event("tsunami", "53", "宮城県", "Miyagi Prefecture", AT),
)
ALLOWED_LINKS = {
    "https://www.jma.go.jp/jma/kokusai/multi.html",
    "https://www3.nhk.or.jp/nhkworld/",
    "tel:119",
    "tel:110",
    "tel:118",
}
WRITTEN = {
    "wrong": ["hurt"],
    "where": "shelter",
    "place": "体育館" * 13,
    "note": "น้ำ" * 33,
    "phone": "+81 90-1234-5678",
}
SAFE, HELP = Latest("safe", AT), Latest("need_help", AT)
STATES: dict[str, tuple[str, dict[str, object]]] = {
    "asked": ("ask", {"sms_reply": True}),
    "asked in a drill": ("ask", {"sms_reply": True, "drill": True}),
    "asked again": ("ask", {"latest": SAFE, "worse": True, "drill": True, "sms_reply": True}),
    "withdrawn": ("ask", {"latest": HELP, "withdrawn": True}),
    "no answer chosen": ("ask", {"errors": {"answer": "error_choice"}}),
    "safe": ("saved", {"latest": SAFE}),
    "safe in a drill": ("saved", {"latest": SAFE, "drill": True}),
    "help": ("saved", {"latest": HELP}),
    "help in a drill": ("saved", {"latest": HELP, "drill": True}),
    "told more": ("saved", {"latest": HELP, "drill": True, "details_saved": True, "values": WRITTEN}),
    "wrong phone": ("saved", {"latest": HELP, "errors": {"phone": "error_phone"}, "values": WRITTEN}),
    "closed": ("closed", {}),
}
ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


class Reader(HTMLParser):
    """The tags with their attributes, and the text outside <style>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def render(code: str, state: str) -> str:
    template, more = STATES[state]
    about = {"name": "Emma-Louise <Collins>", "code_word": "river-17", "events": EVENTS}
    page = AnswerPage("/s/Ab3-_xyz901", [code, "en"], **({} if template == "closed" else about), **more)  # type: ignore[arg-type]
    return ENVIRONMENT.get_template(f"answer/{template}.html").render(page=page)


PAGES = [(code, state) for code in LANGUAGES for state in STATES]


@pytest.mark.parametrize(("code", "state"), PAGES)
def test_under_8_kb(code: str, state: str) -> None:
    assert len(render(code, state).encode()) < 8000


@pytest.mark.parametrize(("code", "state"), PAGES)
def test_nothing_is_loaded_or_run(code: str, state: str) -> None:
    html = render(code, state)
    page = Reader(html)
    used = {tag for tag, _ in page.tags}
    assert not used & {"script", "img", "iframe", "object", "video", "audio", "source", "base"}
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert "url(" not in html
    assert "@import" not in html
    assert "@font-face" not in html
    assert not any(
        name.startswith("on") or name in ("style", "src") for _, attributes in page.tags for name in attributes
    )
    outside = {str(link["href"]) for link in page.all("a") if not str(link["href"]).startswith("?l=")}
    assert outside <= ALLOWED_LINKS


@pytest.mark.parametrize(("code", "state"), PAGES)
def test_language_is_told_and_others_are_one_tap_away(code: str, state: str) -> None:
    page = Reader(render(code, state))
    assert page.all("html")[0]["lang"] == languages()[code].html_lang
    assert page.all("b")[0] == {"aria-current": "page"}
    offered = [link["href"] for link in page.all("a") if str(link["href"]).startswith("?l=")]
    assert offered == [f"?l={other}" for other in ("en", "ja", "ja-simple") if other != code]
    if code != "en":
        assert {"lang": "en"} in page.all("i"), "a text nobody reviewed stands without English"


@pytest.mark.parametrize(("code", "state"), PAGES)
def test_drill_band(code: str, state: str) -> None:
    html = render(code, state)
    drill = bool(STATES[state][1].get("drill"))
    assert ("訓練 DRILL: " in html.split("<main>")[1]) is drill
    assert ("<title>訓練 DRILL: " in html) is drill


@pytest.mark.parametrize("code", LANGUAGES)
def test_one_tap_answers(code: str) -> None:
    page = Reader(render(code, "asked"))
    forms, buttons = page.all("form"), page.all("button")
    assert [(form["method"], form["action"]) for form in forms] == [("post", f"/s/Ab3-_xyz901?l={code}")] * 2
    assert [(button["name"], button["value"]) for button in buttons] == [("answer", "safe"), ("answer", "need_help")]
    assert not page.all("input")


@pytest.mark.parametrize("code", LANGUAGES)
def test_asked_page_says_what_is_needed(code: str) -> None:
    text = Reader(render(code, "asked")).text
    for needed in ("river-17", "Emma-Louise <Collins>", "119", "110", "118"):
        assert needed in text
    own = languages()[code]
    for key in ("page.safe", "page.help", "page.ask", "page.first", "page.sea"):
        assert plain(own.text(key)) in without_readings(render(code, "asked"))


@pytest.mark.parametrize(("state", "other"), [("safe", "need_help"), ("help", "safe")])
def test_saved_page_can_be_changed_and_told_more(state: str, other: str) -> None:
    page = Reader(render("fr", state))
    assert [(button["name"], button["value"]) for button in page.all("button")] == [("answer", other), ("details", "1")]
    assert [field["value"] for field in page.all("input") if field["name"] == "wrong"] == list(CHOICES["wrong"])
    assert [choice["value"] for choice in page.all("option")] == ["", *CHOICES["where"]]
    assert {field["name"] for field in page.all("input")} == {"wrong", "place", "note", "phone", "battery"}
    labelled = {label["for"] for label in page.all("label") if "for" in label}
    assert labelled == {"where", "place", "note", "phone"}


def test_what_was_written_comes_back_escaped() -> None:
    page = AnswerPage("/s/x", ["en"], latest=HELP, values={"place": '"><script>', "where": "home", "battery": True})
    html = ENVIRONMENT.get_template("answer/saved.html").render(page=page)
    assert "<script>" not in html
    fields = {field["name"]: field for field in Reader(html).all("input")}
    assert fields["place"]["value"] == '"><script>'
    assert "checked" in fields["battery"]
    assert [choice["value"] for choice in Reader(html).all("option") if "selected" in choice] == ["home"]


def test_wrong_field_is_told_at_the_field() -> None:
    page = Reader(render("en", "wrong phone"))
    phone = next(field for field in page.all("input") if field["name"] == "phone")
    assert (phone["aria-invalid"], phone["aria-describedby"]) == ("true", "e-phone")
    assert {"class": "no", "id": "e-phone"} in page.all("div")
    assert "Phone number: write only digits" in page.text


def test_closed_page_tells_nothing() -> None:
    for code in LANGUAGES:
        html = render(code, "closed")
        assert "<form" not in html
        assert "Ab3-_xyz901" not in html


def test_sms_line_only_where_replies_were_tested() -> None:
    assert "Reply to our SMS" in render("en", "asked")
    assert "Reply to our SMS" not in render("en", "withdrawn")


def test_readings_stand_over_the_kanji() -> None:
    html = render("ja-simple", "asked")
    assert "<ruby>地震<rt>じしん</ruby>" in html
    assert "《" not in html
    assert "《" not in render("en", "asked")


def test_style_hash_is_of_the_style_in_the_page() -> None:
    style = re.search(r"<style>(.*?)</style>", render("en", "asked"), re.DOTALL)
    assert style is not None
    assert style_hash() == f"'sha256-{base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()}'"


def plain(text: str) -> str:
    return READINGS.sub("", text)


def without_readings(html: str) -> str:
    return re.sub(r"<rt>.*?</ruby>|<ruby>", "", html)
