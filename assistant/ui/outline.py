"""The heading tree of a corpus: order, children, examples of questions. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.language import fold
from assistant.types import Corpus, Unit
from assistant.ui.words import Words

EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Tree:
    """Units in the order of the texts; ``below`` names the units right below each."""

    order: tuple[Unit, ...]
    below: Mapping[str, tuple[Unit, ...]]
    roots: tuple[Unit, ...]

    def around(self, unit: Unit) -> tuple[Unit | None, Unit | None]:
        """Return the units before and after ``unit`` in its own document."""
        own = [u for u in self.order if u.document == unit.document]
        at = next(i for i, u in enumerate(own) if u.id == unit.id)
        return (own[at - 1] if at else None, own[at + 1] if at + 1 < len(own) else None)


def tree(corpus: Corpus) -> Tree:
    """Return the heading tree of ``corpus``; a unit whose parent is unknown is a root."""
    order = sorted(corpus.units.values(), key=lambda u: (u.document, u.heading_start, u.id))
    below: dict[str, list[Unit]] = defaultdict(list)
    roots: list[Unit] = []
    for unit in order:
        if unit.parent in corpus.units:
            below[str(unit.parent)].append(unit)
        else:
            roots.append(unit)
    return Tree(tuple(order), {k: tuple(v) for k, v in below.items()}, tuple(roots))


@dataclass(frozen=True, slots=True)
class Example:
    """A question to try, and the unit that should answer it."""

    question: str
    unit: Unit


def examples(
    corpus: Corpus, words: Words, good: Callable[[Example], bool], count: int = EXAMPLES
) -> list[str]:
    """Return questions made from headings and sentences, spread over the corpus.

    One asks what the unit with most units below it consists of. Only those that are ``good``
    are taken, so there may be fewer than ``count``, or none.
    """
    outline = tree(corpus)
    chosen: list[Example] = []
    crowded = max(outline.order, key=lambda u: len(outline.below.get(u.id, ())), default=None)
    if crowded and len(outline.below.get(crowded.id, ())) > 2:
        asked = Example(words("example_below", unit=crowded.heading), crowded)
        chosen += [asked] if good(asked) else []
    with_text = [u for u in outline.order if u.end - u.start > 80 and len(u.heading) < 70]
    candidates = spread([u for u in with_text if u is not crowded], 2 * count)
    for unit in (*candidates[::2], *candidates[1::2]):
        if len(chosen) == count:
            break
        asked = Example(_question(corpus, unit, words), unit)
        chosen += [asked] if good(asked) else []
    return [example.question for example in chosen]


def _question(corpus: Corpus, unit: Unit, words: Words) -> str:
    """Return a question about ``unit``: its heading if that is one, who does what its first
    sentence says, or what the documents say about it."""
    heading = unit.heading.rstrip()
    if heading.endswith(("?", "？")):
        return heading
    document = corpus.documents[unit.document]
    body = document.text[unit.start : unit.end]
    named = re.escape(fold(heading))
    # "The <heading> does this, …": what stands before the comma is asked for.
    said = re.match(rf"(?:\w{{1,3}}['’ ])?\s*{named}\s+([^,;:.()\n]{{20,100}})[,;:.(]", fold(body))
    if said and document.language == words.language and len(fold(body)) == len(body):
        return words("example_who", what=body[said.start(1) : said.end(1)].strip())
    return words("example_unit", unit=heading)


def spread(units: Sequence[Unit], count: int) -> list[Unit]:
    """Return up to ``count`` of ``units`` at even distances, in order."""
    if count <= 0 or not units:
        return []
    count = min(count, len(units))
    return [units[(2 * i + 1) * len(units) // (2 * count)] for i in range(count)]
