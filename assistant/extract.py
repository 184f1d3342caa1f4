"""Evidence → an Answer made of verbatim quotes, or an abstention. No model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.phrases import say
from assistant.types import Answer, Citation, Document, Hit, Unit

log = logging.getLogger(__name__)
NEAREST = 3
"""Units offered when nothing answers."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A slice of a document that is to be quoted, and the parts of it that answer."""

    unit: Unit
    start: int
    end: int
    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What every answer repeats of the question and the search."""

    question: str
    language: str
    understood: str | None
    confidence: float
    retrieved: tuple[Hit, ...]
    generation: str


def quoted(
    asked: Asked,
    documents: Mapping[str, Document],
    lead: str,
    proofs: Sequence[Proof],
    *,
    headings: bool = False,
) -> Answer:
    """Return an answer that shows ``proofs`` below ``lead``, each checked against its document.

    With several proofs each line names its unit; with ``headings`` the proofs are headings and
    the lines nothing else. A proof that is not what the document says is logged and turns the
    whole into an abstention.
    """
    if not proofs or not all(_holds(documents, proof) for proof in proofs):
        return abstained(asked, say(asked.language, "failed_check"), ())
    citations = cited(documents, proofs)
    lines = [
        _line(c, asked.language, named=len(citations) > 1, heading=headings) for c in citations
    ]
    return Answer(
        question=asked.question,
        status="answered",
        language=asked.language,
        text="\n".join([lead, "", *lines]) if lead else "\n".join(lines),
        confidence=asked.confidence,
        citations=citations,
        retrieved=asked.retrieved,
        understood=asked.understood,
        generation=asked.generation,
    )


def cited(documents: Mapping[str, Document], proofs: Sequence[Proof]) -> tuple[Citation, ...]:
    """Return the proofs that hold as citations, numbered from 1."""
    held = [proof for proof in proofs if _holds(documents, proof)]
    return tuple(
        _citation(number, proof, documents[proof.unit.document])
        for number, proof in enumerate(held, 1)
    )


def abstained(asked: Asked, text: str, suggestions: Sequence[Unit]) -> Answer:
    """Return an answer without citations, ``suggestions`` being units to try."""
    return Answer(
        question=asked.question,
        status="abstained",
        language=asked.language,
        text=text,
        confidence=asked.confidence,
        retrieved=asked.retrieved,
        understood=asked.understood,
        suggestions=tuple(suggestions),
        generation=asked.generation,
    )


def nothing_found(asked: Asked, looked_for: Sequence[str]) -> Answer:
    """Return the abstention that says what was looked for and offers the nearest units."""
    nearest = [hit.unit for hit in asked.retrieved[:NEAREST]]
    lines = [say(asked.language, "nothing_found")]
    if looked_for:
        lines.append(say(asked.language, "looked_for", terms=", ".join(looked_for)))
    if nearest:
        lines += ["", say(asked.language, "nearest"), *(f"– {unit.heading}" for unit in nearest)]
    return abstained(asked, "\n".join(lines), nearest)


def _holds(documents: Mapping[str, Document], proof: Proof) -> bool:
    document = documents.get(proof.unit.document)
    inside = 0 <= proof.start < proof.end
    if document and inside and document.text[proof.start : proof.end] == proof.text:
        return True
    log.error("a quote is not in %s at %d:%d", proof.unit.document, proof.start, proof.end)
    return False


def _citation(number: int, proof: Proof, document: Document) -> Citation:
    page = next((p.number for p in document.pages if p.start <= proof.start < p.end), None)
    return Citation(
        number=number,
        document=document.id,
        unit_id=proof.unit.id,
        unit=proof.unit.heading,
        path=proof.unit.path,
        quote=proof.text,
        start=proof.start,
        end=proof.end,
        marks=proof.marks,
        language=document.language,
        page=page,
    )


def _line(citation: Citation, language: str, *, named: bool, heading: bool) -> str:
    if heading:
        return f"– {citation.unit} [{citation.number}]"
    line = f"« {citation.quote} » [{citation.number}]"
    if citation.language and not language.startswith(citation.language):
        line += f" ({say(language, 'quote_language', language=citation.language)})"
    return f"– {citation.unit} : {line}" if named else line
