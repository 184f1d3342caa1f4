"""Untrusted text through every door of the page: nothing runs, nothing leaves, nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import page_fake
import pytest
from page_server import Visit, browsing, running
from payloads import PAYLOADS

from assistant.language import normalise
from assistant.settings import Settings
from assistant.types import Answer, Document, Heading


def hostile() -> page_fake.FakeCorpus:
    """Return a corpus whose names, headings and sentences are all payloads."""
    documents = []
    for number, payload in enumerate(PAYLOADS):
        heading = " ".join(normalise(payload).split())[:400]
        body = f"Phrase {number} : {normalise(payload)} ; fin de la phrase {number}."
        text = f"{heading}\n\n{body}\n"
        documents.append(
            Document(
                f"{number}-{heading[:80]}.md",
                heading,
                text,
                "",
                "fr",
                (Heading(heading, 1, 0, len(heading)),),
            )
        )
    return page_fake.corpus(*documents)


class HostileAssistant(page_fake.FakeAssistant):
    """Answers question ``i`` with the sentence of payload ``i``; every third time it abstains."""

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        number = next((i for i, p in enumerate(PAYLOADS) if normalise(p) == question), 0)
        mine = list(self.corpus.documents)[number]
        passage = max(
            (p for p in self.corpus.passages if p.document == mine), key=lambda p: len(p.text)
        )
        unit = self.corpus.units[passage.unit]
        hits = self.search(question)
        answer = Answer(
            question, "abstained", "fr", f"Rien sur {question}", 0.5, (), hits, question, (unit,)
        )
        if number % 3 == 2:
            return answer
        cited = self.cite(1, replace(hits[0], unit=unit, passage=passage), "phrase fin")
        text = f"{question}\n\n– {unit.heading} : « {cited.quote} » [1]"
        return replace(answer, status="answered", text=text, citations=(cited,), suggestions=())


def opened(_: Settings) -> HostileAssistant:
    return HostileAssistant(hostile())


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "index"


@pytest.fixture(scope="module")
def visit(index: Path) -> Iterator[Visit]:
    with running("test_page_payloads:opened", index=index) as url, browsing() as browser:
        made = Visit(browser, url, viewport={"width": 1024, "height": 768})
        made.page.on("dialog", lambda dialog: (made.errors.append("dialog"), dialog.dismiss()))
        yield made.open()
        made.context.close()


def unharmed(visit: Visit) -> None:
    assert visit.page.evaluate("window.hit") is None
    assert visit.outside == []
    assert visit.errors == []
    assert visit.page.url.startswith(visit.url)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1024
    foreign = (
        "document.querySelectorAll('#talk :is(script,img,iframe,object,embed,video,audio,form:not("
        ".doubt),input,link,style,base,meta,template), #panel :is(script,img,iframe,object,embed,"
        "video,audio,form,input,link,style,base,meta,template)').length"
    )
    assert visit.page.evaluate(foreign) == 0


def test_there_are_at_least_forty() -> None:
    assert len(set(PAYLOADS)) >= 40


def test_outline_and_documents(visit: Visit) -> None:
    visit.holds("#outline section", len(PAYLOADS))
    visit.page.click("#tab-documents")
    visit.holds("#documents .document", len(PAYLOADS))
    unharmed(visit)


def test_questions_answers_and_sources(visit: Visit) -> None:
    for number, payload in enumerate(PAYLOADS):
        asked = normalise(payload)
        state = "abstained" if number % 3 == 2 else "answered"
        if len(asked) > 2000:
            continue
        visit.ask(asked, state)
        if state == "answered":
            visit.page.click("#live .cite")
            visit.page.wait_for_function(
                "n => document.querySelector('#source .quote')?.textContent.includes(`hrase ${n}`)",
                arg=number,
            )
    unharmed(visit)


def test_kept_conversations_come_back_as_text(visit: Visit) -> None:
    turns = visit.page.locator(".turn").count()
    visit.page.reload()
    visit.page.wait_for_selector("body[data-ready]")
    visit.holds("#turns .turn", turns)
    visit.page.click("[data-do=conversations]")
    visit.holds("#talks li", 1)
    visit.page.keyboard.press("Escape")
    unharmed(visit)


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_exports_hold_text_only(visit: Visit, form: str, tmp_path: Path) -> None:
    visit.page.click("[data-do=conversations]")
    name = {"html": "HTML", "md": "Markdown", "json": "JSON"}[form]
    with visit.page.expect_download() as taken:
        visit.page.click(f"#talks button:text-is('{name}')")
    path = tmp_path / f"conversation.{form}"
    taken.value.save_as(path)
    visit.page.keyboard.press("Escape")
    text = path.read_text("utf-8")
    if form == "json":
        assert len(json.loads(text)["turns"]) > 40
    elif form == "html":
        visit.page.context.route("**", lambda route: route.continue_())
        other = visit.context.new_page()
        other.on("request", visit._request)
        other.goto("about:blank")
        other.set_content(text)
        assert other.evaluate("window.hit") is None
        assert other.locator("script,img,iframe,form,object").count() == 0
        other.close()
    else:
        assert "](http" not in text and "](javascript" not in text
        assert not any(line.startswith("<") for line in text.splitlines())
    unharmed(visit)


def test_feedback_is_stored_as_it_was_written(visit: Visit, index: Path) -> None:
    from assistant.settings import load_settings
    from assistant.ui.feedback import kept

    for payload in PAYLOADS[:5]:
        visit.page.locator("#turns .turn [data-do=bad]").last.click()
        visit.page.fill(".turn .doubt textarea", payload)
        visit.page.click(".turn .doubt button")
        visit.page.wait_for_selector(".turn .doubt", state="detached")
    comments = [row["comment"] for row in kept(load_settings(index=index))]
    assert comments == list(PAYLOADS[:5])
    unharmed(visit)


def test_a_question_of_a_hundred_thousand_characters(visit: Visit) -> None:
    visit.page.evaluate("document.querySelector('#question textarea').removeAttribute('maxlength')")
    visit.page.fill("#question textarea", "très longue question " * 5000)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(
        "#live:not([hidden]) .turn:is([data-state=answered],"
        "[data-state=abstained],[data-state=failed])"
    )
    assert len(visit.text("#live .asked")) <= 2001
    unharmed(visit)


def test_a_forged_record_is_refused_or_shown_as_text(visit: Visit) -> None:
    def post(record: dict[str, Any]) -> int:
        answer = visit.page.request.post(visit.url + "/page/turns", data={"turns": [record]})
        if answer.ok:
            visit.page.evaluate(
                "t => document.querySelector('#turns').innerHTML = t", answer.text()
            )
        return int(answer.status)

    fair = {
        "id": "abc",
        "question": PAYLOADS[0],
        "status": "answered",
        "language": "fr",
        "answer": PAYLOADS[15] + " [1]",
        "citations": [
            {
                "number": 1,
                "document": PAYLOADS[17],
                "unit_id": PAYLOADS[18],
                "unit": PAYLOADS[19],
                "path": [PAYLOADS[2]],
                "quote": PAYLOADS[3],
                "start": 0,
                "end": 5,
            }
        ],
    }
    assert post(fair) == 200
    visit.holds("#turns .cite[data-stale]", 1)
    unharmed(visit)
    assert post({**fair, "id": '"><script>'}) == 422
    assert post({**fair, "language": '"><script>'}) == 422
    assert post({**fair, "answer": "x" * 1_000_000}) == 422
