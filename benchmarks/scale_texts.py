"""Texts of any size for ``benchmarks.scale``: real sentences of the French Debian manuals.

The packages are fetched by the system's package manager into a folder given by the caller, and
never become part of the project. Up to their own size the manuals are taken as they are, beyond it
their sentences are drawn again, into units below two real headings joined.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from assistant import readers, units
from evals.handbook import unpacked

PACKAGES = {
    "debian-handbook": "usr/share/doc/debian-handbook/html/fr-FR",
    "debian-reference-fr": "usr/share/debian-reference",
    "developers-reference-fr": "usr/share/developers-reference/fr",
}
WHOLE = ("developers-reference.html", "index.html")
"""Pages that hold the others once more, or only name them."""
LARGEST = 100
"""Passages of a document: real pages are cut between their sections."""
SMALLEST_UNIT, LARGEST_UNIT = 3, 12
MAX_BYTES = 1 << 24
WORDS = 4
"""Of the shortest sentence that is taken: cells of tables and commands stay out."""
_FORMS = ("Qu'est-ce que {} ?", "Comment {} ?", "Pourquoi {} ?", "Quand {} ?")
_PHRASE = 7
"""Words of a passage that become a question."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the sentences below it, of one page of a manual."""

    page: str
    heading: str
    sentences: tuple[str, ...]


def manuals(cache: Path) -> list[Section]:
    """Return the sections of the manuals, fetched below ``cache`` if needed.

    Pages that were not translated into French are left out, and so are sections of no sentence.
    """
    found: list[Section] = []
    for package, folder in PACKAGES.items():
        html = unpacked(cache, package) / folder
        pattern = "*.fr.html" if any(html.glob("*.fr.html")) else "*.html"
        for path in sorted(html.glob(pattern)):
            if path.name not in WHOLE:
                found += _sections(path)
    return found


def _sections(path: Path) -> Iterator[Section]:
    document = readers.read(path, path.parent, max_bytes=MAX_BYTES)
    if document.language != "fr":
        return
    own, passages = units.split(document)
    texts: dict[str, list[str]] = {unit.id: [] for unit in own}
    for passage in passages:
        text = " ".join(passage.text.split())
        if len(text.split()) >= WORDS and (text[0].isalnum() or text[0] in "«“"):
            texts[passage.unit].append(text)
    for unit in own:
        if texts[unit.id]:
            yield Section(path.stem, " ".join(unit.heading.split()), tuple(texts[unit.id]))


def documents(sections: Sequence[Section], size: int, seed: int) -> Iterator[list[Section]]:
    """Yield documents of ``LARGEST`` passages at most, ``size`` passages in all."""
    left = size
    for document in _bounded(_endless(sections, seed)):
        kept: list[Section] = []
        for section in document:
            part = section.sentences[:left]
            left -= len(part)
            if part:
                kept.append(Section(section.page, section.heading, part))
        if kept:
            yield kept
        if not left:
            return


def write(made: Iterable[Sequence[Section]], folder: Path) -> None:
    """Write each document as a Markdown file, a sentence a paragraph."""
    folder.mkdir(parents=True)
    for number, document in enumerate(made):
        lines = [f"# {document[0].heading}"]
        for place, section in enumerate(document):
            if place:
                lines.append(f"## {section.heading}")
            lines += section.sentences
        name = f"{number // 1000:03}-{number % 1000:03}.md"
        (folder / name).write_text("\n\n".join(lines) + "\n", "utf-8")


def questions(sections: Sequence[Section], wanted: int, among: int) -> list[str]:
    """Return ``wanted`` questions at most, each a phrase of the first ``among`` passages."""
    sentences = [text for section in sections for text in section.sentences][:among]
    found: list[str] = []
    for start in (0, _PHRASE, 2 * _PHRASE):
        for text in sentences:
            words = text.split()[start : start + _PHRASE]
            if len(words) == _PHRASE:
                phrase = " ".join(words).strip(" .,:;!?…«»“”()")
                if phrase[1:2].islower():
                    phrase = phrase[0].lower() + phrase[1:]
                found.append(_FORMS[len(found) % len(_FORMS)].format(phrase))
    return found[:wanted]


def _endless(sections: Sequence[Section], seed: int) -> Iterator[Section]:
    """Yield the real sections, then drawn ones without end."""
    yield from sections
    chance = random.Random(seed)
    headings = [section.heading for section in sections]
    sentences = [text for section in sections for text in section.sentences]
    for number in count():
        heading = f"{chance.choice(headings)} : {chance.choice(headings)}"
        some = chance.choices(sentences, k=chance.randint(SMALLEST_UNIT, LARGEST_UNIT))
        yield Section(f"drawn {number // 10}", heading, tuple(some))


def _bounded(sections: Iterable[Section]) -> Iterator[list[Section]]:
    """Yield the sections of a page together, in parts that are not too long."""
    document: list[Section] = []
    held = 0
    for whole in sections:
        for at in range(0, len(whole.sentences), LARGEST):
            part = whole.sentences[at : at + LARGEST]
            section = Section(whole.page, whole.heading, part)
            if document and (document[0].page != section.page or held + len(part) > LARGEST):
                yield document
                document, held = [], 0
            document.append(section)
            held += len(part)
