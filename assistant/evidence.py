"""Evidence for a question: candidates recalled, read, ranked, and how far they can be trusted.

The weights are learned (``training/fusion.py``) and the same for every corpus.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from assistant import language
from assistant.kinds import asked_for
from assistant.names import counts
from assistant.reader import Reader
from assistant.reading import Read, UnitReader
from assistant.retrieval import (
    RECALL,
    Floats,
    Ints,
    Question,
    Searchable,
    linear,
    recall,
    top,
    weights,
)
from assistant.tree import kinds_of, qualities_of
from assistant.types import Hit, Passage, Unit


@dataclass(frozen=True, slots=True)
class Breadth:
    """How far a search goes: ``results`` units come back, of which the first ``units`` are read,
    in ``windows`` windows. More finds an answer that the recall step ranked low, and costs time.
    A unit that stands more than ``reach`` behind the best before anything is read is left unread.
    """

    results: int
    units: int
    windows: int
    reach: float = math.inf


THOROUGH = Breadth(results=10, units=8, windows=10)
"""For a search, which shows a passage of each unit, and to learn from."""
USUAL = replace(THOROUGH, reach=1.0)
"""For an answer: reading what is further behind changed no answer, and takes twice the time."""
QUOTES = 40
"""Passages of a unit that are kept in its evidence."""
_NO_QUOTE = {"span": -12.0}
NAMED, APART = 0.5, 0.1
"""A phrase means a heading when they are so like each other, and the next heading so much less."""
KEPT = 20_000
"""Passages whose terms are kept."""
WIDE = Breadth(results=30, units=30, windows=40)
"""For questions that ask for every unit that…"""


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage that may answer, the words of it that do, and what speaks for it."""

    passage: Passage
    mark: tuple[int, int]
    score: float
    signals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit (the corpus' number ``place``), what speaks for it, and its passages, best first."""

    unit: Unit
    place: int
    score: float
    signals: Mapping[str, float]
    read: Read | None = None
    quotes: tuple[Quote, ...] = ()

    @property
    def passage(self) -> Passage | None:
        """The passage that answers best, None when the unit was not read."""
        return self.quotes[0].passage if self.quotes else None

    def hit(self) -> Hit:
        return Hit(self.unit, self.passage, self.score, dict(self.signals))


@dataclass(frozen=True, slots=True)
class Found:
    """What the search brought: evidence, best first, and the confidence that the best answers."""

    evidence: tuple[Evidence, ...]
    confidence: float
    features: Mapping[str, float]


class Encoder(Protocol):
    """The embedding model, for questions."""

    def encode_query(self, text: str) -> Floats: ...


class Searcher:
    """Finds evidence in one generation of an index. Any thread may use it."""

    def __init__(self, corpus: Searchable, encoder: Encoder, reader: Reader | None) -> None:
        self.corpus = corpus
        self._encoder = encoder
        self.languages = counts(corpus).languages
        self._reader = reader
        self._units = UnitReader(reader, corpus) if reader else None
        self._ends = np.append(corpus.first_passage, len(corpus.passages)).tolist()
        self._terms = lru_cache(maxsize=KEPT)(self._passage_terms)

    def question(self, text: str, spoken: str, more: Sequence[str] = ()) -> Question:
        """Return the question ready for the search; ``more`` are other names of what it names."""
        whole = " ".join([text, *more])
        terms = {name: tuple(language.terms(whole, name)) for name in self.languages}
        asked = self._reader.encode([text], "question")[0] if self._reader else None
        return Question(text, spoken, terms, self._encoder.encode_query(text), asked)

    def named(self, phrase: str) -> list[tuple[str, float]]:
        """Return the one unit (id, score) whose heading ``phrase`` means, in any language."""
        scores = self.corpus.heading_vectors @ self._encoder.encode_query(phrase)
        best, second = (*top(scores, 2), None, None)[:2]
        if best is None or scores[best] < NAMED:
            return []
        if second is not None and scores[best] - scores[second] < APART:
            return []
        return [(self.corpus.unit_list[best].id, float(scores[best]))]

    def find(
        self, question: Question, breadth: Breadth = USUAL, leave_out: Sequence[int] = ()
    ) -> Found:
        """Return the evidence for a question.

        ``leave_out`` are units treated as if they were not there: to learn and measure silence.
        """
        chosen, signals = recall(self.corpus, question)
        kept = ~np.isin(chosen, leave_out)
        chosen, signals = chosen[kept], signals[kept]
        if not len(chosen):
            return Found((), 0.0, {})
        first = linear(signals, weights()["recall"], RECALL)
        order = np.lexsort((chosen, -first))[: breadth.results]
        chosen, signals, first = chosen[order], signals[order], first[order]
        read = self._read(question, chosen, first, breadth)
        ranked = sorted(
            (
                self._evidence(question, int(unit), row, float(score), read.get(int(unit)))
                for unit, row, score in zip(chosen, signals, first, strict=True)
            ),
            key=lambda e: (-e.score, e.unit.id),
        )
        features = self.describe(question, ranked)
        return Found(tuple(ranked), probability("confidence", features), features)

    def _passage_terms(self, place: int) -> frozenset[str]:
        """Return the terms of a passage, without its heading."""
        passage = self.corpus.passages[place]
        spoken = self.corpus.documents[passage.document].language
        return frozenset(language.terms(passage.text, spoken))

    def _read(
        self, question: Question, chosen: Ints, first: Floats, breadth: Breadth
    ) -> dict[int, Read]:
        if self._units is None or question.asked is None:
            return {}
        ends = self._ends
        units = [int(u) for u in chosen[: breadth.units] if ends[u] < ends[u + 1]]
        rank = weights()["rank"]
        recalled = dict(zip(chosen.tolist(), first.tolist(), strict=True))
        return self._units.read(
            question.asked,
            units,
            {u: self._interest(question, u) for u in units},
            breadth.windows,
            lambda unit, words: rank["recall"] * recalled[unit] + rank["words"] * words,
            breadth.reach,
        )

    def _interest(self, question: Question, unit: int) -> Floats:
        """Return for each passage of the unit how much it promises before it is read."""
        start, end = self._ends[unit], self._ends[unit + 1]
        worth = self.corpus.titled_vectors[start:end] @ question.vector
        worth = worth + self.corpus.clause_vectors[start:end] @ question.vector
        terms = question.terms[self._language(unit)]
        shared = [self._shared(terms, i) for i in range(start, end)]
        return np.asarray(worth + np.array(shared, np.float32), np.float32)

    def _language(self, unit: int) -> str:
        return self._spoken(self.corpus.unit_list[unit])

    def _spoken(self, unit: Unit) -> str:
        return self.corpus.documents[unit.document].language

    def _evidence(
        self, question: Question, unit: int, signals: Floats, first: float, read: Read | None
    ) -> Evidence:
        named = dict(zip(RECALL, (float(s) for s in signals), strict=True))
        quotes = self._quotes(question, read) if read else []
        named |= {"recall": first, "unread": float(read is None)}
        named["answer"] = read.answer if read else 0.0
        named["words"] = read.words if read else 0.0
        named["shared"] = max((q.signals["shared"] for q in quotes), default=0.0)
        score = sum(weight * named[name] for name, weight in weights()["rank"].items())
        return Evidence(self.corpus.unit_list[unit], unit, score, named, read, tuple(quotes))

    def _quotes(self, question: Question, read: Read) -> list[Quote]:
        """Return the passages that were read, the one that answers best first."""
        learned = weights()["quote"]
        quotes: list[Quote] = []
        if not read.passages:
            return quotes
        unit = self.corpus.units[self.corpus.passages[next(iter(read.passages))].unit]
        titled = set(language.terms(unit.heading, self._spoken(unit)))
        beyond = [t for t in question.terms[self._spoken(unit)] if t not in titled]
        for i, place in read.passages.items():
            passage = self.corpus.passages[i]
            spoken = self.corpus.documents[passage.document].language
            signals = {
                "span": place.span,
                "words": place.words,
                "mean": place.mean,
                "titled": float(self.corpus.titled_vectors[i] @ question.vector),
                "shared": self._shared(question.terms[spoken], i),
                "news": place.news,
                "news_shared": self._shared(beyond, i),
            }
            score = sum(weight * signals[name] for name, weight in learned.items())
            quotes.append(Quote(passage, place.mark, score, signals))
        return sorted(quotes, key=lambda q: (-q.score, q.passage.start))[:QUOTES]

    def _shared(self, terms: Sequence[str], place: int) -> float:
        """Return the share of the question's terms, by rarity, that the passage holds."""
        idf = {term: self.corpus.lexical.idf(term) for term in set(terms)}
        shared = sum(idf[term] for term in self._terms(place).intersection(idf))
        return shared / max(1e-6, sum(idf.values()))

    def membership(self, question: Question, ranked: Sequence[Evidence]) -> list[dict[str, float]]:
        """Return for each piece of evidence what tells whether its unit belongs to the answer of a
        question that several units answer: what the confidence is judged by, how far it stands
        behind the best and in which place, how much less of the question it says than the one
        that says most, and whether its heading says the kind of unit asked for (1, -1; 0 when no
        heading does)."""
        wanted, quality = asked_for(question.text)
        fits = [
            bool(wanted & kinds_of(e.unit.heading)) and quality <= qualities_of(e.unit.heading)
            for e in ranked
        ]
        some = any(fits)
        rows = [self.describe(question, [evidence]) for evidence in ranked]
        most = max((row["passage_terms"] for row in rows), default=0.0)
        return [
            {
                **row,
                "words": evidence.signals["words"],
                "behind": ranked[0].score - evidence.score,
                "place": math.log(place),
                "short": most - row["passage_terms"],
                "kind": float(fit) * 2 - 1 if some else 0.0,
            }
            for place, (row, evidence, fit) in enumerate(zip(rows, ranked, fits, strict=True), 1)
        ]

    def describe(self, question: Question, ranked: Sequence[Evidence]) -> dict[str, float]:
        """Return what the confidence is judged by: the reader's verdict on the best unit and how
        sure it is of the words, and how much of the question the quote says and the documents do
        not know at all."""
        best = ranked[0]
        quote = best.quotes[0].signals if best.quotes else _NO_QUOTE
        spoken = self._language(best.place)
        same = float(question.language == spoken)
        idf = {t: self.corpus.lexical.idf(t) for t in question.terms[spoken]}
        total = max(1e-6, sum(idf.values()))
        near = set(language.terms(best.unit.heading, spoken))
        if best.passage:
            near |= set(language.terms(best.passage.text, spoken))
        unknown = [t for t in idf if not self.corpus.lexical.known(t)]
        return {
            "answer": best.signals["answer"],
            "span": quote["span"],
            # What shared terms say is known only when question and text are in one language.
            "passage_terms": same * sum(idf[t] for t in near.intersection(idf)) / total,
            "unknown_terms": same * sum(idf[t] for t in unknown) / total,
            "same": same,
        }


def probability(name: str, features: Mapping[str, float]) -> float:
    """Return what a logistic model makes of the features (learned): ``confidence``, whether the
    best evidence answers, or ``member``, whether a unit belongs to an answer of several."""
    learned = weights()[name]
    total = float(learned["bias"])
    for name, value in features.items():
        total += learned.get(name, 0.0) * value
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
