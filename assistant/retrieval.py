"""Question → units ranked by the evidence they hold; pure scoring with learned, named weights.

Two steps. *Recall*: candidates from every level (unit and clause by BM25; clause with and without
heading, and heading, by the encoder), each signal on a scale of its own that means the same in
every corpus, added with learned weights. *Reading*: the best of them are read, word by word
against the question, by the reader; its verdict joins the signals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from assistant.types import Corpus, Unit

if TYPE_CHECKING:
    from assistant.reader import Encoded

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

WEIGHTS = Path(__file__).with_name("weights.json")
RECALL = (
    "bm25_unit",
    "bm25_clause",
    "dense_titled",
    "dense_clause",
    "dense_heading",
    "dense_chunk",
)
CANDIDATES = 40
"""Units taken from each list of the recall step: more finds a little more and costs time."""
CLAUSES = 60
"""Passages taken from each list of clauses."""


class Lexical(Protocol):
    """BM25 over units and passages (see ``assistant.lexical``)."""

    def unit_scores(self, terms: Sequence[str]) -> Floats: ...
    def passage_scores(self, terms: Sequence[str]) -> Floats: ...
    def idf(self, term: str) -> float: ...
    def known(self, term: str) -> bool: ...


class Searchable(Corpus, Protocol):
    """What retrieval needs of one generation of an index (see ``assistant.store``)."""

    @property
    def unit_list(self) -> Sequence[Unit]: ...
    @property
    def first_passage(self) -> Ints: ...
    @property
    def titled_vectors(self) -> Floats: ...
    @property
    def clause_vectors(self) -> Floats: ...
    @property
    def heading_vectors(self) -> Floats: ...
    @property
    def first_chunk(self) -> Ints: ...
    @property
    def chunk_vectors(self) -> Floats: ...
    @property
    def lexical(self) -> Lexical: ...
    def nearest(self, vector: Floats, k: int) -> Sequence[tuple[int, float]]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """A question ready for the search: its terms by language, and its vectors.

    ``vector`` is the embedding model's, ``asked`` the question as the reader encodes it.
    """

    text: str
    language: str
    terms: Mapping[str, tuple[str, ...]]
    vector: Floats
    asked: Encoded | None = None


@lru_cache(maxsize=1)
def weights() -> Mapping[str, Any]:
    """Return the learned weights (``training/fusion.py`` made them, and says from what)."""
    loaded: Mapping[str, Any] = json.loads(WEIGHTS.read_text("utf-8"))
    return loaded


def ideal(corpus: Searchable, terms: Sequence[str]) -> float:
    """Return the BM25 score of a text that holds every term many times: the scale of a score."""
    return max(1e-6, 2.2 * sum(corpus.lexical.idf(term) for term in set(terms)))


def recall(corpus: Searchable, question: Question) -> tuple[Ints, Floats]:
    """Return the candidates (indices of units) and their signals ``(candidates, len(RECALL))``."""
    units = len(corpus.unit_list)
    clause = np.zeros(len(corpus.passages), np.float32)
    whole = np.zeros(units, np.float32)
    for terms in question.terms.values():
        scale = ideal(corpus, terms)
        np.maximum(clause, corpus.lexical.passage_scores(terms) / scale, out=clause)
        np.maximum(whole, corpus.lexical.unit_scores(terms) / scale, out=whole)
    heading = corpus.heading_vectors @ question.vector
    chunk = _by_unit(corpus, question)
    near = np.array([i for i, _ in corpus.nearest(question.vector, CLAUSES)], np.int64)
    chosen = np.unique(
        np.concatenate(
            [
                top(whole, CANDIDATES),
                top(heading, CANDIDATES // 2),
                top(chunk, CANDIDATES),
                owners(corpus.first_passage, top(clause, CLAUSES)),
                owners(corpus.first_passage, near),
            ]
        )
    )
    signals = np.zeros((len(chosen), len(RECALL)), np.float32)
    signals[:, 0] = whole[chosen]
    signals[:, 4] = heading[chosen]
    signals[:, 5] = chunk[chosen]
    ends = np.append(corpus.first_passage, len(corpus.passages))
    for row, unit in enumerate(chosen):
        start, end = ends[unit], ends[unit + 1]
        if start < end:
            signals[row, 1] = clause[start:end].max()
            signals[row, 2] = (corpus.titled_vectors[start:end] @ question.vector).max()
            signals[row, 3] = (corpus.clause_vectors[start:end] @ question.vector).max()
    return chosen, signals


def _by_unit(corpus: Searchable, question: Question) -> Floats:
    """Return how like the question each unit's best chunk is to the reader, 0 for none."""
    out = np.zeros(len(corpus.unit_list), np.float32)
    if question.asked is None or not len(corpus.chunk_vectors):
        return out
    scores = (corpus.chunk_vectors @ question.asked.mean).astype(np.float32)
    first = corpus.first_chunk
    some = np.append(first[1:], len(scores)) > first
    out[some] = np.maximum(0, np.maximum.reduceat(scores, first[some]))
    return out


def owners(first: Ints, places: Ints) -> Ints:
    """Return the unit that each place is in, ``first`` being where each unit begins."""
    return np.asarray(np.searchsorted(first, places, "right") - 1, np.int64)


def top(scores: Floats, count: int) -> Ints:
    """Return the indices of the ``count`` highest scores above 0, best first, ties by index."""
    count = min(count, len(scores))
    if not count:
        return np.empty(0, np.int64)
    kept = np.argpartition(-scores, count - 1)[:count]
    kept = kept[scores[kept] > 0]
    return np.asarray(kept[np.lexsort((kept, -scores[kept]))], np.int64)


def linear(signals: Floats, named: Mapping[str, float], names: Sequence[str]) -> Floats:
    """Return the weighted sum of each row of ``signals``, whose columns are ``names``."""
    return np.asarray(signals @ np.array([named.get(n, 0.0) for n in names]), np.float32)
