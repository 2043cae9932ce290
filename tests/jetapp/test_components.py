"""Macros that decide something: which words, which marks, which links."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask, render_template_string

from tests.look import sample_app

FIXED_WORDS = {
    "need_help": ("Need help", "助けが必要"),
    "being_helped": ("Being helped", "対応中"),
    "no_answer": ("No answer", "未回答"),
    "not_reached": ("Not reached", "不達"),
    "safe": ("Safe", "無事"),
    "not_asked": ("Not asked", "対象外"),
}


@pytest.fixture(scope="module")
def small() -> Flask:
    return sample_app.make()


def render(app: Flask, text: str, language: str = "en", **values: object) -> str:
    with app.test_request_context(f"/?lang={language}"):
        return render_template_string(text, **values)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.parametrize(("state", "texts"), FIXED_WORDS.items())
@pytest.mark.parametrize("language", ["en", "ja"])
def test_status_words_are_fixed(small: Flask, state: str, texts: tuple[str, str], language: str) -> None:
    text = '{% from "components/status.html" import safety_status %}{{ safety_status(state) }}'
    html = render(small, text, language, state=state)
    assert words(html) == texts[language == "ja"]
    assert "<use href=" in html  # icon and word, colour third


def test_who_told_and_before_which_shock(small: Flask) -> None:
    text = """{% from "components/status.html" import safety_status %}
    {{ safety_status("safe_told", by=name) }}|{{ safety_status("safe_before", before=moment) }}"""
    values = {"name": "<Endo>", "moment": datetime(2026, 11, 19, 16, 25, tzinfo=UTC)}
    assert words(render(small, text, **values).replace("&lt;Endo&gt;", "Endo")) == (
        "Safe, told by Endo | Safe before 01:25"
    )
    assert "無事（01:25より前）" in render(small, text, "ja", **values)


def test_required_is_marked_in_both_languages(small: Flask) -> None:
    for language, mark in (("en", "required"), ("ja", "※必須")):
        page = small.test_client().get(f"/_components?lang={language}").text
        field = page[page.index('for="wrong-mail"') :][:200]
        assert mark in field


def test_error_summary_leads_to_the_fields(small: Flask) -> None:
    page = small.test_client().get("/_components").text
    for target in re.findall(r'<li><a href="#(wrong-[\w-]+)"', page):
        assert f'id="{target}"' in page
    assert 'aria-describedby="wrong-mail-error"' in page
    assert 'aria-invalid="true"' in page


def test_every_id_is_there_once(small: Flask) -> None:
    ids = re.findall(r'\sid="([^"]+)"', small.test_client().get("/_components").text)
    assert sorted(ids) == sorted(set(ids))


def test_values_are_escaped(small: Flask) -> None:
    text = """{% from "components/cases.html" import case %}{% from "components/notices.html" import empty %}
    {% call case({"title": bad, "need": bad, "facts": [bad]}) %}{% endcall %}{{ empty(bad) }}"""
    assert "<b>" not in render(small, text, bad="<b>x").replace("<b></b>", "")


def test_map_with_links_is_a_group_and_without_an_image(small: Flask) -> None:
    text = '{% from "components/maps.html" import prefecture_map %}{{ prefecture_map(rows, "Sentence") }}'
    row = {"code": "07", "name": "Fukushima", "asked": 4, "silent": 1, "help": 1}
    assert 'role="img" aria-label="Sentence"' in render(small, text, rows=[row])
    linked = render(small, text, rows=[row | {"href": "/x"}])
    assert 'role="group" aria-label="Sentence"' in linked
    assert 'aria-label="Fukushima: 1 silent of 4 asked, need help: 1"' in linked
    assert linked.count("<rect") == 47


def test_pagination_shows_neighbours_and_ends(small: Flask) -> None:
    text = """{% from "components/tables.html" import pagination %}{% macro to(n) %}?page={{ n }}{% endmacro %}
    {{ pagination(6, 20, 1000, to) }}"""
    assert words(render(small, text)) == "Back Page 1 … Page 4 Page 5 6 Page 7 Page 8 … Page 20 Next 1,000 rows"


def test_not_found_and_forbidden_read_the_same(small: Flask) -> None:
    client = small.test_client()
    assert client.get("/error/404").text == client.get("/error/403").text
    assert "not yours to see" in client.get("/error/404").text


def test_demo_strip_only_in_the_demonstration() -> None:
    assert "demo-strip" in sample_app.make().test_client().get("/error/404").text
    assert "demo-strip" not in sample_app.make(demo=False).test_client().get("/error/404").text
