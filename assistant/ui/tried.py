"""Examples that the assistant does answer, found in the background."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Unfinished
from threading import Lock

from assistant.errors import AssistantError
from assistant.types import Corpus
from assistant.ui.desk import Desk
from assistant.ui.outline import Example, examples
from assistant.ui.words import Words

PATIENCE = 0.7
"""Seconds that a reader waits for examples; they come later if they take longer."""


class Tried:
    """Examples, found once for each index and language. Any thread may use it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[tuple[str, str], Future[list[str]]] = {}
        self._lock = Lock()
        self._one_by_one = ThreadPoolExecutor(1, thread_name_prefix="examples")

    def __call__(self, corpus: Corpus, spoken: Words) -> list[str] | None:
        """Return the examples to show, or None while they are being found."""
        key = (corpus.generation, spoken.language)
        with self._lock:
            if len(self._known) > 30:
                self._known.clear()
            if key not in self._known:
                self._known[key] = self._one_by_one.submit(self._find, corpus, spoken)
            future = self._known[key]
        try:
            return future.result(PATIENCE)
        except Unfinished:
            return None

    def _find(self, corpus: Corpus, spoken: Words) -> list[str]:
        try:
            return examples(corpus, spoken, lambda example: self._answered(corpus, example))
        except AssistantError:
            return []

    def _answered(self, corpus: Corpus, example: Example) -> bool:
        cited = {c.unit_id for c in self._desk.assistant().ask(example.question).citations}
        above = {unit.parent for i in cited if (unit := corpus.units.get(i))}
        return example.unit.id in cited | above
