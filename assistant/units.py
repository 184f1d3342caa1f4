"""Document → Units → Passages. Pure: the same document gives the same ids and slices."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from assistant.clauses import clauses, sentences
from assistant.types import Document, Heading, Passage, Unit

__all__ = ["CHUNKER_VERSION", "clauses", "sentences", "split"]

# Raise when the same document would give other units, passages or ids.
CHUNKER_VERSION = 1


def split(document: Document) -> tuple[list[Unit], list[Passage]]:
    """Return the units of ``document`` and their passages, both in the order of the text.

    Text before the first heading is a unit of level 0 under the document's title, above all
    others (its heading is not in the text: ``heading_start == heading_end``). A unit without
    text of its own has ``start == end`` and no passage.
    """
    units = list(_units(document))
    passages = [
        Passage(
            f"{unit.id}:{start:08d}", document.id, unit.id, document.text[start:end], start, end
        )
        for unit in units
        for start, end in clauses(
            document.text, unit.start, unit.end, document.language, document.noise
        )
    ]
    return units, passages


def _units(document: Document) -> Iterator[Unit]:
    above: list[Unit] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for heading, end in _sections(document):
        if above and above[0].level == 0 and heading.text == document.title:
            above.clear()  # the title itself, after all: not below itself
        while above and above[-1].level >= heading.level:
            above.pop()
        path = (*(above[-1].path if above else ()), heading.text)
        start, end = _trim(document.text, heading.end, end)
        unit = Unit(
            id=_identity(document.id, path, seen[path]),
            document=document.id,
            heading=heading.text,
            path=path,
            level=heading.level,
            heading_start=heading.start,
            heading_end=heading.end,
            start=start,
            end=end,
            parent=above[-1].id if above else None,
        )
        seen[path] += 1
        above.append(unit)
        yield unit


def _sections(document: Document) -> Iterator[tuple[Heading, int]]:
    headings = sorted(document.headings, key=lambda heading: heading.start)
    ends = [heading.start for heading in headings[1:]] + [len(document.text)]
    first = headings[0].start if headings else len(document.text)
    if document.text[:first].strip():
        yield Heading(document.title, 0, 0, 0), first
    yield from zip(headings, ends, strict=False)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    body = text[start:end]
    if not body.strip():
        return start, start
    return start + len(body) - len(body.lstrip()), start + len(body.rstrip())


def _identity(document: str, path: tuple[str, ...], ordinal: int) -> str:
    place = "\0".join([document, *path, str(ordinal)])
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:16]
