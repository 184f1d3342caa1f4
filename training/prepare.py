"""Corpora → what the reader learns from: texts and questions encoded, spans found, units ranked.

Texts are cut, headed and encoded by the code that serves them, so the network learns on what it
will be given. All of it stays in memory: about 3 GB for the public sets.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant import language, lexical
from assistant.chunks import chunks, reader_input
from assistant.reader import Encoded, Reader
from assistant.types import Document, Passage, Unit
from assistant.units import split
from training.corpora import (
    NUMBERED,
    Asked,
    Corpus,
    about_piaf,
    documents,
    piaf,
    squad2,
    written,
    xquad,
)
from training.memory import lexical_index
from training.noise import noisy

RANKED = 10
"""Units kept for a question: the right one must be told from them."""
LEXICAL = 0.15
"""Worth of the best BM25 score beside a cosine, in that ranking."""
NOISED = 0.25
"""Share of the questions that are learned from a second time, as typed in a hurry."""
SPANS = 3


@dataclass(frozen=True, slots=True)
class Text:
    """A chunk as the reader sees it. ``head`` counts the characters of its heading line; ``shift``
    turns an offset in ``text`` into one in the unit's own text; ``passages`` are its passages, as
    offsets in ``text``.
    """

    text: str
    head: int
    shift: int
    encoded: Encoded
    passages: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer stands: characters ``start`` to ``end`` of the unit's text ``text``."""

    text: int
    start: int
    end: int


Edition = Mapping[str, Sequence[Text]]
"""The texts of each unit, by its heading, in one language."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question to learn from. ``unit`` answers it, or only seems to when ``places`` are empty.

    ``places`` has one tuple per edition; ``ranked`` are the likeliest units, ``unit`` included and
    those of ``also`` left out, which answer as well.
    """

    kind: str
    asked: Encoded
    unit: str | None
    places: tuple[tuple[Place, ...], ...]
    ranked: tuple[str, ...]
    also: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        return any(self.places)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One set: the same units in one or more languages, and the questions about them."""

    name: str
    editions: Sequence[Edition]
    learned: Sequence[Example]
    held: Sequence[Example]


def prepare(
    reader: Reader,
    kind: str,
    corpora: Sequence[Corpus],
    extra: Mapping[str, Sequence[Asked]] | None = None,
    limit: int = 0,
) -> Prepared:
    """Return the set made of ``corpora``, which hold the same units in different languages.

    ``kind`` is that of its examples; ``extra`` are more questions, by kind, about the first
    corpus. With ``limit`` only so many files are taken, and the questions about them.
    """
    editions: list[Edition] = []
    rankers = []
    for corpus in corpora:
        read = documents(dict(sorted(corpus.files.items())[: limit or None]))
        edition, ranker = _edition(reader, read)
        editions.append(edition)
        rankers.append(ranker)
    answers = [{asked.id: asked for asked in corpus.questions} for corpus in corpora]
    units = {None, *editions[0]}
    rng = random.Random(7)
    learned: list[Example] = []
    held: list[Example] = []
    for number, corpus in enumerate(corpora):
        own = [*corpus.questions, *(asked for listed in corpus.lists for asked in listed.each())]
        sources = [(kind, own), *((extra or {}).items() if number == 0 else ())]
        for name, questions in sources:
            known = [q for q in questions if (q.unit or q.inside) in units]
            if name == kind:
                known += _noised(known, rng)
            asked = _questions(reader, [q.text for q in known])
            for question, encoded in zip(known, asked, strict=True):
                versions = [found.get(question.id, question) for found in answers]
                example = Example(
                    name,
                    encoded,
                    question.unit or question.inside,
                    tuple(_places(v, e) for v, e in zip(versions, editions, strict=True)),
                    rankers[number](question, encoded),
                    question.also,
                )
                if question.unit is None or example.answered:
                    (held if question.held else learned).append(example)
    return Prepared(corpora[0].name, editions, learned, held)


def load(reader: Reader, data: Path, limit: int = 0) -> list[Prepared]:
    """Return every set, encoded; with ``limit`` only so many files of each."""
    french = piaf(data)
    sets = [
        prepare(reader, "public", [french], {"about": about_piaf(french.questions)}, limit),
        prepare(reader, "public", [squad2(data)], limit=limit),
        prepare(reader, "parallel", xquad(data), limit=limit),
    ]
    ours = list(written())[: limit or None]
    return sets + [prepare(reader, "written", [corpus]) for corpus in ours]


def _noised(questions: Sequence[Asked], rng: random.Random) -> list[Asked]:
    drawn = [q for q in questions if not q.held and rng.random() < NOISED]
    return [replace(q, text=noisy(q.text, rng)) for q in drawn]


def _questions(reader: Reader, texts: Sequence[str], at_once: int = 256) -> list[Encoded]:
    parts = (texts[at : at + at_once] for at in range(0, len(texts), at_once))
    return [encoded for part in parts for encoded in reader.encode(part, "question")]


def _edition(reader: Reader, read: Sequence[Document]) -> tuple[Edition, _Ranker]:
    """Return the texts of the documents by unit, and what ranks the units."""
    texts: dict[str, list[Text]] = {}
    terms: dict[str, list[str]] = {}
    for document in read:
        units, passages = split(document)
        for unit in units:
            own = [p for p in passages if p.unit == unit.id]
            if own:
                texts.setdefault(unit.heading, []).extend(_texts(reader, document, unit, own))
                found = lexical.unit_terms(document, unit)
                terms.setdefault(unit.heading, []).extend(found)
    return texts, _Ranker(texts, terms.values(), read[0].language)


def _texts(
    reader: Reader, document: Document, unit: Unit, passages: Sequence[Passage]
) -> Iterator[Text]:
    """Yield the unit's chunks; the number of a public set's paragraph is not shown."""
    shown = replace(unit, path=tuple(part for part in unit.path if not part.startswith(NUMBERED)))
    inputs = [
        (passages[chunk.first : chunk.last + 1], *reader_input(chunk, passages, shown, document))
        for chunk in chunks(passages, 0, len(passages))
    ]
    encoded = reader.encode([text for _, text, _ in inputs], "passage")
    for (inside, text, shift), one in zip(inputs, encoded, strict=True):
        places = tuple((p.start - shift, p.end - shift) for p in inside)
        yield Text(text, inside[0].start - shift, shift - unit.start, one, places)


class _Ranker:
    """Ranks an edition's units for a question, by words and by the base model."""

    def __init__(self, edition: Edition, terms: Iterable[Sequence[str]], spoken: str) -> None:
        self._headings = list(edition)
        self._language = spoken
        self._vectors = np.array([t.encoded.mean for texts in edition.values() for t in texts])
        self._first = np.cumsum([0, *(len(texts) for texts in edition.values())])[:-1]
        indexed = list(terms)
        self._lexical = lexical_index(indexed, indexed)

    def __call__(self, question: Asked, encoded: Encoded) -> tuple[str, ...]:
        near = np.maximum.reduceat(self._vectors @ encoded.mean, self._first)
        words = self._lexical.unit_scores(language.terms(question.text, self._language))
        scores = near + LEXICAL * words / max(1e-6, float(words.max()))
        best = (self._headings[i] for i in np.argsort(-scores, kind="stable"))
        return tuple(islice((one for one in best if one not in question.also), RANKED))


def _places(asked: Asked, edition: Edition) -> tuple[Place, ...]:
    """Return where the question's spans stand in its unit."""
    texts = edition.get(asked.unit or "", ())
    starts = asked.starts or (0,) * len(asked.spans)
    spans = list(zip(asked.spans, starts, strict=True))[:SPANS]
    found = [locate([(t.text, t.head, t.shift) for t in texts], *span) for span in spans]
    return tuple(place for place in found if place)


def locate(texts: Sequence[tuple[str, int, int]], span: str, start: int) -> Place | None:
    """Return where ``span`` stands nearest to ``start``, an offset in the unit's own text.

    Each text comes with the end of its heading line, before which nothing is looked for, and its
    shift (see ``Text``).
    """
    wanted = " ".join(language.normalise(span).split())
    best: tuple[int, Place] | None = None
    for number, (text, head, shift) in enumerate(texts):
        at = text.find(wanted, head) if wanted else -1
        while at >= 0:
            distance = abs(at + shift - start)
            if best is None or distance < best[0]:
                best = distance, Place(number, at, at + len(wanted))
            at = text.find(wanted, at + 1)
    return best[1] if best else None


def tokens(window: Encoded, start: int, end: int) -> tuple[int, int] | None:
    """Return the first and last token of the window that touch the characters, or None."""
    offsets: npt.NDArray[np.int32] = window.offsets
    real = offsets[:, 1] > offsets[:, 0]
    found = np.flatnonzero(real & (offsets[:, 1] > start) & (offsets[:, 0] < end))
    return (int(found[0]), int(found[-1])) if len(found) else None
