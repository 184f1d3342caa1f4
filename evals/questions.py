"""The question set: reading, checking against the document, and the fixed split in halves."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from assistant import readers
from assistant.errors import AssistantError, ReadError
from assistant.units import split
from evals.metrics import normal

KINDS = (
    "fact",
    "entity",
    "paraphrase",
    "list",
    "structure",
    "follow_up",
    "noisy",
    "unanswerable",
)
WHOLE_KINDS = ("list", "structure")
DEFAULT_FILE = Path(__file__).with_name("questions.jsonl")
Half = Literal["tune", "check"]
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$")
_KEYS = {
    "id",
    "question",
    "language",
    "kind",
    "answerable",
    "units",
    "spans",
    "history",
    "alternatives",
    "alternative_spans",
    "scope",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what a right answer must show.

    ``units`` are headings (all of them for lists), ``spans`` verbatim pieces of the document,
    ``alternatives`` further headings that are right too and ``alternative_spans`` what proves
    it there, ``history`` the earlier questions of
    the conversation, oldest first, ``scope`` is "near" or "far" for unanswerable ones.
    """

    id: str
    question: str
    language: str
    kind: str
    answerable: bool
    units: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    alternative_spans: tuple[str, ...] = ()
    scope: str = ""

    @property
    def whole(self) -> bool:
        """Whether all units, and none extra, are asked for."""
        return self.kind in WHOLE_KINDS and self.answerable

    @property
    def proofs(self) -> tuple[str, ...]:
        """All pieces of text of which a right quote contains one."""
        return (*self.spans, *self.alternative_spans)

    @property
    def half(self) -> Half:
        """The half this question is in, by its id alone."""
        return half_of(self.id)


def half_of(identifier: str) -> Half:
    """Return "check" or "tune": the parity of the SHA-256 of the id. Fixed for ever."""
    digest = hashlib.sha256(identifier.encode()).digest()
    return "check" if digest[-1] % 2 else "tune"


def parse_question(row: Mapping[str, Any]) -> Question:
    """Return the question of one JSON row; raise ValueError saying what is wrong with it."""
    unknown = set(row) - _KEYS
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    try:
        return Question(
            id=str(row["id"]),
            question=str(row["question"]),
            language=str(row["language"]),
            kind=str(row["kind"]),
            answerable=bool(row["answerable"]),
            units=tuple(row.get("units") or ()),
            spans=tuple(row.get("spans") or ()),
            history=tuple(row.get("history") or ()),
            alternatives=tuple(row.get("alternatives") or ()),
            alternative_spans=tuple(row.get("alternative_spans") or ()),
            scope=str(row.get("scope") or ""),
        )
    except KeyError as error:
        raise ValueError(f"no {error.args[0]!r}") from error


def load_questions(file: Path = DEFAULT_FILE) -> list[Question]:
    """Return the questions of a JSON-lines file; raise AssistantError naming file and line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"{file} could not be read: {error}") from error
    questions: list[Question] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            questions.append(parse_question(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise AssistantError(f"{file}, line {number}, is no question: {error}") from error
    return questions


def dump_questions(questions: Iterable[Question]) -> str:
    """Return JSON lines, empty optional fields left out."""
    lines = []
    for question in questions:
        row = asdict(question)
        for optional in ("alternatives", "alternative_spans", "scope"):
            if not row[optional]:
                del row[optional]
        lines.append(json.dumps(row, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def markdown_units(text: str) -> dict[str, str]:
    """Return heading → own text of a Markdown document, read independently of the assistant.

    Headings that stand twice get their texts joined.
    """
    units: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        match = _HEADING.match(line)
        if match:
            current = units.setdefault(normal(match[1]), [])
        elif current is not None:
            current.append(line)
    return {heading: "\n".join(lines) for heading, lines in units.items()}


def folder_units(folder: Path, max_bytes: int) -> tuple[dict[str, str], list[str]]:
    """Return heading → own text of the documents that an ingest of ``folder`` would read, and a
    line for each file it would leave out. Headings that stand twice get their texts joined."""
    files, skipped = readers.discover(folder)
    said = [f"{s.file}: {s.reason}" for s in skipped]
    found: dict[str, list[str]] = {}
    for file in files:
        try:
            document = readers.read(file, folder, max_bytes=max_bytes)
        except ReadError as error:
            said.append(f"{file.relative_to(folder)}: {error}")
            continue
        for unit in split(document)[0]:
            body = document.text[unit.start : unit.end]
            found.setdefault(normal(unit.heading), []).append(body)
    return {heading: "\n".join(bodies) for heading, bodies in found.items()}, said


def problems(questions: Sequence[Question], units: Mapping[str, str]) -> list[str]:
    """Return what is wrong, one line per finding, empty when all is well.

    ``units`` maps headings to their own text (see ``folder_units``).
    """
    found: list[str] = []
    for identifier, count in Counter(q.id for q in questions).items():
        if count > 1:
            found.append(f"{identifier}: id used {count} times")
    asked = Counter((normal(q.question).casefold(), q.history) for q in questions)
    for question in questions:
        same = asked[(normal(question.question).casefold(), question.history)]
        if same > 1:
            found.append(f"{question.id}: asked {same} times")
        found += [f"{question.id}: {problem}" for problem in _row_problems(question, units)]
    return found


def _row_problems(question: Question, units: Mapping[str, str]) -> list[str]:
    found = []
    if question.kind not in KINDS:
        found.append(f"kind {question.kind!r} is not one of {', '.join(KINDS)}")
    if not question.question.strip():
        found.append("empty question")
    if question.kind == "follow_up" and not question.history:
        found.append("a follow-up without history")
    if question.answerable and question.kind == "unanswerable":
        found.append("kind and answerable disagree")
    for heading in (*question.units, *question.alternatives):
        if normal(heading) not in units:
            found.append(f"no heading {heading!r}")
    if not question.answerable:
        if question.units or question.spans:
            found.append("unanswerable with units or spans")
        if question.scope not in ("near", "far"):
            found.append("unanswerable without scope near or far")
        return found
    if not question.units or not question.spans:
        found.append("answerable without units or spans")
    return found + _span_problems(question, units)


def _span_problems(question: Question, units: Mapping[str, str]) -> list[str]:
    headings = (*question.units, *question.alternatives)
    bodies = [normal(units.get(normal(heading), "")) for heading in headings]
    if question.kind in ("structure", "follow_up"):
        bodies += [normal(heading) for heading in headings]
    return [
        f"span not in its unit: {span!r}"
        for span in question.proofs
        if not any(normal(span) in body for body in bodies)
    ]
