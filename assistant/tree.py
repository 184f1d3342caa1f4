"""The heading tree of a corpus: who stands above and below whom, and of what kind a unit is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.kinds import is_plural, kinds, qualities
from assistant.language import words
from assistant.names import per_generation
from assistant.types import Corpus, Unit


def kinds_of(heading: str) -> frozenset[str]:
    """Return the kinds of the first word of a heading that says one ("Risk Unit": the last)."""
    found = [kinds(word.text) for word in words(heading, "en")]
    said = [its for its in found if its]
    if not said:
        return frozenset()
    return said[0] if found[0] else said[-1]


def qualities_of(heading: str) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words(heading, "en"):
        found |= qualities(word.text)
    return found


def names_many(unit: Unit) -> bool:
    found = words(unit.heading, "en")
    return any(is_plural(word.text) for word in found[:2])


def children_of(unit: str, corpus: Corpus) -> list[str]:
    return list(per_generation("children", corpus, _all_children).get(unit, ()))


def _all_children(corpus: Corpus) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for unit in in_order(corpus.units.values()):
        parent = corpus.units[unit].parent
        if parent is not None:
            found.setdefault(parent, []).append(unit)
    return found


def descendants_of(unit: str, corpus: Corpus) -> list[str]:
    found = []
    for child in children_of(unit, corpus):
        found += [child, *descendants_of(child, corpus)]
    return found


def in_order(units: Iterable[Unit]) -> list[str]:
    return [u.id for u in sorted(units, key=lambda u: (u.document, u.start, u.level, u.id))]


def ancestors_of(unit: str, corpus: Corpus) -> list[str]:
    found = []
    above = corpus.units[unit].parent
    while above is not None:
        found.append(above)
        above = corpus.units[above].parent
    return found


def common_ancestor(ids: Sequence[str], corpus: Corpus) -> str:
    """Return the lowest unit above all of ``ids``; the first of them where there is none."""
    if not ids:
        return ""
    shared: list[str] | None = None
    for unit in ids:
        above = ancestors_of(unit, corpus)
        shared = above if shared is None else [i for i in shared if i in above]
    return shared[0] if shared else ids[0]
