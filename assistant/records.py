"""Answers, hits and documents as the plain records that terminal and programs exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assistant.types import Answer, Citation, Document, Hit, IngestReport, Unit


def answer_record(answer: Answer) -> dict[str, Any]:
    """Return the answer as JSON-ready values; offsets index the document's normalised text."""
    return {
        "question": answer.question,
        "status": answer.status,
        "language": answer.language,
        "answer": answer.text,
        "confidence": round(answer.confidence, 4),
        "understood": answer.understood,
        "citations": [citation_record(c) for c in answer.citations],
        "retrieved": [hit_record(hit) for hit in answer.retrieved],
        "seconds": round(answer.seconds, 4),
        "generation": answer.generation,
        "written_by": answer.written_by,
        "struck": answer.struck,
    }


def citation_record(citation: Citation) -> dict[str, Any]:
    """Return a citation: where it stands, word for word, and which parts of it answer."""
    return {
        "number": citation.number,
        "document": citation.document,
        "unit": citation.unit,
        "path": list(citation.path),
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "marks": [list(mark) for mark in citation.marks],
        "language": citation.language,
        "page": citation.page,
    }


def hit_record(hit: Hit) -> dict[str, Any]:
    """Return a hit: its unit, document and score."""
    return {
        "unit": hit.unit.heading,
        "document": hit.unit.document,
        "path": list(hit.unit.path),
        "score": round(hit.score, 4),
    }


def document_record(document: Document, units: Sequence[Unit]) -> dict[str, Any]:
    """Return a document as it was read, with its units in the order of the text."""
    return {
        "document": document.id,
        "title": document.title,
        "language": document.language,
        "text": document.text,
        "units": [_place(unit) for unit in sorted(units, key=lambda u: (u.heading_start, u.start))],
    }


def unit_record(unit: Unit, text: str) -> dict[str, Any]:
    """Return a unit with the text that is its own; ``text`` is its document's."""
    return {"document": unit.document, **_place(unit), "text": text[unit.start : unit.end]}


def _place(unit: Unit) -> dict[str, Any]:
    return {
        "unit": unit.heading,
        "path": list(unit.path),
        "level": unit.level,
        "start": unit.start,
        "end": unit.end,
    }


def ingest_record(report: IngestReport) -> dict[str, Any]:
    """Return what an ingest did as JSON-ready values."""
    return asdict(report)
