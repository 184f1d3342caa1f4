"""What a question stands for in its conversation, decided without a language model.

A follow-up is written out as the fuller question it stands for, and shown so; a question that
stands on its own is never touched.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from assistant import followup
from assistant.ellipsis import swap_names
from assistant.fragments import SURE, Antecedent, Turn, is_fragment_anywhere
from assistant.grammar import capital, join
from assistant.intent import answer_language, asks_for_more, smalltalk, target, wants_list
from assistant.language import detect
from assistant.mentions import find_mentions
from assistant.subjects import subject_of
from assistant.types import Corpus
from assistant.wording import Wording, flat, wording

REMEMBERED = 100
"""Earlier questions that are taken into account."""
KEPT = 256
"""Conversations whose earlier questions are kept written out."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a question stands for.

    ``text`` is what is searched and read, ``language`` what is answered in. ``sure`` is false where
    an earlier question is only put beside it, or where it may lean on one that the rules do not
    find. ``smalltalk`` is greeting, thanks, help, why, empty or None. ``target`` is the kind of
    thing asked for, ``focus`` the ids of the units that ``text`` names. ``subject`` is what the
    question is about in words ("le bureau de Dakar"), ``topic`` the question that brought it up.
    """

    asked: str
    text: str
    language: str
    rewritten: bool = False
    sure: bool = True
    smalltalk: str | None = None
    target: str = "other"
    wants_list: bool = False
    focus: tuple[str, ...] = ()
    subject: str = ""
    topic: str = ""


def understand(
    question: str,
    history: Sequence[str],
    corpus: Corpus,
    *,
    default: str = "fr",
    antecedent: Antecedent | None = None,
) -> Query:
    """Return what ``question`` stands for after ``history`` (earlier questions, oldest first).

    ``antecedent`` may tell which unit (its id) answered an earlier question: then "elle" after
    "Qui gère X ?" becomes that unit. Without it the earlier question is kept beside the new one.
    """
    past = remembered(history, corpus, default=default, antecedent=antecedent)
    return _understand(question, past, corpus, default, antecedent)


def remembered(
    history: Sequence[str],
    corpus: Corpus,
    *,
    default: str = "fr",
    antecedent: Antecedent | None = None,
) -> tuple[Query, ...]:
    """Return what the earlier questions stand for, oldest first, without small talk."""
    past: tuple[Query, ...] = ()
    earlier = tuple(history[-REMEMBERED:])
    for count in range(len(earlier)):
        key = (corpus.generation, default, antecedent is not None, earlier[: count + 1])
        known = _known.get(key)
        if known is None:
            query = _understand(earlier[count], past, corpus, default, antecedent)
            known = past if query.smalltalk else (*past, query)
            _keep(key, known)
        past = known
    return past


_Key = tuple[str, str, bool, tuple[str, ...]]
_known: OrderedDict[_Key, tuple[Query, ...]] = OrderedDict()
_lock = Lock()


def _keep(key: _Key, past: tuple[Query, ...]) -> None:
    with _lock:
        _known[key] = past
        while len(_known) > KEPT:
            _known.popitem(last=False)


def _understand(
    question: str,
    past: Sequence[Query],
    corpus: Corpus,
    default: str,
    antecedent: Antecedent | None,
) -> Query:
    text = question.strip()
    language = detect(text, past[-1].language if past else default)
    talk = smalltalk(text, language)
    if talk:
        return Query(question, "", talk[1], smalltalk=talk[0])
    spoken = wording(language)
    if past and (wanted := answer_language(text, spoken)):
        last = past[-1]
        return replace(last, asked=question, language=wanted, rewritten=True)
    if more := asks_for_more(text, language):
        if past:
            last = past[-1]
            return replace(last, asked=question, language=more, rewritten=True)
        return Query(question, "", more, smalltalk="help")
    if spoken is None:
        return _other_language(question, text, language, past, corpus)
    text, aside = followup.without_preamble(text, spoken)
    if past and not aside:
        turns = [Turn(q.text, q.language, q.subject, q.topic, q.focus) for q in past]
        found = followup.rewrite(text, spoken, turns, corpus, antecedent)
        if found:
            own = target(found.own, language)
            own = own if own != "other" or not found.borrows else target(found.text, language)
            query = _query(question, found.text, language, corpus, spoken, own, found.topic, True)
            return replace(query, sure=found.sure)
    sure = not past or aside or not followup.leans(text, spoken, corpus)
    text = followup.without_opener(text, spoken) if past else text
    text = capital(text) if text != question.strip() else text
    query = _query(question, text, language, corpus, spoken, target(text, language))
    return replace(query, sure=sure)


def _query(
    asked: str,
    text: str,
    language: str,
    corpus: Corpus,
    spoken: Wording | None,
    its_target: str,
    topic: str = "",
    rewritten: bool = False,
) -> Query:
    named = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    subject = subject_of(text, named, language) if spoken else ""
    return Query(
        asked,
        text,
        language,
        rewritten=rewritten,
        target=its_target,
        wants_list=its_target in ("list", "compare") or wants_list(text),
        focus=tuple(dict.fromkeys(m.unit for m in named)),
        subject=subject,
        topic=topic or text,
    )


def _other_language(
    asked: str, text: str, language: str, past: Sequence[Query], corpus: Corpus
) -> Query:
    """Return the query of a language without tables: short follow-ups keep what was asked."""
    if past and is_fragment_anywhere(flat(text), language):
        last = past[-1]
        joined = swap_names(last.text, text, corpus, language)
        text = joined or join(last.topic or last.text, text)
        its_target = target(asked, language)
        if its_target == "other":
            its_target = last.target
        query = _query(asked, text, language, corpus, None, its_target, last.topic, True)
        return replace(query, sure=bool(joined))
    return _query(asked, text, language, corpus, None, target(text, language))
