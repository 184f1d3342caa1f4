"""The words of the project: frozen dataclasses and Protocols; imports nothing of ours.

All offsets are indices into ``Document.text`` (Python characters, end exclusive).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Status = Literal["answered", "abstained"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: ``text[start:end]`` is its wording, without markup."""

    text: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a paginated document and the slice of the text that stands on it."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One file as read: normalised text and where its headings stand.

    ``id`` is the path below the ingested folder, with forward slashes. ``noise`` holds the
    slices that are in the text but are not content (link remains, navigation): never quoted.
    """

    id: str
    title: str
    text: str
    digest: str
    language: str
    headings: tuple[Heading, ...] = ()
    noise: tuple[tuple[int, int], ...] = ()
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """One organisational unit or section: a heading and the text that is its own.

    ``path`` holds the headings from the top, the unit's own last. ``start``/``end`` bound the
    body (without the headings and bodies of the units below it). ``parent`` is a unit id.
    """

    id: str
    document: str
    heading: str
    path: tuple[str, ...]
    level: int
    heading_start: int
    heading_end: int
    start: int
    end: int
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A clause or sentence of one unit: a verbatim slice, ``document.text[start:end] == text``."""

    id: str
    document: str
    unit: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit that was found, its best passage, and why (each signal by name)."""

    unit: Unit
    passage: Passage | None
    score: float
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """A proof: ``document.text[start:end] == quote``; ``marks`` are the parts that answer."""

    number: int
    document: str
    unit_id: str
    unit: str
    path: tuple[str, ...]
    quote: str
    start: int
    end: int
    marks: tuple[tuple[int, int], ...] = ()
    language: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader gets. ``abstained`` has no citation; ``answered`` has at least one.

    ``understood`` is the fuller question a follow-up was read as, or None. ``suggestions`` are
    the nearest units, offered when nothing answers. ``generation`` names the index that answered.
    ``written_by`` is the language model that wrote the text, empty where it is made of quotes;
    ``struck`` counts the model's sentences that were left out because nothing proved them.
    """

    question: str
    status: Status
    language: str
    text: str
    confidence: float
    citations: tuple[Citation, ...] = ()
    retrieved: tuple[Hit, ...] = ()
    understood: str | None = None
    suggestions: tuple[Unit, ...] = ()
    seconds: float = 0.0
    generation: str = ""
    written_by: str = ""
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read: what happened and what to do, for people.

    ``failed`` is false for a file that is no document (hidden, of another kind).
    """

    file: str
    reason: str
    advice: str
    failed: bool = True


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did."""

    generation: str
    documents: int
    units: int
    passages: int
    embedded: int
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    seconds: float


class Corpus(Protocol):
    """One complete generation of an index, read-only; every method is cheap."""

    @property
    def generation(self) -> str: ...
    @property
    def documents(self) -> Mapping[str, Document]: ...
    @property
    def units(self) -> Mapping[str, Unit]: ...
    @property
    def passages(self) -> Sequence[Passage]: ...


class Assistant(Protocol):
    """What terminal, page and other programs talk to; see ``assistant.build.open_assistant``."""

    @property
    def corpus(self) -> Corpus: ...
    def ask(self, question: str, history: Sequence[str] = ()) -> Answer: ...
    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]: ...
    def search(self, query: str, top_k: int = 10) -> tuple[Hit, ...]: ...
