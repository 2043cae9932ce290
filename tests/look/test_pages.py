"""The component page and the error pages in a real browser, in both languages, at three widths."""

import pytest
from flask import render_template
from playwright.sync_api import Browser

from tests.browser import WIDTHS, look_for_faults, serve
from tests.look import sample_app


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", WIDTHS)
def test_component_page_is_accessible_and_fits(browser: Browser, address: str, language: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/_components?lang={language}")
    assert page.evaluate("document.documentElement.lang") == language
    assert look_for_faults(page) == []
    assert said == []  # among others: nothing the content security policy refuses
    page.close()


@pytest.mark.parametrize("actor", [None, "signed in"])
@pytest.mark.parametrize("code", [400, 404, 409, 413, 429, 500])
def test_error_pages(browser: Browser, code: int, actor: str | None) -> None:
    app = sample_app.make() if actor else sample_app.make(actor=None, nav=[])
    with serve(app) as address:
        page = browser.new_page(viewport={"width": 320, "height": 640})
        page.goto(f"{address}/error/{code}")
        assert look_for_faults(page) == []
        assert page.locator("h1").count() == 1
        page.close()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [320, 360, 768])
def test_top_bar_of_public_pages_keeps_names_in_one_piece(browser: Browser, width: int, language: str) -> None:
    app = sample_app.make()
    app.add_url_rule("/public", "public", lambda: render_template("public.html"))
    with serve(app) as address:
        page = browser.new_page(viewport={"width": width, "height": 700})
        page.goto(f"{address}/public?lang={language}")
        box = page.locator(".brand-name").bounding_box()
        assert box is not None
        assert box["width"] > 2 * box["height"]
        page.close()


def test_text_spacing_of_readers_breaks_nothing(browser: Browser, address: str) -> None:
    """WCAG 1.4.12: wider lines, letters and words."""
    page = browser.new_page(viewport={"width": 320, "height": 800}, bypass_csp=True)
    page.goto(f"{address}/_components")
    page.add_style_tag(
        content="*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}"
    )
    faults = [fault for fault in look_for_faults(page) if fault.startswith("wider")]
    assert faults == []
    page.close()


def test_works_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.goto(f"{address}/_components")
    assert page.get_by_role("link", name="Refresh").is_visible()
    assert page.get_by_role("button", name="Pause").count() == 0
    page.locator("summary").first.click()
    assert page.get_by_role("navigation", name="Main, small screen").get_by_role("link", name="Safety").is_visible()
    context.close()


def test_skip_link_is_the_first_stop_and_can_be_seen(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/_components")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_forced_colours_and_print_keep_the_states(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/_components")
    page.emulate_media(forced_colors="active")
    fill = "getComputedStyle(document.querySelector('.everybody .bar-help')).fill"
    assert page.evaluate(fill) == "rgb(206, 0, 0)"
    page.emulate_media(media="print", forced_colors="none")
    assert not page.locator(".rail").is_visible()
    assert page.locator("h1").is_visible()
    page.close()
