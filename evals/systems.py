"""The assistant under measurement, behind the same small face as the baselines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from assistant.settings import Settings, load_settings
from assistant.types import Answer, Assistant, Citation, Corpus, Hit
from evals.outcomes import Found, Judged, Outcome, Quoted, judge
from evals.questions import Question

if TYPE_CHECKING:
    from langchain_core.messages.ai import UsageMetadata

Key = Callable[[str, str], str]
T = TypeVar("T")


def by_heading(document: str, heading: str) -> str:
    """Return the heading: the unit key where headings are unique."""
    return heading


def by_place(document: str, heading: str) -> str:
    """Return ``document#heading``: the unit key where every file has the same headings."""
    return f"{document}#{heading}"


class System(Protocol):
    """Anything that can be asked a question."""

    @property
    def name(self) -> str: ...
    def answer(self, question: str, history: Sequence[str] = ()) -> Outcome: ...


class AssistantSystem:
    """The assistant as the terminal and the page use it."""

    def __init__(
        self, assistant: Assistant, name: str = "assistant", key: Key = by_heading
    ) -> None:
        self.name = name
        self.assistant = assistant
        self._key = key

    def answer(self, question: str, history: Sequence[str] = ()) -> Outcome:
        """Return what the assistant did, each citation compared with the stored document."""
        from langchain_core.callbacks import get_usage_metadata_callback

        begun = time.perf_counter()
        with get_usage_metadata_callback() as used:
            answer = self.assistant.ask(question, history)
        seconds = time.perf_counter() - begun
        outcome = _outcome(answer, self.assistant.corpus, self._key, seconds)
        return replace(outcome, tokens=_tokens(used.usage_metadata.values()))


class SearchSystem:
    """The assistant's search: units only, for queries that are not questions."""

    def __init__(
        self, assistant: Assistant, name: str = "assistant", key: Key = by_heading
    ) -> None:
        self.name = name
        self.assistant = assistant
        self._key = key

    def answer(self, question: str, history: Sequence[str] = ()) -> Outcome:
        """Return the ten best units; ``history`` is not looked at."""
        begun = time.perf_counter()
        hits = self.assistant.search(question, 10)
        seconds = time.perf_counter() - begun
        ranked = tuple(_found(hit, self._key) for hit in hits)
        score = ranked[0].score if ranked else 0.0
        return Outcome(bool(ranked), score, ranked, seconds=seconds, quoting=False)


def _outcome(answer: Answer, corpus: Corpus, key: Key, seconds: float) -> Outcome:
    quoted = tuple(
        Quoted(key(c.document, c.unit), c.document, c.quote, _is_exact(c, corpus))
        for c in answer.citations
    )
    return Outcome(
        answered=answer.status == "answered",
        confidence=float(answer.confidence),
        ranked=tuple(_found(hit, key) for hit in answer.retrieved[:10]),
        citations=quoted,
        answer=answer.text,
        understood=answer.understood or "",
        language=answer.language,
        seconds=seconds,
        written=bool(answer.written_by),
        struck=answer.struck,
    )


def _tokens(used: Iterable[UsageMetadata]) -> tuple[int, int] | None:
    """Return the tokens read and written; None where the provider does not say."""
    counts = [(u["input_tokens"], u["output_tokens"]) for u in used]
    return (sum(a for a, _ in counts), sum(b for _, b in counts)) if counts else None


def _found(hit: Hit, key: Key) -> Found:
    return Found(
        unit=key(hit.unit.document, hit.unit.heading),
        document=hit.unit.document,
        score=float(hit.score),
        passage=hit.passage.text if hit.passage else "",
        signals={name: round(float(v), 4) for name, v in hit.signals.items()},
    )


def _is_exact(citation: Citation, corpus: Corpus) -> bool:
    document = corpus.documents.get(citation.document)
    return document is not None and document.text[citation.start : citation.end] == citation.quote


def settings_for(
    knowledge: Path, index: Path, embedding_model: str | None = None, llm: str = ""
) -> Settings:
    """Return the settings of a measured assistant: what is given, the rest as set. The answers
    are quotes unless ``llm`` is named, whatever the settings say."""
    return load_settings(knowledge=knowledge, index=index, embedding_model=embedding_model, llm=llm)


def open_system(
    settings: Settings,
    *,
    without: frozenset[str] = frozenset(),
    name: str = "assistant",
    key: Key = by_heading,
) -> AssistantSystem:
    """Return the assistant over the settings' folder, its index brought up to date first."""
    from assistant.build import open_assistant
    from assistant.ingest import ingest

    report = ingest([settings.knowledge], settings)
    for skipped in report.skipped:
        note(f"skipped {skipped.file}: {skipped.reason}")
    note(
        f"indexed {report.documents} files, {report.units} units, {report.passages} passages"
        f" in {report.seconds:.1f} s"
    )
    return AssistantSystem(open_assistant(settings, without, counted=True), name, key)


def ask_all(system: System, questions: Sequence[Question]) -> list[Judged]:
    """Return every question asked and judged, after one question to warm up.

    An error of the system ends the run and names the question: a crash is not a wrong answer.
    """
    if questions:
        _ask(system, questions[0])
    return [
        judge(question, _ask(system, question)) for question in progress(questions, system.name)
    ]


def _ask(system: System, question: Question) -> Outcome:
    try:
        return system.answer(question.question, question.history)
    except Exception as error:
        error.add_note(f"while {system.name} was asked {question.id}: {question.question!r}")
        raise


def note(text: str) -> None:
    """Print a line for the person waiting, on stderr."""
    print(text, file=sys.stderr, flush=True)


def progress(items: Sequence[T], label: str) -> Iterator[T]:
    """Yield the items, a counter on stderr beside them when it is a terminal."""
    live = sys.stderr.isatty()
    begun = time.perf_counter()
    for number, item in enumerate(items, start=1):
        yield item
        if live and (number % 10 == 0 or number == len(items)):
            print(f"\r{label}: {number}/{len(items)}", end="", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - begun
    note(f"{chr(13) if live else ''}{label}: {len(items)} questions in {seconds:.1f} s")
