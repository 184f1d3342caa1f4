"""The organisation chart: every unit in it, zoomed, walked by keys, lit where cited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from page_server import Visit, browsing, running
from test_page import QUESTION


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running("page_fake:opened", index=tmp_path_factory.mktemp("chart") / "index") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["desk", "phone"])
def visit(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    width, height = request.param
    made = Visit(browser, address, viewport={"width": width, "height": height}).open()
    yield made
    assert made.page.evaluate("document.documentElement.scrollWidth") <= width
    made.context.close()
    assert (made.outside, made.errors) == ([], [])


def show(visit: Visit) -> None:
    visit.page.click("[data-do=plan]")
    visit.page.click("[data-do=chart]")
    visit.page.wait_for_selector("#chart [role=tree]")


def focused(visit: Visit) -> str:
    return str(visit.page.evaluate("document.activeElement.textContent"))


def test_every_unit_is_in_the_chart_and_opens_its_source(visit: Visit) -> None:
    show(visit)
    page = visit.page
    assert page.locator("#chart option").count() == 2
    page.select_option("#chart select", label="Compagnie des phares")
    units = page.locator("#outline section:has-text('compagnie.md') button[data-source]").count()
    assert page.locator("#chart [role=treeitem]").count() == units
    assert focused(visit) == "Compagnie des phares"
    page.click("#chart [role=treeitem]:has-text('Bureau des relèves')")
    page.wait_for_selector("#source h2:has-text('Bureau des relèves')")
    assert page.locator("#chart").count() == 0
    page.click("#source [data-edit]")
    assert "Bureau des relèves" in page.input_value("#question textarea")


def test_the_chart_is_walked_by_keys(visit: Visit) -> None:
    show(visit)
    page = visit.page
    page.select_option("#chart select", label="Compagnie des phares")
    walk = [
        ("ArrowRight", "Direction technique"),
        ("ArrowRight", "Atelier des optiques"),
        ("ArrowDown", "Atelier des machines"),
        ("ArrowDown", "Bureau des relèves"),
        ("ArrowUp", "Atelier des machines"),
        ("ArrowLeft", "Direction technique"),
        ("ArrowUp", "Direction technique"),
        ("ArrowDown", "Direction des gardiens"),
        ("Home", "Compagnie des phares"),
    ]
    for key, name in walk:
        page.keyboard.press(key)
        assert focused(visit) == name
        assert page.evaluate("document.querySelectorAll('#chart [tabindex=\"0\"]').length") == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#source h2:has-text('Direction technique')")


def test_the_chart_is_zoomed(visit: Visit) -> None:
    show(visit)
    page = visit.page
    page.select_option("#chart select", label="Compagnie des phares")
    width = "document.querySelector('#chart [role=treeitem]').getBoundingClientRect().width"
    before = page.evaluate(width)
    page.keyboard.press("+")
    page.click("#chart .zoom button >> nth=1")
    assert page.evaluate(width) == pytest.approx(before * 1.25**2, rel=0.02)
    page.keyboard.press("-")
    assert page.evaluate(width) == pytest.approx(before * 1.25, rel=0.02)
    page.keyboard.press("0")
    for side in ("Width", "Height"):
        inside = f"(p => p.scroll{side} <= p.client{side})(document.querySelector('#chart .plane'))"
        assert page.evaluate(inside)


def test_what_is_cited_stands_out_and_comes_first(visit: Visit) -> None:
    visit.ask(QUESTION)
    show(visit)
    cited = visit.page.locator("#chart .cited")
    assert cited.all_inner_texts() == ["Atelier des optiques"]
    assert focused(visit) == "Atelier des optiques"
    assert cited.first.is_visible()
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_selector("#chart", state="detached")
