"""Every template: parses, keeps to the content security policy, speaks both languages, imports what it uses."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2 import Environment, nodes

from jetapp import formats

FOLDER = Path(__file__).parents[2] / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
# The stand-in for the carrier, pages with texts of their own, invented people on the component page.
ONE_LANGUAGE = ("sandbox/", "messages/", "answer/", "components_page.html")
OWN_STYLE = ("answer/", "sandbox/")  # one inlined <style> with a CSP hash

JINJA = re.compile(r"\{% block body_class %\}\w*\{% endblock %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
NOT_TEXT = re.compile(r"<(script|style|svg|title)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.DOTALL)
SPOKEN_ATTRIBUTES = re.compile(r'\b(?:aria-label|alt|placeholder|title)="([^"]*)"')
# Words that are the same in every language, or name a language in itself.
SAME_EVERYWHERE = {"JET", "SMS", "English", "日本語", "CLAIR", "ID", "JMA", "PDF", "CSV", "XLSX", "DRILL", "URL"}


@pytest.fixture(scope="module")
def environment() -> Environment:
    app = Flask("templates", template_folder=str(FOLDER))
    Babel(app)
    formats.register(app)
    return app.jinja_env


def source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_parses(environment: Environment, name: str) -> None:
    if name.startswith("sandbox/"):  # the carrier's stand-in brings its own filters
        environment.parse(source(name), name)
    else:
        environment.compile(source(name), name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_inline(name: str) -> None:
    html = re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=", html), "style attribute"
    assert not re.search(r"<[^>]*\son[a-z]{4,}\s*=", html), "event handler attribute"
    assert not re.search(r"<script(?![^>]*\bsrc=)", html), "script without src"
    assert not re.search(r"javascript:", html), "javascript: address"
    if not name.startswith(OWN_STYLE):
        assert "<style" not in html, "style element"
    assert not re.search(r"\ssrc\s*=\s*[\"']?(?:https?:)?//|<link[^>]*https?://", html), "file from another site"


@pytest.mark.parametrize("name", [name for name in TEMPLATES if not name.startswith(ONE_LANGUAGE)])
def test_visible_words_are_translatable(name: str) -> None:
    html = re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)
    text = NOT_TEXT.sub("\n", JINJA.sub("\x00", html))
    spoken = [found for found in SPOKEN_ATTRIBUTES.findall(html) if "{{" not in found and "{%" not in found]
    words = re.findall(r"[A-Za-zÀ-ÿ\u3040-\u30ff\u4e00-\u9fff]{2,}", " ".join([text, *spoken]))
    assert [word for word in words if word not in SAME_EVERYWHERE] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_imports_are_used_and_exist(environment: Environment, name: str) -> None:
    tree = environment.parse(source(name), name)
    used = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    for found in tree.find_all(nodes.FromImport):
        assert isinstance(found.template, nodes.Const)
        macros = environment.get_template(found.template.value).module
        for entry in found.names:
            original, alias = entry if isinstance(entry, tuple) else (entry, entry)
            assert hasattr(macros, original), f"{found.template.value} has no {original}"
            assert alias in used, f"{alias} is imported and not used"


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.startswith("components/")])
def test_macros_tell_their_arguments(environment: Environment, name: str) -> None:
    text = source(name)
    assert text.lstrip().startswith("{#"), "a comment at the top says what each macro takes"
    comment = text.split("#}")[0]
    public = [
        macro.name
        for macro in environment.parse(text).find_all(nodes.Macro)
        if f"{macro.name}(" not in text.split("#}", 1)[1].replace(f"macro {macro.name}(", "", 1)
    ]
    assert [macro for macro in public if f"{macro}(" not in comment] == []
