"""The headings of a corpus, word by word: by what each word is known, what it weighs, whether it
is a name. Made once per generation; ``mentions`` looks units up in it."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from assistant.kinds import is_plural, kinds, qualities
from assistant.language import Word, fold, is_stop, stem, words
from assistant.names import counts, folded_words, general
from assistant.tally import Tally
from assistant.types import Corpus, Unit

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

COMMON = 0.25
"""Share of the units from which on a word in their text does not single one out."""


LIGHT = 0.3
"""What a word counts that says the kind of unit, or stands in brackets."""


@dataclass(frozen=True, slots=True)
class HeadingWord:
    """A word of a heading: the keys it is matched by, its weight, and whether it is a name."""

    keys: frozenset[str]
    weight: float
    kind: bool
    name: bool


class Owners:
    """Which words of which headings are known by a key: the words are numbered throughout."""

    def __init__(self, headings: Iterable[Sequence[HeadingWord]]) -> None:
        numbers: dict[str, int] = {}
        known, held = array("i"), array("i")
        place = 0
        for heading in headings:
            for word in heading:
                for key in word.keys:
                    known.append(numbers.setdefault(key, len(numbers)))
                    held.append(place)
                place += 1
        keys = np.array(known, np.int32)
        order = np.argsort(keys, kind="stable")
        self._numbers = numbers
        self._places: Ints = np.array(held, np.int32)[order]
        self._ends = np.append(0, np.cumsum(np.bincount(keys, minlength=len(numbers)))).tolist()

    def __contains__(self, key: str) -> bool:
        return key in self._numbers

    def places(self, key: str) -> Ints:
        """Return the numbers of the words that ``key`` stands for."""
        number = self._numbers.get(key)
        if number is None:
            return np.empty(0, np.int32)
        return self._places[self._ends[number] : self._ends[number + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Headings:
    """The words of heading ``i`` are numbered from ``first[i]``; ``weights``, ``is_kind`` and
    ``is_name`` say of every word what its HeadingWord says."""

    units: tuple[str, ...]
    headings: tuple[tuple[HeadingWord, ...], ...]
    owners: Owners
    first: Ints
    weights: Floats
    is_kind: npt.NDArray[np.bool_]
    is_name: npt.NDArray[np.bool_]
    languages: tuple[str, ...]
    spellings: Mapping[str, int]
    vocabulary: Mapping[str, int]


SPOKEN = ("fr", "en", "es", "de", "it", "pt")


def keys_of_word(word: str, languages: Sequence[str]) -> set[str]:
    if any(is_stop(word, language) for language in ("fr", "en", "es")) and not word.isupper():
        return set()
    keys = {f"{language}:{stem(word, language)}" for language in languages}
    keys.add(f"={fold(word)}")
    many = "s" if is_plural(word) else ""
    keys |= {f"kind:{kind}{many}" for kind in kinds(word)}
    return keys | {f"quality:{quality}" for quality in qualities(word)}


def known_names(found: Sequence[Word], shouting: bool = False) -> list[tuple[int, str]]:
    """Return which words are part of a known name, as (index, key of the place or body)."""
    table = _place_table()
    folded = [fold(word.text).strip("'") for word in found]
    keys = []
    for at in range(len(folded)):
        for length in range(min(4, len(folded) - at), 0, -1):
            its = table.get(tuple(folded[at : at + length]))
            if its and length == 1 and any(is_stop(folded[at], code) for code in SPOKEN):
                its = its if found[at].text.isupper() and not shouting else None
            if its is None and length == 1:
                its = table.get((stem(folded[at], "ru"),))
            if its:
                keys += [(at + i, key) for i in range(length) for key in its]
                break
    return keys


def _place_table() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    if not _PLACES:
        made: dict[tuple[str, ...], tuple[str, ...]] = {}
        for number, group in enumerate((*general("places.txt"), *general("acronyms.txt"))):
            for name in group:
                key = folded_words(name)
                if not key:
                    continue
                if len(key) > 1 and key[0] in _ARTICLES:
                    key = key[1:]
                made[key] = (*made.get(key, ()), f"place:{number}")
                if len(key) == 1 and "\u0400" <= key[0][0] <= "\u04ff":
                    key = (stem(key[0], "ru"),)
                    made[key] = (*made.get(key, ()), f"place:{number}")
        _PLACES.update(made)
    return _PLACES


_ARTICLES = frozenset(
    ["le", "la", "les", "el", "los", "las", "il", "lo", "gli", "the", "den", "o", "a"]
)


_PLACES: dict[tuple[str, ...], tuple[str, ...]] = {}


def build_headings(corpus: Corpus) -> Headings:
    tally = counts(corpus)
    ids, languages = [], []
    split: list[list[Word]] = []
    texts: list[str] = []
    in_heading: Counter[str] = Counter()
    spellings: Counter[str] = Counter()
    for unit in corpus.units.values():
        language = corpus.documents[unit.document].language
        parts = _words_of(unit, language)
        ids.append(unit.id)
        languages.append(language)
        texts.append(unit.heading)
        split.append(parts)
        in_heading.update({stem(word.text, language) for word in parts})
        spellings.update(
            fold(w.text).strip("'") for w in parts if len(w.text) > 3 and not w.text.isupper()
        )
    weigh = _Weighing(len(ids), in_heading, tally)
    made = zip(texts, split, languages, strict=True)
    headings = tuple(tuple(weigh.words(*its)) for its in made)
    every = [word for heading in headings for word in heading]
    return Headings(
        tuple(ids),
        headings,
        Owners(headings),
        np.append(0, np.cumsum([len(heading) for heading in headings])).astype(np.int32),
        np.array([word.weight for word in every], np.float64),
        np.array([word.kind for word in every], np.bool_),
        np.array([word.name for word in every], np.bool_),
        tally.languages,
        spellings,
        tally.vocabulary,
    )


class _Weighing:
    """Makes the words of headings. Words that are alike are one object: there may be millions."""

    def __init__(self, units: int, in_heading: Mapping[str, int], tally: Tally) -> None:
        self._units = units
        self._in_heading = in_heading
        self._tally = tally
        self._made: dict[HeadingWord, HeadingWord] = {}
        self._keys = lru_cache(100_000)(self._keys_of)

    def words(self, heading: str, parts: Sequence[Word], language: str) -> list[HeadingWord]:
        """Return the words of one heading, of which ``parts`` count."""
        places: dict[int, set[str]] = defaultdict(set)
        for at, key in known_names(parts):
            places[at].add(key)
        whole = heading.isupper()
        found = []
        for at, word in enumerate(parts):
            its_stem = stem(word.text, language)
            here = self._in_heading[its_stem]
            everywhere = self._tally.in_units.get(its_stem, 0)
            kind = bool(kinds(word.text) or qualities(word.text))
            single = here <= 2 and everywhere <= max(3, COMMON * self._units)
            weight = _weight(self._units, here, everywhere)
            weight *= LIGHT if kind or _in_brackets(heading, word.start) else 1.0
            name = single and not kind and _is_name(word, at, self._tally, bool(places[at]))
            keys = self._keys(word.text, language, len(parts) > 1, whole)
            if places[at] and not (_is_acronym(word.text) and not whole):
                keys = keys | places[at]
            made = HeadingWord(keys, weight, kind, name)
            found.append(self._made.setdefault(made, made))
        return found

    def _keys_of(self, word: str, language: str, beside: bool, shouting: bool) -> frozenset[str]:
        """Return the keys of a word; ``beside`` others, in a heading that may be ``shouting``."""
        if _is_acronym(word) and not shouting:
            return frozenset({f"={fold(word)}"})
        languages = self._tally.languages
        its_stem = stem(word, language)
        keys = keys_of_word(word, languages) | {f"{language}:{its_stem}"}
        if kinds(word) and beside:
            keys -= {f"{spoken}:{its_stem}" for spoken in languages}
        return frozenset(keys)


def _words_of(unit: Unit, language: str) -> list[Word]:
    found = words(unit.heading, language)
    kept = [word for word in found if not is_stop(word.text, language) or word.text.isupper()]
    return kept or found


def _is_acronym(word: str) -> bool:
    return word.isupper() and len(word) > 1


def _in_brackets(heading: str, at: int) -> bool:
    return heading.rfind("(", 0, at) > heading.rfind(")", 0, at)


def _weight(units: int, headings: int, texts: int) -> float:
    return 0.5 * (math.log1p(units / max(1, headings)) + math.log1p(units / max(1, texts)))


def _is_name(word: Word, at: int, tally: Tally, place: bool) -> bool:
    """Return whether a heading's word is a name: never written small, and capital elsewhere."""
    text = word.text
    if place or _is_acronym(text):
        return True
    folded = fold(text)
    return at > 0 and text[:1].isupper() and folded not in tally.small and folded in tally.capital
