"""Where sentences and clauses end, as offsets into a text. Pure; never cuts inside brackets."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from assistant.abbreviations import CONNECTIVES, REFERENCES, SELDOM_LAST, TITLES
from assistant.language import fold, is_stop

Span = tuple[int, int]

# Raising it leaves longer lists whole; lists are cut only after a colon.
_LONG_LIST = 350
# Raising it leaves longer sentences whole where they have no mark to be cut at.
_TOO_LONG = 600
_PIECE = 400
# Raising it joins more of the short fragments ("Tél. : 12") to what stands beside them.
_SHORT_CHARACTERS, _SHORT_WORDS = 25, 4
_JOINED = 400
_WRAPPED = 45

_LIST_MARK = re.compile(
    r"[ \t]*(?:[-*+•‣▪●–—◦]|\d{1,3}[.)]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})\))[ \t]+"
)
_STOP = re.compile(r"[.!?…؟۔।]+|[。！？｡．]+")
_CLOSING = re.compile(r"(?:\s?[»”’\"')\]）」』】]|\[\d+\])*")
_SEMICOLON = re.compile(r"[;؛](?=\s|$)|；")
_COMMA = re.compile(r"[,،](?=\s)|[，、]")
_PAIRS = {"(": ")", "[": "]", "«": "»", "“": "”", "„": "“”", "（": "）", "「": "」", "『": "』"}
_UNCASED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def sentences(text: str, language: str) -> list[Span]:
    """Return the sentences of ``text`` as ``(start, end)``: trimmed, in order, apart."""
    return [
        span for block in _blocks(text, 0, len(text)) for span in _sentences(text, block, language)
    ]


def clauses(
    text: str, start: int, end: int, language: str, noise: Sequence[Span] = ()
) -> list[Span]:
    """Return the clauses of ``text[start:end]`` as offsets into ``text``, outside ``noise``.

    A clause ends where a sentence, a line item or a semicolon does. Long lists after a colon
    are cut at commas; fragments too short to mean something are joined to their neighbour.
    """
    found: list[Span] = []
    for part in _without(start, end, noise):
        pieces = []
        for block in _blocks(text, *part):
            cut = [
                piece
                for sentence in _sentences(text, block, language)
                for clause in _at_semicolons(text, sentence)
                for piece in _shortened(text, clause, language)
            ]
            pieces += _joined(text, cut, language)
        found += _gathered(text, pieces, language)
    return found


# --- blocks ------------------------------------------------------------------------------


def _without(start: int, end: int, noise: Sequence[Span]) -> Iterator[Span]:
    for begin, stop in sorted(noise):
        if stop <= start or begin >= end:
            continue
        if begin > start:
            yield start, begin
        start = max(start, stop)
    if start < end:
        yield start, end


def _blocks(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in re.compile(r"\n").finditer(text, start, end):
        if _ends_block(text, begin, match.start(), end):
            yield from _block(text, begin, match.start())
            begin = match.end()
    yield from _block(text, begin, end)


def _block(text: str, start: int, end: int) -> Iterator[Span]:
    mark = _LIST_MARK.match(text, start, end)
    span = _trim(text, mark.end() if mark else start, end)
    if any(character.isalnum() for character in text[span[0] : span[1]]):
        yield span


def _ends_block(text: str, begin: int, newline: int, end: int) -> bool:
    """Tell a line end that means something from one where a paragraph was only wrapped."""
    line = text[max(begin, text.rfind("\n", begin, newline) + 1) : newline].strip()
    stop = text.find("\n", newline + 1, end)
    following = text[newline + 1 : end if stop < 0 else stop]
    if not following.strip() or len(line) < _WRAPPED or _LIST_MARK.match(following):
        return True
    return line[-1] in ".!?…:;。！？；؟" or "|" in line or "\t" in line or "|" in following


def _trim(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


# --- sentences ---------------------------------------------------------------------------


def _sentences(text: str, block: Span, language: str) -> list[Span]:
    start, end = block
    inside = _inside(text, start, end)
    cuts = []
    for match in _STOP.finditer(text, start, end):
        closed = _CLOSING.match(text, match.end(), end)
        after = closed.end() if closed else match.end()
        if inside[after - 1 - start] and inside[min(after, end - 1) - start]:
            continue
        if _ends_sentence(text, block, match, after, language):
            cuts.append(after)
    if language == "th":
        cuts += [match.end() for match in re.compile(r"\s{2,}").finditer(text, start, end)]
    return _cut(text, block, sorted(cuts))


def _ends_sentence(text: str, block: Span, match: re.Match[str], after: int, language: str) -> bool:
    if match.group()[0] in "。！？｡．":
        return True
    if after < block[1] and not text[after].isspace():
        uncased = bool(_UNCASED.match(text, after)) and match.group()[0] in "!?"
        return uncased or _glued(text, match, after)
    following = text[after : min(after + 60, block[1])]
    first = next((character for character in following if character.isalnum()), "")
    if not first or first.islower():
        return False
    return match.group() != "." or not _abbreviated(
        text, block[0], match.start(), following, language
    )


def _glued(text: str, match: re.Match[str], after: int) -> bool:
    """Tell a lost space ("fini.Elle") from an address or a name ("www.Exemple.org")."""
    if not re.compile(r"[«“(]?[^\W\d_](?:['’]|[^\W\d_])").match(text, after):
        return False
    first = next(character for character in text[after:] if character.isalpha())
    word = re.split(r"\s", text[max(0, match.start() - 40) : match.start()])[-1]
    ended = not word or re.search(r"(?:[^\W\d_]{2}|[)»”%\d])$", word)
    return bool(ended) and first.isupper() and not re.search(r"[@/\\]|^www|\w\.\w", word)


def _abbreviated(text: str, begin: int, dot: int, following: str, language: str) -> bool:
    """Tell whether the full stop at ``dot`` belongs to the word before it."""
    word = re.split(r"[\s(«\"“'’]", text[max(begin, dot - 24) : dot])[-1]
    bare, name = fold(word), following.strip()
    opens = is_stop(re.split(r"[\W_]", name, maxsplit=1)[0], language)
    if bare in CONNECTIVES or (bare in REFERENCES and name[:1].isdigit()):
        return True
    if bare in TITLES and (word[0].isupper() or len(bare) > 1) and not opens:
        return True
    if word.isdigit() and len(word) <= 3:
        before = text[begin : dot - len(word)].rstrip()
        numbers_item = not before or before[-1] in ".!?:;"
        return numbers_item or (language == "de" and len(word) < 3 and not opens)
    initials = r"[A-Z\u00c0-\u00de\u0410-\u042f]|(?:[^\W\d_]\.-?)+[^\W\d_]"
    return (bare in SELDOM_LAST or bool(re.fullmatch(initials, word))) and not opens


def _inside(text: str, start: int, end: int) -> bytearray:
    """Mark the characters that stand inside closed brackets or quotation marks."""
    inside = bytearray(end - start)
    open_at: list[tuple[str, int]] = []
    straight = -1
    for index in range(start, end):
        character = text[index]
        if character == '"':
            if straight >= 0:
                _mark(inside, straight - start, index - start)
            straight = -1 if straight >= 0 else index
        elif open_at and character in open_at[-1][0]:
            _mark(inside, open_at.pop()[1] - start, index - start)
        elif character in _PAIRS:
            open_at.append((_PAIRS[character], index))
    return inside


def _mark(inside: bytearray, first: int, last: int) -> None:
    if last - first <= _TOO_LONG:
        inside[first:last] = b"\1" * (last - first)


def _cut(text: str, span: Span, cuts: Iterable[int]) -> list[Span]:
    edges = [span[0], *cuts, span[1]]
    spans = [_trim(text, a, b) for a, b in pairwise(edges)]
    return [(a, b) for a, b in spans if a < b]


# --- clauses -----------------------------------------------------------------------------


def _outside(text: str, span: Span, pattern: re.Pattern[str]) -> list[int]:
    inside = _inside(text, *span)
    return [
        match.end()
        for match in pattern.finditer(text, *span)
        if not inside[match.start() - span[0]]
    ]


def _at_semicolons(text: str, span: Span) -> list[Span]:
    found = _cut(text, span, _outside(text, span, _SEMICOLON))
    bare = [(a, a + len(text[a:b].rstrip(" ;；؛"))) for a, b in found]
    return [(a, b) for a, b in bare if a < b]


def _shortened(text: str, span: Span, language: str) -> list[Span]:
    length = span[1] - span[0]
    if language in ("th", "zh", "ja"):
        length *= 2
    if length > _LONG_LIST:
        colon = re.compile(r"[:：](?=\s)|：")
        colons = _outside(text, span, colon)
        commas = [at for at in _outside(text, span, _COMMA) if colons and at > colons[0]]
        if len(commas) >= 3:
            return [
                piece
                for group in _cut(text, span, _spaced(commas, span, _LONG_LIST // 2))
                for piece in _divided(text, group)
            ]
    return _divided(text, span) if length > _TOO_LONG else [span]


def _spaced(cuts: Sequence[int], span: Span, least: int) -> list[int]:
    """Keep of ``cuts`` those that leave pieces of at least ``least`` characters."""
    kept: list[int] = []
    for at in cuts:
        if at - (kept[-1] if kept else span[0]) >= least and span[1] - at >= least // 2:
            kept.append(at)
    return kept


def _divided(text: str, span: Span) -> list[Span]:
    """Cut what is too long in the middle: at a comma, else at a space, else anywhere."""
    start, end = span
    if end - start <= _TOO_LONG:
        return [span]
    commas, cuts = _outside(text, span, _COMMA), []
    while end - start > _TOO_LONG:
        low, high = start + _PIECE // 2, start + _PIECE
        first, last = bisect_left(commas, low), bisect_right(commas, high)
        spaces = [match.end() for match in re.compile(r"\s").finditer(text, low, high)]
        start = commas[last - 1] if first < last else (spaces or [high])[-1]
        while start < end and unicodedata.combining(text[start]):
            start += 1
        cuts.append(start)
    return _cut(text, span, cuts)


def _short(text: str, span: Span, language: str) -> bool:
    slice_ = text[span[0] : span[1]]
    if language in ("zh", "ja", "th") or _UNCASED.search(slice_):
        return len(slice_) < _SHORT_CHARACTERS // 2
    return len(slice_) < _SHORT_CHARACTERS or len(slice_.split()) < _SHORT_WORDS


def _joined(text: str, spans: Sequence[Span], language: str) -> list[Span]:
    """Join the fragments of one paragraph to the clause before them, else to the next."""
    joined: list[Span] = []
    for span in spans:
        if joined and _fit(joined[-1], span) and _either_short(text, joined[-1], span, language):
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return joined


def _gathered(text: str, spans: Sequence[Span], language: str) -> list[Span]:
    """Join short lines, items and rows to those that follow, until they are short no more."""
    gathered: list[Span] = []
    for span in spans:
        if gathered and _fit(gathered[-1], span) and _short(text, gathered[-1], language):
            gathered[-1] = (gathered[-1][0], span[1])
        else:
            gathered.append(span)
    return gathered[:-2] + _joined(text, gathered[-2:], language)


def _fit(first: Span, second: Span) -> bool:
    return second[1] - first[0] <= _JOINED


def _either_short(text: str, first: Span, second: Span, language: str) -> bool:
    return _short(text, first, language) or _short(text, second, language)
