"""A real browser for tests: Debian's Chromium, or Chrome, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

FETCH = """async ([url, options]) => {
    try {
        const response = await fetch(url, options);
        return {status: response.status, body: await response.json(), header: response.headers.get("x-count")};
    } catch (error) {
        return String(error);
    }
}"""
"""`page.evaluate(FETCH, [url, options])`: fetches as the page's script would; status, JSON body and the header x-count, or the error."""
REFUSED = "TypeError: Failed to fetch"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Nothing: pytest shows enough."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The origin of a web page that is not the API's. Its icon is none, so that no browser misses one, and says so on a later page."""
    (tmp_path / "index.html").write_text('<title>a site</title><link rel="icon" href="data:,">')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(site: str, need: Callable[[object, str], None]) -> Iterator[Page]:
    """A browser's page that shows that site."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    need(chromium, "chromium")
    from playwright.sync_api import sync_playwright  # not where no browser is needed

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_page()
        shown.goto(site)
        yield shown
        browser.close()
