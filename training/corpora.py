"""Corpora to learn from: folders of Markdown and questions about them, all in one form.

``training/texts`` are documents and questions that we wrote. PIAF (CC BY-SA), SQuAD 2.0
(CC BY-SA) and XQuAD (CC BY-SA) are read from a folder that is not part of the project. What is
``held`` is never learned from: whole articles and documents, by a hash of their name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).with_name("texts")
XQUAD = ("en", "es", "de", "ru", "ar", "tr", "zh", "th")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; ``unit`` is the heading it should find, ``spans`` what a quote may contain.

    ``inside`` says that an unanswerable question was written about that very unit.
    """

    id: str
    text: str
    language: str
    unit: str | None
    spans: tuple[str, ...]
    held: bool
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files (name → Markdown) and the questions about them."""

    name: str
    files: dict[str, str]
    questions: list[Asked]


def held(key: str) -> bool:
    """Return whether the article or document named ``key`` is kept out of all learning."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % 4 == 0


def written() -> Iterator[Corpus]:
    """Yield our own documents, each a corpus."""
    for folder in sorted(TEXTS.iterdir()):
        if not (folder / "questions.jsonl").is_file():
            continue
        rows = [json.loads(line) for line in (folder / "questions.jsonl").open(encoding="utf-8")]
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
                    held(folder.name),
                )
                for row in rows
            ],
        )


def squad(path: Path, name: str, language: str) -> Corpus:
    """Return a set in SQuAD's format: an article is a file, a paragraph a unit "§ n"."""
    files: dict[str, str] = {}
    asked: list[Asked] = []
    number = 0
    for at, article in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        title = re.sub(r"<[^>]+>", "", article.get("title", "")).replace("_", " ")
        parts = [f"# {title}\n"]
        for paragraph in article["paragraphs"]:
            number += 1
            heading = f"§ {number}"
            parts.append(f"## {heading}\n\n{_plain(paragraph['context'])}\n")
            asked += [_asked(qa, heading, language, article) for qa in paragraph["qas"]]
        files[f"{at:04d}.md"] = "\n".join(parts)
    return Corpus(name, files, asked)


def _plain(text: str) -> str:
    """Return the text as one Markdown paragraph that says just the same."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>#~|])", r"\\\1", flat)


def _asked(qa: dict[str, Any], heading: str, language: str, article: dict[str, Any]) -> Asked:
    spans = tuple({" ".join(a["text"].split()) for a in qa["answers"] if a["text"].strip()})
    answerable = bool(spans) and not qa.get("is_impossible")
    return Asked(
        qa["id"],
        qa["question"],
        language,
        heading if answerable else None,
        spans if answerable else (),
        held(article.get("title", "")),
        None if answerable else heading,
    )


def public(data: Path) -> Iterator[Corpus]:
    """Yield PIAF, SQuAD 2.0 and XQuAD (English paragraphs, questions in eight languages)."""
    yield squad(data / "piaf/piaf-v1.1.json", "piaf", "fr")
    yield squad(data / "squad2/squad2-dev-half.json", "squad2", "en")
    sets = [squad(data / f"xquad/xquad.{name}.json", "xquad", name) for name in XQUAD]
    questions = [
        Asked(f"{q.language}-{q.id}", q.text, q.language, q.unit, e.spans, q.held)
        for one in sets
        for q, e in zip(one.questions, sets[0].questions, strict=True)
    ]
    yield Corpus("xquad", sets[0].files, questions)
