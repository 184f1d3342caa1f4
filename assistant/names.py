"""Other names of what a text names: acronyms, places, and words spelled as the corpus does.

Pairs are learned from the documents ("Long Form (LF)", "LF (Long Form)", initials of headings);
``acronyms.txt`` and ``places.txt`` hold general knowledge, a knowledge folder's ``glossary.txt``
its own, all in one form: ``NAME = OTHER NAME = …``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import TypeVar

from assistant import dictionary
from assistant.language import detect, fold, is_stop, stem, words
from assistant.tally import Tally, tally_of
from assistant.types import Corpus

MOST_WORDS = 14
"""Words of the longest name that is looked up."""
KEPT = 12
"""Tables derived from a generation that are kept."""

Group = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Names:
    """What is known about names in one corpus.

    ``forms`` maps a name's folded words to the groups it is in; ``vocabulary`` counts the
    corpus's folded words; ``stems`` its stems; ``languages`` are the documents'.
    """

    forms: Mapping[Group, tuple[Group, ...]]
    vocabulary: Mapping[str, int]
    stems: frozenset[str]
    languages: tuple[str, ...]
    shouted: frozenset[Group] = field(default=frozenset())


def parse_glossary(text: str) -> list[Group]:
    """Return the groups of names in a glossary: one a line, ``NAME = OTHER NAME = …``.

    Lines without ``=`` and lines that start with ``#`` are left out.
    """
    groups = []
    for line in text.splitlines():
        names = tuple(dict.fromkeys(" ".join(part.split()) for part in line.split("=")))
        names = tuple(name for name in names if name)
        if len(names) > 1 and not line.lstrip().startswith("#"):
            groups.append(names)
    return groups


def learn(corpus: Corpus, glossary: str = "") -> Names:
    """Return the names of ``corpus``; ``glossary`` is the text of its folder's glossary."""
    counted = counts(corpus)
    own, shouted = _forms([*parse_glossary(glossary), *counted.pairs])
    known, loud = _general_forms()
    forms = {**known, **{key: (*groups, *known.get(key, ())) for key, groups in own.items()}}
    vocabulary, languages = counted.vocabulary, counted.languages
    stems = frozenset(stem(word, language) for word in vocabulary for language in languages)
    return Names(
        forms,
        vocabulary,
        stems,
        languages,
        shouted | loud,
    )


@lru_cache(maxsize=1)
def _general_forms() -> tuple[Mapping[Group, tuple[Group, ...]], frozenset[Group]]:
    return _forms([*general("acronyms.txt"), *general("places.txt")])


def _forms(groups: Iterable[Group]) -> tuple[dict[Group, tuple[Group, ...]], frozenset[Group]]:
    """Return the groups that each name is in, and the names that count only in capitals."""
    forms: dict[Group, list[Group]] = {}
    shouted = set()
    for group in groups:
        for name in group:
            key = folded_words(name)
            if not key:
                continue
            for known in {key, _uninflected(key)}:
                if group not in forms.setdefault(known, []):
                    forms[known].append(group)
            if name.isupper() and len(key) == 1 and _is_word(key[0]):
                shouted.add(key)
    return {key: tuple(found) for key, found in forms.items()}, frozenset(shouted)


def expansions(text: str, names: Names) -> list[str]:
    """Return other names to search for: those of what ``text`` names, then corrected words.

    Only names whose words all stand in the corpus, in the order of the text, each once.
    """
    found: dict[str, None] = {}
    inside: set[str] = set()
    for key, groups in named(text, names):
        for group in groups:
            for name in group:
                other = folded_words(name)
                if other != key and other and all(w in names.vocabulary for w in other):
                    found[name] = None
                    inside.update(key)
    spoken = dict.fromkeys((*names.languages, detect(text)))
    for word in words(text, names.languages[0] if names.languages else ""):
        folded = fold(word.text)
        if folded in inside or folded in names.vocabulary:
            continue
        if any(stem(word.text, language) in names.stems for language in names.languages):
            continue
        if corrected := correct(word.text, names.vocabulary, spoken):
            found[corrected] = None
    return list(found)


def named(text: str, names: Names) -> list[tuple[Group, tuple[Group, ...]]]:
    """Return the known names in ``text`` with their groups, longest first at each place."""
    tokens = [word.text for word in words(text, "")]
    folded = [fold(token).strip("'") for token in tokens]
    shouting = text.isupper()
    found = []
    at = 0
    while at < len(tokens):
        for length in range(min(MOST_WORDS, len(tokens) - at), 0, -1):
            key = tuple(folded[at : at + length])
            if key not in names.forms:
                key = _uninflected(key)
            loud = tokens[at].isupper() and not shouting
            if key in names.forms and (key not in names.shouted or loud):
                found.append((key, names.forms[key]))
                at += length - 1
                break
        at += 1
    return found


def correct(word: str, vocabulary: Mapping[str, int], languages: Iterable[str]) -> str | None:
    """Return the corpus word that ``word`` misspells, folded; None if there is none.

    Words the corpus knows, words of one of the languages, and words shorter than four letters
    stay. Up to seven letters one edit is forgiven, beyond it two; the first letter counts.
    Frequent words win.
    """
    from rapidfuzz.distance import OSA

    folded = fold(word)
    if len(folded) < 4 or folded in vocabulary or any(is_stop(word, code) for code in languages):
        return None
    if any(character.isdigit() for character in folded):
        return None
    limit = 1 if len(folded) <= 7 else 2
    best: tuple[int, int, str] | None = None
    for other in _same_start(vocabulary, folded[0]):
        if abs(len(other) - len(folded)) > limit or len(other) < 4:
            continue
        distance = OSA.distance(folded, other, score_cutoff=limit)
        if distance > limit or not _alike(folded, other, distance):
            continue
        candidate = (distance, -vocabulary[other], other)
        if best is None or candidate < best:
            best = candidate
    if best is None or any(dictionary.known(word, code) for code in languages):
        return None
    return best[2]


def folded_words(text: str) -> Group:
    """Return the folded words of ``text``."""
    return tuple(fold(word.text).strip("'") for word in words(text, ""))


def _uninflected(key: Group) -> Group:
    """Return the stems of Cyrillic words (their names are declined), other words as they are."""
    return tuple(stem(w, "ru") if "\u0400" <= w[:1] <= "\u04ff" else w for w in key)


def counts(corpus: Corpus) -> Tally:
    """Return what the words of the corpus do; read or counted once per generation."""
    return per_generation("tally", corpus, tally_of)


@lru_cache(maxsize=8)
def general(name: str) -> tuple[Group, ...]:
    """Return the groups of one of the general tables, ``acronyms.txt`` or ``places.txt``."""
    return tuple(parse_glossary(files("assistant").joinpath(name).read_text("utf-8")))


_kept: OrderedDict[tuple[str, str], object] = OrderedDict()
_lock = Lock()


def per_generation(name: str, corpus: Corpus, make: Callable[[Corpus], T]) -> T:
    """Return ``make(corpus)``, made once per generation; the last few generations are kept."""
    key = (name, corpus.generation)
    with _lock:
        if key in _kept:
            found: T = _kept[key]  # type: ignore[assignment]
            return found
    made = make(corpus)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def _is_word(word: str) -> bool:
    return any(is_stop(word, language) for language in ("fr", "en", "es", "de", "it", "pt"))


def _alike(word: str, other: str, distance: int) -> bool:
    """Return whether two words are near enough in more than the number of edits.

    A replaced letter makes another short word too often; two edits need a common start.
    """
    if distance > 1:
        return word[:3] == other[:3]
    return len(word) > 5 or len(word) != len(other) or sorted(word) == sorted(other)


_starts: list[tuple[Mapping[str, int], Mapping[str, list[str]]]] = []


def _same_start(vocabulary: Mapping[str, int], letter: str) -> Iterable[str]:
    """Return the words with this first letter; sorted out once for each of the last tables."""
    for known, by_start in tuple(_starts):
        if known is vocabulary:
            return by_start.get(letter, ())
    found: dict[str, list[str]] = {}
    for word in vocabulary:
        found.setdefault(word[:1], []).append(word)
    with _lock:
        _starts.append((vocabulary, found))
        del _starts[:-KEPT]
    return found.get(letter, ())
