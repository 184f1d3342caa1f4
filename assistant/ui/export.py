"""A conversation to take away: Markdown, one self-contained HTML file, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from assistant.render import (
    answer_markdown,
    body_html,
    direction,
    escape_html,
    escape_markdown,
    quoted,
    reference,
    understood,
    written_by,
)
from assistant.types import Citation
from assistant.ui.keeping import Turn, to_record
from assistant.ui.words import Words

_STYLE = """
body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:17px/1.6 Georgia,serif;color:#17232b}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}li,p{overflow-wrap:anywhere}
mark{background:#ffdf6b;font-weight:600}q{quotes:none}.sources{font:0.9rem/1.5 sans-serif}
.note{color:#55606a;font:0.9rem sans-serif}
@media(prefers-color-scheme:dark){body{background:#12191e;color:#ebe7dd}
mark{background:#6a5500;color:inherit}.note{color:#a9b2b5}}
"""


def as_markdown(title: str, turns: Sequence[Turn], words: Words) -> str:
    """Return the conversation as Markdown that shows nothing but text."""
    written = (answer_markdown(t.answer, dict.fromkeys(t.stale, words("stale"))) for t in turns)
    return "\n".join([f"# {escape_markdown(title)}\n", *written])


def as_json(title: str, turns: Sequence[Turn]) -> str:
    """Return the conversation as JSON, every citation with document, offsets and words.

    ``stale`` are the numbers of those that no longer stand so in their document.
    """
    told = [{**to_record(turn), "stale": sorted(turn.stale)} for turn in turns]
    record = {"title": title, "turns": told}
    return json.dumps(record, ensure_ascii=False, indent=2)


def as_html(title: str, turns: Sequence[Turn], words: Words) -> str:
    """Return the conversation as one HTML file that asks nothing of any server."""
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape_html(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape_html(title)}</h1>{''.join(_section(t, words) for t in turns)}</body></html>"
    )


def _section(turn: Turn, words: Words) -> str:
    answer = turn.answer
    spoken = f'lang="{escape_html(answer.language)}" dir="{direction(answer.language)}"'
    note = f'<p class="note">{escape_html(understood(answer))}</p>' if answer.understood else ""
    body = body_html(
        answer.text,
        answer.citations,
        lambda c: f'<a href="#{escape_html(turn.id)}-{c.number}">[{c.number}]</a>',
    )
    author = f'<p class="note">{escape_html(written_by(answer))}</p>' if answer.written_by else ""
    sources = "".join(_source(turn, citation, words) for citation in answer.citations)
    listed = f'<ol class="sources" aria-label="{escape_html(words("sources"))}">{sources}</ol>'
    return (
        f'<section><h2 dir="auto">{escape_html(answer.question)}</h2>{note}'
        f"<div {spoken}>{body}</div>{author}{listed if sources else ''}</section>"
    )


def _source(turn: Turn, citation: Citation, words: Words) -> str:
    shown = escape_html(reference(citation))
    if turn.answer.written_by:
        said = f'lang="{escape_html(citation.language)}" dir="{direction(citation.language)}"'
        shown += f" <q {said}>{escape_html(quoted(citation))}</q>"
    if citation.number in turn.stale:
        shown += f" <strong>({escape_html(words('stale'))})</strong>"
    place = f"{escape_html(turn.id)}-{citation.number}"
    return f'<li id="{place}" value="{citation.number}">{shown}</li>'
