"""What the words of a corpus do, counted once, at ingest: reading every text takes too long later.

How often each word stands there, how many units hold it, whether it is written small, which words
half of the units use, and which acronyms the texts spell out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from assistant.language import Word, fold, is_stop, stem, words
from assistant.learned import learned_pairs
from assistant.types import Corpus, Document, Unit

FILE = "tally.json"
VERSION = 1
"""Raise when the same texts would be counted otherwise: what an index holds is then not used."""
EVERYWHERE = 0.5
"""Share of the units that name the institution itself; such a name restricts nothing."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in one corpus; words are folded, ``in_units`` counts stems.

    ``capital`` are the words with a capital inside a sentence; ``pairs`` (acronym, long form).
    """

    languages: tuple[str, ...]
    vocabulary: Mapping[str, int]
    in_units: Mapping[str, int]
    small: frozenset[str]
    capital: frozenset[str]
    everywhere: frozenset[str]
    pairs: tuple[tuple[str, str], ...]


@runtime_checkable
class Counted(Protocol):
    """A corpus that may hold its tally."""

    @property
    def tally(self) -> Tally | None: ...


def tally_of(corpus: Corpus) -> Tally:
    """Return the tally that the corpus holds; without one its texts are read."""
    held = corpus.tally if isinstance(corpus, Counted) else None
    return held or count(corpus.documents, corpus.units.values())


def count(documents: Mapping[str, Document], units: Iterable[Unit]) -> Tally:
    """Return the tally of documents and their units; units of one document stand together."""
    vocabulary: Counter[str] = Counter()
    pairs: dict[tuple[str, str], None] = {}
    languages = set()
    for document in documents.values():
        languages.add(document.language)
        for text, times in _said(document.text, document.language).items():
            vocabulary[fold(text).strip("'")] += times
        pairs.update(dict.fromkeys(learned_pairs([document])))
    in_units: Counter[str] = Counter()
    users: Counter[str] = Counter()
    small: set[str] = set()
    capital: set[str] = set()
    total = 0
    for unit in units:
        total += 1
        document = documents[unit.document]
        language, body = document.language, document.text[unit.start : unit.end]
        found = words(body, language)
        own = {word.text for word in found}
        headed = own.union(word.text for word in words(unit.heading, language))
        in_units.update({stem(text, language) for text in headed})
        users.update({fold(text).strip("'") for text in own if not is_stop(text, language)})
        _sort_by_case(body, found, small, capital)
    least = max(3.0, EVERYWHERE * total)
    return Tally(
        tuple(sorted(languages)),
        vocabulary,
        in_units,
        frozenset(small),
        frozenset(capital),
        frozenset(word for word, number in users.items() if number >= least),
        tuple(pairs),
    )


def write(folder: Path, tally: Tally) -> None:
    """Write the tally into ``folder``."""
    fields = {name: _plain(getattr(tally, name)) for name in tally.__slots__}
    (folder / FILE).write_text(json.dumps({"version": VERSION, **fields}), "ascii")


def read(folder: Path) -> Tally | None:
    """Return the tally in ``folder``; None where there is none, or one that counted otherwise."""
    try:
        fields = json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None
    if fields.pop("version") != VERSION:
        return None
    for name in ("small", "capital", "everywhere"):
        fields[name] = frozenset(fields[name])
    pairs = tuple((short, long) for short, long in fields["pairs"])
    return Tally(**{**fields, "languages": tuple(fields["languages"]), "pairs": pairs})


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _said(text: str, language: str) -> Counter[str]:
    return Counter(word.text for word in words(text, language))


def _sort_by_case(body: str, found: Sequence[Word], small: set[str], capital: set[str]) -> None:
    """Add the words written small, and those with a capital that no sentence begins with."""
    for word in found:
        if word.text[:1].islower():
            small.add(fold(word.text))
        elif word.text[:1].isupper() and (folded := fold(word.text)) not in capital:
            before = body[max(0, word.start - 4) : word.start]
            if not _BEGINS.search(before):
                capital.add(folded)


_BEGINS = re.compile(r"(?:^|[.!?:\n•–-])\W*$")
