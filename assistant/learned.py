"""Acronyms and what they stand for, as the documents themselves say it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from assistant.language import Word, fold, is_stop, stem, words
from assistant.types import Document

_ACRONYM = r"[^\W\d_a-zà-ÿ][\w.&-]{0,9}[^\W\d_a-zà-ÿ]s?"
_LONG_FIRST = re.compile(rf"[(«“\"]\s*({_ACRONYM})\s*[)»”\"]")
_SHORT_FIRST = re.compile(rf"(?<!\w)({_ACRONYM})\s*\(([^()\n]{{5,120}})\)")
_CAPITALS = re.compile(r"(?<![\w-])[^\W\d_a-zà-ÿ]{3,6}(?![\w-])")
_LOOK_BACK = 160


def learned_pairs(documents: Iterable[Document]) -> list[tuple[str, str]]:
    """Return (acronym, long form) pairs found in the documents and their headings, each once."""
    found: dict[tuple[str, str], None] = {}
    for document in documents:
        spelled = list(_spelled_out(document))
        found.update(dict.fromkeys(spelled))
        known = {fold(short) for short, _ in spelled}
        found.update(dict.fromkeys(_by_initials(document, known)))
    return list(found)


def _spelled_out(document: Document) -> Iterator[tuple[str, str]]:
    text = document.text
    for match in _LONG_FIRST.finditer(text):
        begin = max(0, match.start() - _LOOK_BACK)
        before = re.split(r"[\n.;:()]", text[begin : match.start()])[-1]
        long = _ending_with(match[1], before, document.language)
        if long:
            yield match[1], long
    for match in _SHORT_FIRST.finditer(text):
        inside = re.split(r"[,;:]", match[2])[0].strip()
        if _ending_with(match[1], inside, document.language) == inside:
            yield match[1], inside


def _ending_with(acronym: str, text: str, language: str) -> str:
    """Return the shortest end of ``text`` whose initials give ``acronym``; empty if none does.

    Function words may be passed over, and one other word.
    """
    letters = [fold(c) for c in acronym if c.isalpha() and c.isupper()]
    found = words(text, language)
    if len(letters) < 2:
        return ""
    bearing = [word for word in found if not is_stop(word.text, language)]
    return _by_letters(letters, text, bearing, language) or _by_letters(
        letters, text, found, language
    )


def _by_letters(letters: Sequence[str], text: str, found: Sequence[Word], language: str) -> str:
    at, skipped = len(found), 0
    for letter in reversed(letters):
        while True:
            at -= 1
            if at < 0:
                return ""
            if fold(found[at].text).startswith(letter):
                break
            if not is_stop(found[at].text, language):
                skipped += 1
                if skipped > 1:
                    return ""
    if len(letters) <= skipped * 2 or is_stop(found[at].text, language):
        return ""
    return text[found[at].start :].strip(" \t'’\"«»“”,")


def _by_initials(document: Document, known: set[str]) -> Iterator[tuple[str, str]]:
    """Yield acronyms of the text with the run of words whose initials they are.

    The run starts with a capital (a heading or a name) and stands twice at least; of several
    the most frequent is taken, and none if two are equally so.
    """
    acronyms = {a for a in _CAPITALS.findall(document.text) if fold(a) not in known}
    if not acronyms:
        return
    by_initials: dict[str, Counter[tuple[str, ...]]] = {}
    written: dict[tuple[str, ...], str] = {}
    initials = {fold(a) for a in acronyms}
    for sentence in re.split(r"[\n.;:!?()]", document.text):
        for run, key in _runs(sentence, document.language):
            short = "".join(k[0] for k in key)
            if short not in initials:
                continue
            by_initials.setdefault(short, Counter())[key] += 1
            if run[0].isupper() and not sentence.lstrip().startswith(run):
                written.setdefault(key, run)
    for heading in document.headings:
        for run, key in _runs(heading.text, document.language):
            if run[0].isupper():
                written.setdefault(key, run)
    for acronym in sorted(acronyms):
        ranked = by_initials.get(fold(acronym), Counter()).most_common()
        ranked = [(key, count) for key, count in ranked if key in written and count > 1]
        if ranked and all(a[1] > b[1] for a, b in pairwise(ranked[:2])):
            yield acronym, written[ranked[0][0]]


def _runs(sentence: str, language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield runs of three to six words that carry meaning, as written and as stems."""
    found = words(sentence, language)
    bearing = [word for word in found if not is_stop(word.text, language)]
    if len(bearing) < 3:
        return
    stems = [stem(word.text, language) for word in bearing]
    near = [b.start - a.end <= 12 for a, b in pairwise(bearing)]
    for first in range(len(bearing)):
        for end in range(first + 3, min(first + 6, len(bearing)) + 1):
            if not all(near[first : end - 1]):
                break
            key = tuple(stems[first:end])
            if all(key):
                yield sentence[bearing[first].start : bearing[end - 1].end], key
