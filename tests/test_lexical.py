"""BM25: scores of passages and units, terms by language."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from assistant import lexical
from assistant.types import Document, Passage, Unit

PASSAGES = [["a", "b", "a"], ["b"], [], ["c", "d"]]
UNITS = [["a", "b"], ["b", "c"], []]


@pytest.fixture
def index(tmp_path: Path) -> lexical.Lexical:
    lexical.build(tmp_path, PASSAGES, UNITS)
    return lexical.load(tmp_path)


def expected(term: str, texts: list[list[str]], row: int) -> float:
    """BM25 as its inventors wrote it, with Lucene's idf; an empty text counts as one word."""
    mean = sum(max(1, len(text)) for text in texts) / len(texts)
    holds = sum(term in text for text in texts)
    idf = math.log(1 + (len(texts) - holds + 0.5) / (holds + 0.5))
    count = texts[row].count(term)
    length = 1 - lexical.B + lexical.B * len(texts[row]) / mean
    return idf * count * (lexical.K1 + 1) / (count + lexical.K1 * length)


@pytest.mark.parametrize("term", ["a", "b", "c", "d"])
def test_scores_are_bm25(index: lexical.Lexical, term: str) -> None:
    for row, score in enumerate(index.passage_scores([term])):
        assert score == pytest.approx(expected(term, PASSAGES, row), rel=1e-5)
    for row, score in enumerate(index.unit_scores([term])):
        assert score == pytest.approx(expected(term, UNITS, row), rel=1e-5)


def test_terms_add_up_and_unknown_ones_are_ignored(index: lexical.Lexical) -> None:
    both = index.passage_scores(["a", "b", "unknown", ""])
    np.testing.assert_allclose(
        both, index.passage_scores(["a"]) + index.passage_scores(["b"]), rtol=1e-6
    )
    assert both.dtype == np.float32


@pytest.mark.parametrize("terms", [[], [""], ["unknown"]])
def test_nothing_known_scores_zero(index: lexical.Lexical, terms: list[str]) -> None:
    np.testing.assert_array_equal(index.passage_scores(terms), np.zeros(4))
    np.testing.assert_array_equal(index.unit_scores(terms), np.zeros(3))


def test_frequencies_and_rarity(index: lexical.Lexical) -> None:
    assert index.vocabulary == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert index.known("d")
    assert not index.known("zz")
    assert not index.known("")
    assert index.idf("zz") > index.idf("a") > index.idf("b") > 0


def test_an_index_without_any_term_loads(tmp_path: Path) -> None:
    lexical.build(tmp_path, [[]], [[], []])
    index = lexical.load(tmp_path)
    assert index.passage_scores(["a"]).tolist() == [0]
    assert index.vocabulary == {}


def test_terms_follow_the_language_of_the_document() -> None:
    text = "Les œuvres déclarées."
    document = Document("d", "t", text, "", "fr")
    unit = Unit("u", "d", "Les musées", ("Culture", "Les musées"), 2, 0, 0, 0, len(text))
    passage = Passage("p", "d", "u", text, 0, len(text))
    own = lexical.passage_terms(document, unit, passage)
    whole = lexical.unit_terms(document, unit)
    assert set(own) < set(whole)
    assert len(own) == 3


def test_the_fingerprint_tells_other_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    first = lexical.fingerprint()
    assert first == lexical.fingerprint()
    monkeypatch.setattr("assistant.language.terms", lambda text, language: text.split())
    assert lexical.fingerprint() != first
