"""What is known about languages: normal form, words, stems, function words, detection."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import LanguageDetector
    from Stemmer import Stemmer

LANGUAGES: tuple[str, ...] = (
    *("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"),
)

_ALGORITHMS = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "tr": "turkish",
}

# --- normal form -------------------------------------------------------------------------

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Controls, invisible formatting (bidi, BOM, soft hyphen, tags), surrogates, non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKS = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]")
_LETTERS = str.maketrans(
    {
        **{"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"},
        **{"ı": "i", "ة": "ه", "ى": "ي", "ـ": "", "’": "'", "‘": "'", "ʼ": "'", "＇": "'"},
    }
)


def normalise(text: str) -> str:
    """Return ``text`` as every other module expects it: NFC, plain newlines and spaces.

    Nothing invisible is left but newline, tab and the joiners that scripts need. Idempotent.
    """
    text = _UNWANTED.sub("", _NEWLINES.sub("\n", text))
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text))


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return ``text`` for comparison: lower case, no accents, œ as oe, ’ as '.

    The marks of Thai, Japanese and Korean are letters there, and stay. Lengths may change.
    """
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS)))
    return unicodedata.normalize("NFC", bare.casefold().translate(_LETTERS))


# --- words -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: ``source[start:end] == text``."""

    text: str
    start: int
    end: int


_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HIRAGANA = "\u3041-\u309f"
_KATAKANA = "\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_THAI = "\u0e01-\u0e3a\u0e40-\u0e4e"
_UNSPACED = _HAN + _HIRAGANA + _KATAKANA + _THAI
_LETTER = rf"(?:[^\W\d_{_UNSPACED}]|[\u0300-\u036f\u064b-\u065f\u0670\u200c\u200d])"
_TOKEN = re.compile(
    rf"(?P<acronym>(?<!\w)(?:(?:{_LETTER}\.)+{_LETTER}(?!\w)\.?|(?:{_LETTER}\.){{2,}}))"
    rf"|(?P<word>{_LETTER}(?:{_LETTER}|\d)*(?:['’ʼ](?!{_LETTER}\.{_LETTER}){_LETTER}(?:{_LETTER}|\d)*)*['’ʼ]?)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    rf"|(?P<han>[{_HAN}]+)|(?P<hiragana>[{_HIRAGANA}]+)"
    rf"|(?P<katakana>[{_KATAKANA}]+)|(?P<thai>[{_THAI}]+)"
)
_ELISION = re.compile(
    r"(?:[cdjlmnstv]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu|un|gl|(?:d?[ae]|co|ne|su|que)ll"
    r"|dall|nell|sull|quest|sant|bell|tutt|anch|com|dov|cos)['’ʼ](?=\w)",
    re.IGNORECASE,
)
_WHOLE = frozenset({"aujourd'hui", "quelqu'un", "quelqu'une", "prud'homme", "prud'hommes"})
# One letter with the vowels and tones written above and below it.
_CLUSTER = re.compile(r"[\s\S][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a]*")
_ENGLISH_END = re.compile(r"['’ʼ]s$", re.IGNORECASE)


def words(text: str, language: str) -> list[Word]:
    """Return the words of ``text`` with their offsets, in order.

    Elided articles (``l'``) are words of their own, hyphens separate, ``O.N.U.`` and ``14,2``
    are one. Runs of Han, kana or Thai have no spaces: they give function words, and between
    them overlapping pairs of characters; so words overlap there.
    """
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        kind, start, token = match.lastgroup, match.start(), match.group()
        if kind == "word":
            found += _spaced(token, start, language)
        elif kind in ("acronym", "number"):
            found.append(Word(token, start, match.end()))
        else:
            found += _unspaced(token, start, "th" if kind == "thai" else "zh")
    return found


def _spaced(token: str, start: int, language: str) -> list[Word]:
    token = token.rstrip("'’ʼ") or token
    found: list[Word] = []
    while (elided := _ELISION.match(token)) and fold(token) not in _WHOLE:
        found.append(Word(elided.group(), start, start + elided.end()))
        token, start = token[elided.end() :], start + elided.end()
    if language == "en" and (ending := _ENGLISH_END.search(token)) and ending.start():
        cut = ending.start()
        return [
            *found,
            Word(token[:cut], start, start + cut),
            Word(token[cut:], start + cut, start + len(token)),
        ]
    return [*found, Word(token, start, start + len(token))]


def _unspaced(run: str, start: int, language: str) -> list[Word]:
    found: list[Word] = []
    at = 0
    for match in _function_words(language).finditer(run):
        found += _pairs(run, start, at, match.start())
        found.append(Word(match.group(), start + match.start(), start + match.end()))
        at = match.end()
    return found + _pairs(run, start, at, len(run))


def _pairs(run: str, start: int, begin: int, end: int) -> list[Word]:
    edges = [m.start() for m in _CLUSTER.finditer(run, begin, end)] + [end] * (end > begin)
    spans = list(zip(edges, edges[2:], strict=False)) or list(itertools.pairwise(edges))
    return [Word(run[a:b], start + a, start + b) for a, b in spans]


@lru_cache(maxsize=4)
def _function_words(language: str) -> re.Pattern[str]:
    # Single Han characters are parts of other words too often to be cut out.
    listed = [w for w in stop_words(language) if len(w) > 1 or w in "谁誰的吗嗎呢"]
    return re.compile("|".join(sorted(map(re.escape, listed), key=lambda w: (-len(w), w))))


# --- stems and function words ------------------------------------------------------------

# What is written onto the end of Korean nouns; two syllables must be left.
_PARTICLE = re.compile(
    "(?<=..)(?:에서는|으로는|에게서|이라고|입니까|인가요|에서|으로|에게|까지|부터|처럼|보다|이나|이란|라는"
    "|[은는이가을를의에로와과도만])$"
)


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """Return the folded stem of one word; the folded word where there is no stemmer."""
    lower = word.lower().replace("’", "'").replace("ʼ", "'")
    if "." in lower and not lower[0].isdigit():
        return fold(lower.replace(".", ""))
    if language == "ko":
        return fold(_PARTICLE.sub("", lower))
    stemmer = _stemmer(language)
    return fold(stemmer.stemWord(lower)) if stemmer else fold(lower)


@lru_cache(maxsize=32)
def _stemmer(language: str) -> Stemmer | None:
    import Stemmer

    name = _ALGORITHMS.get(language)
    return Stemmer.Stemmer(name, 0) if name in Stemmer.algorithms() else None


@lru_cache(maxsize=1)
def _stop_lists() -> dict[str, frozenset[str]]:
    raw = files("assistant").joinpath("stopwords.json").read_text("utf-8")
    return {language: frozenset(listed.split()) for language, listed in json.loads(raw).items()}


def stop_words(language: str) -> frozenset[str]:
    """Return the folded function words of ``language``; empty for a language unknown here."""
    return _stop_lists().get(language, frozenset())


@lru_cache(maxsize=65536)
def is_stop(word: str, language: str) -> bool:
    """Return whether ``word`` is a function word, a question word or a polite formula."""
    folded = fold(word)
    if folded in stop_words(language) or folded.strip("'") in stop_words(language):
        return True
    if _ELISION.fullmatch(folded + "a"[: folded.endswith("'")]) or folded == "'s":
        return True
    return all("\u3041" <= character <= "\u309f" for character in folded)


def terms(text: str, language: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order; of all words if none does."""
    found = [word.text for word in words(text, language)]
    kept = [word for word in found if not is_stop(word, language)]
    return [stem(word, language) for word in kept or found]


# --- detection ---------------------------------------------------------------------------

_SCRIPTS = (
    ("ar", 1, re.compile("[\u0620-\u064a\u0671-\u06d3]")),
    ("ru", 1, re.compile("[\u0400-\u04ff]")),
    ("th", 1, re.compile(f"[{_THAI}]")),
    ("ko", 2, re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")),
    ("ja", 3, re.compile(f"[{_HIRAGANA}{_KATAKANA}]")),
    ("zh", 3, re.compile(f"[{_HAN}]")),
    ("", 1, re.compile("[A-Za-z\u00c0-\u024f]")),
)
_TELLING = {
    **dict.fromkeys("ñ¿¡", ("es",)),
    **dict.fromkeys("ß", ("de",)),
    **dict.fromkeys("äö", ("de", "tr")),
    **dict.fromkeys("ü", ("de", "tr")),
    **dict.fromkeys("ąęłśżźćń", ("pl",)),
    **dict.fromkeys("ãõ", ("pt",)),
    **dict.fromkeys("ığş", ("tr",)),
    **dict.fromkeys("ìò", ("it",)),
    **dict.fromkeys("èù", ("fr", "it")),
    **dict.fromkeys("œêâîûë", ("fr",)),
    **dict.fromkeys("ç", ("fr", "pt", "tr")),
}
_SAMPLE = 4000


def detect(text: str, default: str = "fr", among: Sequence[str] = LANGUAGES) -> str:
    """Return the language of ``text``, one of ``among``; ``default`` where it does not show.

    Scripts decide first, then function words; only longer texts without any ask a model.
    A few bare names ("OIM HCR") are in no language: ``default``.
    """
    text = text[:_SAMPLE]
    script = _by_script(text)
    if script:
        return script if script in among else default
    latin = [language for language in among if language in _stop_lists()]
    found = [word.text for word in words(text, "fr")]
    if not text.isupper():  # an acronym is in no language
        found = [word for word in found if len(word) < 2 or not word.isupper()]
    found = [fold(word).strip("'") for word in found]
    votes = _votes(text, found, latin)
    ranked = sorted(votes.items(), key=lambda item: (-item[1], item[0] != default, item[0]))
    if not ranked or _decisive(ranked, default, len(found)):
        return ranked[0][0] if ranked else default
    # The model errs on short texts: it only decides between what the function words leave open.
    likely = [name for name, won in ranked if won >= 0.75 * ranked[0][1] or name == default]
    foreign = len(found) == 3 and ranked[0][1] > 0 and not votes.get(default)
    return _by_model(text, default, likely) if len(found) > 3 or foreign else default


def _by_script(text: str) -> str:
    weights = {name: weight * len(chars.findall(text)) for name, weight, chars in _SCRIPTS}
    if weights["ja"] * 6 >= weights["zh"]:
        weights["ja"] += weights.pop("zh") if weights["ja"] else 0
    best = max(weights, key=lambda name: weights[name])
    total = sum(weights.values())
    return best if total and weights[best] * 5 >= total * 2 else ""


def _votes(text: str, found: list[str], among: Sequence[str]) -> dict[str, float]:
    votes = dict.fromkeys(among, 0.0)
    for word in found:
        speakers = [language for language in among if word in stop_words(language)]
        for language in speakers:
            votes[language] += 1 / len(speakers)
    if found[:1] == ["y"] and "es" in votes:
        votes["es"] += 0.5  # the conjunction: French "y" seldom comes first
    for character in set(text.lower()) & _TELLING.keys():
        for language in set(_TELLING[character]) & set(among):
            votes[language] += 0.8 / len(_TELLING[character])
    return votes


def _decisive(ranked: list[tuple[str, float]], default: str, count: int) -> bool:
    best, second = ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0.0
    if ranked[0][0] == default:
        return best >= 0.5 and best >= 1.2 * second
    return best >= (0.75 if count > 3 else 0.85) and best >= 1.3 * second and count > 1


def _by_model(text: str, default: str, among: Sequence[str]) -> str:
    detector = _detector(tuple(sorted(among)))
    values = detector.compute_language_confidence_values(text) if detector else []
    if not values or values[0].value < 0.8:
        return default
    return values[0].language.iso_code_639_1.name.lower()


@lru_cache(maxsize=8)
def _detector(among: tuple[str, ...]) -> LanguageDetector | None:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    latin = [
        code for code in among if code in {"de", "en", "es", "fr", "it", "nl", "pl", "pt", "tr"}
    ]
    if len(latin) < 2:
        return None
    codes = [IsoCode639_1.from_str(code) for code in latin]
    builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
    return builder.with_low_accuracy_mode().build()
