"""The wrong rows of a run as HTML: what was asked, expected and answered, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Row = Mapping[str, Any]


def what_happened(row: Row) -> str:
    """Return in a few words why a row is wrong, "" when it is right."""
    if not row["wrong"]:
        return ""
    if not row["answerable"]:
        return "answered, though the text does not say"
    if not row["answered"]:
        return "silent, though the text says it"
    if row["kind"] in ("list", "structure"):
        return "not the whole set, or more than it"
    return "right unit, other quote" if row["scores"].get("unit@1") else "other unit"


def wrong_rows(rows: Sequence[Row]) -> str:
    """Return the section of all wrong rows with its filters; the surest mistakes come first."""
    wrong = sorted(
        (row for row in rows if row["wrong"]), key=lambda row: (-row["confidence"], row["id"])
    )
    filters = "".join(
        _select(key, title, sorted({get(row) for row in wrong}))
        for key, title, get in (
            ("half", "Half", lambda row: str(row["half"])),
            ("kind", "Kind", lambda row: str(row["kind"])),
            ("language", "Language", lambda row: str(row["language"])),
            ("what", "What happened", what_happened),
        )
    )
    return (
        f"<h2>Every wrong row</h2><p>{len(wrong)} of {len(rows)}, the surest first.</p>"
        f"<form class='filters'>{filters}<label>Words<input name='words' type='search'></label>"
        f"<output></output></form>{''.join(_row(row) for row in wrong)}"
    )


def _select(key: str, title: str, values: Sequence[str]) -> str:
    options = "".join(f"<option>{escape(v)}</option>" for v in values)
    choice = f"<select name='{key}'><option value=''>all</option>{options}</select>"
    return f"<label>{title}{choice}</label>"


def _row(row: Row) -> str:
    what = what_happened(row)
    data = " ".join(
        f'data-{key}="{escape(str(value))}"'
        for key, value in (
            ("half", row["half"]),
            ("kind", row["kind"]),
            ("language", row["language"]),
            ("what", what),
        )
    )
    scope = f" · {row['scope']}" if row["scope"] else ""
    meta = f"{row['id']} · {row['half']} · {row['language']} · {row['kind']}{scope}"
    return (
        f"<details class='row' {data}><summary><span class='q' dir='auto'>"
        f"{escape(row['question'])}</span><span class='what'>{escape(what)}</span>"
        f"<span class='meta'>{escape(meta)} · confidence {row['confidence']:.2f}</span></summary>"
        f"<div class='detail'>{_facts(row)}{_hits(row)}</div></details>"
    )


def _facts(row: Row) -> str:
    facts = []
    if row["history"]:
        facts.append(("Asked before", escape("\n".join(row["history"]))))
    if row["understood"]:
        facts.append(("Understood as", escape(row["understood"])))
    expected = escape("\n".join((*row["units"], *row["alternatives"]))) or "silence"
    facts.append(("Expected", expected))
    if row["spans"]:
        facts.append(("Proof", "".join(_quote(span) for span in row["spans"])))
    facts.append(("Answered" if row["answered"] else "Silent", escape(row["answer"])))
    if row["citations"]:
        quotes = "".join(_quote(c["quote"], c["unit"]) for c in row["citations"])
        facts.append(("Quoted", quotes))
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{text}</dd>' for name, text in facts)}</dl>"


def _quote(text: str, unit: str = "") -> str:
    source = f"<span class='signals'>{escape(unit)}</span><br>" if unit else ""
    return f"<blockquote>{source}{escape(text)}</blockquote>"


def _hits(row: Row) -> str:
    right = {*row["units"], *row["alternatives"]}
    body = "".join(
        f"<tr{' class=hit' if hit['unit'] in right else ''}><td>{rank}</td>"
        f"<td>{escape(hit['unit'])}<div class='signals'>{escape(_signals(hit))}</div></td>"
        f"<td class='number'>{hit['score']:.3f}</td></tr>"
        for rank, hit in enumerate(row["ranked"], start=1)
    )
    if not body:
        return ""
    head = "<th></th><th>Found, and why</th><th class='number'>score</th>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _signals(hit: Row) -> str:
    return " · ".join(f"{name} {value:.3g}" for name, value in sorted(hit["signals"].items()))
