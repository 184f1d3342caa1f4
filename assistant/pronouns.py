"""Words that stand for something said before ("elle", "its"), and putting it in their place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.grammar import compose, gender
from assistant.kinds import kinds
from assistant.language import is_stop, words
from assistant.mentions import Mention
from assistant.wording import Wording, flat

_POLITE = re.compile(r"s'il (te|vous) plait|s'il y a|qu'il y a|if it's|it's (ok|fine)")
_FEMININE = re.compile(r"elles?|celles?-(ci|la)|ellas?|elas?|lei|essa")
_MASCULINE = re.compile(r"ils?|lui|eux|celui-(ci|la)|él|ellos|eles?|esso")
_PLURAL = re.compile(r"ils|elles|eux|ellos|ellas|eles|elas|they|them|essi|esse|leurs?|their")
_INVERTED = re.compile(
    r"(?<!\w)((?:(?:ne |n'|se |s'|me |te |les? |la |l'|y |en |lui |leur )*)[\w']+)-(?:t-)?$"
)
_LONG = 6
"""Words from which on "who … their" is about the one who, not about something said before."""


_WHO = re.compile(
    r"\W*(?:et |and |y |und |e )?(?:qui|who|quien|wer|chi|quem|(?:quel\w*|que|which|what|welche\w*|"
    r"quale|quali|qual|cual\w*) (?!(?:est|sont|is|are|was|es|son|ist|sind|e|sono|sao)\b)\w+)\b"
)
_IF = re.compile(r"\W*(?:si|quand|lorsque|if|when|while|cuando|wenn|falls|se|quando)\b")


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A word that stands for something said before: its kind and ``text[start:end]``."""

    kind: str
    start: int
    end: int
    noun: str = ""


def find_pronoun(text: str, wording: Wording, named: Sequence[Mention]) -> Pronoun | None:
    """Return the first word that stands for something said before ``text``; None if there is none.

    ``named`` are the units that ``text`` names: what follows them is about them.
    """
    plain = _masked(text, wording)
    names = _names_in(text, wording)
    lower = text.lower().replace("’", "'")
    for match in _all(wording.word("subject"), plain, lower):
        if any(end <= match.start() for end in names) or _formal(text, match, wording):
            continue
        if not _bound(plain, match, wording, named):
            return Pronoun("subject", match.start(), match.end())
    for match in wording.word("demonstrative").finditer(plain):
        noun = re.match(r"\s+(\w+)", plain[match.end() :])
        before = any(m.start < match.start() for m in named)
        if noun and kinds(noun[1]) and not before and not any(e <= match.start() for e in names):
            return Pronoun("demonstrative", match.start(), match.end() + noun.end(), noun[1])
    for match in wording.word("possessive").finditer(plain):
        if any(end <= match.start() or len(plain.split()) > _LONG for end in names):
            continue
        if not _owned(plain, match.start(), wording, named):
            return Pronoun("possessive", match.start(), match.end())
    for match in wording.word("there").finditer(plain):
        if not named:
            return Pronoun("there", match.start(), match.end())
    return None


def agrees(pronoun: Pronoun, text: str, subject: str, language: str) -> bool:
    """Return whether ``subject`` can be what the pronoun stands for, by gender."""
    word = text[pronoun.start : pronoun.end].lower()
    its = gender(subject, language)
    if pronoun.kind == "subject" and language in ("fr", "es", "it", "pt"):
        many = bool(re.match(r"(les|los|las|gli|i|os|as) ", subject.lower()))
        if bool(_PLURAL.fullmatch(flat(word))) != many:
            return False
    if pronoun.kind == "demonstrative":
        return bool(_kinds_of(subject) & kinds(pronoun.noun)) or "any" in kinds(pronoun.noun)
    if pronoun.kind != "subject" or not its:
        return True
    if _FEMININE.fullmatch(flat(word)):
        return its == "f"
    return its == "m" if _MASCULINE.fullmatch(word) else True


def put(pronoun: Pronoun, text: str, subject: str, language: str) -> str:
    """Return ``text`` with ``subject`` in the pronoun's place; behind it where it does not fit."""
    before, word, after = (
        text[: pronoun.start],
        text[pronoun.start : pronoun.end],
        text[pronoun.end :],
    )
    if pronoun.kind == "subject" and language == "fr":
        return _put_french(before, word, after, subject)
    if pronoun.kind == "subject" and language == "en" and word.lower() in ("he", "she"):
        return behind(text, subject)
    if pronoun.kind in ("subject", "demonstrative"):
        return _fitted(before, subject, after, language)
    if pronoun.kind == "possessive" and language == "en":
        owner = f"{subject}’" if subject.endswith("s") else f"{subject}’s"
        return before + owner + after
    if pronoun.kind == "possessive" and language == "fr":
        return _owned_french(before, word, after, subject) or behind(text, subject)
    return behind(text, subject)


def behind(text: str, subject: str) -> str:
    """Return ``text`` with ``subject`` in brackets behind it."""
    return f"{text.rstrip()} ({subject})"


def _masked(text: str, wording: Wording) -> str:
    plain = flat(text).replace("’", "'")
    for pattern in (_POLITE, wording.word("expletive")):
        plain = pattern.sub(lambda m: "_" * len(m.group()), plain)
    return plain


def _all(pattern: re.Pattern[str], plain: str, lower: str) -> list[re.Match[str]]:
    found = {m.start(): m for m in pattern.finditer(lower) if "_" not in plain[slice(*m.span())]}
    found |= {m.start(): m for m in pattern.finditer(plain)}
    return [found[start] for start in sorted(found)]


def _formal(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Return whether a German "Sie" is the reader, or an "es" nothing in particular."""
    word = text[match.start() : match.end()]
    if wording.language == "de" and word.lower() == "es":
        return len(text.split()) > _LONG
    return wording.language == "de" and word in ("Sie", "Ihr") and match.start() > 0


def _bound(
    plain: str,
    match: re.Match[str],
    wording: Wording,
    named: Sequence[Mention],
) -> bool:
    """Return whether something before the pronoun in the same question is what it stands for."""
    if any(mention.end <= match.start() for mention in named):
        return True
    before = plain[: match.start()]
    relative = re.search(r"(?:qu'|que|dont|ou|lesquel\w*|laquelle|lequel|that|which)\s*$", before)
    if relative and re.match(r"\W*(?:et )?(?:a |de |avec |dans )?(?:qu|wh|ou|comb)", before):
        return False
    clauses = re.split(r"[,;:]", before)
    if len(clauses) > 1 and _IF.match(before):
        return True
    word = match.group()
    for number, clause in enumerate(clauses):
        starts_apart = wording.start("preposition").match(clause.lstrip() + " ")
        if number < len(clauses) - 1 and starts_apart:
            continue
        if _has_subject(clause, word, wording):
            return True
    return False


def _names_in(text: str, wording: Wording) -> list[int]:
    """Return where the names in a text end: words with a capital that do not start it."""
    ends = []
    for match in re.finditer(r"(?<![\w-])[^\W\d_][\w-]*", text):
        word = match.group()
        first = not re.search(r"\w", text[: match.start()])
        if not word[0].isupper() or (text.isupper() and len(text) > 12):
            continue
        if wording.language == "de" and word in ("Sie", "Ihr", "Ihre", "Ihren", "Ihrer"):
            continue
        plain = flat(word)
        known = any(
            wording.word(name).fullmatch(plain)
            for name in ("question", "preposition", "determiner", "and", "subject", "possessive")
        )
        listed = first and (known or is_stop(word, wording.language) or not word[1:].islower())
        if not listed and not (first and len(text.split()) < _LONG):
            ends.append(match.end())
    return ends


def _has_subject(clause: str, pronoun: str, wording: Wording) -> bool:
    """Return whether a clause has a noun with its article that can be the pronoun's."""
    for found in wording.word("determiner").finditer(clause):
        article = found.group()
        if wording.word("question").fullmatch(article) or re.match(r"(quel|wh|cual)", article):
            continue
        if article in ("du", "au", "aux", "del", "al", "do", "da", "ao"):
            continue
        if not re.match(r"\W*\w{2,}", clause[found.end() :]):
            continue
        left = clause[: found.start()].rstrip()
        if re.search(rf"(?<!\w)(?:{wording.raw['preposition']})$", left):
            continue
        if _compatible(article, pronoun, wording):
            return True
    return False


def _compatible(article: str, pronoun: str, wording: Wording) -> bool:
    plural = bool(wording.word("plural").fullmatch(article))
    if (
        pronoun
        and wording.raw["plural"]
        and wording.language != "en"
        and plural != bool(_PLURAL.fullmatch(pronoun))
    ):
        return False
    if _FEMININE.fullmatch(pronoun) and wording.word("masculine").fullmatch(article):
        return False
    return not (_MASCULINE.fullmatch(pronoun) and wording.word("feminine").fullmatch(article))


def _owned(plain: str, at: int, wording: Wording, named: Sequence[Mention]) -> bool:
    """Return whether a possessive is about something in the same question."""
    before = plain[:at]
    if any(mention.end <= at for mention in named):
        return True
    if re.search(r"\w-(?:t-)?(?:ils?|elles?)\b", before):
        return True
    found = words(before, wording.language)
    if any(kinds(word.text) for word in found):
        return True
    if len(plain.split()) > _LONG and _has_subject(before, "", wording):
        return True
    return bool(_WHO.match(before)) and len(plain.split()) > _LONG


def _kinds_of(subject: str) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words(subject, "fr"):
        found |= kinds(word.text)
    return found


def _fitted(before: str, subject: str, after: str, language: str) -> str:
    """Return the parts together; an article before the subject contracts with a preposition."""
    article, _, name = subject.partition(" ")
    match = re.search(r"(?<!\w)(de|d['’]|à|a|di|em)\s*$", before, re.IGNORECASE)
    if match and name:
        word = match[1].lower().replace("’", "'")
        preposition = {"d'": "de", "a": "à" if language == "fr" else "a"}.get(word, word)
        return before[: match.start()] + compose(preposition, article, name, language) + after
    if not before.strip(" ¿¡"):
        subject = subject[:1].upper() + subject[1:]
    return before + subject + after


def _put_french(before: str, word: str, after: str, subject: str) -> str:
    inverted = _INVERTED.search(before)
    if inverted and re.search(r"(?<!\w)(?:que |qu['’])$", before[: inverted.start(1)], re.I):
        return f"{before[: inverted.end(1)]} {subject}{after}"
    if inverted:
        head = before[: inverted.start(1)]
        new = subject if head.strip() else subject[:1].upper() + subject[1:]
        verb = before[inverted.start(1) :]
        verb = verb if head.strip() else verb[:1].lower() + verb[1:]
        return f"{head}{new} {verb}{word}{after}"
    elided = re.search(r"(?<!\w)(qu|lorsqu|puisqu|d)['’]$", before, re.IGNORECASE)
    if elided and elided[1].lower() != "d":
        return f"{before[:-1]}e {subject}{after}"
    if word.lower() == "lui" and not re.search(
        r"(?:^|avec|pour|chez|par|sur|à|de|vers|contre|envers)\s*$", before, re.IGNORECASE
    ):
        return behind(before + word + after, subject)
    return _fitted(before, subject, after, "fr")


def _owned_french(before: str, word: str, after: str, subject: str) -> str:
    noun = re.match(
        r"\s+([\w’'-]+)(?=\s*(?:[?.!,;]|$|\s(?:de|du|des|d['’]|à|au|en|dans|avec)\b))", after
    )
    articles = {"sa": "la", "ses": "les", "leurs": "les", "son": "le"}
    article = articles.get(word.lower(), "")
    if not noun or not article:
        return ""
    if article in ("le", "la") and re.match(r"[aeiouyhéèêàâîïôœ]", noun[1].lower()):
        article = "l'"
    owner_article, _, name = subject.partition(" ")
    if not name:
        apart = re.match(r"l['’](.+)", subject)
        owner_article, name = ("l'", apart[1]) if apart else ("", subject)
    owner = compose("de", owner_article, name, "fr")
    owned = _fitted_article(before, article, noun[1])
    return f"{owned} {owner}{after[noun.end() :]}"


def _fitted_article(before: str, article: str, noun: str) -> str:
    match = re.search(r"(?<!\w)(de|à)\s+$", before)
    if match:
        return before[: match.start()] + compose(match[1], article, noun, "fr")
    return before + compose("", article, noun, "fr")
