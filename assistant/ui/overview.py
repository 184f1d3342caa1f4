"""The whole corpus as HTML: its heading tree."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.render import escape_html
from assistant.types import Corpus, Unit
from assistant.ui.icons import icon
from assistant.ui.outline import tree
from assistant.ui.words import Words


def outline_html(corpus: Corpus, words: Words) -> str:
    """Return the heading tree as nested lists; each unit opens its source."""
    outline = tree(corpus)

    def branch(units: Sequence[Unit], depth: int) -> str:
        if not units or depth > 12:
            return ""
        items = "".join(
            f'<li><button type="button" data-source="{escape_html(u.id)}" dir="auto">'
            f"{escape_html(u.heading)}</button>"
            f"{branch(outline.below.get(u.id, ()), depth + 1)}</li>"
            for u in units
        )
        return f"<ul>{items}</ul>"

    parts = []
    for document in sorted(corpus.documents.values(), key=lambda d: d.id):
        roots = tuple(u for u in outline.roots if u.document == document.id)
        title = f'<span dir="auto">{escape_html(document.title)}</span>'
        if len(roots) == 1 and roots[0].heading == document.title:
            identity = escape_html(roots[0].id)
            title = f'<button type="button" data-source="{identity}">{title}</button>'
            roots = outline.below.get(roots[0].id, ())
        parts.append(
            f"<section><h3>{title}<small>{escape_html(document.id)}</small></h3>"
            f"{branch(roots, 0)}</section>"
        )
    title = escape_html(words("plan_title"))
    chart = (
        '<button type="button" class="quiet to-chart" data-do="chart">'
        f"{icon('tree')}<span>{escape_html(words('chart_open'))}</span></button>"
    )
    return (
        f'<h2 class="unseen">{title}</h2>{chart if parts else ""}'
        f'<div class="outline">{"".join(parts)}</div>'
    )
