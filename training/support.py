"""Chooses the thresholds of ``assistant/support.json`` on hand-written sentences.

``python -m training.support`` reads ``training/support.jsonl`` (passage, sentence, whether it is
supported, and if not why), chooses on every other passage, and prints how the rest are judged.
A sentence wrongly shown as proved costs ``COST`` times one wrongly struck out.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import language, support
from assistant.embeddings import load
from assistant.settings import load_settings
from assistant.support import Judge, Support, Text

EXAMPLES = Path(__file__).with_suffix(".jsonl")
WEIGHTS = Path(support.__file__).with_suffix(".json")
COST = 4
GRID = {
    "coverage": np.arange(0.40, 0.96, 0.05),
    "weakest": np.arange(0.0, 0.71, 0.05),
    "similarity": np.arange(0.20, 0.76, 0.05),
    "name": np.arange(0.4, 0.81, 0.1),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence, judged by a person and by the features."""

    passage: str
    sentence: str
    supported: bool
    kind: str
    support: Support


def examples() -> list[Example]:
    """Return the examples of the file, with what the features say of each."""
    rows = [json.loads(line) for line in EXAMPLES.read_text("utf-8").splitlines()]
    texts = {r["passage"]: Text(r["heading"], r["passage"], r["language"]) for r in rows}
    held = Counter(
        s
        for t in texts.values()
        for s in set(language.terms(f"{t.heading} {t.passage}", t.language))
    )
    judge = Judge(
        load(load_settings()).encode,
        lambda stem: float(np.log1p((len(texts) - held[stem] + 0.5) / (held[stem] + 0.5))),
    )
    return [
        Example(
            row["passage"],
            row["sentence"],
            row["supported"],
            row["kind"],
            judge.examine(
                row["sentence"],
                language.detect(row["sentence"], row["language"]),
                [texts[row["passage"]]],
            ),
        )
        for row in rows
    ]


def halves(found: list[Example]) -> tuple[list[Example], list[Example]]:
    """Return the examples of every other passage, and the rest."""
    order = {p: i for i, p in enumerate(dict.fromkeys(e.passage for e in found))}
    return (
        [e for e in found if order[e.passage] % 2 == 0],
        [e for e in found if order[e.passage] % 2],
    )


def chosen(found: list[Example], foreign: bool) -> dict[str, float]:
    """Return the thresholds that cost least; among equals the strictest."""
    kept = [e for e in found if e.support.foreign == foreign]
    possible = np.array([not (e.support.missing or e.support.negated) for e in kept])
    truth = np.array([e.supported for e in kept])
    passed = {
        name: {t: np.array([getattr(e.support, name) >= t for e in kept]) for t in grid}
        for name, grid in GRID.items()
    }
    best: tuple[float, float, dict[str, float]] | None = None
    for point in itertools.product(*GRID.values()):
        at = dict(zip(GRID, map(float, point), strict=True))
        held = possible & np.all([passed[n][t] for n, t in at.items()], axis=0)
        cost = float((held & ~truth).sum() * COST + (~held & truth).sum())
        rank = (cost, -sum(at.values()))
        if best is None or rank < best[:2]:
            best = (*rank, at)
    assert best
    return best[2]


def main() -> None:
    """Choose, write, and print what the other half says of it."""
    found = examples()
    tune, check = halves(found)
    thresholds = {n: round(v, 2) for n, v in chosen(tune, False).items()}
    thresholds |= {f"foreign_{n}": round(v, 2) for n, v in chosen(tune, True).items()}
    loaded = json.loads(WEIGHTS.read_text("utf-8"))
    loaded["thresholds"] = thresholds
    WEIGHTS.write_text(json.dumps(loaded, ensure_ascii=False, indent=1) + "\n", "utf-8")
    support.data.cache_clear()
    print(json.dumps(thresholds))
    for name, half in (("tune", tune), ("check", check)):
        kept = Counter((e.kind or "supported", e.support.holds) for e in half)
        for kind in sorted({k for k, _ in kept}):
            total = kept[kind, True] + kept[kind, False]
            print(f"{name:6}{kind:12}shown as proved {kept[kind, True]:3} of {total}")


if __name__ == "__main__":
    main()
