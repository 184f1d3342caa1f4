"""The quality view: the last report, readers' words, and what is exported of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_server import Visit, browsing, running
from payloads import PAYLOADS
from test_page import AXE, QUESTION, SILENT, request, violations
from typer.testing import CliRunner

from assistant.__main__ import app
from assistant.settings import load_settings
from assistant.ui.feedback import kept
from assistant.ui.quality import Reports
from assistant.ui.verdicts import rows
from evals.questions import load_questions


def said(verdict: str, reason: str = "", **turn: Any) -> dict[str, Any]:
    """Return one reader's word, as it is kept."""
    quote = "L’atelier tient le registre national des optiques."
    citation = {
        "unit": "Atelier",
        "document": "a.md",
        "quote": quote,
        "start": 100,
        "end": 100 + len(quote),
        "marks": [[119, 140]],
    }
    answer = {
        "question": "Qui tient le registre ?",
        "status": "answered",
        "language": "fr",
        "citations": [citation],
    }
    return {"verdict": verdict, "reason": reason, "turn": {**answer, **turn}}


def test_a_good_answer_is_a_question_with_its_proof() -> None:
    (row,) = rows([said("good")])
    assert (row["answerable"], row["kind"], row["units"]) == (True, "fact", ["Atelier"])
    assert row["spans"] == ["registre national des"]


def test_marks_that_lie_outside_the_quote_are_not_believed() -> None:
    word = said("good")
    word["turn"]["citations"][0]["marks"] = [[0, 5], [120, 10_000], [130, 120]]
    assert rows([word])[0]["spans"] == [word["turn"]["citations"][0]["quote"]]


def test_what_should_be_silent_is_unanswerable() -> None:
    silent = said("good", status="abstained", citations=[], question="Autre ?")
    for row in rows([said("bad", "should_be_silent"), silent]):
        assert (row["answerable"], row["kind"], row["scope"]) == (False, "unanswerable", "near")


def test_other_wrong_answers_wait_for_a_person() -> None:
    word = said("bad", "wrong_place")
    assert rows([word]) == []
    (row,) = rows([word], unresolved=True)
    assert (row["units"], row["spans"]) == ([], [])


def test_the_last_word_on_a_question_counts_and_a_follow_up_is_written_out() -> None:
    assert rows([said("good"), said("bad", "other")]) == []
    (row,) = rows([said("good", question="Et là ?", understood="Qui tient le registre là ?")])
    assert row["question"] == "Qui tient le registre là ?"


@pytest.mark.parametrize("word", [{}, {"turn": None}, {"turn": {}}, {"verdict": "good", "turn": 3}])
def test_lines_that_are_no_feedback_are_left_out(word: dict[str, Any]) -> None:
    assert rows([word], unresolved=True) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"systems": {}}', '{"systems": {"a": 3}}'])
def test_a_result_that_cannot_be_read_is_no_report(tmp_path: Path, content: str) -> None:
    (tmp_path / "run-x.json").write_text(content)
    assert Reports(tmp_path).latest() is None


def test_a_report_on_other_questions_is_not_shown(tmp_path: Path) -> None:
    numbers = {"all": {"answer_language": [1.0, 1.0, 1.0, 24]}}
    made = (("run-a", "a"), ("run-a-questions-0123456789ab", "other"))
    for later, (name, commit) in enumerate(made):
        result = {"commit": commit, "systems": {"assistant": {"summary": {"check": numbers}}}}
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
        os.utime(tmp_path / f"{name}.json", (later, later))
    report = Reports(tmp_path).latest()
    assert report is not None and report.commit == "a"


# --- in a browser --------------------------------------------------------------------------

HOSTILE = PAYLOADS[0]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("quality")
    (folder / "reports").mkdir()
    group = {"unit@1": [0.7, 0.6, 0.8, 20], "answer_language": [1.0, 1.0, 1.0, 24]}
    groups = {"all": group, "kind=fact": group, "language=fr": group, f"kind={HOSTILE}": group}
    result = {"commit": HOSTILE, "systems": {"assistant": {"summary": {"check": groups}}}}
    (folder / "reports" / "run-1.json").write_text(json.dumps(result))
    (folder / "reports" / "run-1.html").write_text(
        "<!doctype html><title>R</title><h1>Report</h1><p id='p'>still</p>"
        "<script>document.querySelector('#p').textContent = 'runs';"
        "try { parent.document.title = 'taken'; } catch (e) { document.title = 'apart'; }"
        "fetch('/page/health').then(() => document.title = 'reached', () => {});</script>"
    )
    return {"index": folder / "index", "reports": folder / "reports"}


@pytest.fixture(scope="module")
def address(places: dict[str, Path]) -> Iterator[str]:
    with running("page_fake:opened", **places) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


def test_the_last_evaluation_is_shown_and_its_report_kept_apart(browser: Any, address: str) -> None:
    visit = Visit(browser, address).open()
    visit.page.click("#tab-quality")
    visit.page.wait_for_selector("#quality table")
    assert "24 questions" in visit.text("#quality .note")
    assert "70 %" in visit.text("#quality table")
    assert visit.page.evaluate("window.hit") is None
    assert visit.errors == []
    visit.page.click("[data-do=report]")
    frame = visit.page.frame_locator("#report iframe")
    assert frame.locator("#p").inner_text() == "runs"
    visit.page.wait_for_timeout(500)
    assert "taken" not in visit.page.title()
    inside = visit.page.frames[-1]
    assert inside.evaluate("document.title") == "apart"
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_selector("#report", state="detached")
    visit.context.close()


def test_the_report_stands_in_no_other_frame(address: str) -> None:
    _, headers, _ = request(address, "/page/report", headers={"Accept": "text/html"})
    assert "sandbox allow-scripts;" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "'unsafe-inline'; script" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"


def test_feedback_is_seen_and_becomes_questions(
    browser: Any, address: str, places: dict[str, Path], tmp_path: Path
) -> None:
    visit = Visit(browser, address).open()
    visit.ask(QUESTION)
    visit.page.click("#live [data-do=good]")
    visit.page.wait_for_selector("#live [data-do=good][aria-pressed=true]")
    visit.ask(SILENT, "abstained")
    visit.page.click("#live [data-do=bad]")
    visit.page.fill("#live .doubt textarea", HOSTILE)
    visit.page.click("#live .doubt button")
    visit.page.wait_for_selector("#live .doubt", state="detached")
    visit.page.click("#tab-quality")
    visit.page.wait_for_selector("#quality .said-list li >> nth=1")
    visit.says("#quality .said-list b", SILENT)
    assert visit.text("#quality .comment").strip() == HOSTILE
    assert (visit.page.evaluate("window.hit"), visit.outside, visit.errors) == (None, [], [])
    assert not AXE.exists() or violations(visit) == []
    visit.context.close()
    assert len(list(kept(load_settings(**places)))) == 2
    file = tmp_path / "questions.jsonl"
    command = ["feedback", "export", "--index", str(places["index"]), "--to", str(file)]
    assert CliRunner().invoke(app, command).exit_code == 0
    (question,) = load_questions(file)
    assert (question.question, question.units) == (QUESTION, ("Atelier des optiques",))
    assert CliRunner().invoke(app, [*command, "--unresolved"]).exit_code == 0
    assert len(load_questions(file)) == 2


def test_feedback_is_hidden_where_documents_may_not_be_changed(places: dict[str, Path]) -> None:
    with running("page_fake:opened", edit_documents="no", **places) as url:
        text = request(url, "/page/quality")[2]
    assert "said-list" not in text and "<table>" in text
