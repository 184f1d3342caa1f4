"""The headings of a corpus, word by word: by what each word is known, what it weighs, whether it
is a name. Made once per generation; ``mentions`` looks units up in it."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.kinds import is_plural, kinds, qualities
from assistant.language import Word, fold, is_stop, stem, words
from assistant.names import folded_words, general, vocabulary_of
from assistant.types import Corpus, Unit

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


@dataclass(frozen=True, slots=True, eq=False)
class Headings:
    units: tuple[str, ...]
    headings: tuple[tuple[HeadingWord, ...], ...]
    owners: Mapping[str, tuple[tuple[int, int], ...]]
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
    units = list(corpus.units.values())
    languages = tuple(sorted({d.language for d in corpus.documents.values()}))
    lower, upper = _cases(corpus)
    in_text: Counter[str] = Counter()
    for unit in units:
        in_text.update(_stems(corpus, unit))
    split = [_words_of(corpus, unit) for unit in units]
    in_heading: Counter[str] = Counter()
    for unit, parts in zip(units, split, strict=True):
        language = corpus.documents[unit.document].language
        in_heading.update({stem(word.text, language) for word in parts})
    headings = []
    for unit, parts in zip(units, split, strict=True):
        language = corpus.documents[unit.document].language
        places: dict[int, set[str]] = defaultdict(set)
        for at, key in known_names(parts):
            places[at].add(key)
        tokens = []
        for at, word in enumerate(parts):
            its_stem = stem(word.text, language)
            here, everywhere = in_heading[its_stem], in_text[its_stem]
            kind = bool(kinds(word.text) or qualities(word.text))
            single = here <= 2 and everywhere <= max(3, COMMON * len(units))
            weight = _weight(len(units), here, everywhere)
            weight *= LIGHT if kind or _in_brackets(unit.heading, word.start) else 1.0
            name = single and not kind and _is_name(word, at, lower, upper, bool(places[at]))
            keys = keys_of_word(word.text, languages) | places[at] | {f"{language}:{its_stem}"}
            if kinds(word.text) and len(parts) > 1:
                keys -= {f"{language}:{its_stem}" for language in languages}
            if _is_acronym(word.text) and not unit.heading.isupper():
                keys = {f"={fold(word.text)}"}
            tokens.append(HeadingWord(frozenset(keys), weight, kind, name))
        headings.append(tuple(tokens))
    owners: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, heading in enumerate(headings):
        for token, its_token in enumerate(heading):
            for key in its_token.keys:
                owners[key].append((number, token))
    spellings = Counter(
        fold(w.text).strip("'")
        for its in split
        for w in its
        if len(w.text) > 3 and not w.text.isupper()
    )
    return Headings(
        tuple(unit.id for unit in units),
        tuple(headings),
        {key: tuple(its) for key, its in owners.items()},
        languages,
        spellings,
        vocabulary_of(corpus),
    )


def _words_of(corpus: Corpus, unit: Unit) -> list[Word]:
    language = corpus.documents[unit.document].language
    found = words(unit.heading, language)
    kept = [word for word in found if not is_stop(word.text, language) or word.text.isupper()]
    return kept or found


def _stems(corpus: Corpus, unit: Unit) -> set[str]:
    document = corpus.documents[unit.document]
    text = f"{unit.heading} {document.text[unit.start : unit.end]}"
    return {stem(word.text, document.language) for word in words(text, document.language)}


def _is_acronym(word: str) -> bool:
    return word.isupper() and len(word) > 1


def _in_brackets(heading: str, at: int) -> bool:
    return heading.rfind("(", 0, at) > heading.rfind(")", 0, at)


def _weight(units: int, headings: int, texts: int) -> float:
    return 0.5 * (math.log1p(units / max(1, headings)) + math.log1p(units / max(1, texts)))


def _is_name(
    word: Word, at: int, lower: frozenset[str], upper: frozenset[str], place: bool
) -> bool:
    """Return whether a heading's word is a name: never written small, and capital elsewhere."""
    text = word.text
    if place or _is_acronym(text):
        return True
    return at > 0 and text[:1].isupper() and fold(text) not in lower and fold(text) in upper


def _cases(corpus: Corpus) -> tuple[frozenset[str], frozenset[str]]:
    """Return the folded words that are written small, and those with a capital in a sentence."""
    lower: set[str] = set()
    upper: set[str] = set()
    for unit in corpus.units.values():
        document = corpus.documents[unit.document]
        body = document.text[unit.start : unit.end]
        for word in words(body, document.language):
            if word.text[:1].islower():
                lower.add(fold(word.text))
            elif word.text[:1].isupper() and not re.search(
                r"(?:^|[.!?:\n•–-])\W*$", body[max(0, word.start - 4) : word.start]
            ):
                upper.add(fold(word.text))
    return frozenset(lower), frozenset(upper)
