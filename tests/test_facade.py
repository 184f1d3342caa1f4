"""Three lines of Python, and the examples, over a real index with the real models."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_server import running

import assistant
from assistant import Assistant
from assistant.errors import IndexMissing, SettingError
from assistant.ingest import ingest
from assistant.settings import load_settings

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
QUESTION = "Qui dirige le service des prêts ?"
MANUAL = """# Médiathèque de Brévannes

La médiathèque accueille le public du mardi au samedi.

## Service des prêts

Le service des prêts enregistre les abonnés et gère les retours. Il est dirigé par Odile Vasseur.

## Atelier de reliure

L’atelier de reliure répare les ouvrages abîmés avec le concours du lycée Jean-Moulin.
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("facade")
    (folder / "documents").mkdir()
    (folder / "documents" / "manuel.md").write_text(MANUAL, "utf-8")
    made = load_settings(knowledge=folder / "documents", index=folder / "index", threads=1)
    ingest([made.knowledge], made)
    return made.index


@pytest.fixture(scope="module")
def opened(index: Path) -> Assistant:
    return Assistant.open(index, threads=1)


def test_three_lines_give_a_proved_answer(opened: Assistant) -> None:
    answer = opened.ask(QUESTION)
    (citation,) = answer.citations
    text = opened.corpus.documents[citation.document].text
    assert "Odile Vasseur" in text[citation.start : citation.end] == citation.quote
    *pieces, last = opened.stream(QUESTION)
    assert "".join(map(str, pieces)) == answer.text
    assert last.citations == answer.citations  # type: ignore[union-attr]
    assert opened.search("reliure des ouvrages", 1)[0].unit.heading == "Atelier de reliure"


def test_it_is_a_step_of_a_langchain_chain(opened: Assistant) -> None:
    found = opened.as_retriever(top_k=1).invoke("reliure des ouvrages")
    assert [document.metadata["unit"] for document in found] == ["Atelier de reliure"]
    assert "Odile Vasseur" in str(opened.as_runnable().invoke(QUESTION).text)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="assistant ingest"):
        Assistant.open(tmp_path / "none")
    with pytest.raises(SettingError, match="ASSISTANT_LANGUAGE"):
        Assistant.open(tmp_path, language="xx")
    with pytest.raises(AttributeError, match="Asistant"):
        _ = assistant.Asistant


def test_importing_it_loads_nothing() -> None:
    code = "import sys, assistant; sys.exit('numpy' in sys.modules or 'pydantic' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


# --- examples ------------------------------------------------------------------------------


@pytest.fixture
def example(
    index: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[object]:
    monkeypatch.setenv("ASSISTANT_INDEX", str(index))
    monkeypatch.setenv("ASSISTANT_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(name: str, *words: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *words])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capfd.readouterr().out

    yield run


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert all(f'example("{file.name}"' in text for file in EXAMPLES.glob("*.py"))


def test_the_examples_in_python(example: object) -> None:
    assert callable(example)
    assert "[1] manuel.md › Médiathèque de Brévannes" in example("ask.py", QUESTION)
    assert "Service des prêts — Il est dirigé" in example("langchain_runnable.py", QUESTION)
    assert "Atelier de reliure" in example("langchain_retriever.py", "reliure des ouvrages")


def test_the_example_of_the_openai_client(example: object, index: Path) -> None:
    pytest.importorskip("openai")
    assert callable(example)
    with running("assistant.build:open_assistant", index=index, threads=1) as address:
        shown = example("openai_client.py", QUESTION, address)
    assert "Odile Vasseur" in shown
    assert f"{address}/#unit=" in shown


def test_the_example_of_the_mcp_client(
    example: object, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mcp")
    assert callable(example)
    monkeypatch.chdir(ROOT)
    shown = example("mcp_client.py", QUESTION, "--index", str(index))
    assert "['ask', 'search', 'read_unit']" in shown
    assert "Odile Vasseur" in shown
