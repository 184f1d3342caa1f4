"""How the network reads what it never learned from; the product as a whole is for ``evals``."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped, unused-ignore]

from assistant.reader import Encoded, Reading
from assistant.reading import LONGEST, windows_of
from training.network import Network, collate
from training.prepare import Example, Prepared, tokens

UNITS = 8
"""Units that are read for a question."""


@dataclass(frozen=True, slots=True)
class Best:
    """A unit's best window, read; ``text`` is the number of the unit's text it belongs to."""

    text: int
    window: Encoded
    reading: Reading


def report(network: Network, sets: Sequence[Prepared], most: int) -> None:
    """Print for each set, on at most ``most`` held questions: how often the right unit is first,
    how often the marked words touch an answer, and how well silence is told from answers (AUC).
    """
    for prepared in sets:
        held = list(prepared.held)
        random.Random(1).shuffle(held)
        if held:
            print(
                f"  {prepared.name:26} n={len(held[:most])} {_row(network, prepared, held[:most])}"
            )


def read(network: Network, pairs: Sequence[tuple[Encoded, Encoded]]) -> list[Reading]:
    """Return one Reading per pair of question and window."""
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
    out: dict[int, Reading] = {}
    network.eval()
    for at in range(0, len(order), 32):
        some = order[at : at + 32]
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            logits = network(collate([pairs[i] for i in some]))
        answer, start, end = (part.float().numpy() for part in logits)
        for row, i in enumerate(some):
            inside = slice(len(pairs[i][0]), len(pairs[i][0]) + len(pairs[i][1]))
            out[i] = Reading(float(answer[row]), start[row, inside], end[row, inside])
    return [out[i] for i in range(len(pairs))]


def _row(network: Network, prepared: Prepared, held: Sequence[Example]) -> str:
    # Where near misses were written about a unit, only that unit is read.
    near = any(example.unit and not example.answered for example in held)
    found = [_best(network, prepared, example, near) for example in held]
    right: list[bool] = []
    touched: list[bool] = []
    known: list[float] = []
    silent: list[float] = []
    for example, units in zip(held, found, strict=True):
        first = max(units, key=lambda heading: units[heading].reading.answer)
        (known if example.answered else silent).append(units[first].reading.answer)
        if example.answered:
            right.append(first == example.unit)
            if example.unit in units:
                touched.append(_touches(example, units[example.unit]))
    out = [] if near else [f"first {np.mean(right):.3f}"]
    out.append(f"words {np.mean(touched):.3f}")
    if silent and known:
        labels = [1] * len(known) + [0] * len(silent)
        out.append(f"silence AUC {roc_auc_score(labels, known + silent):.3f}")
    return " ".join(out)


def _best(network: Network, prepared: Prepared, example: Example, near: bool) -> dict[str, Best]:
    """Return the best window of each unit that is read, in the set's first language."""
    headings = [example.unit] if near and example.unit else list(example.ranked[:UNITS])
    windows = [
        (heading, number, window)
        for heading in headings
        for number, text in enumerate(prepared.editions[0][heading])
        for window in windows_of(text.encoded)
    ]
    readings = read(network, [(example.asked, window) for _, _, window in windows])
    out: dict[str, Best] = {}
    for (heading, number, window), reading in zip(windows, readings, strict=True):
        if heading not in out or reading.answer > out[heading].reading.answer:
            out[heading] = Best(number, window, reading)
    return out


def _touches(example: Example, best: Best) -> bool:
    """Return whether the words that are marked touch an answer."""
    start = int(best.reading.start.argmax())
    end = start + int(best.reading.end[start : start + LONGEST].argmax())
    for place in example.places[0]:
        answer = tokens(best.window, place.start, place.end)
        if place.text == best.text and answer and answer[0] <= end and start <= answer[1]:
            return True
    return False
