"""One turn of a conversation: question and history → what is meant → evidence → answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from assistant import extract, language, names, phrases
from assistant.conversation import Query, remembered, understand
from assistant.evidence import THOROUGH, USUAL, WIDE, Evidence, Found, Quote, Searcher, probability
from assistant.extract import Asked, Proof
from assistant.generate import Writer, harmless
from assistant.outline import Outline, ask_outline
from assistant.restate import EARLIER, Restater, Said
from assistant.retrieval import Question, weights
from assistant.targets import met
from assistant.types import Answer, Citation, Hit, Unit

RETRIEVED = 10
"""Units named in an answer's record."""
REMEMBERED = 500
"""Earlier questions whose answering unit is kept."""
LISTED = 12
"""Units quoted at most in an answer of several units."""
HEADINGS = 200
"""Headings listed at most in an answer about the heading tree, which counts all of them."""
MARKED = -2.0
"""Log-probability of the words that answer from which on they are marked."""
SHOWN, OF_EACH = 10, 3
"""Passages a language model is shown beside those that would be quoted, and of one unit."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn on its way: each step fills in more. ``question`` is None where none is searched.

    ``cut`` is whether only the beginning of what was asked is read.
    """

    asked: str
    query: Query
    outline: Outline | None
    found: Found
    question: Question | None = None
    cut: bool = False


class Turns:
    """Answers questions from one generation of an index. Any thread may use it."""

    def __init__(
        self,
        searcher: Searcher,
        default: str,
        limit: int,
        glossary: str = "",
        without: frozenset[str] = frozenset(),
        writer: Writer | None = None,
        restater: Restater | None = None,
    ) -> None:
        self.searcher = searcher
        self._writer = writer
        self._restater = restater
        # A word or two may be in any language: most likely in that of the documents.
        spoken = searcher.languages
        self._default = spoken[0] if len(spoken) == 1 else default
        self._limit = limit
        self._without = without
        self._names = names.learn(searcher.corpus, glossary)
        self._earlier: dict[str, str | None] = {}

    def answer(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return the answer, with the seconds it took."""
        *_, answer = self.stream(question, history)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]:
        """Yield the answer's text in pieces, then the Answer, with the seconds it took."""
        began = time.perf_counter()
        turn = self.look(self.understand(question, history))
        for piece in self.tell(turn, self.decide(turn)):
            if isinstance(piece, Answer):
                piece = replace(piece, seconds=time.perf_counter() - began)
            yield piece

    def search(self, query: str, top_k: int) -> tuple[Hit, ...]:
        """Return the units found for ``query``, best first."""
        found = self.searcher.find(self._searched(query), THOROUGH)
        return tuple(e.hit() for e in found.evidence[:top_k])

    def understand(self, question: str, history: Sequence[str]) -> Turn:
        """Return what the question stands for."""
        corpus = self.searcher.corpus
        text = language.normalise(question).strip()
        cut = len(text) > self._limit
        text = text[: self._limit].strip()
        query = self._read(text, [language.normalise(h)[: self._limit].strip() for h in history])
        outline = None
        if "outline" not in self._without:
            outline = ask_outline(query, corpus, self.searcher.named, self._also)
        return Turn(question, query, outline, Found((), 0.0, {}), cut=cut)

    def look(self, turn: Turn) -> Turn:
        """Return the turn with the evidence found."""
        query = turn.query
        if query.smalltalk or not query.text.strip():
            return turn
        question = self._searched(query.text)
        # A model is shown what stands behind the best, too.
        breadth = WIDE if query.wants_list else THOROUGH if self._writer else USUAL
        return replace(turn, found=self.searcher.find(question, breadth), question=question)

    def decide(self, turn: Turn) -> Answer:
        """Return the answer that the evidence carries, or the abstention."""
        query, found, corpus = turn.query, turn.found, self.searcher.corpus
        spoken = phrases.variant(query.language, query.asked)
        asked = Asked(
            turn.asked,
            spoken,
            query.text if query.rewritten else None,
            found.confidence,
            tuple(e.hit() for e in found.evidence[:RETRIEVED]),
            corpus.generation,
        )
        if query.smalltalk:
            key = "empty_question" if query.smalltalk == "empty" else query.smalltalk
            return extract.abstained(replace(asked, confidence=0.0), phrases.say(spoken, key), ())
        if turn.outline is not None:
            return self._structure(asked, turn.outline)
        best = self._meeting(query, next((e for e in found.evidence if e.quotes), None))
        if best is None or found.confidence < weights()["threshold"]:
            return extract.nothing_found(asked, self._looked_for(query))
        several = self._several(turn)
        if len(several) > 1:
            key = "lead_compare" if query.target == "compare" else "lead_list"
            lead = phrases.say(spoken, key, count=len(several))
            return extract.quoted(asked, corpus.documents, lead, [_proof(e) for e in several])
        lead = phrases.say(spoken, "lead_unit", unit=best.unit.heading)
        return extract.quoted(asked, corpus.documents, lead, [_proof(best)])

    def tell(self, turn: Turn, plain: Answer) -> Iterator[str | Answer]:
        """Yield the answer in pieces, then the Answer: ``plain``, or what a model makes of it.

        A model is asked where the evidence carries an answer, and not about the heading tree. Of a
        question that was cut the text says so at its end, whoever wrote the text.
        """
        for piece in self._told(turn, plain):
            if turn.cut and isinstance(piece, Answer):
                note = phrases.say(piece.language, "question_cut", limit=self._limit)
                yield f"\n\n{note}"
                piece = replace(piece, text=f"{piece.text}\n\n{note}")
            yield piece

    def _told(self, turn: Turn, plain: Answer) -> Iterator[str | Answer]:
        shown = self._shown(turn, plain) if self._writer and turn.outline is None else ()
        if self._writer and shown:
            yield from self._writer.write(plain, turn.query.text, shown)
        else:
            yield from streamed(plain)
            yield plain

    def _shown(self, turn: Turn, plain: Answer) -> tuple[Citation, ...]:
        """Return the passages that a model may see: none when nothing answers."""
        if plain.status != "answered":
            return ()
        corpus = self.searcher.corpus
        quotes = [(e.unit, q) for e in turn.found.evidence for q in e.quotes[:OF_EACH]]
        first = {(c.unit_id, c.start): i for i, c in enumerate(plain.citations)}
        quotes.sort(key=lambda q: first.get((q[0].id, q[1].passage.start), len(first)))
        quotes = quotes[: len(first) + SHOWN]
        proofs = [
            Proof(unit, q.passage.start, q.passage.end, q.passage.text, _marks(q))
            for unit, q in quotes
            if harmless(unit, corpus.documents)
        ]
        return extract.cited(corpus.documents, proofs)

    def _answered_by(self, question: str) -> str | None:
        """Return the id of the unit that answers an earlier question, None when none does."""
        # Another thread may empty it at any moment: what is returned is looked up once.
        with suppress(KeyError):
            return self._earlier[question]
        found = self.searcher.find(self._searched(question))
        sure = found.evidence and found.confidence >= weights()["threshold"]
        unit = found.evidence[0].unit.id if sure else None
        if len(self._earlier) >= REMEMBERED:
            self._earlier.clear()
        self._earlier[question] = unit
        return unit

    def _meeting(self, query: Query, best: Evidence | None) -> Evidence | None:
        """Return the evidence with the quotes that hold the kind of thing asked for, or None."""
        if best is None or "targets" in self._without:
            return best
        spoken = self.searcher.corpus.documents[best.unit.document].language
        held = tuple(q for q in best.quotes if met(query.target, q.passage.text, spoken))
        return replace(best, quotes=held) if held else None

    def _several(self, turn: Turn) -> list[Evidence]:
        """Return the evidence of a question that asks for several units, else none."""
        query = turn.query
        quotable = [e for e in turn.found.evidence if e.quotes]
        if "lists" in self._without or turn.question is None:
            return []
        if query.target == "compare" and len(query.focus) > 1:
            return [e for e in quotable if e.unit.id in query.focus]
        if not query.wants_list or not quotable:
            return []
        features = self.searcher.membership(turn.question, quotable)
        least = weights()["listed"]
        chosen = [
            e
            for e, row in zip(quotable, features, strict=True)
            if e is quotable[0] or probability("member", row) >= least
        ]
        return chosen[:LISTED]

    def _structure(self, asked: Asked, outline: Outline) -> Answer:
        """Return the answer to a question about the heading tree; each heading shown is cited."""
        units = self.searcher.corpus.units
        subject = units[outline.unit_id]
        items = [units[i] for i in outline.items[:HEADINGS]]
        proofs = [_heading(u, self.searcher.corpus.documents[u.document].text) for u in items]
        parent = items[0].heading if items else ""
        lead = phrases.say(
            asked.language,
            f"lead_{outline.kind}",
            unit=subject.heading,
            parent=parent,
            count=len(outline.items),
        )
        hits = tuple(Hit(unit, None, 1.0) for unit in items)
        rest = tuple(h for h in asked.retrieved if h.unit not in items)
        asked = replace(asked, confidence=0.99, retrieved=(hits + rest)[:10])
        return extract.quoted(asked, self.searcher.corpus.documents, lead, proofs, headings=True)

    def _read(self, text: str, past: Sequence[str]) -> Query:
        """Return what ``text`` stands for after the earlier questions: as the rules read it, or,
        where they are unsure, as a model restates it."""
        if "conversation" in self._without:
            past = ()
        if self._restater:
            past = self._restater.past(past)
        read = partial(
            understand,
            history=past,
            corpus=self.searcher.corpus,
            default=self._default,
            antecedent=self._answered_by,
        )
        query = read(text)
        if self._restater is None or query.sure:
            return query
        return self._restater.restate(query, past, self._said(past), read)

    def _said(self, past: Sequence[str]) -> list[Said]:
        """Return the last of the earlier questions as a model may see them."""
        corpus = self.searcher.corpus
        earlier = remembered(past, corpus, default=self._default, antecedent=self._answered_by)
        said = []
        for query in earlier[-EARLIER:]:
            unit = corpus.units.get(self._answered_by(query.text) or "")
            heading = unit.heading if unit and harmless(unit, corpus.documents) else ""
            said.append(Said(query.asked, query.text, heading))
        return said

    def _searched(self, text: str) -> Question:
        """Return the text ready for the search, in its own language: the answer may be wanted in
        another."""
        return self.searcher.question(text, language.detect(text, self._default), self._also(text))

    def _also(self, text: str) -> list[str]:
        """Return other names of what the text names, and its words as the corpus spells them."""
        if "names" in self._without:
            return []
        return names.expansions(text, self._names)

    def _looked_for(self, query: Query) -> list[str]:
        """Return the words that were searched, as the reader wrote them."""
        found = [
            w.text
            for w in language.words(query.text, query.language)
            if not language.is_stop(w.text, query.language)
        ]
        return list(dict.fromkeys(found))[:8]


def _proof(evidence: Evidence) -> Proof:
    if not evidence.quotes:
        raise ValueError("evidence without a passage cannot be quoted")
    best = evidence.quotes[0]
    passage = best.passage
    return Proof(evidence.unit, passage.start, passage.end, passage.text, _marks(best))


def _marks(quote: Quote) -> tuple[tuple[int, int], ...]:
    """Return the words that answer, if the reader is sure which they are: often it is the unit."""
    return (quote.mark,) if quote.signals["span"] >= MARKED else ()


def _heading(unit: Unit, text: str) -> Proof:
    return Proof(
        unit,
        unit.heading_start,
        unit.heading_end,
        text[unit.heading_start : unit.heading_end],
        ((unit.heading_start, unit.heading_end),),
    )


def streamed(answer: Answer) -> list[str]:
    """Return the answer's text in pieces, for a page that shows it as it comes."""
    text = answer.text
    cuts = [i for i, c in enumerate(text) if c in " \n"]
    return [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
