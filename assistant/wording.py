"""How people speak in a conversation, as data: the tables of ``dialogue.json`` ready for use."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from assistant.language import fold

SMALLTALK = ("greeting", "thanks", "help", "why")


@lru_cache(maxsize=4096)
def flat(text: str) -> str:
    """Return ``text`` folded letter by letter: as long as ``text``, so that offsets agree."""
    return "".join(_flat_letter(letter) for letter in text)


@lru_cache(maxsize=4096)
def _flat_letter(letter: str) -> str:
    folded = fold(letter)
    return folded if len(folded) == 1 else (folded or letter)[0]


@dataclass(frozen=True, slots=True)
class Wording:
    """The patterns of one language, for flat text."""

    language: str
    raw: dict[str, str]
    ordinals: tuple[re.Pattern[str], ...]

    def whole(self, name: str) -> re.Pattern[str]:
        """Return a pattern that is the whole of a text but for punctuation."""
        return _compile(rf"\W*(?:{self.raw[name]})\W*")

    def start(self, name: str) -> re.Pattern[str]:
        """Return a pattern for the start of a text, followed by punctuation or a space."""
        return _compile(rf"[\s¿¡«“\"(]*(?:{self.raw[name]})(?:\s*[,;:.!…–-]+\s*|\s+|(?<=['’])|$)")

    def word(self, name: str) -> re.Pattern[str]:
        """Return a pattern for whole words."""
        raw = self.raw[name]
        return _compile(rf"(?<!\w)(?:{raw})(?:(?<=')|(?!\w))" if raw else r"(?!)")


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def wording(language: str) -> Wording | None:
    """Return the wording of ``language``; None where there is none."""
    return _all().get(language)


def wordings(first: str = "") -> list[Wording]:
    """Return every wording, that of the language ``first`` before the others."""
    return sorted(_all().values(), key=lambda w: (w.language != first, w.language))


@lru_cache(maxsize=1)
def _all() -> dict[str, Wording]:
    raw = json.loads(files("assistant").joinpath("dialogue.json").read_text("utf-8"))
    found = {}
    for language, table in raw.items():
        ordinals = tuple(re.compile(rf"(?<!\w)(?:{o})(?!\w)") for o in table.pop("ordinals"))
        found[language] = Wording(language, table, ordinals)
    return found
