"""What sections and units are called: "office", "division", "chapter" … in several languages."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

from assistant.language import fold, words

ANY = "any"
"""The kind of words that mean every kind ("structure", "entity")."""
PARTS = frozenset({"section", "chapter", "part", "article", "sheet"})
"""Kinds that are parts of a text, and never of an institution."""


def kinds(word: str) -> frozenset[str]:
    """Return the kinds of unit that ``word`` names, singular or plural, in any language."""
    return _table()[0].get(fold(word), frozenset())


def qualities(word: str) -> frozenset[str]:
    """Return the qualities ("regional", "central") that ``word`` names, in any language."""
    return _table()[1].get(fold(word), frozenset())


def is_plural(word: str) -> bool:
    """Return whether ``word`` is the plural of a kind of unit (and not also a singular)."""
    return fold(word) in _table()[2]


def asked_for(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds and qualities of the units that a question asks for ("which regional
    offices"): those of its first word that names a kind in the plural, and of the words beside it.
    """
    said = [word.text for word in words(text, "en")]
    at = next((i for i, word in enumerate(said) if is_plural(word)), None)
    if at is None:
        return frozenset(), frozenset()
    beside = [word for word in said[max(0, at - 1) : at + 2] if not kinds(word)]
    return kinds(said[at]), frozenset(q for word in beside for q in qualities(word))


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]], frozenset[str]]:
    raw = json.loads(files("assistant").joinpath("kinds.json").read_text("utf-8"))
    singular: set[str] = set()
    plural: set[str] = set()
    tables: list[dict[str, frozenset[str]]] = []
    for part in ("kinds", "qualities"):
        found: dict[str, frozenset[str]] = {}
        for name, languages in raw[part].items():
            for one, many in languages.values():
                singular.update(one)
                plural.update(many)
                for word in (*one, *many):
                    found[word] = found.get(word, frozenset()) | {name}
        tables.append(found)
    return tables[0], tables[1], frozenset(plural - singular)
