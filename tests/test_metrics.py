"""The measures, on cases small enough to work out by hand; the awkward ones first."""

from __future__ import annotations

from math import isnan, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import metrics
from evals.metrics import CurvePoint

confidences = st.floats(0, 1, allow_nan=False)
rows = st.lists(st.tuples(confidences, st.booleans(), st.booleans()), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("ranked", "gold", "k", "expected"),
    [
        ([], {"a"}, 1, 0.0),
        (["a"], set(), 1, 0.0),
        (["b", "a"], {"a"}, 1, 0.0),
        (["b", "a"], {"a"}, 2, 1.0),
        (["b", "a"], {"a", "b"}, 1, 1.0),
    ],
)
def test_accuracy_at(ranked: list[str], gold: set[str], k: int, expected: float) -> None:
    assert metrics.accuracy_at(ranked, gold, k) == expected


def test_recall_counts_alternatives_for_missing_units_only() -> None:
    assert isnan(metrics.recall_at(["a"], [], 5))
    assert metrics.recall_at(["a", "x"], ["a", "b"], 5) == 0.5
    assert metrics.recall_at(["a", "x"], ["a", "b"], 5, ["x"]) == 1.0
    assert metrics.recall_at(["a", "b", "x"], ["a", "b"], 5, ["x"]) == 1.0
    assert metrics.recall_at(["x"], ["a"], 1, ["x"]) == 1.0


def test_reciprocal_rank_stops_at_k() -> None:
    assert metrics.reciprocal_rank([], {"a"}) == 0.0
    assert metrics.reciprocal_rank(["b", "c", "a"], {"a"}) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(["b", "c", "a"], {"a"}, k=2) == 0.0


def test_ndcg_counts_a_unit_once() -> None:
    assert isnan(metrics.ndcg_at(["a"], []))
    assert metrics.ndcg_at(["a", "b"], ["a", "b"]) == pytest.approx(1.0)
    assert metrics.ndcg_at(["a", "a"], ["a", "b"]) < 1.0
    assert metrics.ndcg_at(["x", "a"], ["a"]) == pytest.approx(1 / np.log2(3))


def test_contains_forgives_typography_but_not_words() -> None:
    assert metrics.contains("l’Organisation  gère\u00a0tout", ["l'Organisation gère tout"])
    assert not metrics.contains("l’organisation gère", ["l'Organisation gère"])
    assert not metrics.contains("anything", [])
    assert not metrics.contains("anything", ["  "])
    assert not metrics.contains("", ["a"])


def test_citation_recall_and_precision() -> None:
    assert isnan(metrics.span_recall(["a"], []))
    assert metrics.span_recall([], ["a"]) == 0.0
    assert metrics.span_recall(["one two", "three"], ["two", "four"]) == 0.5
    assert isnan(metrics.quote_precision([], ["a"]))
    assert metrics.quote_precision(["one two", "three"], ["two"]) == 0.5


def test_set_exact_needs_all_and_none_extra() -> None:
    assert metrics.set_exact([], []) == 0.0
    assert metrics.set_exact(["a", "b", "a"], ["a", "b"]) == 1.0
    assert metrics.set_exact(["a"], ["a", "b"]) == 0.0
    assert metrics.set_exact(["a", "b", "c"], ["a", "b"]) == 0.0
    assert metrics.set_exact(["a", "b", "c"], ["a", "b"], ["c"]) == 1.0


def test_risk_coverage_by_hand() -> None:
    points = metrics.risk_coverage([0.9, 0.8, 0.7, 0.6], [False, True, True, False], [1, 0, 1, 1])
    assert points == [
        CurvePoint(0.9, 1 / 3, 0.25, 0.0),
        CurvePoint(0.8, 1 / 3, 0.5, 0.5),
        CurvePoint(0.7, 2 / 3, 0.75, 2 / 3),
        CurvePoint(0.6, 1.0, 1.0, 0.5),
    ]
    assert metrics.aurc([0.9, 0.8, 0.7, 0.6], [False, True, True, False], [1, 0, 1, 1]) == (
        pytest.approx((0 + 2 / 3 + 1 / 2) / 3)
    )
    assert metrics.coverage_at_risk(points, 0.05) == pytest.approx(1 / 3)
    assert metrics.coverage_at_risk(points, 0.5) == 1.0
    assert metrics.coverage_at_risk([], 0.5) == 0.0


def test_aurc_of_a_perfect_system() -> None:
    good = [True] * 80 + [False] * 20
    sure = [0.9] * 80 + [0.1] * 20
    wrong = [not g for g in good]
    assert metrics.aurc(sure, wrong, good) == 0.0
    distinct = [1 - i / 100 for i in range(100)]
    price = 0.2 + 0.8 * log(0.8)
    assert metrics.aurc(distinct, wrong, good, over_all=True) == pytest.approx(price, abs=0.002)
    assert isnan(metrics.aurc([0.5], [True], [False]))
    assert isnan(metrics.aurc([], [], []))


@settings(deadline=None)
@given(rows, st.randoms())
def test_the_curve_does_not_depend_on_order(table: list[tuple], random) -> None:  # type: ignore[no-untyped-def, type-arg]
    shuffled = list(table)
    random.shuffle(shuffled)
    one = metrics.risk_coverage(*zip(*table, strict=True))
    assert one == metrics.risk_coverage(*zip(*shuffled, strict=True))
    assert all(0 <= p.risk <= 1 and 0 <= p.coverage <= 1 for p in one)
    assert [p.coverage_all for p in one] == sorted(p.coverage_all for p in one)


@settings(deadline=None)
@given(st.lists(confidences, min_size=1), st.lists(confidences, min_size=1))
def test_roc_auc_is_the_share_of_ordered_pairs(yes: list[float], no: list[float]) -> None:
    pairs = [(a > b) + 0.5 * (a == b) for a in yes for b in no]
    assert metrics.roc_auc(yes, no) == pytest.approx(sum(pairs) / len(pairs))
    assert metrics.roc_auc(no, yes) == pytest.approx(1 - metrics.roc_auc(yes, no))


def test_roc_auc_of_nothing() -> None:
    assert isnan(metrics.roc_auc([], [0.5]))
    assert isnan(metrics.roc_auc([0.5], []))


@settings(deadline=None)
@given(st.lists(confidences, min_size=1), st.floats(0.01, 1))
def test_threshold_lets_the_share_through(yes: list[float], share: float) -> None:
    limit = metrics.threshold_for(yes, share)
    assert sum(v >= limit for v in yes) >= share * len(yes) - 1e-6
    assert isnan(metrics.threshold_for([], share))


def test_silence_at() -> None:
    yes = [0.1] + [0.9] * 9
    assert metrics.silence_at(yes, [0.5, 0.95], 0.9) == 0.5
    assert metrics.silence_at(yes, [0.5, 0.05], 1.0) == 0.5
    assert isnan(metrics.silence_at([], [0.5], 0.9))


def test_intervals() -> None:
    nothing = metrics.mean_interval([float("nan")])
    assert isnan(nothing.value) and nothing.n == 0
    sure = metrics.mean_interval([1.0] * 3)
    assert sure.value == sure.high == 1.0 and 0.3 < sure.low < 0.5
    never = metrics.mean_interval([0.0] * 100)
    assert never.low == 0.0 and 0.03 < never.high < 0.04
    mixed = metrics.mean_interval([0.0, 1.0] * 50)
    assert mixed == metrics.mean_interval([0.0, 1.0] * 50)
    assert mixed.low < 0.45 and mixed.high > 0.55 and mixed.n == 100
    constant = metrics.mean_interval([0.25] * 4)
    assert (constant.low, constant.high) == (0.25, 0.25)


def test_interval_of_any_statistic() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    interval = metrics.interval_of(lambda i: float(values[i].mean()), 5)
    assert interval.value == pytest.approx(0.6)
    assert interval.low <= 0.6 <= interval.high
    without = metrics.interval_of(lambda i: float(values[i].mean()), 5, resamples=0)
    assert without.value == pytest.approx(0.6) and isnan(without.low)
    assert metrics.interval_of(lambda i: 1.0, 0).n == 0
