"""The public sets, read from their own files: paragraphs as units, questions with their gold.

Nothing is fetched: the folder with the files is an argument. Learning may only use what
``held_out`` refuses, measuring only what it lets through.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evals.questions import Question
from evals.systems import Key, by_heading, by_place

XQUAD_LANGUAGES = ("en", "es", "de", "ru", "ar", "tr", "zh", "th")


@dataclass(frozen=True, slots=True)
class File:
    """A document to be written: name without ending, title, and (heading, text) pairs."""

    name: str
    title: str
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A corpus and its questions. ``folds`` > 0: also asked with the gold unit left out.

    ``stems`` is the corpus's language for BM25, ``key`` makes unit keys of document and heading.
    """

    name: str
    files: tuple[File, ...]
    questions: tuple[Question, ...]
    key: Key
    stems: str
    folds: int = 0

    def without(self, gone: Collection[str]) -> PublicSet:
        """Return the set without the units whose key is in ``gone``."""
        files = (
            replace(
                file,
                units=tuple(u for u in file.units if self.key(f"{file.name}.md", u[0]) not in gone),
            )
            for file in self.files
        )
        return replace(self, files=tuple(file for file in files if file.units))


def held_out(title: str) -> bool:
    """Return whether an article (or an entry of the FAQ) is kept for measuring, by its title.

    The same rule as in ``training/corpora.py``: what is measured was never learned from.
    """
    return int(hashlib.sha256(title.encode()).hexdigest(), 16) % 8 == 0


def some(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """Return at most ``limit`` questions, the ones with the smallest hash, in their order."""
    if limit is None or len(questions) <= limit:
        return list(questions)
    kept = sorted(questions, key=lambda q: hashlib.sha256(q.id.encode()).hexdigest())[:limit]
    names = {q.id for q in kept}
    return [q for q in questions if q.id in names]


def write(files: Iterable[File], folder: Path) -> None:
    """Write one Markdown file per document below ``folder``, emptied of others before.

    A first unit headed by the title itself becomes the text below the title.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for file in files:
        units = list(file.units)
        parts = [f"# {file.title}"]
        if units and units[0][0] == file.title:
            parts.append(units.pop(0)[1])
        parts += [f"## {heading}\n\n{text}" for heading, text in units]
        (folder / f"{file.name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def cnil(data: Path) -> PublicSet:
    """Return the FAQ of the French data-protection authority (texts CNIL, set piaf-ml, MIT)."""
    files = []
    for path in sorted((data / "cnil-faq" / "corpus").glob("*.md")):
        title, *entries = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        units = tuple((head.strip(), body.strip()) for head, _, body in map(_cut, entries))
        files.append(File(path.stem, title.lstrip("# ").strip(), units))
    rows = _json_lines(data / "cnil-faq" / "questions.jsonl")
    questions = tuple(
        Question(str(row["id"]), str(row["question"]), "fr", "fact", True, (str(row["unit"]),))
        for row in rows
    )
    return PublicSet("cnil", tuple(files), questions, by_heading, "french", folds=4)


def piaf(data: Path) -> PublicSet:
    """Return PIAF 1.1 (etalab, Licence Ouverte; paragraphs Wikipedia, CC BY-SA)."""
    files, questions = _squad(_articles(data / "piaf" / "piaf-v1.1.json"), "fr", "piaf")
    return PublicSet("piaf", files, questions, by_place, "french")


def xquad(data: Path) -> PublicSet:
    """Return XQuAD (CC BY-SA 4.0): questions in eight languages to the English paragraphs.

    The quotes are English, so every question's spans are those of the English file.
    """
    english = _articles(data / "xquad" / "xquad.en.json")
    files, questions = _squad(english, "en", "xquad-en")
    spans = {q.id.partition(":")[2]: q for q in questions}
    asked = list(questions)
    for language in XQUAD_LANGUAGES[1:]:
        for _, qa in _questions(_articles(data / "xquad" / f"xquad.{language}.json")):
            gold = spans.get(str(qa["id"]))
            if gold is not None:
                name = f"xquad-{language}:{qa['id']}"
                text = str(qa["question"])
                asked.append(replace(gold, id=name, question=text, language=language))
    return PublicSet("xquad", files, tuple(asked), by_place, "english", folds=5)


def squad2(data: Path) -> PublicSet:
    """Return SQuAD 2.0's questions (CC BY-SA 4.0), the unanswerable ones with their paragraph."""
    articles = _articles(data / "squad2" / "squad2-dev-half.json")
    files, questions = _squad(articles, "en", "squad2")
    return PublicSet("squad2", files, questions, by_place, "english")


SETS: dict[str, Callable[[Path], PublicSet]] = {
    "cnil": cnil,
    "piaf": piaf,
    "xquad": xquad,
    "squad2": squad2,
}


def left_out(
    questions: Sequence[Question], folds: int
) -> Iterator[tuple[set[str], list[Question]]]:
    """Yield (units to leave out, questions about them made unanswerable), ``folds`` times.

    Units are dealt out in the order in which questions first name them, so paragraphs of one
    article go to different folds and most of the article stays as a near miss.
    """
    units = list(dict.fromkeys(question.units[0] for question in questions if question.units))
    for fold in range(folds):
        gone = set(units[fold::folds])
        about = [
            replace(
                q,
                id=f"{q.id}/out",
                kind="unanswerable",
                answerable=False,
                units=(),
                spans=(),
                scope="near",
            )
            for q in questions
            if q.units and q.units[0] in gone
        ]
        if about:
            yield gone, about


def _squad(
    articles: Sequence[dict[str, Any]], language: str, prefix: str
) -> tuple[tuple[File, ...], tuple[Question, ...]]:
    """Return one file per article title and the held-out questions."""
    by_title: dict[str, list[dict[str, Any]]] = {}
    for article in articles:
        by_title.setdefault(str(article["title"]), []).extend(article["paragraphs"])
    files, questions = [], []
    for number, (title, paragraphs) in enumerate(by_title.items(), start=1):
        name = f"{number:04d}"
        units = tuple((f"§ {i}", _plain(p["context"])) for i, p in enumerate(paragraphs, start=1))
        files.append(File(name, _plain(title.replace("_", " ")), units))
        if not held_out(title):
            continue
        for i, paragraph in enumerate(paragraphs, start=1):
            place = by_place(f"{name}.md", f"§ {i}")
            questions += [_question(qa, place, language, prefix) for qa in paragraph["qas"]]
    return tuple(files), tuple(questions)


def _question(qa: dict[str, Any], place: str, language: str, prefix: str) -> Question:
    name, text = f"{prefix}:{qa['id']}", str(qa["question"])
    if qa.get("is_impossible"):
        return Question(name, text, language, "unanswerable", False, scope="near")
    spans = tuple(dict.fromkeys(_plain(answer["text"]) for answer in qa["answers"]))
    return Question(name, text, language, "fact", True, (place,), spans)


def _questions(articles: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for article in articles:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                yield str(article["title"]), qa


def _articles(file: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["data"]
    return loaded


def _json_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def _cut(entry: str) -> tuple[str, str, str]:
    return entry.partition("\n")


def _plain(text: str) -> str:
    """Return ``text`` on one line that no reader of Markdown takes for a heading or a list."""
    return " ".join(text.replace("\ufeff", "").split()).lstrip("#>-+=*| ")
