"""A unit as HTML: what the sources panel shows beside the conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.render import Spans, clean, direction, escape_html, pieces
from assistant.types import Corpus, Document, Unit
from assistant.ui.icons import icon
from assistant.ui.outline import tree
from assistant.ui.words import Words

Span = tuple[int, int]


def source_html(
    corpus: Corpus, unit: Unit, words: Words, quote: Span | None = None, marks: Spans = ()
) -> str:
    """Return the whole unit, ``quote`` highlighted in it and ``marks`` stronger.

    ``quote`` and ``marks`` are offsets in the document; what lies outside the unit is left out.
    """
    document = corpus.documents[unit.document]
    outline = tree(corpus)
    before, after = outline.around(unit)
    spans = [quote] if quote else []
    where = _where(document, unit, words, quote)
    spoken = f'lang="{escape_html(document.language)}" dir="{direction(document.language)}"'
    title = _marked(document.text, unit.heading_start, unit.heading_end, spans, marks)
    return "".join(
        [
            f'<article class="source" data-unit="{escape_html(unit.id)}">',
            _crumbs(corpus, unit, words),
            f'<h2 {spoken} tabindex="-1">{title or escape_html(unit.heading)}</h2>',
            f'<p class="where">{icon("documents")}<span>{escape_html(where)}</span></p>',
            f'<div class="unit-text" {spoken}>{_text(document, unit, spans, marks, words)}</div>',
            _below(outline.below.get(unit.id, ()), words),
            _tools(unit, words, quote is not None),
            _neighbours(before, after, words),
            "</article>",
        ]
    )


def _where(document: Document, unit: Unit, words: Words, quote: Span | None) -> str:
    at = quote[0] if quote else unit.start
    page = next((p.number for p in document.pages if p.start <= at < p.end), None)
    return f"{document.id} · {words('page', number=page)}" if page else document.id


def _crumbs(corpus: Corpus, unit: Unit, words: Words) -> str:
    above: list[Unit] = []
    parent = corpus.units.get(unit.parent or "")
    while parent is not None and len(above) < 30:
        above.insert(0, parent)
        parent = corpus.units.get(parent.parent or "")
    if not above:
        return ""
    items = "".join(
        f'<li><button type="button" class="link" data-source="{escape_html(u.id)}" dir="auto">'
        f"{escape_html(u.heading)}</button></li>"
        for u in above
    )
    return f'<nav class="crumbs" aria-label="{escape_html(words("path"))}"><ol>{items}</ol></nav>'


def _text(document: Document, unit: Unit, quotes: Spans, marks: Spans, words: Words) -> str:
    paragraphs = [
        "".join(_marked(document.text, *part, quotes, marks) for part in _content(document, *line))
        for line in _lines(document.text, unit, quotes)
    ]
    shown = "".join(f"<p>{p}</p>" for p in paragraphs if p.strip())
    return shown or f'<p class="empty">{escape_html(words("no_text"))}</p>'


def _lines(text: str, unit: Unit, quotes: Spans) -> Iterator[Span]:
    """Yield the unit's lines; a line break inside a quote does not end one."""
    start = unit.start
    while start < unit.end:
        end = text.find("\n", start, unit.end)
        while end >= 0 and any(a < end < b for a, b in quotes):
            end = text.find("\n", end + 1, unit.end)
        end = unit.end if end < 0 else end
        yield start, end
        start = end + 1


def _content(document: Document, start: int, end: int) -> Iterator[Span]:
    """Yield what of a line is content: link remains and navigation are left out."""
    for a, b in sorted(document.noise):
        if start < b and a < end:
            if start < a:
                yield start, a
            start = min(b, end)
    if start < end:
        yield start, end


def _marked(text: str, start: int, end: int, quotes: Spans, marks: Spans) -> str:
    out: list[str] = []
    at = start
    for part, quoted in pieces(text[start:end], start, quotes):
        if quoted:
            inner = "".join(
                f"<mark>{escape_html(p)}</mark>" if marked else escape_html(p)
                for p, marked in pieces(part, at, marks)
            )
            out.append(f'<span class="quote">{inner}</span>')
        else:
            out.append(escape_html(part))
        at += len(part)
    return "".join(out)


def _below(units: Sequence[Unit], words: Words) -> str:
    if not units:
        return ""
    items = "".join(
        f'<li><button type="button" class="link" data-source="{escape_html(u.id)}" dir="auto">'
        f"{escape_html(u.heading)}</button></li>"
        for u in units
    )
    title = escape_html(words("below", count=words.number(len(units))))
    return f'<section class="below"><h3>{title}</h3><ul>{items}</ul></section>'


def _tools(unit: Unit, words: Words, quoted: bool) -> str:
    def button(name: str, label: str, extra: str = "") -> str:
        return (
            f'<button type="button" class="tool" data-do="{name}"{extra}>{icon(name)}'
            f"<span>{escape_html(words(label))}</span></button>"
        )

    about = escape_html(clean(words("example_unit", unit=unit.heading)))
    return (
        '<div class="tools">'
        + button("copy", "copy_quote" if quoted else "copy_text")
        + button("link", "copy_place")
        + button("ask", "ask_about", f' data-edit="{about}"')
        + "</div>"
    )


def _neighbours(before: Unit | None, after: Unit | None, words: Words) -> str:
    def button(unit: Unit | None, side: str) -> str:
        if unit is None:
            return "<span></span>"
        return (
            f'<button type="button" class="{side}" data-source="{escape_html(unit.id)}">'
            f"{icon(side)}<span><small>{escape_html(words(side))}</small>"
            f'<span dir="auto">{escape_html(unit.heading)}</span></span></button>'
        )

    return (
        f'<nav class="neighbours" aria-label="{escape_html(words("neighbours"))}">'
        f"{button(before, 'previous')}{button(after, 'next')}</nav>"
    )
