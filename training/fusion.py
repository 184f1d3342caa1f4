"""Learns ``assistant/weights.json``: how signals are added, and how far evidence can be trusted.

``python -m training.fusion DATA`` ingests every corpus of ``training.corpora`` with the real
ingest, asks every question that is not held out through the real search, and fits three small
models, each corpus weighing the same: *recall* and *rank* (softmax over a question's candidates,
so that the right unit comes first) and *confidence* (logistic: is the best evidence right?). A
question whose right unit is left out counts as unanswerable. Needs scikit-learn and scipy.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from assistant import retrieval
from assistant.build import open_assistant
from assistant.evidence import Found, Searcher
from assistant.ingest import ingest
from assistant.settings import load_settings
from training.corpora import Asked, Corpus, public, written

Floats = npt.NDArray[np.float64]
ANSWERED = 0.93
"""Share of the answerable questions that the threshold lets through."""


@dataclass
class Collected:
    """What the search says to the questions of one corpus."""

    name: str
    signals: list[tuple[Floats, int]] = field(default_factory=list)
    read: list[tuple[Floats, int]] = field(default_factory=list)
    features: list[dict[str, float]] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    answerable: list[bool] = field(default_factory=list)
    first: list[bool] = field(default_factory=list)
    quote: list[bool] = field(default_factory=list)
    logits: list[tuple[float, bool]] = field(default_factory=list)


def searcher(corpus: Corpus, folder: Path) -> Searcher:
    """Return a searcher over the corpus, ingested below ``folder``."""
    source = folder / "documents"
    source.mkdir(parents=True)
    for name, text in corpus.files.items():
        (source / name).write_text(text, "utf-8")
    settings = load_settings(knowledge=source, index=folder / "index")
    ingest([source], settings)
    return open_assistant(settings).turns().searcher


def softmax_fit(groups: Sequence[tuple[Floats, int]], weight: Floats, start: Floats) -> Floats:
    """Return the weights that make the right row of each group likeliest (ListNet, top one)."""

    def loss(w: Floats) -> tuple[float, Floats]:
        total, gradient = 0.0, np.zeros_like(w)
        for (x, gold), importance in zip(groups, weight, strict=True):
            s = x @ w
            p = np.exp(s - s.max())
            p /= p.sum()
            total -= importance * np.log(max(p[gold], 1e-12))
            gradient += importance * (p @ x - x[gold])
        return total + 1e-4 * float(w @ w), gradient + 2e-4 * w

    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def pick(corpus: Corpus, limit: int, *, held: bool) -> list[Asked]:
    """Return at most ``limit`` of the corpus' questions, the same at each call."""
    chosen = [q for q in corpus.questions if q.held == held]
    random.Random(5).shuffle(chosen)
    return chosen[:limit]


def collect_recall(search: Searcher, asked: Sequence[Asked], into: Collected) -> None:
    """Put the signals of the recall step into ``into``."""
    places = {u.heading: i for i, u in enumerate(search.corpus.unit_list)}
    for q in asked:
        if q.unit is None or q.unit not in places:
            continue
        question = search.question(q.text, q.language)
        chosen, signals = retrieval.recall(search.corpus, question)
        gold = np.flatnonzero(chosen == places[q.unit])
        if len(gold):
            into.signals.append((signals.astype(float), int(gold[0])))


def collect_read(search: Searcher, asked: Sequence[Asked], into: Collected) -> None:
    """Put what the reading step says into ``into``, once with and once without the right unit."""
    places = {u.heading: i for i, u in enumerate(search.corpus.unit_list)}
    for q in asked:
        question = search.question(q.text, q.language)
        found = search.find(question)
        if not found.evidence:
            continue
        if q.unit is None:
            add(into, found, None, q)
            continue
        add(into, found, q.unit, q)
        left = search.find(question, leave_out=[places[q.unit]]) if q.unit in places else found
        if left.evidence:
            add(into, left, None, q)


def add(into: Collected, found: Found, unit: str | None, q: Asked) -> None:
    """Add one search to ``into``; ``unit`` is the right one, None when nothing answers."""
    headings = [e.unit.heading for e in found.evidence]
    rows = np.array(
        [
            [e.signals["recall"], e.signals["answer"] if e.read else 0.0, float(e.read is None)]
            for e in found.evidence
        ]
    )
    if unit in headings:
        into.read.append((rows, headings.index(unit)))
    best = found.evidence[0]
    quote = best.passage.text if best.passage else ""
    first = unit is not None and headings[0] == unit
    shown = first and any(" ".join(s.split()) in " ".join(quote.split()) for s in q.spans)
    into.features.append(dict(found.features))
    into.answerable.append(unit is not None)
    into.first.append(first)
    into.quote.append(shown)
    into.right.append(first)
    into.logits += [(e.read.answer, h == unit) for e, h in zip(found.evidence, headings) if e.read]


def balanced(sizes: Sequence[int]) -> Floats:
    """Return one weight per example so that every corpus counts the same."""
    return np.concatenate([np.full(n, 1 / max(n, 1)) for n in sizes])


def report(collected: Sequence[Collected]) -> None:
    """Print, for each corpus: right unit first, right quote, and how silence is told apart."""
    for c in collected:
        known = [i for i, a in enumerate(c.answerable) if a]
        scores = [retrieval_confidence(f) for f in c.features]
        kinds = set(c.answerable)
        auc = roc_auc_score(c.answerable, scores) if len(kinds) > 1 else float("nan")
        print(
            f"{c.name:28} {len(known):5} recall@1 {np.mean([c.first[i] for i in known]):.3f} "
            f"quote {np.mean([c.quote[i] for i in known]):.3f} silence AUC {auc:.3f}",
            flush=True,
        )


def retrieval_confidence(features: dict[str, float]) -> float:
    """Return the confidence by the weights as they stand."""
    from assistant.evidence import confidence

    return confidence(features)


def save(learned: dict[str, object]) -> None:
    """Write the weights and forget the ones that were loaded."""
    retrieval.WEIGHTS.write_text(json.dumps(learned, indent=1) + "\n", "utf-8")
    retrieval.weights.cache_clear()


def main() -> None:
    """Learn, save, and print how each corpus fares, learned from and held out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=250)
    parser.add_argument("--only", choices=["report"], default=None)
    options = parser.parse_args()
    corpora = [*written(), *public(options.data)]
    with tempfile.TemporaryDirectory() as folder:
        searchers = [(c, searcher(c, Path(folder) / c.name)) for c in corpora]
        if options.only is None:
            learn(searchers, options.limit)
        held = [Collected("held " + c.name) for c, _ in searchers]
        for (c, search), into in zip(searchers, held, strict=True):
            collect_read(search, pick(c, options.limit, held=True), into)
        report([c for c in held if c.features])


def learn(searchers: Sequence[tuple[Corpus, Searcher]], limit: int) -> None:
    """Fit the three models one after the other, each through the one before."""
    learned = dict(retrieval.weights())
    parts = [Collected(c.name) for c, _ in searchers]
    for (c, search), into in zip(searchers, parts, strict=True):
        collect_recall(search, pick(c, limit, held=False), into)
    parts = [p for p in parts if p.signals]
    groups = [g for p in parts for g in p.signals]
    weight = balanced([len(p.signals) for p in parts])
    start = np.array([learned["recall"].get(n, 0.0) for n in retrieval.RECALL])
    fitted = softmax_fit(groups, weight, start)
    learned["recall"] = {n: round(float(w), 3) for n, w in zip(retrieval.RECALL, fitted)}
    save(learned)
    parts = [Collected(c.name) for c, _ in searchers]
    for (c, search), into in zip(searchers, parts, strict=True):
        collect_read(search, pick(c, limit, held=False), into)
    parts = [p for p in parts if p.features]
    weight = balanced([len(p.read) for p in parts])
    fitted = softmax_fit([g for p in parts for g in p.read], weight, np.array([1.0, 1.0, -4.0]))
    learned["rank"] = dict(
        zip(("recall", "answer", "unread"), [round(float(w), 3) for w in fitted])
    )
    learned["rank"]["unread"] = round(float(fitted[2] / fitted[1]), 3)
    save(learned)
    parts = [Collected(c.name) for c, _ in searchers]
    for (c, search), into in zip(searchers, parts, strict=True):
        collect_read(search, pick(c, limit, held=False), into)
    parts = [p for p in parts if p.features]
    names = sorted(parts[0].features[0])
    x = np.array([[f[n] for n in names] for p in parts for f in p.features])
    y = np.array([r for p in parts for r in p.right])
    weight = balanced([len(p.features) for p in parts])
    weight *= len(weight) / weight.sum()
    model = LogisticRegression(C=1.0, max_iter=2000).fit(x, y, sample_weight=weight)
    learned["confidence"] = {n: round(float(w), 4) for n, w in zip(names, model.coef_[0])}
    learned["confidence"]["bias"] = round(float(model.intercept_[0]), 4)
    save(learned)
    scores = np.array(
        [retrieval_confidence(f) for p in parts for f, a in zip(p.features, p.right) if a]
    )
    learned["threshold"] = round(float(np.quantile(scores, 1 - ANSWERED)), 3)
    save(learned)
    report(parts)


if __name__ == "__main__":
    main()
