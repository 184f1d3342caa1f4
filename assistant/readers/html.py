"""HTML: the words of the main content; scripts, navigation and forms are dropped."""

# ruff: noqa: SIM905

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.errors import ReadError
from assistant.readers.builder import Builder
from assistant.readers.messages import BROKEN

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

_DROPPED = frozenset(
    "script style noscript template nav aside footer form button select textarea input iframe "
    "object embed svg math canvas audio video img picture map dialog head link meta".split()
)
_DROPPED_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption "
    "figure header hgroup hr html legend li main menu ol p pre section summary table tbody td "
    "tfoot th thead title tr ul".split()
)
_DROPPED_CLASSES = frozenset(
    "nav navbar navigation navheader navfooter docnav menu sidebar breadcrumb breadcrumbs toc "
    "footer site-header site-footer cookie-banner skip-link sr-only visually-hidden".split()
)
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def read_html(text: str | bytes, builder: Builder, *, fragment: bool = False) -> str:
    """Add the content of an HTML page to ``builder``; return the page's title, or nothing."""
    root = _parse(text)
    if root is None:
        return ""
    title = root.findtext(".//title") or ""
    content = root if fragment else _main(root)
    _Walk(builder).walk(content)
    return title


def _parse(text: str | bytes) -> HtmlElement | None:
    from lxml import etree, html  # type: ignore[import-untyped]

    raw = text.encode() if isinstance(text, str) else text
    if not raw.strip():
        return None
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = html.document_fromstring(raw, parser=parser, ensure_head_body=False)
    except etree.ParserError:
        return None
    except (etree.XMLSyntaxError, AssertionError) as error:
        raise ReadError(*BROKEN) from error
    # Beyond a depth of 2048 the parser stops and says so; half a page is not a page.
    if any("depth" in entry.message for entry in parser.error_log):
        raise ReadError(*BROKEN)
    return root


def _main(root: HtmlElement) -> HtmlElement:
    """Return the part that says it is the content and has most of the words, or the body."""
    body = root.find(".//body")
    body = root if body is None else body
    marked = [*body.iter("main"), *body.xpath(".//*[@role='main']"), *body.iter("article")]
    whole = len(body.text_content())
    return next((part for part in marked if len(part.text_content()) * 3 >= whole), body)


class _Walk:
    """Goes through the tree without recursion: depth in a page is not bounded."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.words: list[str] = []
        self.level = 0
        self.cells: list[str] | None = None
        self.rows = 0
        self.pre = 0
        self.items = 0
        self.mark = ""
        self.listed = False
        # Until the first heading a page shows buttons and paths: only sentences count there.
        self.before = False

    def walk(self, root: HtmlElement) -> None:
        self.before = self.builder.empty and next(root.iter(*_HEADINGS), None) is not None
        stack: list[tuple[HtmlElement, bool]] = [(root, False)]
        while stack:
            element, closing = stack.pop()
            if closing:
                self._close(str(element.tag))
                if element is not root:
                    self._add(element.tail)
            elif not isinstance(element.tag, str) or _dropped(element):
                if element is not root:
                    self._add(element.tail)
            else:
                self._open(element.tag)
                self._add(element.text)
                stack.append((element, True))
                stack.extend((child, False) for child in reversed(element))
        self._flush()

    def _add(self, text: str | None) -> None:
        if text:
            self.words.append(text)

    def _open(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._flush()
            self.level = _HEADINGS[tag]
        elif tag == "br":
            self.words.append("\n" if self.pre else " ")
        elif tag in _BLOCKS and self.cells is None:
            self._flush()
        if tag == "tr":
            self._flush()
            self.cells = []
        elif tag == "table":
            self.rows = 0
        elif tag == "pre":
            self.pre += 1
        elif tag == "li":
            self.items += 1
            self.mark = "- "

    def _close(self, tag: str) -> None:
        if tag in ("td", "th") and self.cells is not None:
            self.cells.append("".join(self.words))
            self.words = []
        elif tag == "tr" and self.cells is not None:
            cells, self.cells = [*self.cells, "".join(self.words)], None
            self.words = []
            self.builder.row(cells, first=self.rows == 0)
            self.rows += 1
        elif tag in _HEADINGS or (tag in _BLOCKS and self.cells is None):
            self._flush()
        if tag == "pre":
            self.pre -= 1
        elif tag == "li":
            self.items = max(0, self.items - 1)

    def _flush(self) -> None:
        text, self.words = "".join(self.words), []
        if self.level:
            self.builder.heading(text, self.level)
            self.level = 0
            self.before = False
        elif self.before and text.strip()[-1:] not in tuple(".!?…。！？؟"):
            return
        elif self.pre:
            self.builder.paragraph(text)
        elif text.strip():
            separator = "\n" if self.listed and self.mark else "\n\n"
            self.builder.prose(self.mark + text, separator)
            self.listed, self.mark = bool(self.items), ""


def _dropped(element: HtmlElement) -> bool:
    if element.tag in _DROPPED or element.get("role") in _DROPPED_ROLES:
        return True
    if not _DROPPED_CLASSES.isdisjoint((element.get("class") or "").split()):
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    return bool(_HIDDEN.search(element.get("style") or ""))
