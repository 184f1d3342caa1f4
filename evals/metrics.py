"""Pure measures over rankings, quotes and confidences; nothing here knows an assistant.

A ranking is a sequence of unit keys, best first. Shares are in 0..1; higher is better except
for risks and areas under a risk curve. A measure of nothing is ``nan``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ALIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"})


def accuracy_at(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """Return 1.0 when one of the first ``k`` is gold, else 0.0."""
    return float(any(unit in gold for unit in ranked[:k]))


def recall_at(
    ranked: Sequence[str], gold: Collection[str], k: int, alternatives: Collection[str] = ()
) -> float:
    """Return the share of the gold units among the first ``k``.

    An alternative stands in for a gold unit that is missing. ``nan`` without gold.
    """
    wanted = set(gold)
    if not wanted:
        return float("nan")
    first = set(ranked[:k])
    found = len(first & wanted) + len(first & (set(alternatives) - wanted))
    return min(1.0, found / len(wanted))


def reciprocal_rank(ranked: Sequence[str], gold: Collection[str], k: int | None = None) -> float:
    """Return 1/rank of the first gold unit among the first ``k`` (all of them by default)."""
    for rank, unit in enumerate(ranked[:k], start=1):
        if unit in gold:
            return 1.0 / rank
    return 0.0


def ndcg_at(ranked: Sequence[str], gold: Collection[str], k: int = 10) -> float:
    """Return the normalised discounted cumulative gain with gain 1 for each distinct gold unit.

    Järvelin and Kekäläinen (2002), discount 1/log2(rank + 1). ``nan`` without gold.
    """
    if not gold:
        return float("nan")
    seen: set[str] = set()
    gain = 0.0
    for rank, unit in enumerate(ranked[:k], start=1):
        if unit in gold and unit not in seen:
            seen.add(unit)
            gain += 1.0 / np.log2(rank + 1)
    ideal = sum(1.0 / np.log2(rank + 1) for rank in range(1, min(len(set(gold)), k) + 1))
    return float(gain / ideal)


def normal(text: str) -> str:
    """Return ``text`` for comparing quotes: NFKC, one kind of apostrophe and dash, single spaces.

    Case and accents count: a quote is verbatim or it is not one.
    """
    return " ".join(unicodedata.normalize("NFKC", text).translate(_ALIKE).split())


def contains(quote: str, spans: Collection[str]) -> bool:
    """Return whether ``quote`` contains one of ``spans``, compared as ``normal`` text."""
    within = normal(quote)
    return any(normal(span) in within for span in spans if span.strip())


def span_recall(quotes: Sequence[str], spans: Sequence[str]) -> float:
    """Return the share of ``spans`` that stand in some quote (ALCE's citation recall, exact).

    Gao et al. (2023) judge support with an NLI model; here the supporting words are known, so
    support is containment. ``nan`` without spans.
    """
    if not spans:
        return float("nan")
    return sum(any(contains(q, [span]) for q in quotes) for span in spans) / len(spans)


def quote_precision(quotes: Sequence[str], spans: Sequence[str]) -> float:
    """Return the share of quotes that contain some span (ALCE's citation precision, exact)."""
    if not quotes:
        return float("nan")
    return sum(contains(quote, spans) for quote in quotes) / len(quotes)


def set_exact(
    cited: Collection[str], gold: Collection[str], alternatives: Collection[str] = ()
) -> float:
    """Return 1.0 when every gold unit is cited and nothing else but alternatives is."""
    named = set(cited)
    return float(bool(named) and set(gold) <= named <= set(gold) | set(alternatives))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One threshold: what is answered at ``confidence`` and above.

    ``coverage`` is the answered share of the answerable questions, ``coverage_all`` of all
    questions, ``risk`` the wrong share of what is answered.
    """

    confidence: float
    coverage: float
    coverage_all: float
    risk: float


def risk_coverage(
    confidence: Sequence[float], wrong: Sequence[bool], answerable: Sequence[bool]
) -> list[CurvePoint]:
    """Return the risk–coverage curve, from the most confident answer to all of them.

    El-Yaniv and Wiener (2010): selective risk is the share of errors among the questions
    answered. ``wrong`` says what an answer to that question would be worth *if it were given*:
    a wrong unit or a quote without the span is an error, and so is every answer to an
    unanswerable question. Equal confidences enter together (one point), so order never matters.
    """
    rows = sorted(zip(confidence, wrong, answerable, strict=True), key=lambda row: -row[0])
    total = len(rows)
    good = sum(answerable)
    points: list[CurvePoint] = []
    given = errors = given_good = 0
    for value, group in groupby(rows, key=lambda row: row[0]):
        for _, is_wrong, is_answerable in group:
            given += 1
            errors += is_wrong
            given_good += is_answerable
        points.append(
            CurvePoint(value, given_good / good if good else 0.0, given / total, errors / given)
        )
    return points


def aurc(
    confidence: Sequence[float],
    wrong: Sequence[bool],
    answerable: Sequence[bool],
    *,
    over_all: bool = False,
) -> float:
    """Return the area under the risk–coverage curve; lower is better.

    The mean of the selective risk over the thresholds set by the questions' own confidences
    (Geifman, Uziel and El-Yaniv 2019). By default the thresholds are those of the *answerable*
    questions: coverage is the share of them that is answered, and answered unanswerable
    questions only add risk, so a perfect system scores 0. ``over_all=True`` is the original
    with every question a threshold: there, with a share u of unanswerable questions even a
    perfect system pays u + (1 - u) ln(1 - u).
    """
    points = risk_coverage(confidence, wrong, answerable)
    area = before = 0.0
    for point in points:
        here = point.coverage_all if over_all else point.coverage
        area += (here - before) * point.risk
        before = here
    return area if before > 0 else float("nan")


def coverage_at_risk(points: Sequence[CurvePoint], risk: float) -> float:
    """Return the largest coverage whose selective risk is within ``risk`` (0.0: none is)."""
    return max((p.coverage for p in points if p.risk <= risk), default=0.0)


def roc_auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half.

    The Mann–Whitney form of the area under the ROC curve. ``nan`` when one side is empty.
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(np.asarray(negative, dtype=np.float64))
    values = np.asarray(positive, dtype=np.float64)
    below = np.searchsorted(ordered, values, side="left")
    within = np.searchsorted(ordered, values, side="right")
    return float((below + within).sum() / (2 * len(values) * len(ordered)))


def threshold_for(answerable: Sequence[float], share: float) -> float:
    """Return the highest confidence that at least ``share`` of ``answerable`` reach."""
    if not len(answerable):
        return float("nan")
    ordered = sorted(answerable, reverse=True)
    return ordered[min(len(ordered), max(1, int(np.ceil(share * len(ordered) - 1e-9)))) - 1]


def silence_at(answerable: Sequence[float], unanswerable: Sequence[float], share: float) -> float:
    """Return the share of ``unanswerable`` below the threshold that lets ``share`` be answered."""
    if not len(answerable) or not len(unanswerable):
        return float("nan")
    return float(np.mean(np.asarray(unanswerable) < threshold_for(answerable, share)))


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval and the number of questions behind it."""

    value: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float], resamples: int = 1000, seed: int = 0) -> Interval:
    """Return the mean and its percentile bootstrap interval over the questions (nan left out).

    When all values are equal the bootstrap has no width: shares of 0 or 1 then get the Wilson
    interval, so that 3 right of 3 does not look certain.
    """
    kept: Floats = np.array([v for v in values if not np.isnan(v)], dtype=np.float64)
    n = len(kept)
    if not n:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    if kept.min() == kept.max():
        value = float(kept[0])
        spread = 1.96**2 / (n + 1.96**2)
        low = 1 - spread if value == 1.0 else value
        high = spread if value == 0.0 else value
        return Interval(value, low, high, n)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    low, high = np.percentile(draws @ kept / n, [2.5, 97.5])
    return Interval(float(kept.mean()), float(low), float(high), n)


def interval_of(
    statistic: Callable[[NDArray[np.intp]], float], n: int, resamples: int = 200, seed: int = 0
) -> Interval:
    """Return ``statistic`` of all ``n`` row numbers and its percentile bootstrap interval."""
    if not n:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    value = statistic(np.arange(n))
    rng = np.random.default_rng(seed)
    drawn = [statistic(rng.integers(0, n, size=n)) for _ in range(resamples)]
    known = [v for v in drawn if not np.isnan(v)]
    if not known:
        return Interval(value, float("nan"), float("nan"), n)
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, float(low), float(high), n)
