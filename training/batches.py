"""Examples → groups of question and window → batches: what is shown to the network, and how often.

A group is one question with the window that answers, if any, and windows that do not: of the
same unit, of the units that look likeliest, or of the one that a near miss was written about.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.reader import Encoded
from assistant.reading import windows_of
from training.prepare import Edition, Example, Place, Prepared, tokens

TOKENS = 5000
"""Tokens of a batch, about: as many as memory and patience allow."""
ELSEWHERE = 0.6
"""How often a set in several languages is read in any of them; else in its first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a window; ``answer`` is the first and last token that answer, or None."""

    asked: Encoded
    window: Encoded
    answer: tuple[int, int] | None = None


Group = Sequence[Pair]


def batches(
    sets: Sequence[Prepared], shares: Mapping[str, float], rng: random.Random
) -> list[list[Group]]:
    """Return one epoch in a random order, windows of like length together.

    ``shares`` says how often, on average, an example of each kind is seen.
    """
    groups = []
    for prepared in sets:
        for example in prepared.learned:
            share = shares.get(example.kind, 0.0)
            for _ in range(int(share) + (rng.random() < share % 1)):
                if drawn := group(example, prepared.editions, rng):
                    groups.append(drawn)
    rng.shuffle(groups)
    groups.sort(key=lambda g: max(len(p.window) for p in g) // 24 + rng.random() * 3)
    out: list[list[Group]] = [[]]
    size = 0
    for one in groups:
        width = sum(len(pair.asked) + len(pair.window) for pair in one)
        if out[-1] and size + width > TOKENS:
            out.append([])
            size = 0
        out[-1].append(one)
        size += width
    rng.shuffle(out)
    return [batch for batch in out if batch]


def group(example: Example, editions: Sequence[Edition], rng: random.Random) -> Group:
    """Return the windows to show with the example's question; none if its answer is cut off."""
    number = rng.randrange(len(editions)) if rng.random() < ELSEWHERE else 0
    edition, places = editions[number], example.places[number]
    others = [heading for heading in example.ranked if heading != example.unit]
    asked = example.asked
    if not example.answered:
        if example.unit:
            return [Pair(asked, _any(edition, example.unit, rng))]
        return [Pair(asked, _any(edition, heading, rng)) for heading in _likely(others, 3, rng)]
    right = _answering(edition, example.unit or "", places, rng) if places else None
    if right is None:
        return []
    pairs = [Pair(asked, *right)]
    silent = _silent(edition, example.unit or "", places)
    if silent and rng.random() < 0.5:
        pairs.append(Pair(asked, rng.choice(silent)))
    likely = _likely(others, 3 - len(pairs), rng)
    return pairs + [Pair(asked, _any(edition, heading, rng)) for heading in likely]


def _likely(headings: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Return ``count`` of the headings without repetition, the first the most often."""
    pool = list(headings)
    out: list[str] = []
    while pool and len(out) < count:
        out.append(pool.pop(min(len(pool) - 1, int(rng.expovariate(0.6)))))
    return out


def _any(edition: Edition, heading: str, rng: random.Random) -> Encoded:
    return rng.choice([w for text in edition[heading] for w in windows_of(text.encoded)])


def _answering(
    edition: Edition, heading: str, places: Sequence[Place], rng: random.Random
) -> tuple[Encoded, tuple[int, int]] | None:
    """Return a window that holds one of the answers, and the tokens of the answer."""
    place = rng.choice(places)
    windows = windows_of(edition[heading][place.text].encoded)
    found = [(window, tokens(window, place.start, place.end)) for window in windows]
    holding = [(window, answer) for window, answer in found if answer]
    return rng.choice(holding) if holding else None


def _silent(edition: Edition, heading: str, places: Sequence[Place]) -> list[Encoded]:
    """Return the unit's windows that hold none of the answers."""
    return [
        window
        for number, text in enumerate(edition[heading])
        for window in windows_of(text.encoded)
        if not any(p.text == number and tokens(window, p.start, p.end) for p in places)
    ]
