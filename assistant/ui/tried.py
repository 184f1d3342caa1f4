"""Examples that the assistant does answer, found in the background."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Unfinished
from threading import Lock
from typing import Protocol, runtime_checkable

from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.types import Answer, Assistant, Corpus
from assistant.ui.outline import Example, examples
from assistant.ui.words import Words

PATIENCE = 0.7
"""Seconds that a reader waits for examples; they come later if they take longer."""


@runtime_checkable
class Quoting(Protocol):
    """An assistant that can leave its language model out."""

    def quote(self, question: str) -> Answer: ...


class Opened:
    """Opens assistants, and tries questions on the last one: no language model is asked.

    Nobody asked these questions: a model would cost money and time, and see documents.
    """

    def __init__(self, opened: Callable[[Settings], Assistant]) -> None:
        self._opened = opened
        self._last: Assistant | None = None

    def __call__(self, settings: Settings) -> Assistant:
        """Return a new assistant."""
        self._last = opened = self._opened(settings)
        return opened

    def quote(self, question: str) -> Answer:
        """Return the answer made of quotes; raise AssistantError while none is open."""
        last = self._last
        if last is None:
            raise AssistantError("No index is open yet")
        return last.quote(question) if isinstance(last, Quoting) else last.ask(question)


class Tried:
    """Examples, found once for each index and language. Any thread may use it.

    ``ask`` answers a question that nobody asked: it must call no language model.
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
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
        cited = {c.unit_id for c in self._ask(example.question).citations}
        above = {unit.parent for i in cited if (unit := corpus.units.get(i))}
        return example.unit.id in cited | above
