"""The page's own words, one JSON file per language in ``assistant/ui/locales``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

PAGE_LANGUAGES: tuple[str, ...] = ("fr", "en", "es")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language: ``words("send")``; a missing key or value raises KeyError."""

    language: str
    phrases: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        return self.phrases[key].format_map(values)

    def number(self, value: int) -> str:
        """Return ``value`` with the thousands mark of the language."""
        return f"{value:,}".replace(",", self.phrases["thousands"])


@lru_cache(maxsize=len(PAGE_LANGUAGES))
def words(language: str) -> Words:
    """Return the words of ``language``, of French where the page does not speak it."""
    chosen = language if language in PAGE_LANGUAGES else PAGE_LANGUAGES[0]
    text = files("assistant.ui").joinpath("locales", f"{chosen}.json").read_text("utf-8")
    return Words(chosen, json.loads(text))
