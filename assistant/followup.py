"""Follow-ups written out: "et le bureau de Dakar ?" → the question it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.ellipsis import about_another, about_that_of
from assistant.fragments import SURE, Antecedent, Rewritten, Turn, after, asks
from assistant.grammar import capital, join
from assistant.intent import wants_list
from assistant.language import Word, is_stop, words
from assistant.mentions import Mention, find_mentions
from assistant.pronouns import Pronoun, agrees, behind, find_pronoun, put
from assistant.returning import going_back
from assistant.subjects import answered, without_dangling
from assistant.types import Corpus
from assistant.wording import Wording, flat

PREPOSITION = 6
"""Letters up to which "for" at the start is a preposition and not "what about"."""
_PAUSE = re.compile(r"[,;:.!…–-]\s*$")
SHORT = 2
"""Words that carry meaning in the longest question that cannot stand alone ("dans quels cas ?")."""
LOOSE = 4
"""Words that carry meaning in the longest piece of a question that asks nothing by itself."""


def rewrite(
    text: str,
    wording: Wording,
    past: Sequence[Turn],
    corpus: Corpus,
    antecedent: Antecedent | None = None,
) -> Rewritten | None:
    """Return the fuller question that ``text`` stands for; None when it stands on its own."""
    back = going_back(text, wording, past, corpus, antecedent)
    if back:
        return back
    corrected = after(text, wording.start("correction"))
    rest = corrected if corrected is not None else text
    opened = after(rest, wording.start("and"))
    about = after(opened or rest, wording.start("about"))
    explicit = corrected is not None or opened is not None
    if about and not explicit:
        explicit = len(rest) - len(about) > PREPOSITION and bool(find_mentions(about, corpus))
        about = about if explicit else None
    fragment = about or opened or rest
    return (
        about_another(fragment, wording, past[-1], corpus, explicit)
        or _pronoun(fragment, wording, past, corpus, antecedent)
        or about_that_of(fragment, wording, past[-1], corpus)
        or _bare_question(fragment, wording, past[-1], corpus)
    )


def without_preamble(text: str, wording: Wording) -> tuple[str, bool]:
    """Return ``text`` without "ok merci, sinon …", and whether it announced another subject."""
    aside = False
    while True:
        rest = None
        for name in ("filler", "aside"):
            match = wording.start(name).match(flat(text).replace("’", "'"))
            if match and re.search(r"\w", text[match.end() :]):
                strong = bool(re.search(r"[,.!;:…–-]\s*$", match.group())) or name == "aside"
                if name == "filler" and not strong and not _glides(match.group(), text, wording):
                    continue
                rest = text[match.end() :]
                aside = aside or name == "aside"
                break
        if rest is None:
            return text, aside
        if aside:
            rest = after(rest, wording.start("and")) or rest
        text = rest


def without_opener(text: str, wording: Wording) -> str:
    """Return a question that stands on its own without "Et", "And", "I meant" before it."""
    opener = wording.start("correction").match(flat(text).replace("’", "'"))
    meant = opener and (" " in opener.group().strip() or _PAUSE.search(opener.group()))
    if meant and (rest := after(text, wording.start("correction"))):
        text = rest
    return after(text, wording.start("and")) or text


def leans(text: str, wording: Wording, corpus: Corpus) -> bool:
    """Return whether a question that was left as it is may yet lean on an earlier one.

    It names nothing, and has hardly a word of its own ("qui la dirige ?"), or hardly more after
    "and" ("et combien d'agents ?"), or asks nothing ("horaires d'ouverture").
    """
    language = wording.language
    opened = without_opener(text, wording)
    content = [w for w in words(opened, language) if not is_stop(w.text, language)]
    if len(content) > LOOSE or any(w.text[:1].isupper() and w.start > 0 for w in content):
        return False
    if any(m.score >= SURE for m in find_mentions(opened, corpus)):
        return False
    if len(content) <= (1 if opened == text else SHORT):
        return True
    return not wants_list(opened) and not asks(flat(opened).replace("’", "'"), wording)


# --- "elle", "ce bureau", "son adresse" --------------------------------------------------


def _pronoun(
    text: str,
    wording: Wording,
    past: Sequence[Turn],
    corpus: Corpus,
    antecedent: Antecedent | None,
) -> Rewritten | None:
    """Return the question with what its pronoun stands for in the pronoun's place."""
    text = without_dangling(text, wording)
    named = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    pronoun = find_pronoun(text, wording, named)
    language = wording.language
    if pronoun is None:
        return _dropped(text, wording, past[-1], named)
    for turn in reversed(past):
        subject = turn.subject or answered(turn, corpus, antecedent, language)
        if not subject:
            if turn is past[-1] and not _names_other(pronoun):
                break
            continue
        if turn.language == language and agrees(pronoun, text, subject, language):
            return Rewritten(capital(put(pronoun, text, subject, language)), text, turn.topic)
        if turn.language != language:
            return Rewritten(behind(capital(text), subject), text, turn.topic)
    beside = join(past[-1].topic or past[-1].text, text)
    return Rewritten(beside, text, past[-1].topic, sure=False)


def _names_other(pronoun: Pronoun) -> bool:
    return pronoun.kind == "demonstrative"


def _dropped(text: str, wording: Wording, last: Turn, named: Sequence[Mention]) -> Rewritten | None:
    """Return a question of a language that drops its pronouns with the earlier subject."""
    if wording.language not in ("es", "it", "pt") or not last.subject or named:
        return None
    plain = flat(text).replace("’", "'")
    content = [w for w in words(text, wording.language) if not is_stop(w.text, wording.language)]
    nouns = [m for m in wording.word("determiner").finditer(plain) if m.start() > 4]
    if any(word.text[:1].isupper() for word in content):
        return None
    if len(content) > SHORT or nouns or not wording.word("question").search(plain):
        return None
    ending = re.search(r"\s*[?!.]*\s*$", text)
    end = ending.start() if ending else len(text)
    return Rewritten(capital(f"{text[:end]} {last.subject}{text[end:]}"), text, last.topic)


# --- "dans quels cas ?" -----------------------------------------------------------------


def _bare_question(text: str, wording: Wording, last: Turn, corpus: Corpus) -> Rewritten | None:
    """Return a question word that cannot stand alone ("avec qui ?") behind the earlier question."""
    language = wording.language
    found = words(text, language)
    content = [word for word in found if not is_stop(word.text, language)]
    plain = flat(text).replace("’", "'")
    if len(found) > 6 or len(content) > 1 or find_mentions(text, corpus):
        return None
    if not wording.word("question").search(plain) or _has_object(plain, content, wording):
        return None
    if any(word.text[:1].isupper() for word in content):
        return None
    return Rewritten(join(last.text, text), text, last.topic, sure=False)


_WHO = re.compile(r"\W*(?:qui|who|quien|quienes|wer|chi|quem)\b")


def _has_object(plain: str, content: Sequence[Word], wording: Wording) -> bool:
    """Return whether a short question has a subject of its own ("qui gère les médias ?")."""
    if not content:
        return False
    if _WHO.match(plain):
        return True
    before = plain[: content[0].start].replace("'", "' ").split()
    return not before or not wording.word("question").fullmatch(before[-1].strip("¿"))


def _glides(matched: str, text: str, wording: Wording) -> bool:
    """Return whether a filler without a comma is one ("ok et le budget ?", "merci qui …")."""
    rest = flat(text[len(matched) :]).replace("’", "'")
    return any(wording.start(name).match(rest) for name in ("and", "question", "filler", "aside"))
