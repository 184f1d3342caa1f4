"""A running page and a browser for tests; both skip with the reason where they cannot be had."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--no-first-run", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def running(opened: str, **more: Any) -> Iterator[str]:
    """Serve the page on loopback, in a process of its own, and yield its address.

    ``opened`` names the function that opens the assistant, as ``module:function``.
    """
    command = [sys.executable, __file__, opened, json.dumps(more, default=str)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        try:
            yield address
        finally:
            server.terminate()


def main(opened: str, more: str) -> None:
    """Serve until terminated; the address is the first line of the output."""
    import uvicorn

    from assistant.settings import load_settings
    from assistant.ui import build_app

    module, function = opened.split(":")
    settings = load_settings(**json.loads(more))
    app = build_app(settings, getattr(import_module(module), function))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


@contextmanager
def browsing() -> Iterator[Any]:
    """Yield a Chromium; skip the test where there is none."""
    import pytest

    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A browser's visit that remembers what went out and what went wrong."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.url = url
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60000)
        self.page.on("request", self._request)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, path: str = "/") -> Visit:
        self.page.goto(self.url + path)
        self.page.wait_for_selector("body[data-ready]")
        return self

    def ask(self, question: str, state: str = "answered") -> None:
        before = self.page.locator(".turn").count()
        self.page.fill("#question textarea", question)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(
            "([n, s]) => document.querySelectorAll('.turn').length > n"
            " && document.querySelector(`#live:not([hidden]) .turn[data-state=${s}]`)",
            arg=[before if before == 0 else before - 1, state],
        )
        self.page.wait_for_function(
            "q => document.querySelector('#live .asked')?.textContent === q", arg=question
        )

    def holds(self, selector: str, count: int) -> None:
        """Wait until the page holds so many of the selector's elements, or fail."""
        count_is = "([s, n]) => document.querySelectorAll(s).length === n"
        self.page.wait_for_function(count_is, arg=[selector, count])

    def says(self, selector: str, text: str) -> None:
        """Wait until the selector's first element says exactly that, or fail."""
        says = "([s, t]) => document.querySelector(s)?.innerText === t"
        self.page.wait_for_function(says, arg=[selector, text])

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.inner_text())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main(sys.argv[1], sys.argv[2])
