"""A generation of an index that lives in memory only: for learning, not for serving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from assistant import embeddings, lexical
from assistant.chunks import chunks, reader_input
from assistant.evidence import Searcher
from assistant.lexical import Lexical
from assistant.reader import Reader
from assistant.settings import load_settings
from assistant.types import Passage, Unit
from assistant.units import split
from training.corpora import Corpus, documents

Floats = npt.NDArray[np.float32]
_numbers = count()
BATCH = 64
"""Chunks encoded at once."""


class Memory:
    """One corpus, ready to be searched; what ``assistant.retrieval.Searchable`` asks for.

    ``encode`` turns texts into rows of length 1; without a ``reader`` there are no chunks.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        encode: Callable[[Sequence[str]], Floats],
        reader: Reader | None = None,
    ) -> None:
        # What is derived from a corpus is kept by its generation.
        self.generation = f"memory-{next(_numbers)}"
        self.documents = {document.id: document for document in documents(files)}
        self.unit_list: list[Unit] = []
        self.passages: list[Passage] = []
        first: list[int] = []
        for document in self.documents.values():
            units, passages = split(document)
            for unit in units:
                first.append(len(self.passages))
                self.passages += [p for p in passages if p.unit == unit.id]
            self.unit_list += units
        self.units = {unit.id: unit for unit in self.unit_list}
        self.first_passage = np.array(first, np.int64)
        pairs = [(self.units[p.unit], p) for p in self.passages]
        self.titled_vectors = encode([embeddings.passage_input(u, p) for u, p in pairs])
        self.clause_vectors = encode([p.text for p in self.passages])
        self.heading_vectors = encode([u.heading for u in self.unit_list])
        self.lexical = lexical_index(
            (lexical.passage_terms(self.documents[p.document], u, p) for u, p in pairs),
            (lexical.unit_terms(self.documents[u.document], u) for u in self.unit_list),
        )
        self.first_chunk, self.chunk_vectors = self._chunks(reader)

    def _chunks(self, reader: Reader | None) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return where each unit's chunks begin, and the vector of every chunk."""
        first: list[int] = []
        texts: list[str] = []
        ends = [*self.first_passage.tolist(), len(self.passages)]
        for unit, start, end in zip(self.unit_list, ends, ends[1:], strict=False):
            first.append(len(texts))
            document = self.documents[unit.document]
            for chunk in chunks(self.passages, start, end):
                texts.append(reader_input(chunk, self.passages, unit, document)[0])
        if reader is None or not texts:
            return np.zeros(len(first), np.int64), np.zeros((0, 0), np.float32)
        vectors = [
            encoded.mean
            for at in range(0, len(texts), BATCH)
            for encoded in reader.encode(texts[at : at + BATCH], "passage")
        ]
        return np.array(first, np.int64), np.array(vectors, np.float32)

    def nearest(self, vector: Floats, k: int) -> list[tuple[int, float]]:
        """Return the ``k`` passages (with their headings) nearest to ``vector``, best first."""
        scores = self.titled_vectors @ vector
        return [(int(i), float(scores[i])) for i in np.argsort(-scores, kind="stable")[:k]]

    @staticmethod
    def opener() -> Callable[[Corpus], Searcher]:
        """Return what makes a corpus searchable, with the models that the settings name."""
        settings = load_settings()
        encoder = embeddings.load(settings)
        reader = Reader(embeddings.threads(settings))

        def searcher(corpus: Corpus) -> Searcher:
            return Searcher(Memory(corpus.files, encoder.encode, reader), encoder, reader)

        return searcher


def lexical_index(passages: Iterable[Sequence[str]], units: Iterable[Sequence[str]]) -> Lexical:
    """Return BM25 over the terms of passages and of units."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lexical.build(Path(folder), passages, units)
        return lexical.load(Path(folder))
