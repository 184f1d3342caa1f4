"""Whether a word is one of its language: such a word is no slip of the pen."""

from __future__ import annotations

from functools import lru_cache

from assistant.language import fold

KEPT = 4
"""Languages whose words are kept in memory, about 15 MB each."""


def known(word: str, language: str) -> bool:
    """Return whether the dictionary of ``language`` has the word, accents and case aside.

    There are dictionaries of a dozen languages; of the others no word is known. The first word of
    a language takes 0.2 s.
    """
    return fold(word) in _words(language)


@lru_cache(maxsize=KEPT)
def _words(language: str) -> frozenset[str]:
    from spellchecker import SpellChecker

    if language not in SpellChecker.languages():
        return frozenset()
    listed = SpellChecker(language=language).word_frequency.words()
    return frozenset(fold("\n".join(listed)).split("\n"))
