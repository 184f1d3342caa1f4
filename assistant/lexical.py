"""BM25 over the same passages, and over whole units; terms by the language of each document."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant import language
from assistant.types import Document, Passage, Unit

Floats = npt.NDArray[np.float32]

K1 = 1.2
"""Higher lets a term that is repeated in a text count for more; 0 counts only its presence."""
B = 0.75
"""Higher favours short texts; 0 ignores length."""
GAIN = K1 + 1
"""The most that a term can add to a score is ``GAIN * idf(term)``."""

_opening = threading.Lock()
"""numpy reads the head of its files with the parser of Python, one thread at a time."""

_PASSAGES, _UNITS = "passages", "units"
_ABSENT = ""
_PROBE = (
    "L'œuvre déclarée de 2024, aujourd'hui — the offices’ naïve reports: ministères, "
    "niños, Straße, разделы, المكاتب, 計画を立てる, แผนงาน, İstanbul'da"
)


class Lexical:
    """A loaded index: scores for all passages or all units, and how rare a term is."""

    def __init__(self, passages: Any, units: Any) -> None:
        self._passages = passages
        self._units = units
        self.vocabulary: Mapping[str, int] = _frequencies(passages)
        self._unit_frequencies = _frequencies(units)
        self._count = int(passages.scores["num_docs"])

    def passage_scores(self, terms: Sequence[str]) -> Floats:
        """Return the score of every passage; terms that occur nowhere are ignored."""
        return _scores(self._passages, terms)

    def unit_scores(self, terms: Sequence[str]) -> Floats:
        """Return the score of every unit; terms that occur nowhere are ignored."""
        return _scores(self._units, terms)

    def known(self, term: str) -> bool:
        """Return whether some passage or unit holds the term."""
        return term in self.vocabulary or term in self._unit_frequencies

    def idf(self, term: str) -> float:
        """Return how rare the term is among passages; a term that occurs nowhere is rarest."""
        frequency = self.vocabulary.get(term, 0)
        return float(np.log1p((self._count - frequency + 0.5) / (frequency + 0.5)))


def fingerprint() -> str:
    """Return a digest of how words become terms: an index made otherwise must be made anew."""
    found = [language.terms(_PROBE, name) for name in language.LANGUAGES]
    return hashlib.sha256(repr((found, K1, B)).encode()).hexdigest()[:12]


def passage_terms(document: Document, unit: Unit, passage: Passage) -> list[str]:
    """Return the terms of a passage and of the heading it stands under."""
    return language.terms(f"{unit.heading}\n{passage.text}", document.language)


def unit_terms(document: Document, unit: Unit) -> list[str]:
    """Return the terms of a unit: all headings above it, its own, and its text."""
    body = document.text[unit.start : unit.end]
    return language.terms("\n".join([*unit.path, body]), document.language)


def build(folder: Path, passages: Iterable[Sequence[str]], units: Iterable[Sequence[str]]) -> None:
    """Write the index of the terms of passages and units, in their order, into ``folder``."""
    for name, texts in ((_PASSAGES, passages), (_UNITS, units)):
        _build(folder / name, texts)


def load(folder: Path) -> Lexical:
    """Return the index in ``folder``, memory-mapped."""
    from bm25s import BM25

    with _opening:
        return Lexical(
            *(
                BM25.load(folder / name, mmap=True, allow_pickle=False, show_progress=False)
                for name in (_PASSAGES, _UNITS)
            )
        )


def _build(folder: Path, texts: Iterable[Sequence[str]]) -> None:
    from bm25s import BM25

    vocabulary: dict[str, int] = {_ABSENT: 0}
    rows = list(_numbered(texts, vocabulary))
    index = BM25(k1=K1, b=B, method="atire", idf_method="lucene")
    index.index((rows, vocabulary), create_empty_token=False, show_progress=False)
    index.save(folder, allow_pickle=False, show_progress=False)


def _numbered(texts: Iterable[Sequence[str]], vocabulary: dict[str, int]) -> Iterator[list[int]]:
    """Yield each text as numbers of terms; a text without any holds the absent term."""
    for terms in texts:
        yield [vocabulary.setdefault(t, len(vocabulary)) for t in terms if t] or [0]


def _frequencies(index: Any) -> dict[str, int]:
    """Return in how many texts each term occurs: the length of its list."""
    lengths = np.diff(index.scores["indptr"]).tolist()
    return {term: lengths[number] for term, number in index.vocab_dict.items() if term != _ABSENT}


def _scores(index: Any, terms: Sequence[str]) -> Floats:
    numbers = [index.vocab_dict[t] for t in terms if t and t in index.vocab_dict]
    scores: Floats = index.get_scores_from_ids(numbers)
    return scores
