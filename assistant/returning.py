"""Going back to an earlier subject: "revenons à la première, …", "the unit I mentioned"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.fragments import SURE, Antecedent, Rewritten, Turn, after
from assistant.grammar import capital, join
from assistant.kinds import kinds
from assistant.language import words
from assistant.mentions import find_mentions
from assistant.pronouns import agrees, behind, find_pronoun, put
from assistant.subjects import answered, subject_of, without_dangling
from assistant.types import Corpus
from assistant.wording import Wording, flat

_SAID = re.compile(r"parl|mention|ask|talk|habl|menc|preg|dije|sprach|geredet|fal")


def going_back(
    text: str,
    wording: Wording,
    past: Sequence[Turn],
    corpus: Corpus,
    antecedent: Antecedent | None,
) -> Rewritten | None:
    """Return the question about an earlier subject that ``text`` goes back to."""
    plain = flat(text).replace("’", "'")
    match = wording.word("back").search(plain)
    if match and len(plain[: match.start()].split()) > 2 and not _SAID.search(match.group()):
        match = None
    ordinal = _ordinal(plain, wording)
    if not match and not (ordinal is not None and _is_pointer(plain, wording)):
        return None
    turn = _pointed_at(plain, wording, past, ordinal)
    head, _, rest = _split_head(text)
    named = [m for m in find_mentions(head, corpus) if m.score >= SURE and m.score < 1.01]
    if match and named and ordinal is None:
        subject, topic = subject_of(head, named[:1], wording.language), ""
    elif turn is not None:
        subject = turn.subject or answered(turn, corpus, antecedent, wording.language)
        topic = turn.topic
    else:
        return None
    if not re.search(r"\w{2,}", rest):
        text = turn.text if turn is not None else subject
        return Rewritten(text, text, topic, borrows=True)
    return _about(rest.strip(), wording, subject, topic, corpus)


def _about(rest: str, wording: Wording, subject: str, topic: str, corpus: Corpus) -> Rewritten:
    rest = without_dangling(rest, wording)
    if not subject:
        return Rewritten(join(topic, rest), rest, topic, sure=False)
    pronoun = find_pronoun(
        rest, wording, [m for m in find_mentions(rest, corpus) if m.score > SURE]
    )
    if pronoun and agrees(pronoun, rest, subject, wording.language):
        return Rewritten(capital(put(pronoun, rest, subject, wording.language)), rest, topic)
    return Rewritten(behind(capital(rest), subject), rest, topic)


def _ordinal(plain: str, wording: Wording) -> int | None:
    for number, pattern in enumerate(wording.ordinals):
        if pattern.search(plain):
            return number
    return -1 if wording.word("last").search(plain) else None


def _is_pointer(plain: str, wording: Wording) -> bool:
    """Return whether an ordinal at the start points at an earlier turn ("pour la première, …")."""
    head = re.split(r"[,:;?]", plain)[0]
    head = after(head, wording.start("and")) or head
    about = after(head, wording.start("about"))
    found = (about or head).split()
    return about is not None and len(found) <= 3


def _pointed_at(
    plain: str, wording: Wording, past: Sequence[Turn], ordinal: int | None
) -> Turn | None:
    subjects: list[Turn] = []
    for turn in past:
        if not any(turn.subject == s.subject and turn.topic == s.topic for s in subjects):
            subjects.append(turn)
    if ordinal is not None:
        if ordinal < 0:
            return subjects[-2] if len(subjects) > 1 else subjects[-1]
        return subjects[ordinal] if ordinal < len(subjects) else None
    for word in words(plain, wording.language):
        wanted = kinds(word.text)
        if not wanted:
            continue
        for turn in reversed(past):
            if any(kinds(w.text) & wanted for w in words(turn.subject or turn.text, "fr")):
                return turn
    return subjects[0] if len(subjects) > 1 else past[-1]


def _split_head(text: str) -> tuple[str, str, str]:
    match = re.search(r"\s*[,:;?.]\s*|\s[–-]\s", text)
    if not match:
        return text, "", ""
    return text[: match.start()], match.group(), text[match.end() :]
