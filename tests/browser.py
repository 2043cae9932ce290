"""One Chromium for the whole test run, and what pages are held against.

`browser` is a fixture of every test (tests/conftest.py); there is one for the whole run, because a second one in the
same process cannot start while the first is open:

    from tests.browser import serve, look_for_faults

    def test_page(browser, app):
        with serve(app) as address:
            page = browser.new_page(viewport={"width": 360, "height": 780})
            page.goto(address + "/safety/1")
            assert look_for_faults(page) == []
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

CHROMIUM = next(filter(None, map(which, ("chromium", "google-chrome"))), None)
"""The system's; None = the one that Playwright has installed for itself (scripts/system_packages.sh)."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]
WIDTHS = (1280, 360, 320)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const total = document.documentElement.scrollWidth;
  if (total <= width) return [];
  const boxed = (e) => {
    for (e = e.parentElement; e; e = e.parentElement) if (getComputedStyle(e).overflowX !== "visible") return true;
    return false;
  };
  const wide = [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !boxed(e));
  return wide.length ? wide.map((e) => e.outerHTML.slice(0, 120)) : [`the page is ${total} wide`];
}"""

SMALL_TARGETS = """() =>
  [...document.querySelectorAll("button, select, input:not([type=hidden]), .button, summary")]
    .filter((e) => e.checkVisibility())
    .filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 0 && (box.height < 23.5 || box.width < 23.5);
    })
    .map((e) => e.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser; close the pages you open."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """The application on a free port of this machine, in threads; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def axe_faults(page: Page) -> list[str]:
    """What axe-core objects to, one line for each element."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:120]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """Elements that make the page wider than its window; boxes that scroll by themselves may hold wide things."""
    return list(page.evaluate(OVERFLOW))


def small_targets(page: Page) -> list[str]:
    """Buttons and fields under 24 px (WCAG 2.5.8); links in running text are excepted by the rule itself."""
    return list(page.evaluate(SMALL_TARGETS))


def look_for_faults(page: Page) -> list[str]:
    """Everything a page must not have; an empty list is good."""
    return [
        *axe_faults(page),
        *(f"wider than the window: {text}" for text in overflow(page)),
        *(f"target too small: {text}" for text in small_targets(page)),
    ]


def screenshot(page: Page, path: Path | str) -> None:
    """The whole page as a picture, for people to look at; never into the repository."""
    page.screenshot(path=str(path), full_page=True)
