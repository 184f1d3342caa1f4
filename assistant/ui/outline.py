"""The heading tree of a corpus: order, children, examples of questions. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def examples(corpus: Corpus, words: Words, count: int = EXAMPLES) -> list[str]:
    """Return questions made from headings, spread over the corpus; fewer if it has few.

    One asks what the unit with most units below it consists of; a heading that is a question
    already is asked as it stands.
    """
    outline = tree(corpus)
    questions: list[str] = []
    crowded = max(outline.order, key=lambda u: len(outline.below.get(u.id, ())), default=None)
    if crowded and len(outline.below.get(crowded.id, ())) > 2:
        questions.append(words("example_below", unit=crowded.heading))
    with_text = [u for u in outline.order if u.end - u.start > 80 and len(u.heading) < 70]
    for unit in spread([u for u in with_text if u is not crowded], count - len(questions)):
        asked = unit.heading.rstrip()
        questions.append(
            asked if asked.endswith(("?", "？")) else words("example_unit", unit=asked)
        )
    return questions


def spread(units: Sequence[Unit], count: int) -> list[Unit]:
    """Return up to ``count`` of ``units`` at even distances, in order."""
    if count <= 0 or not units:
        return []
    count = min(count, len(units))
    return [units[(2 * i + 1) * len(units) // (2 * count)] for i in range(count)]
