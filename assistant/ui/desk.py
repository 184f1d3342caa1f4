"""Who the page asks: opens the assistant when it can, and says why when it cannot."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread

from assistant.errors import (
    AssistantError,
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    ModelMissing,
    ServerGone,
)
from assistant.settings import Settings
from assistant.types import Assistant, Corpus
from assistant.ui.brake import Brake
from assistant.ui.words import Words

log = logging.getLogger(__name__)
PATIENCE = 2.0
"""Seconds before opening is tried again after a failure."""
_KEYS: tuple[tuple[type[AssistantError], str], ...] = (
    (IndexMissing, "error_index_missing"),
    (IndexMismatch, "error_index_mismatch"),
    (IndexDamaged, "error_index_damaged"),
    (IndexBusy, "error_index_busy"),
    (ModelMissing, "error_model_missing"),
    (ServerGone, "error_server_gone"),
)


class Desk:
    """Holds the assistant of the settings. Any thread may use it.

    An assistant whose index or model fails is dropped, so that the page recovers when the cause is
    gone.
    """

    def __init__(self, settings: Settings, opened: Callable[[Settings], Assistant]) -> None:
        self.settings = settings
        self.brake = Brake(settings.rate)
        self._opened = opened
        self._assistant: Assistant | None = None
        self._failure: tuple[float, AssistantError] | None = None
        self._lock = Lock()

    def assistant(self) -> Assistant:
        """Return the assistant, opened at the first call; raise AssistantError."""
        with self._lock:
            if self._assistant is None:
                if self._failure and time.monotonic() - self._failure[0] < PATIENCE:
                    raise self._failure[1]
                try:
                    self._assistant = self._opened(self.settings)
                except AssistantError as error:
                    self._failure = (time.monotonic(), error)
                    raise
            return self._assistant

    def corpus(self) -> Corpus:
        """Return the generation that is published now; raise AssistantError."""
        try:
            return self.assistant().corpus
        except AssistantError:
            self.drop()
            raise

    def drop(self) -> None:
        """Forget the assistant; the next question opens it anew."""
        with self._lock:
            self._assistant = None

    def warm(self, then: Callable[[Corpus], object]) -> None:
        """Open the assistant in the background, so that the first question need not wait."""
        Thread(target=self._warm, args=(then,), name="warm", daemon=True).start()

    def _warm(self, then: Callable[[Corpus], object]) -> None:
        try:
            then(self.corpus())
        except AssistantError as error:
            log.warning("%s", error)


def passing(error: AssistantError) -> bool:
    """Return whether the cause lies in the index or a model, and can be gone at the next try."""
    return isinstance(error, tuple(kind for kind, _ in _KEYS))


def explain(error: AssistantError, words: Words) -> str:
    """Return ``error`` as a sentence of the page's language that says what to do."""
    key = next((key for kind, key in _KEYS if isinstance(error, kind)), "error_other")
    return words(key, detail=str(error))
