"""Questions as people type them in a hurry: without accents, in capitals, keywords, slips."""

from __future__ import annotations

import random
import re
import unicodedata


def noisy(question: str, rng: random.Random) -> str:
    """Return the question spoiled in one way, drawn by ``rng``."""
    kind = rng.random()
    if kind < 0.35:
        return bare(question).lower().rstrip(" ?")
    if kind < 0.5:
        return question.upper()
    if kind < 0.65:
        long = [word for word in re.findall(r"[\w'’-]+", question) if len(word) > 3]
        return " ".join(long) or question
    slipped = _slips(question, rng)
    return bare(slipped).lower() if rng.random() < 0.4 else slipped


def bare(text: str) -> str:
    """Return the text without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _slips(text: str, rng: random.Random) -> str:
    """Return the text with a letter lost, doubled or swapped about every 18 characters."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 18)):
        at, kind = rng.randrange(1, max(2, len(letters) - 2)), rng.randrange(3)
        if at >= len(letters) or not letters[at].isalpha():
            continue
        if kind == 0:
            letters[at] = ""
        elif kind == 1 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:
            letters[at] *= 2
    return "".join(letters)
