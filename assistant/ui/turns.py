"""A question and its answer as HTML: what the conversation shows."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from assistant import phrases
from assistant.render import body_html, clean, direction, escape_html
from assistant.types import Answer, Citation, Hit, Unit
from assistant.ui.icons import icon
from assistant.ui.keeping import Turn, to_record
from assistant.ui.words import Words

SHOWN_QUESTION = 2000
"""Characters of a question that are shown; the rest is cut with an ellipsis."""


def turn_html(turn: Turn, words: Words) -> str:
    """Return the finished turn: question, answer with its proofs, and what can be done with it."""
    answer = turn.answer
    record = json.dumps(to_record(turn), ensure_ascii=False)
    text = _without_nearest(answer) if answer.suggestions else answer.text
    body = body_html(
        text, answer.citations, lambda citation: cite_button(citation, words, turn.stale)
    )
    spoken = escape_html(answer.language)
    inner = [
        _understood(answer, words),
        f'<div class="answer" lang="{spoken}" dir="{direction(answer.language)}">'
        f"{_silence(answer, words)}{body}</div>",
        _written_by(answer, words),
        _proofs(answer.citations, words, turn.stale),
        _nearest(answer.suggestions, words),
        _actions(turn, words),
    ]
    return _article(turn.id, answer.status, answer.question, "".join(inner), record)


def waiting_html(identity: str, question: str, text: str, words: Words) -> str:
    """Return the turn while its answer is being written."""
    shown = (
        body_html(text) if text else f'<p class="searching">{escape_html(words("searching"))}</p>'
    )
    return _article(identity, "waiting", question, f'<div class="answer" dir="auto">{shown}</div>')


def failed_html(
    identity: str, question: str, sentence: str, words: Words, again: float | None = None
) -> str:
    """Return the turn that could not be answered, with the sentence that says what to do.

    ``again`` is given where the cause can pass: the page asks again by itself, no sooner than
    that many seconds later.
    """
    retry = (
        f'<button type="button" class="quiet" data-ask="{escape_html(question[:SHOWN_QUESTION])}">'
        f"{icon('again')}{escape_html(words('retry'))}</button>"
    )
    inner = (
        f'<div class="answer" dir="auto"><p>{escape_html(sentence)}</p>'
        f"{_recovers(again, words)}{retry}</div>"
    )
    return _article(identity, "failed", question, inner)


def _recovers(again: float | None, words: Words) -> str:
    if again is None:
        return ""
    seconds = math.ceil(again)
    return f'<p class="recovers" data-again="{seconds}">{escape_html(words("recovers"))}</p>'


def _article(identity: str, state: str, question: str, inner: str, record: str = "") -> str:
    asked = clean(question)
    asked = asked if len(asked) <= SHOWN_QUESTION else asked[:SHOWN_QUESTION] + "…"
    kept = f' data-record="{escape_html(record)}"' if record else ""
    name = escape_html(identity)
    return (
        f'<article class="turn" id="turn-{name}" data-turn="{name}" data-state="{state}"{kept}>'
        f'<h3 class="asked" dir="auto">{escape_html(asked)}</h3>'
        f"{inner}</article>"
    )


def cite_button(citation: Citation, words: Words, stale: frozenset[int] = frozenset()) -> str:
    """Return the control that opens the citation's source."""
    label = words("open_source", number=citation.number, unit=citation.unit)
    return (
        f'<button type="button" class="cite" aria-label="{escape_html(label)}"'
        f"{_place(citation, citation.number in stale)}>{citation.number}</button>"
    )


def _place(citation: Citation, stale: bool) -> str:
    marks = ",".join(f"{start}-{end}" for start, end in citation.marks)
    return (
        f' data-source="{escape_html(citation.unit_id)}" data-start="{citation.start}"'
        f' data-end="{citation.end}" data-marks="{marks}" data-number="{citation.number}"'
        f' data-quote="{escape_html(citation.quote[:400])}"' + (' data-stale=""' if stale else "")
    )


def _understood(answer: Answer, words: Words) -> str:
    if not answer.understood:
        return ""
    full = escape_html(answer.understood)
    sentence = phrases.say(words.language, "understood", question=answer.understood)
    return (
        f'<p class="understood" dir="auto">{escape_html(sentence)} '
        f'<button type="button" class="link" data-edit="{full}">{escape_html(words("edit"))}'
        "</button></p>"
    )


def _silence(answer: Answer, words: Words) -> str:
    if answer.status == "answered":
        return ""
    return f'<p class="silence">{icon("silence")}{escape_html(words("silence"))}</p>'


def _written_by(answer: Answer, words: Words) -> str:
    if not answer.written_by:
        return ""
    sentence = phrases.say(words.language, "written_by", model=answer.written_by)
    return f'<p class="written" dir="auto">{escape_html(sentence)}</p>'


def _without_nearest(answer: Answer) -> str:
    """Return the text without the list of nearest units, which the page shows as controls."""
    names = {unit.heading for unit in answer.suggestions}
    nearest = phrases.say(answer.language, "nearest")
    kept = [
        line
        for line in answer.text.split("\n")
        if line.strip() != nearest and line.removeprefix("– ") not in names
    ]
    return "\n".join(kept)


def _proofs(citations: Sequence[Citation], words: Words, stale: frozenset[int]) -> str:
    if not citations:
        return ""
    items = "".join(
        f'<li><button type="button" class="proof"{_place(c, c.number in stale)}>'
        f'<span class="number" aria-hidden="true">{c.number}</span>'
        f'<span class="path" lang="{escape_html(c.language)}" dir="auto">{trail(c.path)}</span>'
        + (f'<span class="stale">{escape_html(words("stale"))}</span>' if c.number in stale else "")
        + "</button></li>"
        for c in citations
    )
    title = escape_html(words("sources"))
    return (
        f'<section class="proofs" aria-label="{title}"><h4>{title}</h4><ol>{items}</ol></section>'
    )


def trail(path: Sequence[str]) -> str:
    """Return the headings from the top, the last one standing out."""
    above = "".join(
        f'<span class="above">{escape_html(heading)}</span><span class="sep" aria-hidden="true">›'
        "</span>"
        for heading in path[:-1]
    )
    return f"{above}<b>{escape_html(path[-1])}</b>" if path else ""


def _nearest(suggestions: Sequence[Unit], words: Words) -> str:
    if not suggestions:
        return ""
    items = "".join(
        f'<li><button type="button" class="proof" data-source="{escape_html(unit.id)}">'
        f'{icon("open")}<span class="path" dir="auto">{trail(unit.path)}</span></button></li>'
        for unit in suggestions
    )
    title = escape_html(words("nearest"))
    return (
        f'<section class="proofs nearest" aria-label="{title}"><h4>{title}</h4><ul>{items}</ul>'
        f'<p class="rephrase">{escape_html(words("rephrase"))}</p></section>'
    )


def _actions(turn: Turn, words: Words) -> str:
    def button(name: str, label: str, extra: str = "") -> str:
        text = escape_html(words(label))
        return (
            f'<button type="button" class="quiet icon" data-do="{name}" title="{text}"'
            f' aria-label="{text}"{extra}>{icon(name)}</button>'
        )

    seconds = f"{turn.answer.seconds:.2f}".replace(".", words("decimal"))
    return (
        '<div class="actions">'
        + button("good", "good", ' aria-pressed="false"')
        + button("bad", "bad", ' aria-pressed="false"')
        + button("copy", "copy_answer")
        + button("link", "copy_link")
        + f'<span class="took">{escape_html(words("took", seconds=seconds))}</span></div>'
        + _why(turn.answer.retrieved, words)
    )


def _why(retrieved: Sequence[Hit], words: Words) -> str:
    if not retrieved:
        return ""
    bars = _bars([hit.score for hit in retrieved])
    rows = "".join(
        f'<li><button type="button" class="candidate" data-source="{escape_html(hit.unit.id)}">'
        f'<span dir="auto">{escape_html(hit.unit.heading)}</span>'
        f'<meter min="0" max="100" value="{bar}"'
        f' aria-label="{escape_html(words("score"))}"></meter></button></li>'
        for hit, bar in zip(retrieved, bars, strict=True)
    )
    return (
        f'<details class="why"><summary>{escape_html(words("why"))}</summary>'
        f"<p>{escape_html(words('why_text'))}</p><ol>{rows}</ol></details>"
    )


def _bars(scores: Sequence[float]) -> list[int]:
    """Return the scores as lengths from 5 to 100: what matters is how they differ."""
    low, best = min(scores), max(scores)
    return [100 if best == low else round(5 + 95 * (s - low) / (best - low)) for s in scores]
