"""The one place where an Answer becomes something to read: terminal, Markdown, HTML.

An answer's text is cut into lines of runs (plain words, verbatim quotes, marked parts, citation
numbers); each form of output only decides what a run looks like. Everything untrusted passes
``escape_html`` or ``escape_markdown`` here.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Literal

from assistant.phrases import say
from assistant.types import Answer, Citation, IngestReport

Kind = Literal["text", "quote", "mark", "cite"]
Spans = Sequence[tuple[int, int]]

_NUMBER = re.compile(r"\[(\d{1,3})\]")
_ITEM = re.compile(r"^(?:[–•*-]|\d{1,3}[.)])\s+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>&:@/=$^])")
_MARKUP = re.compile(r"[\\`*_\[\]<>&~|$#^@]|:(?=//)|\bwww\.|^\s*[-+=]|^\s*\d+[.)]", re.IGNORECASE)
_ENTITIES = {"\\": "&#92;", "[": "&#91;", "]": "&#93;", "<": "&lt;", ">": "&gt;", "&": "&amp;"}
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
RTL = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of an answer; ``number`` is the citation it belongs to, 0 for plain words."""

    kind: Kind
    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph of an answer, or one item of its list."""

    item: bool
    runs: tuple[Run, ...]


def lines(text: str, citations: Sequence[Citation] = ()) -> list[Line]:
    """Return ``text`` as lines of runs. Brackets inside a quote are the document's, not ours.

    >>> [run.kind for run in lines("Voir [1].")[0].runs]
    ['text']
    """
    found: list[Line] = []
    for raw in _paragraphs(clean(text), citations):
        bare = _ITEM.sub("", raw)
        found.append(Line(bare != raw, tuple(_runs(bare, citations))))
    return found


def clean(text: str) -> str:
    """Return ``text`` without what cannot be seen: controls and changes of direction."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def pieces(text: str, offset: int, spans: Spans) -> Iterator[tuple[str, bool]]:
    """Yield ``text`` cut at ``spans`` (counted from ``offset`` before it), and whether inside."""
    at = 0
    for start, end in _merged(spans):
        begin, finish = max(start - offset, at), min(end - offset, len(text))
        # A highlight that begins or ends with a space looks like a mistake.
        begin += len(text[begin:finish]) - len(text[begin:finish].lstrip())
        finish = begin + len(text[begin:finish].rstrip())
        if begin >= finish:
            continue
        if begin > at:
            yield text[at:begin], False
        yield text[begin:finish], True
        at = finish
    if at < len(text):
        yield text[at:], False


def _merged(spans: Spans) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _paragraphs(text: str, citations: Sequence[Citation]) -> Iterator[str]:
    """Yield the lines of ``text``; a line break inside a quote does not end a line."""
    inside = [(at, at + len(c.quote)) for c in citations for at in _places(text, c.quote)]
    start = 0
    for match in re.finditer(r"\n+|\Z", text):
        if any(a < match.start() < b for a, b in inside):
            continue
        if text[start : match.start()].strip():
            yield text[start : match.start()].strip()
        start = match.end()


def _places(text: str, quote: str) -> Iterator[int]:
    at = text.find(quote) if quote else -1
    while at >= 0:
        yield at
        at = text.find(quote, at + len(quote))


def _runs(text: str, citations: Sequence[Citation]) -> Iterator[Run]:
    at = 0
    for start, citation in _quotes(text, citations):
        yield from _words(text[at:start], citations)
        for part, marked in pieces(citation.quote, citation.start, citation.marks):
            yield Run("mark" if marked else "quote", part, citation.number)
        at = start + len(citation.quote)
    yield from _words(text[at:], citations)


def _quotes(text: str, citations: Sequence[Citation]) -> list[tuple[int, Citation]]:
    """Return where quotes stand: the longest first come, none overlapping, in order."""
    taken: list[tuple[int, Citation]] = []
    for citation in sorted(citations, key=lambda c: (-len(c.quote), c.number)):
        length = len(citation.quote)
        for at in _places(text, citation.quote):
            if all(at + length <= t or at >= t + len(c.quote) for t, c in taken):
                number = _NUMBER.search(text, at + length)
                if number and int(number[1]) != citation.number and _twin(citation, citations):
                    continue
                taken.append((at, citation))
                break
    return sorted(taken, key=lambda pair: pair[0])


def proved(text: str, citations: Sequence[Citation]) -> dict[int, tuple[int, int]]:
    """Return by number which line of ``text`` each citation proves, up to its marker, as offsets.

    ``text`` may be the answer's own or its Markdown. Brackets and line breaks inside a quote are
    the document's. A citation whose marker is not there has the whole text.
    """
    held = [(at, at + len(c.quote)) for at, c in _quotes(text, citations)]

    def ours(match: re.Match[str]) -> bool:
        return not any(a <= match.start() < b for a, b in held)

    starts = [0, *(m.end() for m in filter(ours, re.finditer("\n", text)))]
    found = {c.number: (0, len(text)) for c in citations}
    for match in reversed(list(filter(ours, _NUMBER.finditer(text)))):
        if int(match[1]) in found:
            start = max(start for start in starts if start <= match.start())
            found[int(match[1])] = (start, match.end())
    return found


def _twin(citation: Citation, citations: Sequence[Citation]) -> bool:
    return sum(c.quote == citation.quote for c in citations) > 1


def _words(text: str, citations: Sequence[Citation]) -> Iterator[Run]:
    known = {c.number for c in citations}
    at = 0
    for match in _NUMBER.finditer(text):
        if int(match[1]) in known:
            if match.start() > at:
                yield Run("text", text[at : match.start()])
            yield Run("cite", match[0], int(match[1]))
            at = match.end()
    if at < len(text):
        yield Run("text", text[at:])


# --- HTML ----------------------------------------------------------------------------------


def escape_html(text: str) -> str:
    """Return ``text`` safe between tags and inside quoted attributes."""
    return html.escape(clean(text), quote=True).replace("`", "&#96;")


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``."""
    return "rtl" if language.split("-")[0] in RTL else "ltr"


def body_html(
    text: str, citations: Sequence[Citation] = (), control: Callable[[Citation], str] | None = None
) -> str:
    """Return the answer's text as paragraphs and lists; ``control`` renders each [n]."""
    by_number = {c.number: c for c in citations}
    out: list[str] = []
    listed = False
    for line in lines(text, citations):
        if line.item != listed:
            out.append("<ul>" if line.item else "</ul>")
            listed = line.item
        tag = "li" if line.item else "p"
        out.append(f"<{tag}>{_inline(line.runs, by_number, control)}</{tag}>")
    return "".join(out) + ("</ul>" if listed else "")


def _inline(
    runs: Iterable[Run], by_number: dict[int, Citation], control: Callable[[Citation], str] | None
) -> str:
    out: list[str] = []
    open_quote = 0
    for run in runs:
        quoted = run.number if run.kind in ("quote", "mark") else 0
        if quoted != open_quote:
            out.append("</q>" if open_quote else "")
            if quoted:
                spoken = by_number[quoted].language
                out.append(f'<q lang="{escape_html(spoken)}" dir="{direction(spoken)}">')
            open_quote = quoted
        if run.kind == "cite" and control:
            out.append(control(by_number[run.number]))
        elif run.kind == "mark":
            out.append(f"<mark>{escape_html(run.text)}</mark>")
        else:
            out.append(escape_html(run.text))
    return "".join(out) + ("</q>" if open_quote else "")


# --- Markdown ------------------------------------------------------------------------------


def escape_markdown(text: str) -> str:
    """Return ``text`` so that no Markdown reader sees markup, a link or an image in it."""
    return _MARKDOWN.sub(r"\\\1", clean(text)).replace("\n", " ")


def answer_markdown(answer: Answer, notes: Mapping[int, str] | None = None) -> str:
    """Return the answer with its question, sources numbered below it, each with its note."""
    out = [f"## {escape_markdown(answer.question)}", ""]
    if answer.understood:
        out += [f"*{escape_markdown(understood(answer))}*", ""]
    for line in lines(answer.text, answer.citations):
        out += [("- " if line.item else "") + "".join(map(_markdown, line.runs)), ""]
    if answer.written_by:
        out += [f"*{escape_markdown(written_by(answer))}*", ""]
    if answer.citations:
        out += [f"**{escape_markdown(say(answer.language, 'sources'))}**", ""]
        known = notes or {}
        for c in answer.citations:
            note = f" ({known[c.number]})" if c.number in known else ""
            out.append(f"{c.number}. {escape_markdown(source(answer, c) + note)}")
    return "\n".join(out).rstrip() + "\n"


def message_markdown(answer: Answer) -> str:
    """Return the answer as a chat message: Markdown, its markers written [n], sources below it.

    Punctuation that cannot become markup stays as it is, for programs that show plain text.
    """
    out = [f"*{escape_message(understood(answer))}*"] if answer.understood else []
    for line in lines(answer.text, answer.citations):
        out.append(("- " if line.item else "") + "".join(map(_message, line.runs)))
    if answer.written_by:
        out.append(f"*{escape_message(written_by(answer))}*")
    if answer.citations:
        out.append(f"**{escape_message(say(answer.language, 'sources'))}**")
        out += [f"{c.number}. {escape_message(source(answer, c))}" for c in answer.citations]
    return "\n\n".join(out)


def escape_message(text: str) -> str:
    """Return ``text`` so that chat programs see no markup, link, image or formula in it."""
    return _MARKUP.sub(_harmless, re.sub("[ \t\n]+", " ", clean(text)))


def _harmless(match: re.Match[str]) -> str:
    # Not a backslash before brackets: many chat programs read \[ as the start of a formula.
    found = match[0]
    return _ENTITIES.get(found) or f"{found[:-1]}\\{found[-1]}"


def _message(run: Run) -> str:
    if run.kind == "cite":
        return run.text
    return _bold(run, escape_message(run.text))


def _markdown(run: Run) -> str:
    return _bold(run, escape_markdown(run.text))


def _bold(run: Run, text: str) -> str:
    if run.kind == "mark" and text.strip():
        bare = text.strip()
        return text.replace(bare, f"**{bare}**", 1)
    return text


def reference(citation: Citation) -> str:
    """Return where a quote stands, on one line: document, headings, page or offsets."""
    place = f"p. {citation.page}" if citation.page else f"{citation.start}–{citation.end}"
    return clean(f"{citation.document} › {' › '.join(citation.path)} ({place})")


def quoted(citation: Citation) -> str:
    """Return the quote on one line, in quotation marks."""
    return f"« {' '.join(clean(citation.quote).split())} »"


def source(answer: Answer, citation: Citation) -> str:
    """Return where a quote stands, with its words where the answer does not hold them."""
    words = f" : {quoted(citation)}" if answer.written_by else ""
    return reference(citation) + words


def understood(answer: Answer) -> str:
    """Return the sentence that says how a follow-up was read."""
    return say(answer.language, "understood", question=answer.understood or "")


def written_by(answer: Answer) -> str:
    """Return the sentence that says which language model wrote the answer."""
    return clean(say(answer.language, "written_by", model=answer.written_by))


# --- terminal ------------------------------------------------------------------------------


def show_answer(answer: Answer, file: IO[str] | None = None) -> None:
    """Print the answer for a person: text, then numbered sources; bold only on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file or sys.stdout, highlight=False, soft_wrap=True)
    if answer.understood:
        console.print(Text(understood(answer), style="italic"))
    styles = {"text": "", "quote": "", "mark": "bold", "cite": "cyan"}
    for line in lines(answer.text, answer.citations):
        text = Text("  – " if line.item else "")
        for run in line.runs:
            text.append(run.text, style=styles[run.kind])
        console.print(text)
    if answer.written_by:
        console.print(Text(f"\n{written_by(answer)}", style="italic"))
    if answer.citations:
        console.print()
        console.print(Text(say(answer.language, "sources"), style="bold"))
    for citation in answer.citations:
        text = Text(f"  [{citation.number}] ", style="cyan")
        text.append(reference(citation), style="default")
        console.print(text)
        if answer.written_by:
            console.print(Text(f"      {quoted(citation)}"))


@contextmanager
def progress(language: str) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function of (step, done, total) that draws a bar on a terminal's standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    steps = _STEPS.get(language, _STEPS["en"])
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def shown(step: str, done: int, total: int) -> None:
            bar.update(task, description=steps.get(step, step), completed=done, total=total)

        yield shown


_STEPS = {
    "fr": {
        "read": "Lecture",
        "embed": "Vecteurs",
        "words": "Mots",
        "vectors": "Index",
        "check": "Vérification",
    },
    "en": {
        "read": "Reading",
        "embed": "Embedding",
        "words": "Words",
        "vectors": "Index",
        "check": "Checking",
    },
    "es": {
        "read": "Lectura",
        "embed": "Vectores",
        "words": "Palabras",
        "vectors": "Índice",
        "check": "Comprobación",
    },
}
_REPORT = {
    "fr": "{documents} fichier(s), {units} unités, {passages} passages en {seconds} s"
    " ({embedded} calculés ; +{added} ~{replaced} −{removed})",
    "en": "{documents} file(s), {units} units, {passages} passages in {seconds} s"
    " ({embedded} embedded; +{added} ~{replaced} −{removed})",
    "es": "{documents} archivo(s), {units} unidades, {passages} pasajes en {seconds} s"
    " ({embedded} calculados; +{added} ~{replaced} −{removed})",
}
_SKIPPED = {"fr": "ignoré", "en": "skipped", "es": "omitido"}


def report(done: IngestReport, language: str) -> str:
    """Return one line that sums an ingest up, and one more for each file left out."""
    from assistant.readers import say as said

    chosen = language if language in _REPORT else "en"
    summary = _REPORT[chosen].format(
        documents=done.documents,
        units=done.units,
        passages=done.passages,
        embedded=done.embedded,
        added=len(done.added),
        replaced=len(done.replaced),
        removed=len(done.removed),
        seconds=f"{done.seconds:.1f}",
    )
    skipped = (
        f"{_SKIPPED[chosen]} : {s.file} — {said(s.reason, chosen)} — {said(s.advice, chosen)}"
        for s in done.skipped
    )
    return "\n".join([summary, *map(clean, skipped)])
