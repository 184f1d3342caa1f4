"""Whether a sentence says no more than the passages it cites; thresholds are calibrated.

Numbers, dates and names must stand in the passages, as must a negation. What else the sentence
says must be met by their words, by stem or by meaning (``training/support.py`` chose how well).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant import clauses, language
from assistant.language import fold

Floats = npt.NDArray[np.float32]
REMEMBERED = 20_000
"""Words whose vectors are kept."""

_GROUPED = re.compile(r"(?<!\d)\d{1,3}(?:[ .,'’]\d{3})+(?!\d)")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# Addresses of the network must stand in the passages letter by letter.
_ADDRESS = re.compile(r"\w+://\S+|www\.\S+|\S+@\S+\.\w+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*")
_NOUNS_ARE_CAPITAL = frozenset({"de"})


@dataclass(frozen=True, slots=True)
class Text:
    """A cited passage with what stands above it, and its language."""

    heading: str
    passage: str
    language: str


@dataclass(frozen=True, slots=True)
class Support:
    """How well a sentence is supported: shares from 0 to 1, and what is there that must not be.

    ``foreign`` when no passage is in the sentence's language. ``coverage`` is the share of the
    sentence's words that are met, by rarity; ``weakest`` the least of them; ``name`` the least
    name; ``similarity`` the cosine of the nearest clause.
    """

    foreign: bool
    coverage: float
    weakest: float
    similarity: float
    name: float
    missing: tuple[str, ...]
    negated: bool

    @property
    def holds(self) -> bool:
        """Whether the sentence may be shown as proved."""
        if self.missing or self.negated:
            return False
        least, before = data()["thresholds"], "foreign_" if self.foreign else ""
        named = ("coverage", "weakest", "similarity", "name")
        return all(getattr(self, n) >= least[before + n] for n in named)


class Judge:
    """Compares sentences with passages. Any thread may use it."""

    def __init__(
        self, encode: Callable[[Sequence[str]], Floats], idf: Callable[[str], float]
    ) -> None:
        self._encode = encode
        self._idf = idf
        self._known: dict[str, Floats] = {}

    def examine(self, sentence: str, spoken: str, texts: Sequence[Text]) -> Support:
        """Return how well ``sentence``, in the language ``spoken``, is supported by ``texts``."""
        whole = "\n".join(f"{t.heading}\n{t.passage}" for t in texts)
        foreign = all(t.language != spoken for t in texts)
        known = {w.text: t.language for t in texts for w in _words(f"{t.heading} {t.passage}", t)}
        stems = {language.stem(word, lang) for word, lang in known.items()}
        folded = {fold(word) for word in known}
        told = [w.text for w in language.words(sentence, spoken) if _tells(w.text, spoken)]
        met = self._met(told, spoken, stems | folded, list(known))
        names = {fold(name) for name in _names(sentence, spoken)}
        if foreign:
            least = min((met[w] for w in told if fold(w) in names), default=1.0)
        else:
            least = float(all(met[w] == 1.0 for w in told if fold(w) in names))
        nearest, similarity = self._nearest(sentence, texts)
        return Support(
            foreign,
            self._weighted(met, spoken),
            min(met.values(), default=0.0),
            similarity,
            least,
            _missing(sentence, spoken, whole, texts),
            negated(sentence, spoken) != negated(nearest.passage, nearest.language),
        )

    def _met(
        self, told: Sequence[str], spoken: str, held: set[str], known: Sequence[str]
    ) -> dict[str, float]:
        """Return for each word told how well it is met: 1 by stem, else its nearest cosine."""
        met = {w: 1.0 for w in told if language.stem(w, spoken) in held or fold(w) in held}
        rest = [w for w in dict.fromkeys(told) if w not in met]
        if rest and known:
            cosines = self._vectors(rest) @ self._vectors(known).T
            met |= dict(zip(rest, np.clip(cosines.max(axis=1), 0, 0.99).tolist(), strict=True))
        return met

    def _weighted(self, met: Mapping[str, float], spoken: str) -> float:
        weights = {word: self._idf(language.stem(word, spoken)) for word in met}
        total = sum(weights.values())
        return sum(met[w] * weight for w, weight in weights.items()) / total if total else 0.0

    def _nearest(self, sentence: str, texts: Sequence[Text]) -> tuple[Text, float]:
        """Return the clause that is nearest to the sentence, and how near it is."""
        parts = [
            Text(t.heading, t.passage[a:b], t.language)
            for t in texts
            for a, b in clauses.clauses(t.passage, 0, len(t.passage), t.language)
        ] or list(texts)
        seen = [f"{part.heading}. {part.passage}" for part in parts]
        vectors = self._encode([sentence, *seen, *(part.passage for part in parts)])
        cosines = (vectors[1:] @ vectors[0]).reshape(2, -1).max(axis=0)
        best = int(cosines.argmax())
        return parts[best], float(cosines[best])

    def _vectors(self, words: Sequence[str]) -> Floats:
        new = [w for w in dict.fromkeys(words) if w not in self._known]
        fresh = dict(zip(new, self._encode(new), strict=True)) if new else {}
        rows = np.stack([fresh[w] if w in fresh else self._known[w] for w in words])
        if len(self._known) < REMEMBERED:
            self._known |= fresh
        return rows


def _words(text: str, origin: Text) -> list[language.Word]:
    return language.words(text, origin.language)


def _tells(word: str, spoken: str) -> bool:
    return not language.is_stop(word, spoken) and not word[0].isdigit()


def _names(sentence: str, spoken: str) -> list[str]:
    """Return the words that are written as names: capitals inside a sentence, acronyms."""
    found = language.words(sentence, spoken)
    names = []
    for at, word in enumerate(found):
        acronym = len(word.text) > 1 and word.text.isupper()
        capital = word.text[0].isupper() and spoken not in _NOUNS_ARE_CAPITAL
        if at == 0 and not acronym:
            capital = capital and len(found) > 1 and found[1].text[0].isupper()
        if (acronym or capital) and not language.is_stop(word.text, spoken):
            names.append(word.text)
    return names


def _missing(sentence: str, spoken: str, whole: str, texts: Sequence[Text]) -> tuple[str, ...]:
    """Return the numbers, dates and addresses of the sentence that the passages do not hold."""
    held = {v for t in texts for v in _values(f"{t.heading}\n{t.passage}", t.language)}
    addresses = [a for a in _ADDRESS.findall(sentence) if a.rstrip(".,;:!?)") not in whole]
    return (*sorted(_values(sentence, spoken) - held), *addresses)


def _values(text: str, spoken: str) -> set[str]:
    """Return the numbers of a text, days and months too, as they are the same in any language."""
    joined = _GROUPED.sub(lambda m: re.sub(r"\D", "", m[0]), text)
    figures = {re.sub("[,:]", ".", n) for n in _NUMBER.findall(joined)}
    listed = data()["values"].get(spoken, {})
    return figures | {
        listed[w] for word in language.words(text, spoken) if (w := fold(word.text)) in listed
    }


def negated(text: str, spoken: str) -> bool:
    """Return whether a text in the language ``spoken`` holds a negation."""
    listed = data()["negations"].get(spoken, "").split()
    found = (fold(w.text).strip("'") for w in language.words(text, spoken))
    return any(w in listed or (spoken == "en" and w.endswith("n't")) for w in found)


@lru_cache(maxsize=1)
def data() -> dict[str, Any]:
    """Return the thresholds, and the words of each language for values and negations."""
    loaded: dict[str, Any] = json.loads(
        files("assistant").joinpath("support.json").read_text("utf-8")
    )
    return loaded
