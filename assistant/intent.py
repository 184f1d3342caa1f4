"""What a question asks for (a person, a place, a number …), and talk that asks for nothing."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files

from assistant.kinds import PARTS, is_plural, kinds, qualities
from assistant.language import LANGUAGES, words
from assistant.phrases import LOCALES, language_name
from assistant.wording import SMALLTALK, Wording, flat, wordings

TARGETS = (
    "contact",
    "address",
    "compare",
    "amount",
    "count",
    "time",
    "reason",
    "definition",
    "place",
    "person",
)
"""In the order in which they are looked for: the first that shows is the target."""

_PLURAL_QUESTION = re.compile(
    r"\W*(?:(?:dans|en|pour|a|chez|in|for|at|para|bei|an|fur|per|em|nos|nas|nei|nelle)\s+)?"
    r"(?:(?:quels|quelles|which|what|que|cuales|welchen?|quali|quais)"
    r"(?: (?:sont|are|son|sind|sono|sao))?(?: (?:les|the|los|las|die|gli|le|i|os|as))?"
    r"(?: (?:autres|other|otros|otras|anderen|altri|altre|outros|outras|all|tous|toutes))?)\s+",
)
_INVERTED = re.compile(r"\w-(?:t-)?(?:ils?|elles?)\b")
_LIST = re.compile(
    r"\W*(?:(?:donne[rz]?|dis|dites|cite[rz]?|nomme[rz]?|fais|faites|give|show|name|list|tell|dame|"
    r"deme|nenne|nennen|elenca|indica|liste)\W*(?:moi |me |sie |mir |us )?)?"
    r"(?:la |une? |the |a |una |die |eine |l'|a )?"
    r"(?:liste[rz]?|list|lista|listado|enumere[rz]?|enumerate|enumera|aufzahlung|elenco|"
    r"tou(?:te)?s les(?! combien)|all(?: of)? the|todos los|todas las|alle|tutti gli|tutte le|"
    r"todos os|todas as)\b"
)
_POLITE = re.compile(
    r"[\s,]*\b(?:stp|svp|s'il (?:te|vous) plait|please|pls|por favor|porfa|bitte|per favore|"
    r"per piacere|merci(?: d'avance)?|thanks|gracias|danke|grazie|obrigad[oa])\W*$"
)
_WHERE_SAID = re.compile(
    r"\W*(?:ou (?:parle-t-on|mentionne-t-on|est-il (?:question|fait mention|dit))\b|"
    r"where (?:is|are) .+ (?:mentioned|discussed|talked about)\b|"
    r"donde se (?:habla|menciona|dice)\b|wo (?:ist|wird) .+ (?:rede|erwahnt)\b|"
    r"dove si (?:parla|menziona|dice)\b|onde se (?:fala|menciona|diz)\b)"
)
_WHO_DEALS = re.compile(
    r"\W*(?:qui (?:s'occupe|travaille|traite|bosse)(?:nt)?\b|who (?:deals|works?) (?:with|on|in)\b|"
    r"quien(?:es)? (?:se ocupan?|trabajan?) (?:de|con|en)\b|wer (?:befasst|beschaftigt) sich\b|"
    r"chi si occupa\b|quem (?:trata|se ocupa)\b)"
)


def smalltalk(text: str, language: str) -> tuple[str, str] | None:
    """Return the kind of small talk that ``text`` is, and its language; None for a question."""
    if not any(character.isalnum() for character in text):
        return "empty", language
    plain = flat(text).replace("’", "'")
    for wording in wordings(language):
        for kind in SMALLTALK:
            if wording.whole(kind).fullmatch(plain):
                return kind, wording.language
    for code, table in _few().items():
        for kind, listed in table.items():
            if plain.strip(" .!?！？。،؟") in listed:
                return kind, code
    return None


def asks_for_more(text: str, language: str) -> str | None:
    """Return the language in which ``text`` asks for more details of the same; else None."""
    plain = _POLITE.sub("", flat(text).replace("’", "'"))
    found = (w.language for w in wordings(language) if w.whole("more").fullmatch(plain))
    return next(found, None)


def answer_language(text: str, wording: Wording | None) -> str | None:
    """Return the language that ``text`` wants the answer in, when it says nothing else."""
    plain = flat(text).replace("’", "'")
    if len(plain) > 60:
        return None
    for name, code in _language_names().items():
        at = plain.find(name)
        if at < 0:
            continue
        rest = f"{plain[:at]} {plain[at + len(name) :]}"
        if not name.isascii() and not re.search(r"[a-z]{3}", rest) and len(rest.strip()) <= 12:
            return code
        rest = re.sub(r"[^\w\s'-]", " ", rest)
        for spoken in wordings(wording.language if wording else ""):
            if all(_says_so(part, spoken) for part in rest.split()):
                return code
    return None


def target(text: str, language: str) -> str:
    """Return what ``text`` asks for: one of ``TARGETS``, ``list`` or ``other``."""
    plain = flat(text).replace("’", "'")
    table = _targets().get(language) or {}
    for name in TARGETS:
        if name in table and table[name].search(plain):
            if name in ("person", "place") and wants_list(text):
                return "list"
            return name
    return "list" if wants_list(text) else "other"


def wants_list(text: str) -> bool:
    """Return whether the answer is several units ("which offices …", "list the divisions …")."""
    plain = flat(text).replace("’", "'")
    if any(form.match(plain) for form in (_WHO_DEALS, _LIST, _WHERE_SAID)):
        return True
    asked = _PLURAL_QUESTION.match(plain)
    if not asked:
        return False
    after = [word.text for word in words(text[asked.end() :], "fr")[:2]]
    if after and qualities(after[0]) and not kinds(after[0]):
        del after[0]
    if not after or not is_plural(after[0]):
        return False
    # "Which offices does the unit support?" asks what one unit says; "in which sections does …"
    # never does.
    return bool(kinds(after[0]) & PARTS) or not _INVERTED.search(plain)


@lru_cache(maxsize=1)
def _targets() -> dict[str, dict[str, re.Pattern[str]]]:
    raw = json.loads(files("assistant").joinpath("targets.json").read_text("utf-8"))
    return {
        language: {name: re.compile(pattern) for name, pattern in table.items()}
        for language, table in raw.items()
    }


def _says_so(word: str, wording: Wording) -> bool:
    plain = word.strip("'-")
    return any(
        wording.word(name).fullmatch(plain) for name in ("answer_in", "and", "filler", "adverb")
    )


@lru_cache(maxsize=1)
def _language_names() -> dict[str, str]:
    """Return flat names of languages, in every language, longest first."""
    named = {}
    for spoken in LOCALES:
        for code in LANGUAGES:
            named[flat(language_name(code, spoken)).strip()] = code
    for name, code in _MORE_NAMES.items():
        named[name] = code
    return dict(sorted(named.items(), key=lambda item: (-len(item[0]), item[0])))


_MORE_NAMES = {
    "po angielsku": "en",
    "po francusku": "fr",
    "по-английски": "en",
    "по-французски": "fr",
    "по-русски": "ru",
    "castellano": "es",
    "中文": "zh",
    "英文": "en",
    "法文": "fr",
    "بالإنجليزية": "en",
    "بالفرنسية": "fr",
    "بالعربية": "ar",
}


@lru_cache(maxsize=1)
def _few() -> dict[str, dict[str, frozenset[str]]]:
    raw = json.loads(files("assistant").joinpath("smalltalk.json").read_text("utf-8"))
    return {
        code: {kind: frozenset(map(flat, listed)) for kind, listed in table.items()}
        for code, table in raw.items()
    }
