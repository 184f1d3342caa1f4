"""Markdown: headings as written; links, emphasis and images reduced to their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.errors import ReadError
from assistant.language import normalise
from assistant.readers.builder import Builder
from assistant.readers.text import read_text

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"""^title[ \t]*:[ \t]*(["']?)(.+?)\1[ \t]*$""", re.MULTILINE)
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"[ \t]*\{[#.][^{}\n]*\}[ \t]*$")


def read_markdown(text: str, builder: Builder) -> str:
    """Add Markdown to ``builder``; return the title of the front matter, or nothing."""
    text = normalise(text)
    front = _FRONT.match(text)
    title = _TITLE.search(front.group(1)) if front else None
    body = text[front.end() :] if front else text
    _Walk(builder).walk(_tokens(body))
    if builder.empty:  # nested too deeply, or a fence never closed: the words still count
        read_text(_TAG.sub(" ", body), builder)
    return title.group(2) if title else ""


def _tokens(text: str) -> list[Token]:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


class _Walk:
    """Follows the flat list of tokens and remembers which list or table it is in."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.mark = ""
        self.counters: list[int | None] = []
        self.cells: list[str] | None = None
        self.joined = False

    def walk(self, tokens: list[Token]) -> None:
        for index, token in enumerate(tokens):
            kind = token.type
            if kind == "inline":
                self._inline(token, tokens[index - 1])
            elif kind in ("fence", "code_block"):
                self._paragraph(token.content.rstrip("\n"))
            elif kind == "html_block":
                self._html(token.content)
            else:
                self._structure(kind, token)

    def _structure(self, kind: str, token: Token) -> None:
        if kind == "bullet_list_open":
            self.counters.append(None)
        elif kind == "ordered_list_open":
            self.counters.append(int(token.attrGet("start") or 1))
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self.counters.pop()
            self.joined = bool(self.counters)
        elif kind == "list_item_open":
            self.mark = self._next_mark()
        elif kind == "table_open":
            self.joined = False
        elif kind == "tr_open":
            self.cells = []
        elif kind == "tr_close":
            self.builder.row(self.cells or [], first=not self.joined)
            self.cells, self.joined = None, True
        elif kind == "table_close":
            self.joined = False

    def _next_mark(self) -> str:
        number = self.counters[-1]
        if number is None:
            return "- "
        self.counters[-1] = number + 1
        return f"{number}. "

    def _inline(self, token: Token, opening: Token) -> None:
        text = _words(token.children or [])
        if opening.type == "heading_open":
            self.builder.heading(_ATTRIBUTES.sub("", text), int(opening.tag[1]))
            self.mark, self.joined = "", False
        elif self.cells is not None:
            self.cells.append(text)
        else:
            self._paragraph(text)

    def _paragraph(self, text: str) -> None:
        separator = "\n" if self.mark and self.joined else "\n\n"
        self.builder.paragraph(self.mark + text if text.strip() else "", separator)
        self.joined, self.mark = bool(self.counters), ""

    def _html(self, content: str) -> None:
        from assistant.readers.html import read_html

        try:
            read_html(content, self.builder, fragment=True)
        except ReadError:
            self.builder.prose(_TAG.sub(" ", content))


def _words(tokens: list[Token]) -> str:
    """Return the words of inline tokens: no marks, no addresses, no pictures."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak") or _BREAK.fullmatch(token.content):
            parts.append("\n" if token.type == "hardbreak" else " ")
    return "".join(parts)
