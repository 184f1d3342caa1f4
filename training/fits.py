"""Small models fitted to examples: which of a question's candidates is right; yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
Bounds = tuple[float | None, float | None]
RIDGE = 0.01
SHRINK = 1.7


def softmax_fit(
    groups: Sequence[tuple[Floats, int]], names: Sequence[str], columns: Sequence[str]
) -> dict[str, float]:
    """Return a weight for each column, so that the right row of each group is likeliest.

    ListNet's top-one loss (Cao et al. 2007) on columns scaled to one deviation, with a ridge;
    ``names`` says which corpus each group is from.
    """
    importance = balanced(names) / len(names)
    scale = np.concatenate([x for x, _ in groups]).std(0) + 1e-9

    def loss(w: Floats) -> tuple[float, Floats]:
        total, gradient = RIDGE * float(w @ w), 2 * RIDGE * w
        for (x, gold), weight in zip(groups, importance, strict=True):
            z = x / scale
            s = z @ w
            p = np.exp(s - s.max())
            p /= p.sum()
            total -= weight * float(np.log(max(p[gold], 1e-12)))
            gradient = gradient + weight * (p @ z - z[gold])
        return total, gradient

    found = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B").x / scale
    return {name: round(float(w), 3) for name, w in zip(columns, found, strict=True)}


def balanced(names: Sequence[str]) -> Floats:
    """Return one weight per example so that every corpus counts the same, 1 on average."""
    count = {name: names.count(name) for name in set(names)}
    weight = np.array([1 / count[name] for name in names])
    return weight * len(weight) / weight.sum()


def bounded_logistic(
    x: Floats,
    y: npt.NDArray[np.bool_],
    weight: Floats,
    columns: Sequence[str],
    signs: Mapping[str, Bounds],
) -> dict[str, float]:
    """Return a logistic model, ``bias`` among its weights, whose weights keep to ``signs``: the
    least and the most that each may be, per deviation of its column."""
    middle, scale = x.mean(0), x.std(0) + 1e-9
    z, real = (x - middle) / scale, y.astype(float)
    count = len(y)

    def loss(w: Floats) -> tuple[float, Floats]:
        s = z @ w[:-1] + w[-1]
        p = 1 / (1 + np.exp(-s))
        value = weight @ (np.logaddexp(0, s) - real * s) / count + SHRINK / count * w[:-1] @ w[:-1]
        off = weight * (p - real) / count
        return float(value), np.append(z.T @ off + 2 * SHRINK / count * w[:-1], off.sum())

    bounds = [*(signs.get(c, (None, None)) for c in columns), (None, None)]
    start = np.zeros(len(columns) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    slopes = found[:-1] / scale
    learned = {c: round(float(w), 4) for c, w in zip(columns, slopes, strict=True)}
    return {**learned, "bias": round(float(found[-1] - slopes @ middle), 4)}
