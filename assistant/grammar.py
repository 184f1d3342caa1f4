"""Articles and prepositions around a name, and putting another name in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.kinds import is_plural, kinds
from assistant.language import words
from assistant.wording import flat

# contraction → (preposition, article)
_CONTRACTED: dict[str, dict[str, tuple[str, str]]] = {
    "fr": {
        "du": ("de", "le"),
        "des": ("de", "les"),
        "de la": ("de", "la"),
        "de l'": ("de", "l'"),
        "d'": ("de", ""),
        "de": ("de", ""),
        "au": ("à", "le"),
        "aux": ("à", "les"),
        "a la": ("à", "la"),
        "a l'": ("à", "l'"),
        "a": ("à", ""),
    },
    "es": {
        "del": ("de", "el"),
        "de la": ("de", "la"),
        "de los": ("de", "los"),
        "de las": ("de", "las"),
        "de": ("de", ""),
        "al": ("a", "el"),
        "a la": ("a", "la"),
        "a": ("a", ""),
    },
    "it": {
        "del": ("di", "il"),
        "dello": ("di", "lo"),
        "della": ("di", "la"),
        "dell'": ("di", "l'"),
        "dei": ("di", "i"),
        "delle": ("di", "le"),
        "di": ("di", ""),
        "al": ("a", "il"),
        "alla": ("a", "la"),
        "all'": ("a", "l'"),
        "a": ("a", ""),
        "nel": ("in", "il"),
        "nella": ("in", "la"),
        "nell'": ("in", "l'"),
    },
    "pt": {
        "do": ("de", "o"),
        "da": ("de", "a"),
        "dos": ("de", "os"),
        "das": ("de", "as"),
        "de": ("de", ""),
        "ao": ("a", "o"),
        "no": ("em", "o"),
        "na": ("em", "a"),
    },
    "en": {"of the": ("of", "the"), "of": ("of", "")},
    "de": {},
}
_ARTICLES = {
    "fr": ("le", "la", "les", "l'", "un", "une"),
    "es": ("el", "la", "los", "las", "un", "una"),
    "it": ("il", "lo", "la", "l'", "i", "gli", "le", "un", "una"),
    "pt": ("o", "a", "os", "as", "um", "uma"),
    "en": ("the", "a", "an"),
    "de": ("der", "die", "das", "den", "dem", "des"),
}
_DEFINITE = {"un": "le", "une": "la", "a": "the", "an": "the"}
# Kinds of unit that are feminine in the Romance languages.
_FEMININE = frozenset(
    [
        "unit",
        "division",
        "directorate",
        "section",
        "team",
        "agency",
        "delegation",
        "faculty",
        "school",
        "library",
        "branch",
        "part",
    ]
)
_OFFICE_IS_FEMININE = ("es",)
_VOWEL = re.compile(r"[aeiouyh]")


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands before a name: ``text[start:]`` begins with preposition and article."""

    start: int
    preposition: str
    article: str


def slot(text: str, at: int, language: str) -> Slot:
    """Return the preposition and article that stand directly before ``text[at:]``."""
    before = flat(text[:at]).replace("’", "'")
    for form, (preposition, article) in sorted(
        _CONTRACTED.get(language, {}).items(), key=lambda item: -len(item[0])
    ):
        gap = r"" if form.endswith("'") else r"\s+"
        if match := re.search(rf"(?<![\w'])({re.escape(form)}){gap}$", before):
            return Slot(match.start(1), preposition, article)
    for article in _ARTICLES.get(language, ()):
        gap = r"" if article.endswith("'") else r"\s+"
        if match := re.search(rf"(?<![\w'])({re.escape(article)}){gap}$", before):
            return Slot(match.start(1), "", article)
    return Slot(at, "", "")


def compose(preposition: str, article: str, name: str, language: str) -> str:
    """Return preposition, article and name as the language writes them together."""
    if article and not preposition:
        return _with(article, name)
    for form, parts in _CONTRACTED.get(language, {}).items():
        if parts == (preposition, article) and article:
            shown = "à" + form[1:] if language == "fr" and form.startswith("a ") else form
            return _with(shown, name)
    if language == "fr" and preposition == "de" and _VOWEL.match(flat(name[:1])):
        return f"d’{name}"
    return " ".join(part for part in (preposition, article, name) if part)


def phrase(text: str, start: int, end: int, language: str) -> str:
    """Return ``text[start:end]`` with its definite article, as the subject of a sentence."""
    name = text[start:end]
    article = slot(text, start, language).article
    article = _DEFINITE.get(article, article) if language in ("fr", "en") else article
    return compose("", article or guess_article(name, language), name, language)


def guess_article(name: str, language: str) -> str:
    """Return the definite article of a unit's name, by its kind; empty when it shows none."""
    first = [word.text for word in words(name, language)[:1]]
    found = kinds(first[0]) if first else frozenset()
    if language == "en":
        last = [word.text for word in words(name, language)]
        return "the" if any(kinds(word) for word in last) else ""
    if not found or language not in ("fr", "es", "it", "pt"):
        return ""
    if is_plural(first[0]):
        many = {"fr": ("les", "les"), "es": ("los", "las"), "it": ("gli", "le"), "pt": ("os", "as")}
        return many[language][bool(found & _FEMININE)]
    if language in ("fr", "it") and _VOWEL.match(flat(name[:1])) and flat(name[:1]) != "h":
        return "l'"
    feminine = bool(found & _FEMININE) or (language in _OFFICE_IS_FEMININE and "office" in found)
    table = {"fr": ("le", "la"), "es": ("el", "la"), "it": ("il", "la"), "pt": ("o", "a")}
    return table[language][feminine]


def gender(subject: str, language: str) -> str:
    """Return ``m``, ``f`` or nothing: the gender that the article or kind of a phrase shows."""
    found = [word.text for word in words(subject, language)[:2]]
    first = flat(found[0]) if found else ""
    if first in ("le", "un", "el", "il", "lo", "o", "um"):
        return "m"
    if first in ("la", "une", "una", "a", "uma"):
        return "f"
    if language not in ("fr", "it", "es", "pt") or len(found) < 2:
        return ""
    its = kinds(found[1])
    return ("f" if its & _FEMININE else "m") if its else ""


def replace(
    text: str,
    start: int,
    end: int,
    other: str,
    at: int,
    to: int,
    language: str,
    *,
    keep: bool = False,
) -> str:
    """Return ``text`` with ``other[at:to]`` in place of ``text[start:end]``, articles fitted.

    ``keep`` leaves what stands before as it is ("the [Vienna] office").
    """
    if keep:
        return text[:start] + other[at:to] + text[end:]
    mine, theirs = slot(text, start, language), slot(other, at, language)
    name = other[at:to]
    article = theirs.article
    if language == "es" and article and other[theirs.start].isupper():
        name, article = other[theirs.start : to], ""
    if not article and not theirs.preposition and _starts_with_kind(name):
        article = guess_article(name, language) if mine.article else ""
    if mine.article and not article and _starts_with_kind(name):
        article = mine.article
    new = compose(mine.preposition, article, name, language)
    if mine.start == 0 and text[:1].isupper():
        new = new[:1].upper() + new[1:]
    return text[: mine.start] + new + text[end:]


def join(before: str, after: str) -> str:
    """Return two questions as one text."""
    before = before.strip()
    if before and before[-1] not in ".?!？。！؟":
        before += " ?" if re.search(r"\s\?$", after.strip()) else "?"
    return f"{before} {capital(after.strip())}".strip()


def capital(text: str) -> str:
    """Return ``text`` with its first letter as a capital."""
    for at, character in enumerate(text):
        if character.isalnum():
            return text[:at] + character.upper() + text[at + 1 :]
    return text


def _with(article: str, name: str) -> str:
    return f"{article[:-1]}’{name}" if article.endswith("'") else f"{article} {name}"


def _starts_with_kind(name: str) -> bool:
    found = words(name, "fr")
    return bool(found) and bool(kinds(found[0].text))
