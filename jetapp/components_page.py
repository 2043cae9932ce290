"""The living component page: every component in every state, in the language of the request.

Served at /_components in the demo and test environments: `render_template("components_page.html", **context())`.
People, places and figures are invented; the figures add up.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _
from wtforms import (
    BooleanField,
    EmailField,
    Form,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import Email, InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from jetapp.formats import interface_language

blueprint = Blueprint("components_page", __name__)


@blueprint.get("/_components")
def show() -> str:
    """For those who build pages: the parts they are built from."""
    return render_template("components_page.html", **context())


ASKED_AT = datetime(2026, 11, 19, 14, 41, tzinfo=UTC)
NOW = datetime(2026, 11, 19, 14, 59, 10, tzinfo=UTC)


class _Example(Form):
    """Fields of every kind; the texts are set per request, because they are translated."""

    mobile = TelField(validators=[Optional()])
    mail = EmailField(validators=[InputRequired(), Email()])
    start = SelectField(validators=[InputRequired()])
    note = TextAreaField(validators=[Optional()])
    sort = RadioField(validators=[InputRequired()])
    languages = SelectMultipleField(option_widget=CheckboxInput(), widget=ListWidget(), validators=[Optional()])
    read = BooleanField(validators=[InputRequired()])
    city = StringField(validators=[InputRequired()])


def _example_form(**data: Any) -> _Example:
    form = _Example(data=data)
    form.start.choices = [("", _("Choose")), ("8", _("August 2027")), ("9", _("September 2027 or later"))]
    form.sort.choices = [("safe", _("I am safe")), ("help", _("I need help"))]
    form.languages.choices = [("en", "English"), ("ja", "日本語"), ("fr", "Français")]
    form.process(data=data)
    labels = {
        "mobile": _("Mobile number"),
        "mail": _("E-mail address"),
        "start": _("When can you start?"),
        "note": _("Note"),
        "sort": _("Answer"),
        "languages": _("Languages you can use at work"),
        "read": _("I have read how my data is used"),
        "city": _("Municipality"),
    }
    for name, text in labels.items():
        form[name].label.text = text
    return form


def _forms() -> dict[str, Any]:
    calm = _example_form(mobile="090-1234-5678", languages=["en", "ja"], sort="safe", city="相馬市")
    calm.mobile.description = _("We send one test message. Japanese number, for example 090-1234-5678.")
    wrong = _example_form(mail="emma.example.jp")
    wrong.mail.errors = [_("Enter an e-mail address with one @, for example name@example.jp")]
    wrong.start.errors = [_("Choose when you can start")]
    wrong.read.errors = [_("Tick that you have read this")]
    for field in (*calm, *wrong):  # two forms on one page: ids must differ
        field.id = ("calm-" if field in list(calm) else "wrong-") + field.name
        field.label.field_id = field.id
    return {"calm": calm, "wrong": wrong}


def _prefectures(japanese: bool) -> list[dict[str, Any]]:
    figures = [
        ("07", "Fukushima", "福島県", 160, 30, 3, 34),
        ("04", "Miyagi", "宮城県", 163, 37, 1, 32),
        ("03", "Iwate", "岩手県", 22, 1, 0, 3),
        ("06", "Yamagata", "山形県", 1, 0, 0, 1),
    ]
    return [
        {"code": code, "name": ja if japanese else en, "asked": asked, "silent": silent, "help": need,
         "municipalities": municipalities, "href": "#map"}
        for code, en, ja, asked, silent, need, municipalities in figures
    ]  # fmt: skip


def _whole_country() -> list[dict[str, Any]]:
    return [
        {"code": f"{n:02d}", "name": f"{n:02d}", "asked": 20 + n * 4, "silent": (n * n) % 67, "help": n % 13 == 8 and n}
        for n in range(1, 47)
    ]


def _curve() -> list[tuple[datetime, int]]:
    """A steep start that flattens, and a second rise after the SMS wave at +10 minutes."""
    points = []
    for second in range(20, 1091, 15):
        minutes = second / 60
        count = 225 * (1 - 2.718 ** (-minutes / 4)) + (70 * (1 - 2.718 ** (-(minutes - 10) / 5)) if minutes > 10 else 0)
        points.append((ASKED_AT + timedelta(seconds=second), round(count)))
    return [*points, (NOW, 278)]


def _organisations(japanese: bool) -> list[dict[str, Any]]:
    figures = [
        ("Minamisoma City", "南相馬市", "6+", 9, 5, 1, 1), ("Zao Town", "蔵王町", "6+", 2, 1, 0, 0),
        ("Tome City", "登米市", "6+", 9, 4, 1, 0), ("Soma City", "相馬市", "6+", 5, 2, 1, 0),
        ("Tomioka Town", "富岡町", "6-", 2, 2, 0, 0), ("Iwanuma City", "岩沼市", "6-", 4, 2, 0, 1),
    ]  # fmt: skip
    return [
        {"name": ja if japanese else en, "href": "#organisations", "intensity": intensity, "asked": asked,
         "silent": silent, "help": need, "lost": lost}
        for en, ja, intensity, asked, silent, need, lost in figures
    ]  # fmt: skip


def _messages() -> list[dict[str, Any]]:
    return [
        {"language": "English", "lang": "en", "length": 117, "limit": 160, "segments": 1,
         "reviewed_by": ["Kelly", "Sato"],
         "text": "JET safety check. Earthquake 23:36, Soma City 6 Upper. Are you safe?\nhttps://jet.example/K7Q2M9XD\n"
                 "Code word: river-17"},
        {"language": "日本語", "lang": "ja", "length": 65, "limit": 66, "segments": 1,
         "reviewed_by": ["佐藤", "林"],
         "text": "【JET安否確認】地震 相馬市6強。ご無事ですか https://jet.example/K7Q2M9XD 合言葉 river-17"},
        {"language": "やさしい日本語", "lang": "ja", "length": 62, "limit": 66, "segments": 1,
         "reviewed_by": ["林", "Ito"],
         "text": "【JET】地震です。大丈夫ですか。ここで 答えて https://jet.example/K7Q2M9XD river-17"},
        {"language": "Français", "lang": "fr", "length": 128, "limit": 160, "segments": 1,
         "reviewed_by": None,
         "text": "JET. Seisme 23:36, Soma 6+. Tout va bien ? Repondez :\nhttps://jet.example/K7Q2M9XD\nMot : river-17"},
    ]  # fmt: skip


def context() -> dict[str, Any]:
    """Everything components_page.html shows; the frame's own names come from the factory."""
    japanese = interface_language() == "ja"
    return {
        "now": NOW,
        "asked_at": ASKED_AT,
        "totals": {"help": 4, "silent": 60, "lost": 8, "safe": 274, "asked": 346},
        "prefectures": _prefectures(japanese),
        "whole_country": _whole_country(),
        "curve": _curve(),
        "waves": [{"at": ASKED_AT + timedelta(minutes=10), "label": _("SMS to the silent")}],
        "organisations": _organisations(japanese),
        "messages": _messages(),
        "forms": _forms(),
        "live_page": True,
    }
