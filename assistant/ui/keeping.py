"""Answers as the records that a reader's browser keeps, and back again after a check.

What comes back from a browser is untrusted: a record is rebuilt field by field, and a citation is
shown as proven only if its quote still stands in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.types import Answer, Citation, Corpus, Hit, Unit

LONGEST = 20_000
MOST = 999
"""Citations of an answer; ``render`` knows numbers of up to three digits."""


class CitationRecord(BaseModel):
    """A citation as kept."""

    model_config = ConfigDict(extra="ignore")
    number: int = Field(ge=0, le=MOST)
    document: str = Field(max_length=1000)
    unit_id: str = Field(max_length=64)
    unit: str = Field(max_length=2000)
    path: list[str] = Field(max_length=30)
    quote: str = Field(max_length=LONGEST)
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    marks: list[tuple[int, int]] = Field(default=[], max_length=200)
    language: str = Field("", max_length=10)
    page: int | None = None


class HitRecord(BaseModel):
    """A unit that was found, and how well it fits."""

    model_config = ConfigDict(extra="ignore")
    unit_id: str = Field(max_length=64)
    score: float


class TurnRecord(BaseModel):
    """One question and its answer as kept."""

    model_config = ConfigDict(extra="ignore")
    id: str = Field("", max_length=40, pattern="^[A-Za-z0-9_-]*$")
    question: str = Field(max_length=LONGEST)
    status: str = Field(pattern="^(answered|abstained)$")
    language: str = Field(max_length=10, pattern="^[A-Za-z-]*$")
    answer: str = Field(max_length=10 * LONGEST)
    confidence: float = 0.0
    understood: str | None = Field(None, max_length=LONGEST)
    citations: list[CitationRecord] = Field(default=[], max_length=MOST)
    retrieved: list[HitRecord] = Field(default=[], max_length=20)
    suggestions: list[str] = Field(default=[], max_length=20)
    seconds: float = 0.0
    generation: str = Field("", max_length=100)
    written_by: str = Field("", max_length=300)
    struck: int = Field(0, ge=0)


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer to show: under which id, and which of its citations no longer hold."""

    id: str
    answer: Answer
    stale: frozenset[int] = frozenset()


def to_record(turn: Turn) -> dict[str, Any]:
    """Return the turn as JSON-ready values."""
    answer = turn.answer
    return TurnRecord(
        id=turn.id,
        question=answer.question[:LONGEST],
        status=answer.status,
        language=answer.language,
        answer=answer.text,
        confidence=round(answer.confidence, 4),
        understood=answer.understood,
        citations=[_citation_record(c) for c in answer.citations],
        retrieved=[HitRecord(unit_id=h.unit.id, score=round(h.score, 4)) for h in answer.retrieved],
        suggestions=[unit.id for unit in answer.suggestions],
        seconds=round(answer.seconds, 3),
        generation=answer.generation,
        written_by=answer.written_by[:300],
        struck=answer.struck,
    ).model_dump()


def _citation_record(citation: Citation) -> CitationRecord:
    return CitationRecord(
        number=citation.number,
        document=citation.document,
        unit_id=citation.unit_id,
        unit=citation.unit,
        path=list(citation.path),
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
        marks=list(citation.marks),
        language=citation.language,
        page=citation.page,
    )


def from_record(record: TurnRecord, corpus: Corpus | None) -> Turn:
    """Return the turn that ``record`` tells of; without a corpus every citation is stale."""
    citations: list[Citation] = []
    stale: set[int] = set()
    for kept in record.citations:
        citation, holds = _restored(kept, corpus)
        citations.append(citation)
        if not holds:
            stale.add(citation.number)
    units: Mapping[str, Unit] = corpus.units if corpus else {}
    answer = Answer(
        question=record.question,
        status="answered" if record.status == "answered" else "abstained",
        language=record.language,
        text=record.answer,
        confidence=record.confidence,
        citations=tuple(citations),
        retrieved=tuple(
            Hit(units[h.unit_id], None, h.score) for h in record.retrieved if h.unit_id in units
        ),
        understood=record.understood,
        suggestions=tuple(units[u] for u in record.suggestions if u in units),
        seconds=record.seconds,
        generation=record.generation,
        written_by=record.written_by,
        struck=record.struck,
    )
    return Turn(record.id, answer, frozenset(stale))


def _restored(kept: CitationRecord, corpus: Corpus | None) -> tuple[Citation, bool]:
    document = corpus.documents.get(kept.document) if corpus else None
    unit = corpus.units.get(kept.unit_id) if corpus else None
    holds = (
        document is not None
        and unit is not None
        and unit.document == kept.document
        and document.text[kept.start : kept.end] == kept.quote != ""
    )
    path = unit.path if unit and holds else tuple(kept.path)
    citation = Citation(
        number=kept.number,
        document=kept.document,
        unit_id=kept.unit_id,
        unit=unit.heading if unit and holds else kept.unit,
        path=path,
        quote=kept.quote,
        start=kept.start,
        end=kept.end,
        marks=tuple(kept.marks),
        language=document.language if document else kept.language,
        page=kept.page,
    )
    return citation, holds
