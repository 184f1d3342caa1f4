"""Numbers for Prometheus: what was asked and answered, how long it took, what is indexed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.types import Answer, Assistant, Corpus, Hit

FORM = CONTENT_TYPE_LATEST
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of one application. No question, answer or name is among them."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.questions = Counter(
            "assistant_questions",
            "Questions answered, abstained from or failed.",
            ["status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "assistant_answer_seconds",
            "Seconds from question to answer.",
            buckets=SECONDS,
            registry=registry,
        )
        self.searches = Counter("assistant_searches", "Searches.", registry=registry)
        self._ready = Gauge("assistant_ready", "1 when an index is open.", registry=registry)
        self._indexed = Gauge(
            "assistant_indexed", "Things in the index.", ["kind"], registry=registry
        )

    def counting(self, opened: Callable[[Settings], Assistant]) -> Callable[[Settings], Assistant]:
        """Return ``opened``, its assistants counted."""
        return lambda settings: Counted(opened(settings), self)

    def text(self, corpus: Callable[[], Corpus]) -> bytes:
        """Return the numbers in Prometheus' text form; ``corpus`` returns what is published."""
        try:
            held = corpus()
        except AssistantError:
            self._ready.set(0)
            self._indexed.clear()
        else:
            self._ready.set(1)
            self._indexed.labels("document").set(len(held.documents))
            self._indexed.labels("unit").set(len(held.units))
            self._indexed.labels("passage").set(len(held.passages))
        return generate_latest(self._registry)


class Counted:
    """An assistant whose answers are counted."""

    def __init__(self, assistant: Assistant, metrics: Metrics) -> None:
        self._assistant = assistant
        self._metrics = metrics

    @property
    def corpus(self) -> Corpus:
        """Return the generation that is published now."""
        return self._assistant.corpus

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return the answer."""
        with self._failures():
            answer = self._assistant.ask(question, history)
        self._count(answer)
        return answer

    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]:
        """Yield the answer's text in pieces, then the Answer."""
        with self._failures():
            for piece in self._assistant.stream(question, history):
                if isinstance(piece, Answer):
                    self._count(piece)
                yield piece

    def search(self, query: str, top_k: int = 10) -> tuple[Hit, ...]:
        """Return the units found for ``query``, best first."""
        self._metrics.searches.inc()
        return self._assistant.search(query, top_k)

    def _count(self, answer: Answer) -> None:
        self._metrics.questions.labels(answer.status).inc()
        self._metrics.seconds.observe(answer.seconds)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._metrics.questions.labels("failed").inc()
            raise
