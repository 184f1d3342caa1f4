"""Makes the pictures of the page in ``docs/images`` from a running page.

Usage: ``python docs/screenshots.py [ADDRESS]`` with the page of the first document open at
``http://127.0.0.1:7860`` (or ADDRESS), after an evaluation. Needs Playwright and Debian's Chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--no-first-run", "--disable-component-update", "--disable-sync"),
]
IMAGES = Path(__file__).with_name("images")
QUESTION = "Qui gère la plateforme mondiale de gestion des crises ?"
SILENT = "Quel est le budget de la cantine ?"
DESK, TABLET, PHONE = (1440, 900), (1024, 768), (390, 844)


def main(address: str) -> None:
    """Write every picture."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, size, theme in (
            ("page", DESK, "light"),
            ("page-dark", DESK, "dark"),
            ("page-tablet", TABLET, "light"),
            ("page-phone", PHONE, "light"),
        ):
            width, height = size
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, locale="fr-FR"
            )
            picture(context.new_page(), address, name)
            context.close()
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), DESK, strict=True)), locale="fr-FR"
        )
        views(context.new_page(), address)
        context.close()
        browser.close()


def picture(page: Any, address: str, name: str) -> None:
    """Write the pictures of one size and theme: welcome, answer with its source, silence."""
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector("#welcome .example")
    page.wait_for_selector("body[data-ready]")
    page.screenshot(path=IMAGES / f"{name}-welcome.png")
    ask(page, QUESTION)
    if not page.locator("#live .cite").count():
        sys.exit("The question was not answered: no picture of that. Is the index whole?")
    page.locator("#live .cite").first.click()
    page.wait_for_selector("#source .quote")
    page.mouse.move(0, 0)
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / f"{name}.png")
    if page.locator("[data-do=close]").is_visible():
        page.click("[data-do=close]")
    ask(page, SILENT)
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / f"{name}-silence.png")


def views(page: Any, address: str) -> None:
    """Write the pictures of the chart with a cited unit lit, the documents and the quality."""
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    ask(page, QUESTION)
    page.click("#tab-outline")
    page.click("[data-do=chart]")
    page.wait_for_selector("#chart [role=tree]")
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / "page-chart.png")
    page.keyboard.press("Escape")
    for name, ready in (("documents", "#documents .document"), ("quality", "#quality table")):
        page.click(f"#tab-{name}")
        page.wait_for_selector(ready)
        page.wait_for_timeout(600)
        page.screenshot(path=IMAGES / f"page-{name}.png")


def ask(page: Any, question: str) -> None:
    """Ask, and wait for the whole answer."""
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "q => document.querySelector('#live:not([hidden]) .turn[data-record] .asked')"
        "?.textContent === q",
        arg=question,
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860")
