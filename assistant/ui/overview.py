"""The whole corpus as HTML: its heading tree, and the table of its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assistant.phrases import language_name
from assistant.render import escape_html
from assistant.types import Corpus, Unit
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
    return f'<div class="outline"><h2 class="unseen">{title}</h2>{"".join(parts)}</div>'


def documents_html(corpus: Corpus, words: Words) -> str:
    """Return the table of what is indexed."""
    units = Counter(unit.document for unit in corpus.units.values())
    passages = Counter(passage.document for passage in corpus.passages)
    columns = ("column_document", "column_language", "column_units", "column_passages")
    head = "".join(f'<th scope="col">{escape_html(words(key))}</th>' for key in columns)
    rows = "".join(
        f'<tr><th scope="row"><span dir="auto">{escape_html(d.title)}</span>'
        f"<small>{escape_html(d.id)}</small></th>"
        f"<td>{escape_html(language_name(d.language, words.language))}</td>"
        f"<td>{words.number(units[d.id])}</td><td>{words.number(passages[d.id])}</td></tr>"
        for d in sorted(corpus.documents.values(), key=lambda d: d.id)
    )
    return (
        f'<div class="documents"><h2>{escape_html(words("documents_title"))}</h2>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{escape_html(words('documents_how'))}</p>"
        f"<p>{escape_html(words('generation', generation=corpus.generation))}</p></div>"
    )
