"""PDF: the text page by page; headings by the size of their letters or the outline."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from assistant.language import normalise
from assistant.readers import messages
from assistant.readers.builder import Builder, numbered
from assistant.readers.text import is_heading

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

# What a parser of a format this wide raises on damaged files, besides its own errors.
_DAMAGE = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, AssertionError,
    ArithmeticError, zlib.error, NotImplementedError, OSError, EOFError, MemoryError,
)  # fmt: skip
_PAGES = 5000
# Raising it takes fewer large lines for headings.
_LARGER = 1.12
_EDGE = 2
_ITEM = re.compile(r"(?:[-*•‣▪●–—◦]|\(?\w{1,2}[.)])\s")


@dataclass(slots=True)
class Line:
    """A line of a page and the size of its letters, in points."""

    text: str
    size: float


def read_pdf(raw: bytes, builder: Builder, max_bytes: int) -> str:
    """Add a PDF to ``builder`` page by page; return the title in its properties.

    Lines repeated at the top or foot of most pages are left out, words cut at a line's end are
    joined. Raises ReadError when it is locked, damaged, or holds pictures of text only.
    """
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    try:
        reader = _open(raw)
        pages = [_lines(page) for _, page in zip(range(_PAGES), reader.pages, strict=False)]
        outline = _outline(reader)
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except (DependencyError, FileNotDecryptedError) as error:
        raise messages.refuse(messages.ENCRYPTED) from error
    except (PyPdfError, *_DAMAGE) as error:
        raise messages.refuse(messages.BROKEN) from error
    _add(builder, _without_edges(pages), outline)
    return title if re.search(r"\w\s\w", title) else ""


def _open(raw: bytes) -> PdfReader:
    from pypdf import PdfReader

    reader = PdfReader(BytesIO(raw), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise messages.refuse(messages.ENCRYPTED)
    return reader


def _lines(page: PageObject) -> list[Line]:
    parts: list[tuple[str, float]] = []

    def visit(text: str, cm: Any, tm: Any, font: Any, size: Any) -> None:
        parts.append((text, abs(float(size) * float(tm[3] or 1) * float(cm[3] or 1))))

    page.extract_text(visitor_text=visit)
    lines: list[Line] = [Line("", 0.0)]
    for text, size in parts:
        for number, piece in enumerate(normalise(text).split("\n")):
            if number:
                lines.append(Line("", 0.0))
            lines[-1].text += piece
            if piece.strip():
                lines[-1].size = max(lines[-1].size, round(size, 1))
    cleaned = (Line(" ".join(line.text.split()), line.size) for line in lines)
    return [line for line in cleaned if line.text]


def _outline(reader: PdfReader) -> dict[str, int]:
    """Return the level of each title in the outline (the bookmarks), letters only."""
    found: dict[str, int] = {}
    stack: list[tuple[Any, int]] = [(reader.outline, 1)]
    while stack and len(found) < 10_000:
        item, level = stack.pop()
        if isinstance(item, list):
            stack += [(part, level + isinstance(part, list)) for part in reversed(item)]
        else:
            found.setdefault(_letters(str(getattr(item, "title", "") or "")), min(level, 6))
    found.pop("", None)
    return found


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text).casefold()


def _without_edges(pages: list[list[Line]]) -> list[list[Line]]:
    """Leave out what stands at the top or foot of more than half the pages, and page numbers."""
    seen: Counter[str] = Counter()
    for lines in pages:
        seen.update({re.sub(r"\d+", "#", line.text) for line in [*lines[:_EDGE], *lines[-_EDGE:]]})
    often = {text for text, count in seen.items() if count >= 3 and count * 2 > len(pages)}

    def edge(line: Line) -> bool:
        masked = re.sub(r"\d+", "#", line.text)
        return masked in often or bool(re.fullmatch(r"[-–—\s]*#[-–—\s]*", masked))

    kept = []
    for lines in pages:
        last = len(lines) - _EDGE
        kept.append([x for i, x in enumerate(lines) if not ((i < _EDGE or i >= last) and edge(x))])
    return kept


def _add(builder: Builder, pages: list[list[Line]], outline: dict[str, int]) -> None:
    sizes: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    larger = sorted((size for size in sizes if size > body * _LARGER), reverse=True)
    compounds = set(re.findall(r"\w+-\w+", "\n".join(x.text for lines in pages for x in lines)))
    for number, lines in enumerate(pages, 1):
        builder.page(number)
        _add_page(builder, lines, outline, larger, compounds)


def _add_page(
    builder: Builder,
    lines: list[Line],
    outline: dict[str, int],
    larger: list[float],
    compounds: set[str],
) -> None:
    width = max((len(line.text) for line in lines), default=0)
    paragraph = previous = ""
    for line in lines:
        level = _level(line, outline, larger)
        if level or _ends(previous, width) or _ITEM.match(line.text):
            builder.paragraph(paragraph)
            paragraph = ""
        if level:
            builder.heading(line.text, level)
        else:
            paragraph = _continued(paragraph, line.text, compounds)
        previous = line.text
    builder.paragraph(paragraph)


def _level(line: Line, outline: dict[str, int], larger: list[float]) -> int:
    if (level := outline.get(_letters(line.text))) is not None:
        return level
    if line.size in larger and is_heading(line.text):
        return numbered(min(larger.index(line.size) + 1, 4), line.text)
    return 0


def _ends(line: str, width: int) -> bool:
    """Tell a line that ends a paragraph: a full stop well before the margin."""
    return line[-1:] in tuple(".!?…:;。！？؟") and len(line) < width * 0.85


def _continued(paragraph: str, line: str, compounds: set[str]) -> str:
    if not paragraph:
        return line
    cut = re.search(r"(\w+)-$", paragraph)
    if cut and line[:1].islower():
        whole = cut.group(1) + "-" + re.split(r"\W", line, maxsplit=1)[0]
        return (paragraph if whole in compounds else paragraph[:-1]) + line
    return f"{paragraph} {line}"
