"""Learns ``assistant/weights.json``: how signals are added, and how far evidence can be trusted.

``python -m training.fusion DATA`` asks questions that the reader never saw (``training.corpora``:
role *fusion*; a verdict on what it learned from is too sure) through the real search, and fits
small models, each corpus weighing the same: *recall*, *rank* and *quote* (softmax over a question's
candidates, so that the right one comes first), *confidence* (logistic: is the best evidence right?)
and *member* (logistic: does a unit belong to an answer of several?). A question whose right unit is
taken away counts as unanswerable. Then it prints how each corpus fares, learned from and only
tested on.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from assistant import retrieval
from assistant.evidence import THOROUGH, WIDE, Evidence, Quote, Searcher, probability
from assistant.retrieval import Question
from training.corpora import Asked, Corpus, Role, public, written
from training.fits import Bounds, balanced, bounded_logistic, softmax_fit
from training.memory import Memory

ANSWERED = 0.90
"""Share of the rightly found answers that the threshold lets through."""
STRANGERS = 12
"""Questions about something else that each of our own documents is asked."""
RANK = ("recall", "answer", "words", "unread", "shared")
QUOTE = ("span", "words", "mean", "titled", "shared", "news", "news_shared")
SIGNS: dict[str, Bounds] = {
    "answer": (0, None),
    "span": (0, None),
    "passage_terms": (0.4, None),
    "unknown_terms": (None, -0.1),
}
"""Bounds of the confidence's weights, per deviation: what speaks for an answer never speaks against
it. Near misses that were written to be near misses use the text's own words, more than people's
questions do, and would teach that shared words mean nothing: what words say has a least weight.
"""
KINDS = {"known": 1.0, "silent": 1.5, "left": 0.5}
"""What an example weighs: answerable, written to be unanswerable, or its right unit taken away."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the evidence that was found for it; ``gold`` is the right unit's heading."""

    corpus: str
    search: Searcher
    asked: Asked
    question: Question
    evidence: tuple[Evidence, ...]

    @property
    def gold(self) -> str | None:
        return self.asked.unit

    def ranked(self) -> list[Evidence]:
        """Return the evidence in the order of the weights as they stand."""
        rank = retrieval.weights()["rank"]
        scored = [
            replace(e, score=sum(w * e.signals[name] for name, w in rank.items()))
            for e in self.evidence
        ]
        return sorted(scored, key=lambda e: (-e.score, e.unit.id))

    def without_gold(self) -> Case:
        """Return the case as if the right unit did not exist."""
        rest = tuple(e for e in self.evidence if e.unit.heading != self.gold)
        return replace(self, asked=replace(self.asked, unit=None), evidence=rest)

    def right(self, ranked: Sequence[Evidence]) -> bool:
        """Return whether the best evidence is in the right unit."""
        return self.gold is not None and ranked[0].unit.heading == self.gold

    def quotes(self, quote: Quote) -> bool:
        """Return whether the quote holds what it should."""
        text = " ".join(quote.passage.text.split())
        return any(" ".join(span.split()) in text for span in self.asked.spans)


def pick(corpus: Corpus, limit: int, role: Role) -> list[Asked]:
    """Return at most ``limit`` of the corpus' questions, the same at each call."""
    chosen = [q for q in corpus.questions if q.role == role]
    random.Random(5).shuffle(chosen)
    return chosen[:limit]


def strangers(corpora: Sequence[Corpus], corpus: Corpus, role: Role) -> list[Asked]:
    """Return questions about other corpora, which this one does not answer."""
    others = [q for other in corpora if other is not corpus for q in other.questions]
    known = [q for q in others if q.unit and q.role == role]
    drawn = random.Random(corpus.name).sample(known, min(STRANGERS, len(known)))
    return [replace(q, unit=None, spans=()) for q in drawn]


def fit_recall(searchers: Iterable[tuple[Corpus, Searcher]], limit: int) -> None:
    """Fit how the signals of the recall step are added."""
    groups = []
    names = []
    for corpus, search in searchers:
        places = {u.heading: i for i, u in enumerate(search.corpus.unit_list)}
        for asked in pick(corpus, limit, "fusion"):
            if asked.unit not in places:
                continue
            question = search.question(asked.text, asked.language)
            chosen, signals = retrieval.recall(search.corpus, question)
            gold = np.flatnonzero(chosen == places[asked.unit])
            if len(gold):
                groups.append((signals.astype(float), int(gold[0])))
                names.append(corpus.name)
    save(recall=softmax_fit(groups, names, retrieval.RECALL))


def collect(searchers: Sequence[tuple[Corpus, Searcher]], limit: int, role: Role) -> list[Case]:
    """Return a case for each question."""
    cases = []
    corpora = [corpus for corpus, _ in searchers]
    for corpus, search in searchers:
        own = pick(corpus, limit, role)
        far = strangers(corpora, corpus, role) if corpus.ours and own else []
        for asked in [*own, *far]:
            question = search.question(asked.text, asked.language)
            found = search.find(question, THOROUGH)
            if found.evidence:
                cases.append(Case(corpus.name, search, asked, question, found.evidence))
    return cases


def fit_rank(cases: Sequence[Case]) -> None:
    """Fit how the reader's verdict and shared terms are added to the recall score."""
    groups, names = [], []
    for case in cases:
        headings = [e.unit.heading for e in case.evidence]
        if case.gold in headings:
            rows = [[e.signals[name] for name in RANK] for e in case.evidence]
            groups.append((np.array(rows), headings.index(case.gold)))
            names.append(case.corpus)
    save(rank=softmax_fit(groups, names, RANK))


def fit_quote(cases: Sequence[Case]) -> None:
    """Fit which passage of the right unit is quoted."""
    groups, names = [], []
    for case in cases:
        for quotes in (e.quotes for e in case.evidence if e.unit.heading == case.gold):
            right = [i for i, quote in enumerate(quotes) if case.quotes(quote)]
            if len(right) == 1 and len(quotes) > 1:
                rows = [[quote.signals[name] for name in QUOTE] for quote in quotes]
                groups.append((np.array(rows), right[0]))
                names.append(case.corpus)
    save(quote=softmax_fit(groups, names, QUOTE))


def fit_confidence(cases: Sequence[Case]) -> None:
    """Fit the confidence; the threshold is chosen on the tune half of the question set."""
    rows, labels, names, kinds = [], [], [], []
    for case in [*cases, *(c.without_gold() for c in cases if c.gold)]:
        ranked = case.ranked()
        if not ranked:
            continue
        rows.append(case.search.describe(case.question, ranked))
        labels.append(case.right(ranked))
        names.append(case.corpus)
        kinds.append(KINDS["known" if case.gold else "left" if case.asked.spans else "silent"])
    columns = sorted(rows[0])
    x = np.array([[row[c] for c in columns] for row in rows])
    weight = balanced(names) * np.array(kinds)
    weight /= weight.mean()
    save(confidence=bounded_logistic(x, np.array(labels), weight, columns, SIGNS))
    right = [
        probability("confidence", row) for row, label in zip(rows, labels, strict=True) if label
    ]
    print("threshold at which", ANSWERED, "is answered:", np.quantile(right, 1 - ANSWERED))


def fit_members(searchers: Iterable[tuple[Corpus, Searcher]]) -> None:
    """Fit which units belong to an answer of several, and from which probability on they are
    listed: where the most lists are whole, nothing missing and nothing too much.
    """
    rows, labels, names, lists = [], [], [], []
    for corpus, search in searchers:
        for listed in corpus.lists:
            if listed.role != "fusion":
                continue
            question = search.question(listed.text, listed.language)
            found = [e for e in search.find(question, WIDE).evidence if e.quotes]
            right = [e.unit.heading in listed.units for e in found]
            lists.append((len(rows), len(rows) + len(found), sum(right) == len(listed.units)))
            rows += search.membership(question, found)
            labels += right
            names += [corpus.name] * len(found)
    columns = sorted(rows[0])
    x = np.array([[row[c] for c in columns] for row in rows])
    y = np.array(labels)
    save(member=bounded_logistic(x, y, balanced(names), columns, {}))
    p = np.array([probability("member", row) for row in rows])

    def whole(least: float) -> float:
        return float(
            np.mean([c and bool(np.all((p[a:b] >= least) == y[a:b])) for a, b, c in lists])
        )

    least = max(np.arange(0.1, 0.9, 0.02).tolist(), key=whole)
    save(listed=round(least, 2))
    print(len(lists), "lists, whole", round(whole(least), 3), "from", round(least, 2))


def save(**learned: object) -> None:
    """Change the weights file and forget the weights that were loaded."""
    whole = {**retrieval.weights(), **learned}
    retrieval.WEIGHTS.write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    retrieval.weights.cache_clear()


def report(title: str, cases: Sequence[Case]) -> None:
    """Print for each corpus: right unit, right quote, and how silence is told from answers."""
    print(title)
    threshold = retrieval.weights()["threshold"]
    for name in dict.fromkeys(case.corpus for case in cases):
        own = [case for case in cases if case.corpus == name]
        known = [(case, case.ranked()) for case in own if case.gold]
        silent = [(case, case.ranked()) for case in own if not case.gold]
        left = [(c, c.ranked()) for c in (case.without_gold() for case, _ in known) if c.evidence]
        scores = {
            kind: [probability("confidence", c.search.describe(c.question, r)) for c, r in some]
            for kind, some in (("known", known), ("silent", silent), ("left", left))
        }
        out = [f"{name:26} n={len(known)}+{len(silent)}"]
        if known:
            out.append(f"unit@1 {np.mean([r[0].unit.heading == c.gold for c, r in known]):.3f}")
            out.append(
                f"@3 {np.mean([c.gold in [e.unit.heading for e in r[:3]] for c, r in known]):.3f}"
            )
            if known[0][0].asked.spans:
                quoted = [
                    c.right(r) and bool(r[0].quotes) and c.quotes(r[0].quotes[0]) for c, r in known
                ]
                out.append(f"quote {np.mean(quoted):.3f}")
            out.append(f"answered {np.mean(np.array(scores['known']) >= threshold):.3f}")
        for kind in ("silent", "left"):
            if known and scores[kind]:
                y = [1] * len(known) + [0] * len(scores[kind])
                auc = roc_auc_score(y, scores["known"] + scores[kind])
                quiet = np.mean(np.array(scores[kind]) < threshold)
                out.append(f"{kind}: AUC {auc:.3f} silent {quiet:.3f}")
        print("  " + "  ".join(out), flush=True)


def main() -> None:
    """Learn, save and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the public sets")
    parser.add_argument("--limit", type=int, default=300, help="questions of a corpus at most")
    options = parser.parse_args()
    memory = Memory.opener()
    corpora = [c for c in [*written(), *public(options.data)] if any(q.held for q in c.questions)]
    searchers = [(corpus, memory(corpus)) for corpus in corpora]
    learn(searchers, options.limit)


def learn(searchers: Sequence[tuple[Corpus, Searcher]], limit: int) -> None:
    """Fit the three models one after the other, each through the one before, and report."""
    fit_recall(searchers, limit)
    cases = collect(searchers, limit, "fusion")
    fit_rank(cases)
    fit_quote(cases)
    cases = collect(searchers, limit, "fusion")
    fit_confidence(cases)
    fit_members(searchers)
    report("learned from", cases)
    report("only tested on", collect(searchers, limit, "test"))


if __name__ == "__main__":
    main()
