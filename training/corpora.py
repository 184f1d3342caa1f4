"""Corpora to learn from: folders of Markdown and questions about them, all in one form.

``training/texts`` are documents and questions that we wrote (see its README). PIAF (CC BY-SA),
SQuAD 2.0 (CC BY-SA) and XQuAD (CC BY-SA) are read from a folder that is not part of the project.
Each document has one role, by a hash of its title: the reader learns from most; how its verdict is
weighed (``training.fusion``) is learned from what the reader never saw; the rest is only tested on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assistant.readers.builder import Builder
from assistant.readers.markdown import read_markdown
from assistant.types import Document

TEXTS = Path(__file__).with_name("texts")
Role = Literal["reader", "fusion", "test"]
NUMBERED = "§ "
"""What the headings of a public set's paragraphs begin with."""
XQUAD = ("en", "es", "de", "ru", "ar", "tr", "zh", "th")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; ``unit`` is the heading it should find, ``spans`` what a quote may contain.

    ``starts`` says where in the unit's text each span starts, if known. ``inside`` says that an
    unanswerable question was written about that very unit. ``also`` are other units that answer.
    """

    id: str
    text: str
    language: str
    unit: str | None
    spans: tuple[str, ...]
    role: Role
    inside: str | None = None
    starts: tuple[int, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Whether the reader does not learn from the question."""
        return self.role != "reader"


@dataclass(frozen=True, slots=True)
class Listed:
    """A question that several units answer, each with the span that proves it."""

    id: str
    text: str
    language: str
    units: tuple[str, ...]
    spans: tuple[str, ...]
    role: Role

    def each(self) -> Iterator[Asked]:
        """Yield the question once for each unit that answers it."""
        for number, (unit, span) in enumerate(zip(self.units, self.spans, strict=True)):
            also = tuple(other for other in self.units if other != unit)
            name = f"{self.id}-{number}"
            yield Asked(name, self.text, self.language, unit, (span,), self.role, also=also)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files (name → Markdown) and the questions about them; ``ours`` if we wrote them."""

    name: str
    files: dict[str, str]
    questions: list[Asked]
    lists: Sequence[Listed] = ()
    ours: bool = False


def documents(files: Mapping[str, str]) -> list[Document]:
    """Return the files as the assistant reads them, in the order of their names."""
    out = []
    for name, text in sorted(files.items()):
        builder = Builder()
        title = read_markdown(text, builder)
        out.append(builder.document(name, title or name, "fr"))
    return out


def role(title: str) -> Role:
    """Return what the document of the title is for: of eight, six, one and one."""
    number = int(hashlib.sha256(title.encode()).hexdigest(), 16) % 8
    return "test" if number == 0 else "fusion" if number == 4 else "reader"


def written() -> Iterator[Corpus]:
    """Yield our own documents, each a corpus."""
    for folder in sorted(TEXTS.iterdir()):
        if not (folder / "questions.jsonl").is_file():
            continue
        yield Corpus(
            folder.name,
            {"doc.md": (folder / "doc.md").read_text("utf-8")},
            [
                Asked(
                    row["id"],
                    row["question"],
                    row["lang"],
                    row["unit"],
                    (row["span"],) if row["span"] else (),
                    role(folder.name),
                    row.get("near"),
                )
                for row in _rows(folder / "questions.jsonl")
            ],
            [
                Listed(
                    row["id"],
                    row["question"],
                    row["lang"],
                    tuple(row["units"]),
                    tuple(row["spans"]),
                    role(folder.name),
                )
                for row in _rows(folder / "lists.jsonl")
            ],
            ours=True,
        )


def squad(path: Path, name: str, language: str) -> Corpus:
    """Return a set in SQuAD's format: an article is a file, a paragraph a unit "§ n"."""
    files: dict[str, str] = {}
    asked: list[Asked] = []
    number = 0
    for at, article in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        title = re.sub(r"<[^>]+>", "", article.get("title", "")).replace("_", " ")
        parts = [f"# {_plain(title)}\n"]
        for paragraph in article["paragraphs"]:
            number += 1
            heading = f"{NUMBERED}{number}"
            context = paragraph["context"]
            parts.append(f"## {heading}\n\n{_plain(context)}\n")
            part = role(article.get("title", ""))
            asked += [_asked(qa, heading, context, language, part) for qa in paragraph["qas"]]
        files[f"{at:04d}.md"] = "\n".join(parts)
    return Corpus(name, files, asked)


def _plain(text: str) -> str:
    """Return the text as one Markdown paragraph that says just the same."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>#~|&]|^[-+=])", r"\\\1", flat)


def _asked(qa: dict[str, Any], heading: str, context: str, language: str, part: Role) -> Asked:
    answers = [] if qa.get("is_impossible") else [a for a in qa["answers"] if a["text"].strip()]
    spans = {
        " ".join(a["text"].split()): len(" ".join((context[: a["answer_start"]] + "|").split())) - 1
        for a in answers
    }
    return Asked(
        qa["id"],
        qa["question"],
        language,
        heading if spans else None,
        tuple(spans),
        part,
        None if spans else heading,
        tuple(spans.values()),
    )


def public(data: Path) -> Iterator[Corpus]:
    """Yield PIAF, SQuAD 2.0 and XQuAD (English paragraphs, questions in eight languages)."""
    yield piaf(data)
    yield squad2(data)
    sets = xquad(data)
    questions = [
        replace(e, id=f"{q.language}-{q.id}", text=q.text, language=q.language)
        for one in sets
        for q, e in zip(one.questions, sets[0].questions, strict=True)
    ]
    yield Corpus("xquad", sets[0].files, questions)


def piaf(data: Path) -> Corpus:
    """Return PIAF 1.1, in French."""
    return squad(data / "piaf/piaf-v1.1.json", "piaf", "fr")


def squad2(data: Path) -> Corpus:
    """Return half of SQuAD 2.0's development set, in English; half of it is unanswerable."""
    return squad(data / "squad2/squad2-dev-half.json", "squad2", "en")


def xquad(data: Path) -> list[Corpus]:
    """Return XQuAD once per language, English first: the same units, ids and order in each."""
    return [squad(data / f"xquad/xquad.{name}.json", f"xquad-{name}", name) for name in XQUAD]


def about_piaf(questions: Sequence[Asked]) -> list[Asked]:
    """Return our own questions about PIAF, whose ``questions`` are given: translated, near misses,
    and in other words (what they are, ``training/texts/README.md`` says)."""
    known = {asked.id: asked for asked in questions}
    out = [
        replace(
            known[row["id"]], id=f"{row['lang']}-{row['id']}", text=row["q"], language=row["lang"]
        )
        for row in _rows(TEXTS / "piaf/translated.jsonl")
    ]
    roles = {q.unit or q.inside or "": q.role for q in questions}
    for row in _rows(TEXTS / "piaf/near_misses.jsonl"):
        unit = f"{NUMBERED}{row['p'] + 1}"
        part, name = roles[unit], f"near-{row['p']}"
        for number, text in enumerate(row["no"]):
            out.append(Asked(f"{name}-{number}", text, "fr", None, (), part, inside=unit))
        out.append(Asked(f"{name}-yes", row["yes"], "fr", unit, (row["span"],), part))
        if "cross" in row:
            span = (row["cross_span"],)
            out.append(Asked(f"{name}-cross", row["cross"], row["lang"], unit, span, part))
    for number, row in enumerate(_rows(TEXTS / "piaf/other_words.jsonl")):
        unit = f"{NUMBERED}{row['p'] + 1}"
        answers = (unit, (row["span"],)) if row["span"] else (None, ())
        inside = None if row["span"] else unit
        name = f"other-{number}"
        out.append(Asked(name, row["q"], row["lang"], *answers, roles[unit], inside=inside))
    return out


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file, none when there is no such file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
