"""Chunks: a unit's passages as the reader sees them, a few at a time, below their heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.types import Document, Passage, Unit

CHUNK = 1200
"""Characters of a chunk: more gives the reader more context, and costs time once per chunk."""
DENSE_SCRIPT = 3
"""A character of Chinese, Japanese, Korean or Thai counts as so many."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Passages ``first`` to ``last`` (inclusive) of the corpus, all of one unit."""

    first: int
    last: int


def chunks(passages: Sequence[Passage], start: int, end: int) -> Iterator[Chunk]:
    """Yield the chunks of the unit whose passages are ``passages[start:end]``."""
    first, size = start, 0
    for i in range(start, end):
        width = sum(DENSE_SCRIPT if ord(c) > 0x0E00 else 1 for c in passages[i].text)
        if i > first and size + width > CHUNK:
            yield Chunk(first, i - 1)
            first, size = i, 0
        size += width
    if first < end:
        yield Chunk(first, end - 1)


def reader_input(
    chunk: Chunk, passages: Sequence[Passage], unit: Unit, document: Document
) -> tuple[str, int]:
    """Return what the reader sees, and what turns an offset in it into the document's."""
    head = " > ".join(unit.path[-2:]) + ". "
    start = passages[chunk.first].start
    return head + document.text[start : passages[chunk.last].end], start - len(head)
