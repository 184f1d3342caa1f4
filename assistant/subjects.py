"""What a question is about, in words that can stand in another question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant import grammar
from assistant.fragments import Antecedent, Turn
from assistant.kinds import kinds
from assistant.mentions import Mention
from assistant.pronouns import find_pronoun
from assistant.types import Corpus
from assistant.wording import Wording, flat, wordings

_PLACED = ("à", "a", "em", "in")


def subject_of(text: str, named: Sequence[Mention], language: str) -> str:
    """Return what a question is about, in its own words: the unit it names, with its article."""
    units = {mention.unit for mention in named}
    if len(units) != 1:
        return "" if units else _capitals(text, language)
    mention = named[0]
    if mention.start == mention.name_start and mention.end == mention.name_end:
        before = grammar.slot(text, mention.start, language).preposition
        if before in _PLACED or re.search(r"(?<!\w)(?:en|in|dans|nach)\s+$", text[: mention.start]):
            return ""
    return grammar.phrase(text, mention.start, mention.end, language)


def answered(turn: Turn, corpus: Corpus, antecedent: Antecedent | None, language: str) -> str:
    """Return the unit that answered an earlier question, with its article."""
    unit = corpus.units.get(antecedent(turn.text) or "") if antecedent else None
    if unit is None:
        return ""
    heading = re.sub(r"\s*\([^)]*\)\s*$", "", unit.heading)
    document = corpus.documents[unit.document].language
    article = grammar.guess_article(heading, language) if document == language else ""
    return grammar.compose("", article, heading, language)


def without_dangling(text: str, wording: Wording) -> str:
    """Return ``text`` without a pronoun set apart before it ("Elle, avec qui …")."""
    plain = flat(text).replace("’", "'")
    match = re.match(rf"\W*(?:{wording.raw['subject']}|{wording.raw['there']})\s*,\s*", plain)
    if match and find_pronoun(text[match.end() :], wording, ()):
        return text[match.end() :]
    return text


def _capitals(text: str, language: str) -> str:
    """Return the name with capitals and an article in a question ("the Risk Management Unit")."""
    article = "|".join(w.raw["determiner"] for w in wordings(language)[:1])
    match = re.search(rf"(?<!\w)(?:{article})\s*((?:[A-ZÀ-Ý][\w-]+\s){{1,5}}[A-ZÀ-Ý][\w-]+)", text)
    return match.group() if match and any(kinds(w) for w in match[1].split()) else ""
