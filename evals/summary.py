"""Judged rows → numbers with intervals: for all, per kind, per language, per half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals import metrics
from evals.metrics import Interval
from evals.outcomes import Judged

MEANS = (
    "unit@1",
    "unit@3",
    "unit@5",
    "recall@5",
    "mrr",
    "ndcg@10",
    "quote_first",
    "quote_first_answered",
    "quote_any",
    "passage_first",
    "set_exact",
    "citation_exact",
    "citation_recall",
    "citation_precision",
    "answered",
    "silent",
    "silent_near",
    "silent_far",
    "correct",
    "written",
    "struck",
    "tokens_in",
    "tokens_out",
    "answer_language",
)
ANSWERED_SHARE = 0.93
LOWER_IS_BETTER = frozenset(
    {"aurc", "aurc_all", "risk", "struck", "tokens_in", "tokens_out", "seconds", "seconds_p95"}
)

Summary = dict[str, Interval]


def summarise(rows: Sequence[Judged], resamples: int = 200) -> Summary:
    """Return every measure that applies to ``rows``, by name.

    ``resamples`` is for the intervals of the measures that are not means; 0 leaves them out.
    """
    found: Summary = {}
    for name in MEANS:
        values = [row.scores[name] for row in rows if name in row.scores]
        interval = metrics.mean_interval(values)
        if interval.n:
            found[name] = interval
    given = [row for row in rows if row.outcome.answered]
    if given:
        found["risk"] = metrics.mean_interval([float(not row.correct) for row in given])
    seconds = [row.outcome.seconds for row in rows]
    if any(seconds):
        low, high = (float(v) for v in np.percentile(seconds, [2.5, 97.5]))
        found["seconds"] = Interval(median(seconds), low, high, len(seconds))
        p95 = float(np.percentile(seconds, 95))
        found["seconds_p95"] = Interval(p95, p95, p95, len(seconds))
    found.update(_confidence(rows, resamples))
    return found


def _confidence(rows: Sequence[Judged], resamples: int) -> Summary:
    """Return the measures that need answerable and unanswerable questions together."""
    sure = np.array([row.outcome.confidence for row in rows])
    wrong = np.array([not row.correct for row in rows])
    good = np.array([row.question.answerable for row in rows])
    near = np.array([row.question.scope == "near" for row in rows])
    if not good.any() or good.all():
        return {}

    def auc(i: NDArray[np.intp]) -> float:
        return metrics.roc_auc(sure[i][good[i]].tolist(), sure[i][~good[i]].tolist())

    def area(i: NDArray[np.intp]) -> float:
        return metrics.aurc(sure[i].tolist(), wrong[i].tolist(), good[i].tolist())

    def area_all(i: NDArray[np.intp]) -> float:
        return metrics.aurc(sure[i].tolist(), wrong[i].tolist(), good[i].tolist(), over_all=True)

    def silence(i: NDArray[np.intp]) -> float:
        yes, no = sure[i][good[i]].tolist(), sure[i][~good[i]].tolist()
        return metrics.silence_at(yes, no, ANSWERED_SHARE)

    def silence_85(i: NDArray[np.intp]) -> float:
        return metrics.silence_at(sure[i][good[i]].tolist(), sure[i][~good[i]].tolist(), 0.85)

    def silence_near(i: NDArray[np.intp]) -> float:
        yes, no = sure[i][good[i]].tolist(), sure[i][near[i]].tolist()
        return metrics.silence_at(yes, no, ANSWERED_SHARE)

    def coverage(i: NDArray[np.intp]) -> float:
        points = metrics.risk_coverage(sure[i].tolist(), wrong[i].tolist(), good[i].tolist())
        return metrics.coverage_at_risk(points, 0.05)

    statistics = {
        "auc": auc,
        "aurc": area,
        "aurc_all": area_all,
        "silence@93": silence,
        "silence@85": silence_85,
        "coverage@5%risk": coverage,
    }
    if near.any():
        statistics["silence_near@93"] = silence_near
    return {n: metrics.interval_of(s, len(rows), resamples) for n, s in statistics.items()}


def groups(rows: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Return the rows as "all", "kind=…" and "language=…", in a fixed order."""
    found: dict[str, list[Judged]] = {"all": list(rows)}
    for kind in sorted({row.question.kind for row in rows}):
        found[f"kind={kind}"] = [row for row in rows if row.question.kind == kind]
    for language in sorted({row.question.language for row in rows}):
        found[f"language={language}"] = [r for r in rows if r.question.language == language]
    return found


def summarise_groups(rows: Sequence[Judged]) -> dict[str, Summary]:
    """Return a summary for each group of ``groups``."""
    return {name: summarise(members) for name, members in groups(rows).items()}


def plain(summary: Mapping[str, Interval]) -> dict[str, Any]:
    """Return a summary for JSON: name → [value, low, high, n], rounded to six places."""
    return {
        name: [*(None if np.isnan(v) else round(v, 6) for v in (i.value, i.low, i.high)), i.n]
        for name, i in summary.items()
        if i.n and not np.isnan(i.value)
    }
