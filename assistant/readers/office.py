"""Word (.docx) and OpenDocument (.odt) texts: paragraphs, headings, lists and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from assistant.readers.archive import attribute, local, member, open_archive, parse_xml
from assistant.readers.builder import Builder

if TYPE_CHECKING:
    from lxml.etree import _Element as Element  # type: ignore[import-untyped]

_HEADING = re.compile(r"(?:heading|titre|título|überschrift|titolo|kop)\s*(\d)", re.IGNORECASE)
_TITLE = re.compile(r"title|titre|título|titel|titolo", re.IGNORECASE)
_SPACE = {"tab": " ", "br": "\n", "cr": "\n", "line-break": "\n", "noBreakHyphen": "-", "s": " "}
# Another version of the same words (mc:Fallback), deleted words, comments, notes.
_NOT_TEXT = frozenset(
    ("Fallback", "del", "instrText", "tracked-changes", "annotation", "note", "bookmark")
)


def read_docx(raw: bytes, builder: Builder, max_bytes: int) -> str:
    """Add a Word document to ``builder``; its title is its first heading."""
    with open_archive(raw, max_bytes) as archive:
        body = parse_xml(member(archive, "word/document.xml"))
        named = "word/styles.xml" in archive.namelist()
        levels = _levels(parse_xml(member(archive, "word/styles.xml"))) if named else {}
    paragraphs = list(_blocks(body, "tbl", "tr", "tc"))
    used = {levels.get(_style(item), -1) for item in paragraphs if not isinstance(item, list)}
    _add(
        builder,
        ((item, levels.get(_style(item), -1) + (0 in used)) for item in paragraphs),
        lambda element: next(element.iter("{*}numPr"), None) is not None,
    )
    return ""


def read_odt(raw: bytes, builder: Builder, max_bytes: int) -> str:
    """Add an OpenDocument text to ``builder``; its title is its first heading."""
    with open_archive(raw, max_bytes) as archive:
        root = parse_xml(member(archive, "content.xml"))
    body = next(root.iter("{*}text"), root)
    blocks = list(_blocks(body, "table", "table-row", "table-cell"))
    titled = any(not isinstance(b, list) and attribute(b, "style-name") == "Title" for b in blocks)
    _add(
        builder,
        ((block, _odt_level(block, titled)) for block in blocks),
        lambda element: any(local(above) == "list-item" for above in element.iterancestors()),
    )
    return ""


def _odt_level(block: Element | list[list[str]], titled: bool) -> int:
    if isinstance(block, list):
        return -1
    if local(block) == "h":
        level = attribute(block, "outline-level")
        return (int(level) if level.isdigit() else 1) + titled
    return 1 if attribute(block, "style-name") == "Title" else -1


def _add(
    builder: Builder,
    blocks: Iterator[tuple[Element | list[list[str]], int]],
    listed: Callable[[Element], bool],
) -> None:
    was_item = False
    for block, level in blocks:
        if isinstance(block, list):
            for index, row in enumerate(block):
                builder.row(row, first=index == 0)
            was_item = False
        elif level >= 1:
            builder.heading(_text(block), min(level, 9))
            was_item = False
        else:
            item = listed(block)
            text = _text(block).strip()
            if text:
                builder.paragraph(
                    ("- " if item else "") + text, "\n" if item and was_item else "\n\n"
                )
                was_item = item


def _blocks(body: Element, table: str, row: str, cell: str) -> Iterator[Element | list[list[str]]]:
    """Yield paragraphs and, for each outermost table, its rows of cells, in order."""
    for element in body:
        name = local(element)
        if name == table:
            yield [
                [_text(part) for part in line if local(part) in (cell, "sdt")]
                for line in element.iter(f"{{*}}{row}")
                if next(line.iterancestors(f"{{*}}{table}"), None) is element
            ]
        elif name in ("p", "h"):
            yield element
        elif name and name not in _NOT_TEXT:
            yield from _blocks(element, table, row, cell)


def _text(element: Element) -> str:
    parts: list[str] = []
    _collect(element, parts)
    return "".join(parts)


def _collect(element: Element, parts: list[str]) -> None:
    word = element.nsmap.get(element.prefix, "").endswith("wordprocessingml/2006/main")
    if element.text and (not word or local(element) == "t"):
        parts.append(element.text)
    for child in element:
        name = local(child)
        if name in _SPACE:
            parts.append(_SPACE[name])
        elif name and name not in _NOT_TEXT:
            _collect(child, parts)
            if name in ("p", "h"):
                parts.append(" ")
        if child.tail and not word:
            parts.append(child.tail)


def _style(paragraph: Element | list[list[str]]) -> str:
    if isinstance(paragraph, list):
        return ""
    style = next(paragraph.iter("{*}pStyle"), None)
    return attribute(style, "val") if style is not None else ""


def _levels(styles: Element) -> dict[str, int]:
    """Return the heading level of each paragraph style; 0 is the title of the document."""
    levels: dict[str, int] = {}
    for style in styles.iter("{*}style"):
        name = next((attribute(e, "val") for e in style if local(e) == "name"), "")
        outline = next((attribute(e, "val") for e in style.iter("{*}outlineLvl")), "")
        heading = _HEADING.match(name)
        if heading:
            levels[attribute(style, "styleId")] = int(heading.group(1))
        elif _TITLE.fullmatch(name):
            levels[attribute(style, "styleId")] = 0
        elif outline.isdigit() and int(outline) < 9:
            levels[attribute(style, "styleId")] = int(outline) + 1
    return levels
