"""Readers' words as rows of an evaluation, for `assistant eval --questions`. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]


def rows(kept: Iterable[Mapping[str, Any]], unresolved: bool = False) -> list[Row]:
    """Return a row for each question of which it is known what is right; the last word counts.

    A good answer is right as it was given; what should have been silence is unanswerable. Of other
    wrong answers only a person can say what would be right: with ``unresolved`` they come with
    empty ``units`` and ``spans``, to be filled in. A follow-up stands as it was understood. What a
    reader's browser sent is not believed to be of the documents: `python -m evals check` looks.
    """
    found: dict[str, Row | None] = {}
    for said in kept:
        turn = said.get("turn")
        if not isinstance(turn, Mapping) or not turn.get("question"):
            continue
        question = str(turn.get("understood") or turn["question"]).strip()
        found.pop(question, None)
        found[question] = _row(question, said, turn, unresolved)
    return [row for row in found.values() if row is not None]


def _row(
    question: str, said: Mapping[str, Any], turn: Mapping[str, Any], unresolved: bool
) -> Row | None:
    good = said.get("verdict") == "good"
    cited = [c for c in turn.get("citations") or () if isinstance(c, Mapping)]
    if said.get("reason") == "should_be_silent" or (good and turn.get("status") != "answered"):
        return _question(question, turn, "unanswerable", scope="near")
    if not good:
        return _question(question, turn, "fact") if unresolved else None
    units = list(dict.fromkeys(str(c["unit"]) for c in cited))
    spans = [span for c in cited for span in _spans(c)]
    kind = "list" if len(units) > 1 else "fact"
    return _question(question, turn, kind, units=units, spans=spans) if spans else None


def _question(question: str, turn: Mapping[str, Any], kind: str, **more: Any) -> Row:
    digest = hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:12]
    return {
        "id": f"feedback-{digest}",
        "question": question,
        "language": str(turn.get("language", "")),
        "kind": kind,
        "answerable": kind != "unanswerable",
        "units": [],
        "spans": [],
        "history": [],
        **more,
    }


def _spans(citation: Mapping[str, Any]) -> list[str]:
    """Return the words of the quote that answer, or the whole quote where none are marked."""
    quote, start = str(citation["quote"]), int(citation["start"])
    marked = [
        quote[a - start : b - start].strip()
        for a, b in citation.get("marks") or ()
        if start <= a < b <= start + len(quote)
    ]
    return [text for text in marked if text] or [quote]
