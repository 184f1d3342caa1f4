"""From a question to the HTML of its turn, piece by piece: the page's one way to the assistant."""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Iterator, Sequence

from assistant import language
from assistant.errors import AssistantError
from assistant.types import Answer
from assistant.ui.desk import Desk, explain, passing
from assistant.ui.keeping import Turn
from assistant.ui.turns import failed_html, turn_html, waiting_html
from assistant.ui.words import Words

log = logging.getLogger(__name__)
PAST = 12
"""Earlier questions that are handed to the assistant."""
BREATH = 0.05
"""Seconds between two updates of the page while an answer is being written."""


class Asking:
    """Answers questions of one language's page."""

    def __init__(self, desk: Desk, words: Words) -> None:
        self._desk = desk
        self._words = words

    def turn(self, question: str, past: Sequence[object], reader: str = "") -> Iterator[str]:
        """Yield the turn as HTML while it grows; the last one is whole, or says what went wrong."""
        asked = self._clipped(question)
        identity = secrets.token_hex(6)
        if not asked.strip():
            yield failed_html(identity, "", self._words("error_empty"), self._words)
            return
        if wait := self._desk.brake.wait(reader):
            sentence = self._words("error_often", seconds=math.ceil(wait))
            yield failed_html(identity, asked, sentence, self._words, wait)
            return
        yield waiting_html(identity, asked, "", self._words)
        try:
            yield from self._growing(identity, asked, self._past(past))
        except AssistantError as error:
            log.warning("%s", error)
            self._desk.drop()
            again = 0.0 if passing(error) else None
            yield failed_html(identity, asked, explain(error, self._words), self._words, again)
        except Exception:
            # The page's border: whatever happened, the reader gets a sentence and the log the rest.
            log.exception("a question could not be answered")
            yield failed_html(identity, asked, self._words("error_unexpected"), self._words)

    def _growing(self, identity: str, asked: str, past: Sequence[str]) -> Iterator[str]:
        text = ""
        shown = time.monotonic()
        for piece in self._desk.assistant().stream(asked, past):
            if isinstance(piece, Answer):
                yield turn_html(Turn(identity, piece), self._words)
                return
            text += piece
            if time.monotonic() - shown >= BREATH:
                yield waiting_html(identity, asked, text, self._words)
                shown = time.monotonic()

    def _clipped(self, question: str) -> str:
        """Return the question without what cannot be seen; a little beyond the limit is kept, so
        that the assistant can say that it cut it."""
        return language.normalise(question[: 2 * self._desk.settings.max_question + 1])

    def _past(self, past: Sequence[object]) -> list[str]:
        return [self._clipped(p) for p in past if isinstance(p, str) and p.strip()][-PAST:]
