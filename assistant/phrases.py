"""The fixed words of answers, one JSON file per language in ``assistant/locales``."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

from assistant.language import LANGUAGES

LOCALES: tuple[str, ...] = (*LANGUAGES, "zh-TW")
_FALLBACKS = ("en", "fr")
# Characters written only in the traditional script, frequent in questions.
_TRADITIONAL = frozenset(
    "們個為與對這還開關學國會來時說問題單門間員機處麼誰區負責構協調組織議聯總書長辦務應該點過實電難"
    "進運發於將從讓給經統計劃資訊據無現種類兩並標準監報導項誌歷隊歐亞東際貿風險檔頁後裡請謝",
)


def say(language: str, key: str, /, **values: object) -> str:
    """Return the phrase ``key`` in ``language``, its placeholders filled.

    An unknown language is answered in English. A language code among the values is named in the
    phrase's language. ``lead_list`` is for a ``count`` of two or more. Raises KeyError for an
    unknown key or a missing value.

    >>> say("en", "quote_language", language="fr")
    'quoted in French'
    """
    chosen = locale(language)
    if isinstance(code := values.get("language"), str):
        values["language"] = language_name(code, chosen)
    return _phrases(chosen)[key].format_map(values)


def language_name(code: str, language: str) -> str:
    """Return how ``code`` is named within a phrase of ``language``; ``code`` when unknown."""
    names = _names(locale(language))
    return names.get(code) or names.get(code.split("-")[0]) or code


def locale(language: str) -> str:
    """Return the locale that serves ``language`` (``pt-BR`` is served by ``pt``)."""
    lowered = language.lower().replace("_", "-")
    if lowered in ("zh-tw", "zh-hk", "zh-mo") or lowered.startswith("zh-hant"):
        return "zh-TW"
    known = (lowered.split("-")[0], *_FALLBACKS)
    return next(code for code in known if code in LOCALES)


def variant(language: str, text: str) -> str:
    """Return ``zh-TW`` when ``text`` is Chinese in traditional characters, else ``language``."""
    return "zh-TW" if language == "zh" and _TRADITIONAL & set(text) else language


@lru_cache(maxsize=len(LOCALES))
def _phrases(code: str) -> dict[str, str]:
    return {key: text for key, text in _load(code).items() if isinstance(text, str)}


@lru_cache(maxsize=len(LOCALES))
def _names(code: str) -> dict[str, str]:
    names = _load(code)["languages"]
    return names if isinstance(names, dict) else {}


def _load(code: str) -> dict[str, str | dict[str, str]]:
    text = files("assistant").joinpath("locales", f"{code}.json").read_text("utf-8")
    loaded: dict[str, str | dict[str, str]] = json.loads(text)
    return loaded
