"""The plain text of a document while it is being read, with the places that matter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

from assistant.language import detect, normalise
from assistant.types import Document, Heading, Page

# What sites write under a teaser: never content at the end of a paragraph.
_REMAINS = re.compile(
    r"(?:^|(?<=\s))(?:En savoir plus|En savoir davantage|Lire la suite|Voir plus|Read more|"
    r"Learn more|Find out more|See more|Leer más|Más información|Saber más|Ver más|Mehr erfahren|"
    r"Mehr lesen|Weiterlesen|Weitere Informationen|Leggi tutto|Leggi di più|Per saperne di più|"
    r"Scopri di più|Saiba mais|Leia mais|Ler mais|Lees meer|Meer informatie|Czytaj więcej|"
    r"Dowiedz się więcej|Devamını oku|Daha fazla bilgi|Подробнее|Читать далее|Узнать больше|"
    r"اقرأ المزيد|المزيد|了解更多|阅读更多|閱讀更多|続きを読む|詳細はこちら|더 보기|자세히 보기|"
    r"อ่านเพิ่มเติม)[ .…›»→>]*$"
)


@dataclass(slots=True)
class Builder:
    """Collects paragraphs and headings in order; ``document`` puts them together.

    ``named`` is a title that counts more than the first heading.
    """

    named: str = ""
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _headings: list[Heading] = field(default_factory=list)
    _noise: list[tuple[int, int]] = field(default_factory=list)
    _pages: list[tuple[int, int]] = field(default_factory=list)

    def heading(self, text: str, level: int) -> None:
        """Add a heading on a line of its own; nothing when it has no words."""
        text = " ".join(normalise(text).split()).rstrip(" ¶🔗")
        if any(character.isalnum() for character in text):
            start = self._append(text, "\n\n")
            self._headings.append(Heading(text, level, start, start + len(text)))

    def paragraph(self, text: str, separator: str = "\n\n") -> None:
        """Add a paragraph; its inner line ends stay, and a link remain at its end is noise."""
        text = normalise(text).strip()
        if text:
            start = self._append(text, separator)
            if match := _REMAINS.search(text):
                self._noise.append((start + match.start(), start + match.end()))

    def prose(self, text: str, separator: str = "\n\n") -> None:
        """Add a paragraph whose inner line ends and runs of spaces mean nothing."""
        self.paragraph(" ".join(normalise(text).split()), separator)

    def row(self, cells: list[str], first: bool) -> None:
        """Add a row of a table as one line."""
        kept = [cell for cell in (" ".join(normalise(cell).split()) for cell in cells) if cell]
        self.paragraph(" | ".join(kept), "\n\n" if first else "\n")

    def page(self, number: int) -> None:
        """Begin a page: all that follows stands on it."""
        self._pages.append((number, self._length))

    @property
    def empty(self) -> bool:
        """Whether nothing was added."""
        return not self._parts

    def document(self, name: str, title: str, default_language: str) -> Document:
        """Return the document. ``title`` is for files without a heading of level 1."""
        text = "".join(self._parts)
        headings = tuple(self._headings)
        first = next((heading.text for heading in headings if heading.level == 1), "")
        return Document(
            id=name,
            title=self.named or first or " ".join(normalise(title).split()) or name,
            text=text,
            digest=sha256(text.encode()).hexdigest(),
            language=detect(text, default_language),
            headings=headings,
            noise=tuple(self._noise),
            pages=self._placed_pages(len(text)),
        )

    def _placed_pages(self, end: int) -> tuple[Page, ...]:
        starts = [start for _, start in self._pages] + [end]
        return tuple(
            Page(number, start, following)
            for (number, start), following in zip(self._pages, starts[1:], strict=True)
        )

    def _append(self, text: str, separator: str) -> int:
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return start


def is_remain(text: str) -> bool:
    """Return whether ``text`` is nothing but a link remain ("Read more")."""
    return bool(_REMAINS.match(text.strip()))


def numbered(level: int, heading: str) -> int:
    """Return the level that "2.3.1 Title" shows, below ``level``; ``level`` without a number."""
    match = re.match(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s", heading)
    return level + match.group(1).count(".") if match else level
