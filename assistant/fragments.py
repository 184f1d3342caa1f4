"""Pieces of questions: what is left when openers and names are taken away, and what it can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.kinds import kinds
from assistant.language import is_stop, words
from assistant.mentions import Mention
from assistant.wording import Wording, flat

SURE = 0.6


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, written out; see ``conversation.Query``."""

    text: str
    language: str
    subject: str
    topic: str
    focus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A follow-up written out. ``own`` are its own words, the rest is borrowed if ``borrows``.

    ``sure`` is false where it could only be put beside an earlier question.
    """

    text: str
    own: str
    topic: str = ""
    borrows: bool = False
    sure: bool = True


Antecedent = Callable[[str], str | None]


_OPENED = re.compile(
    r"\s*(?:а |и |en |a |oraz |i |ve |peki |ya |و|ماذا عن|那麼|那么|那|那个|それでは|では|じゃあ|"
    r"그럼|그러면|그리고|แล้ว|wat |dan )"
)


_POINTING = re.compile(
    r"(?<!\w)(?:его|ее|их|он|она|они|оно|там|onun|onlar|orada|het|zij|hij|zijn|hun|haar|daar|jego|"
    r"jej|ich|ono|oni|tam|هذا|هذه|그것|그곳)(?!\w)|它|他们|她|该|那里|那裡|それ|そこ|มัน|ที่นั่น"
)


def is_fragment_anywhere(plain: str, language: str) -> bool:
    """Return whether a flat text in a language without tables looks like a follow-up: short, and
    it starts with "and", points at something, or names nothing."""
    found = words(plain, language)
    content = [word for word in found if not is_stop(word.text, language)]
    pointed = bool(_OPENED.match(plain) or _POINTING.search(plain))
    if language in ("zh", "ja", "th"):
        return len(plain) <= 16 and (pointed or len(plain) <= 4)
    return len(content) <= 4 and (pointed or not content)


def end_of_phrase(text: str, at: int) -> int:
    match = re.search(r"\s*[,;:?!.…]", text[at:])
    return at + match.start() if match else len(text)


def after(text: str, pattern: re.Pattern[str]) -> str | None:
    """Return what follows ``pattern`` at the start of ``text``, if anything does; else None."""
    match = pattern.match(flat(text).replace("’", "'"))
    if not match or not re.search(r"\w", text[match.end() :]):
        return None
    return text[match.end() :]


def bare(fragment: str, wording: Wording) -> str:
    """Return a fragment without punctuation and "aussi", "the sienne" around it."""
    fragment = fragment.strip(' \t?!.…,;:¿¡«»"')
    plain = flat(fragment).replace("’", "'")
    match = re.search(rf"[\s,]+(?:{wording.raw['adverb']})$", plain)
    return fragment[: match.start()].strip(" ,") if match else fragment


def asks(plain: str, wording: Wording) -> bool:
    """Return whether a fragment is a question of its own: a question word or an inverted verb."""
    if wording.word("question").search(plain):
        return True
    return bool(re.search(r"\w-(?:t-)?(?:ils?|elles?|on|ce)\b", plain))


def leftover_words(fragment: str, named: Sequence[Mention], wording: Wording) -> list[str]:
    """Return the words of a fragment that carry meaning and name no unit."""
    inside = [(m.start, m.end) for m in named]
    found = [
        w.text
        for w in words(fragment, wording.language)
        if not is_stop(w.text, wording.language)
        and not any(start <= w.start < end for start, end in inside)
    ]
    return [word for word in found if not kinds(word)]


def kinds_in(text: str, mention: Mention) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words(text[mention.start : mention.end], "fr"):
        found |= kinds(word.text)
    return found


def that_of(plain: str, wording: Wording) -> int:
    """Return where the name begins in "celui de Dakar" (at its preposition); 0 if it is not so."""
    match = re.match(
        rf"\W*(?:{wording.raw['that_of']})(?=\s+(?:{wording.raw['preposition']})(?:\s|'))", plain
    )
    return match.end() if match else 0


def is_name(fragment: str, language: str) -> bool:
    """Return whether a fragment is nothing but a name: an acronym, or words with capitals."""
    if len(fragment.split()) > 4:
        return False
    found = [w.text for w in words(fragment, language) if not is_stop(w.text, language)]
    return 0 < len(found) <= 4 and all(w[:1].isupper() for w in found) and not fragment.isupper()


def is_acronym(fragment: str) -> bool:
    return bool(re.search(r"(?<!\w)[A-ZÀ-Ý]{2,}", fragment))
