"""The same question about something else: "et le bureau de Dakar ?", "celui de Dakar, …"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant import grammar
from assistant.fragments import (
    SURE,
    Rewritten,
    Turn,
    asks,
    bare,
    end_of_phrase,
    is_acronym,
    is_name,
    kinds_in,
    leftover_words,
    that_of,
)
from assistant.grammar import capital, join
from assistant.mentions import Mention, find_mentions
from assistant.pronouns import find_pronoun
from assistant.types import Corpus
from assistant.wording import Wording, flat

LONGEST = 12
"""Words of the longest fragment that is read as "the same question about …"."""


def swap_names(previous: str, text: str, corpus: Corpus, language: str) -> str:
    """Return ``previous`` about the unit that ``text`` names; empty if there is nothing to swap."""
    new = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    old = [m for m in find_mentions(previous, corpus) if m.score >= SURE]
    if len({m.unit for m in new}) != 1 or not old:
        return ""
    return _swap(previous, old, text, new[0], corpus, language)


def about_another(
    fragment: str, wording: Wording, last: Turn, corpus: Corpus, explicit: bool
) -> Rewritten | None:
    """Return the earlier question about something else, when the fragment only names it."""
    fragment = bare(fragment, wording)
    plain = flat(fragment).replace("’", "'")
    if not fragment or len(plain.split()) > LONGEST or asks(plain, wording):
        return None
    language = wording.language
    new = [m for m in find_mentions(fragment, corpus) if m.score >= SURE]
    leftover = leftover_words(fragment, new, wording)
    old = [m for m in find_mentions(last.text, corpus) if m.score >= SURE]
    if new and len({m.unit for m in new}) == 1:
        if len(leftover) > 1 or (not explicit and leftover):
            return None
        if old:
            text = _swap(last.text, old, fragment, new[0], corpus, language)
            return Rewritten(text, fragment, borrows=True)
    if not explicit and not is_name(fragment, language):
        return None
    if find_pronoun(fragment, wording, new) and not that_of(plain, wording):
        return None
    swapped = _swap_phrase(last.text, fragment, wording)
    if swapped:
        # What stands in the place of a unit may be something that is asked about it.
        sure = not old or is_name(fragment, language) or is_acronym(fragment)
        return Rewritten(swapped, fragment, borrows=True, sure=sure)
    if not explicit:
        return None
    beside = join(last.text, f"{fragment} ?")
    return Rewritten(beside, fragment, last.topic, borrows=True, sure=False)


def _swap(
    previous: str,
    old: Sequence[Mention],
    fragment: str,
    new: Mention,
    corpus: Corpus,
    language: str,
) -> str:
    units = corpus.units
    parent = units[new.unit].parent
    alike = [m for m in old if units[m.unit].parent == parent] or list(old)
    mine = alike[-1]
    old_kinds, new_kinds = kinds_in(previous, mine), kinds_in(fragment, new)
    if new_kinds and (old_kinds or mine.start == mine.name_start):
        whole = not (old_kinds & new_kinds) or mine.start != mine.name_start or language == "en"
        if old_kinds and whole:
            return grammar.replace(
                previous, mine.start, mine.end, fragment, new.start, new.end, language
            )
    return grammar.replace(
        previous,
        mine.name_start,
        mine.name_end,
        fragment,
        new.name_start,
        new.name_end,
        language,
        keep=mine.name_start == mine.start and mine.name_end < mine.end,
    )


def _swap_phrase(previous: str, fragment: str, wording: Wording) -> str:
    """Return ``previous`` with ``fragment`` in the place of the like phrase at its end."""
    plain = flat(fragment).replace("’", "'")
    before = flat(previous).replace("’", "'")
    language = wording.language
    if of := that_of(plain, wording):
        fragment = fragment[of:].lstrip()
        plain = flat(fragment).replace("’", "'")
    preposition = wording.start("preposition").match(plain)
    if preposition:
        return _swap_after_preposition(previous, before, fragment, plain, wording)
    mine = _last_phrase(previous, wording, is_acronym(fragment))
    if mine is None:
        return ""
    at = 0
    article = re.match(rf"(?:{wording.raw['determiner']})(?:\s+|(?<='))", plain)
    if article:
        at = article.end()
    return grammar.replace(previous, *mine, fragment, at, len(fragment), language)


def _swap_after_preposition(
    previous: str, before: str, fragment: str, plain: str, wording: Wording
) -> str:
    word = plain.split("'")[0] if "'" in plain.split()[0] else plain.split()[0]
    families = _families(wording.language)
    family = next((f for f in families if word in f), frozenset([word]))
    matches = [
        m
        for m in re.finditer(r"(?<![\w'])([\w]+)(?='|\s)", before)
        if m[1] in family and m.start() > 0
    ]
    if not matches:
        return ""
    start = matches[-1].start()
    end = end_of_phrase(previous, start)
    return f"{previous[:start]}{fragment}{previous[end:]}"


def _last_phrase(previous: str, wording: Wording, acronym: bool) -> tuple[int, int] | None:
    """Return the last name of a question, or its last noun with what follows, without article."""
    end = len(previous.rstrip(" \t?!.…\u00a0\u202f"))
    if acronym:
        found = list(re.finditer(r"(?<!\w)[A-ZÀ-Ý]{2,}[\w-]*", previous))
        return (found[-1].start(), found[-1].end()) if found else None
    names = list(
        re.finditer(
            r"(?<=[\w’'] )[A-ZÀ-Ý][\w’'-]*(?: (?:d[eu]s? |of |de la )?[A-ZÀ-Ý][\w’'-]*)*|"
            r"(?<=[’'])[A-ZÀ-Ý][\w-]+",
            previous,
        )
    )
    if names:
        return names[-1].start(), names[-1].end()
    plain = flat(previous).replace("’", "'")
    starts = [m.end() for m in wording.word("determiner").finditer(plain[:end])]
    if not starts:
        return None
    start = starts[-1] + len(plain[starts[-1] :]) - len(plain[starts[-1] :].lstrip())
    return (start, end) if 0 < len(plain[start:end].split()) <= 6 else None


def _families(language: str) -> list[frozenset[str]]:
    """Return prepositions that are one, whatever article they have swallowed."""
    table = {
        "fr": ["de du des d", "a au aux", "en dans", "avec", "pour", "sur", "par", "chez"],
        "es": ["de del", "a al", "en", "con", "para", "por", "sobre"],
        "it": ["di del della dell dei delle", "a al alla all", "in nel nella nell", "con", "per"],
        "pt": ["de do da dos das", "a ao aos", "em no na nos nas", "com", "para", "por pelo pela"],
        "en": ["in at", "with", "for", "of", "to", "from", "by", "on about"],
        "de": ["in im", "mit", "fur", "von vom", "zu zum zur", "bei beim", "uber"],
    }
    return [frozenset(row.split()) for row in table.get(language, [])]


def about_that_of(text: str, wording: Wording, last: Turn, corpus: Corpus) -> Rewritten | None:
    """Return a question about "celui de Dakar" with the noun it stands for."""
    plain = flat(text).replace("’", "'")
    of = that_of(plain, wording)
    if not of or not last.subject:
        return None
    named = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    old = [m for m in find_mentions(last.subject, corpus) if m.score >= SURE]
    if not named or not old or not kinds_in(last.subject, old[0]):
        return None
    end = named[0].name_end
    phrase = grammar.replace(
        last.subject,
        old[0].name_start,
        old[0].name_end,
        text,
        named[0].name_start,
        end,
        wording.language,
    )
    return Rewritten(capital(f"{phrase}{text[end:]}"), text)
