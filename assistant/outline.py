"""Questions about the heading tree: what a unit consists of, how many, what it belongs to.

Such a question consists of nothing but question words, kinds of unit ("divisions", "regional
offices"), words of belonging and the names of units. One word more, and it is a question about
what the text says: None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from assistant.conversation import Query
from assistant.fragments import SURE
from assistant.kinds import ANY, is_plural, kinds, qualities
from assistant.language import Word, fold, is_stop, words
from assistant.mentions import Mention, find_mentions
from assistant.names import counts
from assistant.tree import (
    ancestors_of,
    children_of,
    common_ancestor,
    descendants_of,
    in_order,
    kinds_of,
    names_many,
    qualities_of,
)
from assistant.types import Corpus, Unit
from assistant.wording import flat

Kind = Literal["children", "count", "parent", "siblings"]
Naming = Callable[[str], Sequence[tuple[str, float]]]
Spelling = Callable[[str], Sequence[str]]

LOOSE = frozenset({ANY, "unit", "section", "part", "service"})
"""Kinds that people also use for a unit of any kind."""
LONGEST = 300
"""Characters of the longest question that is looked at."""
LONGEST_NAME = 7
"""Words of the longest name that is looked up by its meaning."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The answer to a question about the tree; ``items`` are unit ids in the order of the text.

    ``children`` and ``count``: the units below ``unit_id`` (for a count over everything: the unit
    above them all, or the first). ``parent``: one item, the unit above ``unit_id``. ``siblings``:
    the others below the same unit.
    """

    kind: Kind
    unit_id: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question taken apart: the units it names, the kinds it asks for, and which cues it has.

    ``guessed``: a unit was found by the meaning of its name.
    """

    named: tuple[Mention, ...]
    wanted: frozenset[str]
    quality: frozenset[str]
    many: bool
    plain: str
    table: _Table
    guessed: bool = False


def ask_outline(
    query: Query, corpus: Corpus, naming: Naming | None = None, spelling: Spelling = lambda word: ()
) -> Outline | None:
    """Return the answer to a question about the heading tree; None for every other question.

    ``naming`` may find units by their meaning, for questions in another language than the
    headings: phrase → (unit id, score) where it is sure, best first. ``spelling`` gives other
    names of what a word names: an institution's acronym in another language.
    """
    if query.smalltalk or not query.text or len(query.text) > LONGEST:
        return None
    # A short question of names and cognates is easily taken for another language.
    for language in sorted(_tables(), key=lambda code: (code != query.language, code)):
        sure = naming if language == query.language else None
        asked = _take_apart(query.text, language, _tables()[language], corpus, sure, spelling)
        if asked is not None:
            return _parent(asked, corpus) or _siblings(asked, corpus) or _below(asked, corpus)
    return None


# --- taking a question apart -------------------------------------------------------------


class _Table:
    """The words of structure in one language."""

    def __init__(self, raw: dict[str, str]) -> None:
        self._patterns = {
            name: re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)") for name, pattern in raw.items()
        }

    def has(self, name: str, plain: str) -> bool:
        return bool(self._patterns[name].search(plain))

    def find(self, name: str, plain: str) -> re.Match[str] | None:
        return self._patterns[name].search(plain)

    def is_about_structure(self, word: str) -> bool:
        return any(
            self._patterns[name].fullmatch(word)
            for name in ("up", "at", "down", "count", "list", "tree", "same", "other", "noise")
        )


@lru_cache(maxsize=1)
def _tables() -> dict[str, _Table]:
    raw = json.loads(files("assistant").joinpath("structure.json").read_text("utf-8"))
    return {language: _Table(table) for language, table in raw.items()}


def _take_apart(
    text: str,
    language: str,
    table: _Table,
    corpus: Corpus,
    naming: Naming | None,
    spelling: Spelling,
) -> _Asked | None:
    plain = flat(text).replace("’", "'")
    named = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    if any(named.count(m) > 1 or _ambiguous(m, named) for m in named):
        return None
    outside = _blank(plain, named)
    if table.has("content", outside):
        return None
    found = words(text, language)
    rest = [w for w in found if not _inside(w, named)]
    left = [w for w in rest if not _is_structural(w, language, table, corpus, spelling)]
    guessed = False
    if left and naming and language not in counts(corpus).languages:
        mention = _by_meaning(text, left, rest, named, naming)
        if mention:
            named = [*(m for m in named if not _overlap(m, mention)), mention]
            guessed, left = True, []
        rest = [w for w in found if not _inside(w, named)]
        outside = _blank(plain, named)
    if left:
        return None
    asking = [m for m in named if _is_kind_only(text, m)] if len(named) > 1 else []
    rest = [w for w in rest if not table.has("up", fold(w.text))]
    wanted, quality, many = _wanted(rest, text, asking)
    named = [m for m in named if m not in asking]
    belongs = any(table.has(name, outside) for name in ("up", "at", "down"))
    if guessed and not belongs:
        return None
    return _Asked(tuple(named), wanted, quality, many, outside, table, guessed)


def _is_structural(
    word: Word, language: str, table: _Table, corpus: Corpus, spelling: Spelling
) -> bool:
    folded = fold(word.text).strip("'")
    if is_stop(word.text, language) or table.is_about_structure(folded) or folded.isdigit():
        return True
    if kinds(word.text) or qualities(word.text):
        return True
    if not word.text[:1].isupper():
        return False
    everywhere = counts(corpus).everywhere
    return folded in everywhere or any(fold(name) in everywhere for name in spelling(word.text))


def _by_meaning(
    text: str,
    left: Sequence[Word],
    rest: Sequence[Word],
    named: Sequence[Mention],
    naming: Naming,
) -> Mention | None:
    """Return the unit that the unknown words name, with what stands beside them, if it is sure."""
    start, end = left[0].start, left[-1].end
    if len(text[start:end].split()) > LONGEST_NAME:
        return None
    for part in named:
        if part.end == start - 1 or part.start == end + 1:
            start, end = min(start, part.start), max(end, part.end)
    for word in rest:
        beside = word.end == start - 1 or word.start == end + 1
        if beside and kinds(word.text) and not is_plural(word.text):
            start, end = min(start, word.start), max(end, word.end)
            break
    found = list(naming(text[start:end]))
    if not found or (len(found) > 1 and found[0][1] <= found[1][1]):
        return None
    return Mention(found[0][0], found[0][1], start, end, start, end)


def _wanted(
    rest: Iterable[Word], text: str, asking: Sequence[Mention]
) -> tuple[frozenset[str], frozenset[str], bool]:
    """Return the kinds and qualities asked for, and whether in the plural."""
    considered = [word.text for word in rest]
    for mention in asking:
        considered += [w.text for w in words(text[mention.start : mention.end], "en")]
    kind_words = [word for word in considered if kinds(word)]
    wanted: frozenset[str] = frozenset()
    many = any(is_plural(word) for word in kind_words)
    for word in kind_words:
        if is_plural(word) == many:
            wanted |= kinds(word)
    quality: frozenset[str] = frozenset()
    for word in considered:
        quality |= qualities(word)
    return wanted, quality, many


def _blank(plain: str, named: Sequence[Mention]) -> str:
    for mention in named:
        gap = "_" * (mention.end - mention.start)
        plain = plain[: mention.start] + gap + plain[mention.end :]
    return plain


def _inside(word: Word, named: Sequence[Mention]) -> bool:
    return any(m.start <= word.start < m.end for m in named)


def _ambiguous(mention: Mention, named: Sequence[Mention]) -> bool:
    return any(m.unit != mention.unit and _overlap(m, mention) for m in named)


def _overlap(mention: Mention, other: Mention) -> bool:
    return mention.start < other.end and other.start < mention.end


def _is_kind_only(text: str, mention: Mention) -> bool:
    found = words(text[mention.start : mention.end], "en")
    return all(kinds(w.text) or qualities(w.text) for w in found) and any(
        is_plural(w.text) for w in found
    )


# --- answers -----------------------------------------------------------------------------


def _parent(asked: _Asked, corpus: Corpus) -> Outline | None:
    """Return the unit above those named, when the question asks for one unit above."""
    table, plain = asked.table, asked.plain
    if not asked.named or asked.many or table.has("count", plain):
        return None
    down = table.has("down", plain) and bool(asked.wanted)
    up = table.has("up", plain) or table.has("at", plain)
    same = len(asked.named) > 1 and up and table.has("same", plain)
    if not same and not _asks_above(asked, up, down, corpus):
        return None
    above = {_above(corpus.units[m.unit], asked, corpus) for m in asked.named}
    if len(above) != 1 or None in above:
        return None
    parent = above.pop()
    return Outline("parent", asked.named[0].unit, (parent,)) if parent else None


def _asks_above(asked: _Asked, up: bool, down: bool, corpus: Corpus) -> bool:
    """Return whether a question asks for the one unit above: "de quel département dépend …"."""
    table, plain = asked.table, asked.plain
    if not (table.has("asked_one", plain) or table.has("before_one", plain)):
        return False
    if up or down or table.has("tree", plain):
        return (up and table.has("before_one", plain)) or (down and not up)
    if asked.guessed:
        return False
    first = corpus.units[asked.named[0].unit]
    return bool(asked.wanted) and not asked.wanted & kinds_of(first.heading)


def _above(unit: Unit, asked: _Asked, corpus: Corpus) -> str | None:
    """Return the nearest unit above of the kind asked for; the next above for a loose kind."""
    for above in ancestors_of(unit.id, corpus):
        heading = corpus.units[above].heading
        if asked.wanted & kinds_of(heading) and asked.quality <= qualities_of(heading):
            return above
    free = not asked.quality and (not asked.wanted or bool(asked.wanted & LOOSE))
    return unit.parent if free else None


def _siblings(asked: _Asked, corpus: Corpus) -> Outline | None:
    """Return the others below the same unit ("the same department as …")."""
    table, plain = asked.table, asked.plain
    if len(asked.named) != 1 or not asked.many or not table.has("same", plain):
        return None
    unit = corpus.units[asked.named[0].unit]
    if unit.parent is None:
        return None
    others = [u for u in children_of(unit.parent, corpus) if u != unit.id]
    chosen = _of_kind(others, asked, corpus)
    return Outline("siblings", unit.id, tuple(chosen)) if chosen else None


def _below(asked: _Asked, corpus: Corpus) -> Outline | None:
    """Return the units below the one named, or all of the kind asked for, or their number."""
    table, plain = asked.table, asked.plain
    kind: Kind = "count" if table.has("count", plain) else "children"
    listing = kind == "count" or table.has("list", plain)
    belonging = any(table.has(name, plain) for name in ("up", "at", "down"))
    if table.has("same", plain) or len(asked.named) > 1:
        return None
    if not asked.named:
        chosen = _everyone(asked, corpus) if listing else []
        return Outline("count", common_ancestor(chosen, corpus), tuple(chosen)) if chosen else None
    mention = asked.named[0]
    if not asked.wanted:
        listing = listing and names_many(corpus.units[mention.unit])
        thing = table.has("asked_thing", plain)
        thing = thing and (table.has("down", plain) or not table.has("before_one", plain))
        if not listing and not (thing and belonging) and not table.has("tree", plain):
            return None
    elif table.has("tree", plain) and not asked.many:
        asked = replace(asked, wanted=frozenset(), quality=frozenset())
    elif not asked.many:
        if not table.has("up", plain) or table.has("before_one", plain):
            return None
    elif not (listing or belonging or (table.has("asked_many", plain) and mention.score > 0.9)):
        return None
    below = children_of(mention.unit, corpus)
    chosen = _of_kind(below, asked, corpus)
    if not chosen and asked.wanted:
        chosen = _of_kind(descendants_of(mention.unit, corpus), asked, corpus, strict=True)
    return Outline(kind, mention.unit, tuple(chosen)) if chosen else None


def _everyone(asked: _Asked, corpus: Corpus) -> list[str]:
    """Return all units of the kind asked for; none for kinds that mean anything."""
    if not asked.many or not asked.wanted - {ANY, "part"}:
        return []
    chosen = _of_kind(in_order(corpus.units.values()), asked, corpus, strict=True)
    above = {unit for i in chosen for unit in ancestors_of(i, corpus)}
    chosen = [i for i in chosen if i not in above]
    return chosen if len(chosen) > 1 else []


def _of_kind(
    ids: Sequence[str], asked: _Asked, corpus: Corpus, *, strict: bool = False
) -> list[str]:
    """Return the units whose heading says the kind asked for.

    All of them when no kind was asked for, or a loose one that no heading says and not ``strict``.
    A heading that only groups units of this kind ("Regional offices") is not one of them.
    """
    if not asked.wanted and not asked.quality:
        return list(ids)
    chosen = []
    for unit in (corpus.units[i] for i in ids):
        its_kinds, its_qualities = kinds_of(unit.heading), qualities_of(unit.heading)
        if asked.wanted and not asked.wanted & its_kinds:
            continue
        if asked.quality <= its_qualities and not (
            names_many(unit) and children_of(unit.id, corpus)
        ):
            chosen.append(unit.id)
    loose = bool(asked.wanted & LOOSE) and not asked.quality and not strict
    return list(ids) if loose and len(chosen) * 2 < len(ids) else chosen
