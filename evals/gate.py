"""The bars: which numbers must not fall, and whether they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.results import Result
from evals.runner import MAIN

DEFAULT_BARS = Path(__file__).with_name("bars.json")
GOALS = Path(__file__).with_name("goals.json")
"""Where we want to be; the page shows these, the gate holds the bars."""
MIN_QUESTIONS = 15


@dataclass(frozen=True, slots=True)
class Verdict:
    """One bar and what was measured against it; ``value`` None: not measured, which fails."""

    name: str
    value: float | None
    bar: float
    upper: bool
    n: int = 0

    @property
    def holds(self) -> bool:
        """Whether the bar holds."""
        if self.value is None:
            return False
        return self.value <= self.bar if self.upper else self.value >= self.bar


def load_bars(file: Path = DEFAULT_BARS) -> dict[str, dict[str, float]]:
    """Return name → {"min": x} or {"max": x}; raise ValueError naming what is malformed."""
    bars: dict[str, dict[str, float]] = json.loads(file.read_text(encoding="utf-8"))
    for name, bar in bars.items():
        if not isinstance(bar, dict) or len(bar) != 1 or not set(bar) <= {"min", "max"}:
            raise ValueError(f'{file}: {name} must be {{"min": number}} or {{"max": number}}')
    return bars


def verdicts(
    result: Result, bars: Mapping[str, Mapping[str, float]], half: str = "check"
) -> list[Verdict]:
    """Return one verdict per bar.

    A bar is named ``metric`` or ``group/metric`` (``kind=noisy/unit@1``); ``language=*/metric``
    stands for every language with at least 15 questions that the metric applies to.
    """
    groups: dict[str, Any] = result["systems"][MAIN]["summary"].get(half, {})
    found = []
    for name, bar in bars.items():
        group, metric = name.rsplit("/", 1) if "/" in name else ("all", name)
        for member in _members(group, metric, groups):
            numbers = groups.get(member, {}).get(metric)
            shown = metric if member == "all" else f"{member}/{metric}"
            limit, upper = next((value, key == "max") for key, value in bar.items())
            value, n = (numbers[0], numbers[3]) if numbers else (None, 0)
            found.append(Verdict(shown, value, limit, upper, n))
    return found


def _members(group: str, metric: str, groups: Mapping[str, Any]) -> list[str]:
    if not group.endswith("*"):
        return [group]
    return [
        name
        for name, numbers in groups.items()
        if name.startswith(group[:-1]) and numbers.get(metric, [0, 0, 0, 0])[3] >= MIN_QUESTIONS
    ]


def gate_table(found: list[Verdict]) -> str:
    """Return the verdicts as an aligned table."""
    width = max((len(v.name) for v in found), default=0)
    lines = [f"{'measure':<{width}}  {'bar':>8}  {'measured':>8}  {'n':>5}"]
    for v in found:
        sign = "≤" if v.upper else "≥"
        shown = "—" if v.value is None else f"{v.value:.3f}"
        mark = "" if v.holds else "  below the bar" if not v.upper else "  above the bar"
        lines.append(f"{v.name:<{width}}  {sign}{v.bar:>7.3f}  {shown:>8}  {v.n:>5}{mark}")
    return "\n".join(lines)
