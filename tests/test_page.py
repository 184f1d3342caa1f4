"""The page in a real browser, over a small assistant with a real corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import page_fake
import pytest
from page_server import Visit, browsing, running

from assistant.errors import AssistantError, IndexDamaged
from assistant.settings import load_settings
from assistant.types import Answer
from assistant.ui import page
from assistant.ui.ask import Asking
from assistant.ui.desk import Desk
from assistant.ui.outline import examples, tree
from assistant.ui.words import PAGE_LANGUAGES, words

QUESTION = "Qui tient le registre national des optiques ?"
SILENT = "Combien coûte un billet pour Saturne ?"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = tmp_path_factory.mktemp("page") / "index"
    with running("page_fake:opened", index=index) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, address)
    yield made
    made.context.close()
    assert made.outside == []
    assert made.errors == []


# --- words and outline ---------------------------------------------------------------------


def test_no_language_lacks_a_word() -> None:
    kept = {code: words(code).phrases for code in PAGE_LANGUAGES}
    for code in PAGE_LANGUAGES:
        assert list(kept[code]) == list(kept["fr"]), code
        for key, text in kept[code].items():
            assert text.strip() or key == "thousands", (code, key)
            assert sorted(_fields(text)) == sorted(_fields(kept["fr"][key])), (code, key)


def test_no_word_is_there_for_nobody() -> None:
    folder = Path(page.__file__).parent
    python = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    scripts = "".join(path.read_text("utf-8") for path in folder.glob("static/*.js"))
    for key in words("fr").phrases:
        whole = rf"""["'](?:{key}|{key.replace("_", "-")})["']"""
        put_together = rf"""["']{key.split("_")[0]}_["'{{]"""
        assert re.search(f"{whole}|{put_together}", python), key
    # What the panel holds for the scripts is read by one of them.
    for name in re.findall(r" data-([a-z-]+)=", page.panel(words("fr")).split(">")[0]):
        camel = re.sub("-(.)", lambda match: match[1].upper(), name)
        assert name == "view" or f'"{camel}"' in scripts, name


def _fields(text: str) -> list[str]:
    import string

    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def test_the_outline_keeps_the_order_of_the_text_and_knows_neighbours() -> None:
    corpus = page_fake.lighthouse()
    outline = tree(corpus)
    headings = [u.heading for u in outline.order if u.document == "phares/compagnie.md"]
    assert headings[:3] == ["Compagnie des phares", "Direction technique", "Atelier des optiques"]
    workshop = next(u for u in outline.order if u.heading == "Atelier des optiques")
    before, after = outline.around(workshop)
    assert before is not None and before.heading == "Direction technique"
    assert after is not None and after.heading == "Atelier des machines"
    assert outline.around(outline.order[0])[0] is None


def test_examples_come_from_the_corpus_and_only_good_ones_are_shown() -> None:
    corpus = page_fake.lighthouse()
    asked = examples(corpus, words("fr"), lambda example: True)
    assert len(asked) == 4
    assert any(question.startswith("Qui ") for question in asked)
    assert "Que disent les documents sur « Lighting the lamp » ?" in asked or len(set(asked)) == 4
    assert examples(corpus, words("fr"), lambda example: False) == []
    assert examples(page_fake.corpus(), words("fr"), lambda example: True) == []


# --- the conversation ----------------------------------------------------------------------


def test_an_answer_shows_its_proof_beside_it(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    assert "registre national" in visit.text("#live .answer mark")
    visit.page.click("#live .cite")
    visit.page.wait_for_selector("#source .quote mark")
    visit.says("#source h2", "Atelier des optiques")
    assert "Direction technique" in visit.text("#source .crumbs")
    assert "taille les lentilles" in visit.text("#source .unit-text")
    assert visit.text("#source .quote") in visit.text("#live .answer q")
    place = parse_qs(urlsplit(visit.page.url).fragment)
    assert place["unit"] and place["start"] and place["end"]


def test_the_address_of_a_place_opens_it_again(visit: Visit, browser: Any) -> None:
    visit.open().ask(QUESTION)
    visit.page.click("#live .cite")
    visit.page.wait_for_selector("#source .quote mark")
    again = Visit(browser, visit.url)
    again.open(visit.page.url.removeprefix(visit.url))
    again.page.wait_for_selector("#source .quote mark")
    assert again.text("#source .quote") == visit.text("#source .quote")
    again.context.close()


def test_neighbours_can_be_read(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    visit.page.click("#live .cite")
    visit.page.wait_for_selector("#source .quote")
    visit.page.click("#source .next")
    visit.page.wait_for_function(
        "document.querySelector('#source h2').textContent === 'Atelier des machines'"
    )


def test_a_remain_of_the_web_page_is_never_shown(visit: Visit) -> None:
    visit.open()
    visit.page.click("#outline button:text-is('Bureau des relèves')")
    visit.page.wait_for_selector("#source .source")
    assert "affrète" in visit.text("#source .unit-text")
    assert "En savoir plus" not in visit.text("#source .unit-text")


def test_silence_looks_different_and_offers_the_nearest(visit: Visit) -> None:
    visit.open().ask(SILENT, "abstained")
    visit.says("#live .silence", "Pas de réponse dans les documents")
    visit.holds("#live .cite", 0)
    visit.page.locator("#live .nearest button").first.click()
    visit.page.wait_for_selector("#source .source")


def test_a_follow_up_says_how_it_was_understood_and_can_be_edited(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    visit.ask("Et les lentilles ?")
    assert QUESTION.rstrip(" ?") in visit.text("#live .understood")
    visit.page.click("#live .understood button")
    assert "Et les lentilles" in visit.page.input_value("#question textarea")
    visit.holds("#turns .turn", 1)


def test_an_example_is_asked_by_a_click(visit: Visit) -> None:
    visit.open()
    example = visit.page.locator("#welcome .example").nth(1)
    question = example.inner_text()
    example.click()
    visit.page.wait_for_selector("#live .turn[data-state=answered]")
    visit.says("#live .asked", question)


def test_a_question_in_the_address_is_asked(visit: Visit) -> None:
    visit.open("/?q=Qui+tient+le+registre+national+des+optiques+%3F")
    visit.page.wait_for_selector("#live .turn[data-state=answered]")
    visit.says("#live .asked", QUESTION)


def test_after_a_reload_every_citation_is_the_same(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    visit.ask(SILENT, "abstained")
    controls = "[...document.querySelectorAll('.cite')].map(e => ({...e.dataset}))"
    before = visit.page.evaluate(controls)
    visit.page.reload()
    visit.page.wait_for_selector("body[data-ready]")
    visit.holds("#turns .turn", 2)
    assert visit.page.evaluate(controls) == before


@pytest.mark.parametrize("code", PAGE_LANGUAGES)
def test_the_page_speaks_its_language(browser: Any, address: str, code: str) -> None:
    visit = Visit(browser, address).open("/" if code == "fr" else f"/{code}/")
    assert visit.page.evaluate("document.documentElement.lang") == code
    visit.says("#send", words(code)("send"))
    visit.says("#welcome h2", words(code)("welcome"))
    assert (visit.outside, visit.errors) == ([], [])
    visit.context.close()


def test_an_arabic_question_is_answered_from_right_to_left(visit: Visit) -> None:
    visit.open().ask("من يحتفظ بالسجل؟", "abstained")
    assert visit.page.get_attribute("#live .answer", "dir") == "rtl"
    assert visit.page.get_attribute("#live .answer", "lang") == "ar"


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844)])
def test_nothing_sticks_out(browser: Any, address: str, size: tuple[int, int]) -> None:
    width, height = size
    visit = Visit(browser, address, viewport={"width": width, "height": height}).open()
    visit.ask(QUESTION)
    visit.page.click("#live .cite")
    visit.page.wait_for_selector("#source .quote")
    wide = visit.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    assert visit.page.locator("#source .quote").first.is_visible()
    visit.context.close()


# --- trouble -------------------------------------------------------------------------------


def test_a_missing_index_is_a_sentence_and_the_page_recovers(browser: Any, tmp_path: Path) -> None:
    with running("page_fake:opened_late", index=tmp_path / "index") as url:
        visit = Visit(browser, url)
        visit.page.goto(url)
        visit.page.wait_for_selector("#welcome .gone")
        assert "assistant ingest" in visit.text("#welcome .gone")
        visit.page.fill("#question textarea", QUESTION)
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector("#live .turn[data-state=failed]")
        assert "assistant ingest" in visit.text("#live .answer")
        # Nothing is sent over what the reader writes meanwhile.
        visit.page.fill("#question textarea", "Et les")
        (tmp_path / "index").mkdir()
        visit.page.wait_for_selector("#outline .outline")
        visit.page.wait_for_timeout(4000)
        assert visit.page.input_value("#question textarea") == "Et les"
        assert visit.page.locator("#live .turn[data-state=failed]").is_visible()
        visit.page.fill("#question textarea", "")
        visit.page.wait_for_selector("#live .turn[data-state=answered]", timeout=20000)
        visit.context.close()


def test_only_what_can_pass_is_tried_again_and_no_mistake_reopens_the_index() -> None:
    def fails(error: Exception) -> tuple[bool, bool]:
        """Return whether the turn is to be asked again, and whether the assistant was kept."""

        class Failing(page_fake.FakeAssistant):
            def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
                raise error

        desk = Desk(load_settings(), lambda _: Failing())
        opened = desk.assistant()
        *_, last = Asking(desk, words("fr")).turn(QUESTION, [])
        return "data-again" in last, desk.assistant() is opened

    assert fails(IndexDamaged("x")) == (True, False)
    assert fails(AssistantError("x"))[0] is False
    assert fails(ZeroDivisionError("x")) == (False, True)


def test_the_programs_endpoint_answers(address: str) -> None:
    client = pytest.importorskip("gradio_client")
    found = client.Client(address, verbose=False).predict(QUESTION, api_name="/chat")
    record = found if isinstance(found, dict) else json.loads(found)
    assert record["status"] == "answered"
    assert record["citations"][0]["unit"] == "Atelier des optiques"


# --- the border ----------------------------------------------------------------------------


def request(address: str, path: str = "/", **more: Any) -> tuple[int, dict[str, str], str]:
    import http.client

    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request(
        more.get("method", "GET"), path, more.get("body"), headers=more.get("headers", {})
    )
    response = connection.getresponse()
    text = response.read().decode("utf-8", "replace")
    connection.close()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost", 200),
        ("[::1]:7860", 200),
        ("192.168.1.20:7860", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
        ("127.0.0.1.evil.example:80", 421),
    ],
)
def test_only_known_hosts_are_served(address: str, host: str, status: int) -> None:
    assert request(address, headers={"Host": host})[0] == status


def test_every_answer_carries_the_security_headers(address: str) -> None:
    for path in ("/", "/en/", "/page/health", "/page/static/page.css", "/nowhere"):
        _, headers, _ = request(address, path, headers={"Accept": "text/html"})
        policy = headers["content-security-policy"]
        script = next(p for p in policy.split(";") if "script-src" in p)
        assert "unsafe-inline" not in script
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_frame_names_no_one_else(address: str) -> None:
    _, _, text = request(address, "/", headers={"Accept": "text/html"})
    head = text.split("window.gradio_config")[0]
    assert "https://" not in head
    assert '<html\n\tlang="fr"' in text


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload", "/en/gradio_api/upload", "/gradio_api/proxy=https://x.example"]
)
def test_doors_that_the_page_does_not_use_are_closed(address: str, path: str) -> None:
    assert request(address, path, method="POST", body=b"x")[0] == 404


def test_a_body_that_is_too_large_is_refused(address: str) -> None:
    body = b'{"turns": [' + b" " * 3_000_000 + b"]}"
    kind = {"Content-Type": "application/json"}
    assert request(address, "/page/turns", method="POST", body=body, headers=kind)[0] == 413


@pytest.mark.parametrize(
    "query", ["unit=x&lang=de", "lang=fr", f"unit={'x' * 70}", "unit=x&start=-1", "unit=x&end=a"]
)
def test_odd_requests_are_refused(address: str, query: str) -> None:
    assert request(address, f"/page/source?{query}")[0] == 422


def test_an_unknown_unit_is_a_sentence(address: str) -> None:
    status, _, text = request(address, "/page/source?unit=0000")
    assert (status, text.count('class="gone"')) == (200, 1)


# --- everyone ------------------------------------------------------------------------------

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: run `npm ci` in tests/")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_view_has_a_serious_violation(
    browser: Any, address: str, theme: str, width: int
) -> None:
    viewport = {"width": width, "height": 844}
    visit = Visit(browser, address, viewport=viewport, color_scheme=theme).open()
    found: dict[str, Any] = {"welcome": violations(visit)}
    visit.ask(QUESTION)
    visit.page.click("#live .why summary")
    visit.page.click("#live .cite")
    visit.page.wait_for_selector("#source .quote")
    found["answer and source"] = violations(visit)
    visit.page.click("#tab-documents")
    found["documents"] = violations(visit)
    visit.page.click("#tab-quality")
    visit.page.wait_for_selector("#quality .quality")
    found["quality"] = violations(visit)
    visit.page.click("#tab-outline")
    found["outline"] = violations(visit)
    visit.page.click("[data-do=chart]")
    found["chart"] = violations(visit)
    visit.page.keyboard.press("Escape")
    if width < 800:
        visit.page.click("[data-do=close]")
    visit.ask(SILENT, "abstained")
    visit.page.click("#live [data-do=bad]")
    found["silence and feedback"] = violations(visit)
    visit.page.click("[data-do=conversations]")
    found["conversations"] = violations(visit)
    visit.context.close()
    assert {view: bad for view, bad in found.items() if bad} == {}


def violations(visit: Visit) -> list[str]:
    visit.page.wait_for_timeout(300)
    visit.page.evaluate(AXE.read_text("utf-8"))
    result = visit.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"][:3]
    ]


def test_everything_can_be_done_with_the_keyboard(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    page = visit.page
    page.locator("#live .cite").focus()
    page.wait_for_selector(".hint")
    page.keyboard.press("Enter")
    page.wait_for_selector("#source .quote")
    assert page.evaluate("document.activeElement.closest('#source') !== null")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "cite"
    page.locator("#tab-source").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-outline", "aria-selected") == "true"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#panel') !== null")


def test_a_finished_answer_is_told_to_screen_readers(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    visit.page.wait_for_function(
        "document.querySelector('#told').textContent.includes('registre national')"
    )


# --- feedback, conversations, exports ------------------------------------------------------


def test_conversations_are_kept_renamed_and_deleted(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    visit.page.click("[data-do=new-conversation]")
    visit.page.wait_for_selector("#welcome:not([hidden]) .example")
    visit.ask(SILENT, "abstained")
    visit.page.click("[data-do=conversations]")
    visit.holds("#talks li", 2)
    visit.page.locator("#talks li").first.get_by_text("Renommer").click()
    visit.page.fill("#talks input", "Saturne")
    visit.page.keyboard.press("Enter")
    visit.says("#talks .name", "Saturne")
    visit.page.locator("#talks .name").nth(1).click()
    visit.page.wait_for_selector("#turns .turn")
    visit.says("#turns .asked", QUESTION)
    visit.page.click("[data-do=conversations]")
    for _ in range(2):
        visit.page.locator("#talks li").first.get_by_text("Supprimer").click()
    visit.holds("#talks li", 0)


def test_a_long_conversation_is_shown_and_what_is_refused_is_said(
    browser: Any, address: str
) -> None:
    visit = Visit(browser, address).open()
    visit.ask(QUESTION)
    visit.page.evaluate(
        """() => {
          const kept = JSON.parse(localStorage["assistant.conversations"]);
          const [first] = kept.list[0].turns;
          kept.list[0].turns = [...Array(220).keys()].map((n) => ({ ...first, id: `n${n}` }));
          localStorage["assistant.conversations"] = JSON.stringify(kept);
        }"""
    )
    visit.page.reload()
    visit.holds("#turns .turn", 220)
    visit.page.click("[data-do=conversations]")
    with visit.page.expect_download():
        visit.page.click("#talks button:text-is('Markdown')")
    for path in ("turns", "export"):
        visit.page.route(f"**/page/{path}?*", lambda route: route.fulfill(status=503))
    visit.page.click("#talks button:text-is('Markdown')")
    visit.page.wait_for_selector(f".toast:text-is('{words('fr')('export_failed')}')")
    visit.page.click("#talks .name")
    visit.says("#turns", words("fr")("talk_not_shown"))
    visit.context.close()


def test_a_verdict_is_remembered(visit: Visit) -> None:
    visit.open().ask(QUESTION)
    visit.page.click("#live [data-do=good]")
    visit.page.wait_for_selector("#live [data-do=good][aria-pressed=true]")
    visit.page.reload()
    visit.page.wait_for_selector("#turns [data-do=good][aria-pressed=true]")
