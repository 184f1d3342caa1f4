"""What a system did with a question, and what that was worth: plain rows, ready for JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from evals import metrics
from evals.questions import Question


@dataclass(frozen=True, slots=True)
class Found:
    """One ranked unit: its heading, document, best passage ("" when none) and score."""

    unit: str
    document: str
    score: float
    passage: str = ""
    signals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quoted:
    """One citation as shown; ``exact`` says whether it is the document's own slice."""

    unit: str
    document: str
    quote: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system answered. ``confidence`` orders questions, also when it stayed silent.

    ``quoting`` is false for a system that shows whole units: nothing about quotes applies to it,
    and the right unit is enough to be correct. ``written`` says that a language model wrote the
    answer, ``struck`` how many of its sentences were left out; ``tokens`` are those that it read
    and wrote, as its provider counts them, None where it was not asked or does not say.
    """

    answered: bool
    confidence: float
    ranked: tuple[Found, ...] = ()
    citations: tuple[Quoted, ...] = ()
    answer: str = ""
    understood: str = ""
    language: str = ""
    seconds: float = 0.0
    quoting: bool = True
    written: bool = False
    struck: int = 0
    tokens: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, what was done, and the scores by name (``nan``: does not apply).

    ``correct`` is the answer's worth *if it were given*: for one-answer questions the right
    unit first and its quote containing the span (the unit alone where the question has no span),
    for lists exactly the right units. It is what
    the risk–coverage curve counts; always false for an unanswerable question.
    """

    question: Question
    outcome: Outcome
    scores: dict[str, float]
    correct: bool

    @property
    def wrong(self) -> bool:
        """Whether a reader was badly served: a wrong answer, or a wrong silence."""
        if self.question.answerable:
            return not (self.outcome.answered and self.correct)
        return self.outcome.answered


def judge(question: Question, outcome: Outcome) -> Judged:
    """Return the scores of one outcome."""
    if not question.answerable:
        scores = {"silent": float(not outcome.answered), **_form(question, outcome)}
        if question.scope:
            scores[f"silent_{question.scope}"] = scores["silent"]
        return Judged(question, outcome, scores, correct=False)
    scores = {
        **_ranking(question, outcome.ranked),
        **(_quotes(question, outcome) if outcome.quoting and question.spans else {}),
        **_form(question, outcome),
        "answered": float(outcome.answered),
    }
    correct = _correct(question, outcome)
    scores["correct"] = float(correct and outcome.answered)
    return Judged(question, outcome, scores, correct)


def _keys(headings: Sequence[str]) -> list[str]:
    return [metrics.normal(heading) for heading in headings]


def _ranking(question: Question, ranked: Sequence[Found]) -> dict[str, float]:
    units = list(dict.fromkeys(_keys([found.unit for found in ranked])))
    gold, others = set(_keys(question.units)), set(_keys(question.alternatives))
    either = gold | others
    scores = {f"unit@{k}": metrics.accuracy_at(units, either, k) for k in (1, 3, 5)}
    scores["recall@5"] = metrics.recall_at(units, gold, 5, others)
    scores["mrr"] = metrics.reciprocal_rank(units, either, 10)
    scores["ndcg@10"] = metrics.ndcg_at(units, either, 10)
    return scores


def _quotes(question: Question, outcome: Outcome) -> dict[str, float]:
    quotes = [citation.quote for citation in outcome.citations]
    first = float(metrics.contains(quotes[0], question.proofs)) if quotes else 0.0
    scores = {
        "quote_first": first,
        "quote_any": float(any(metrics.contains(q, question.proofs) for q in quotes)),
        "citation_recall": metrics.span_recall(quotes, question.spans),
        "citation_precision": metrics.quote_precision(quotes, question.proofs),
    }
    if outcome.answered:
        scores["quote_first_answered"] = first
    if outcome.ranked and outcome.ranked[0].passage:
        scores["passage_first"] = float(
            metrics.contains(outcome.ranked[0].passage, question.proofs)
        )
    if question.whole:
        scores["set_exact"] = _set_exact(question, outcome.citations)
    return scores


def _form(question: Question, outcome: Outcome) -> dict[str, float]:
    scores = {"seconds": outcome.seconds}
    if outcome.citations:
        exact = [citation.exact for citation in outcome.citations]
        scores["citation_exact"] = sum(exact) / len(exact)
    if outcome.written or outcome.struck:
        # Each sentence of a written answer ends in its citations.
        kept = len(re.findall(r"(?:\[\d+\]\s*)+", outcome.answer)) if outcome.written else 0
        scores["written"] = float(outcome.written)
        scores["struck"] = outcome.struck / (outcome.struck + kept)
    if outcome.tokens:
        scores["tokens_in"], scores["tokens_out"] = map(float, outcome.tokens)
    if outcome.language:
        scores["answer_language"] = float(outcome.language == question.language)
    return scores


def _set_exact(question: Question, citations: Sequence[Quoted]) -> float:
    cited = _keys([citation.unit for citation in citations])
    return metrics.set_exact(cited, _keys(question.units), _keys(question.alternatives))


def _correct(question: Question, outcome: Outcome) -> bool:
    if question.whole:
        return bool(_set_exact(question, outcome.citations))
    right = set(_keys((*question.units, *question.alternatives)))
    if not outcome.quoting or not question.spans:
        return bool(outcome.ranked) and metrics.normal(outcome.ranked[0].unit) in right
    if outcome.citations:
        unit, quote = outcome.citations[0].unit, outcome.citations[0].quote
    elif outcome.ranked:
        unit, quote = outcome.ranked[0].unit, outcome.ranked[0].passage
    else:
        return False
    return metrics.normal(unit) in right and metrics.contains(quote, question.proofs)
