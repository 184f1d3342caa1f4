"""What the page fetches beside Gradio's events: sources, outline, kept turns, health."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field

from assistant.errors import AssistantError
from assistant.render import escape_html
from assistant.types import Corpus
from assistant.ui.desk import Desk, explain
from assistant.ui.export import as_html, as_json, as_markdown
from assistant.ui.feedback import Feedback, keep
from assistant.ui.keeping import TurnRecord, from_record
from assistant.ui.overview import outline_html
from assistant.ui.quality import Reports, quality_html
from assistant.ui.source import source_html
from assistant.ui.tried import Tried
from assistant.ui.turns import turn_html
from assistant.ui.words import Words, words

log = logging.getLogger(__name__)
Lang = Annotated[str, Query(pattern="^(fr|en|es)$")]
_MARK = re.compile(r"(\d{1,9})-(\d{1,9})")


class Kept(BaseModel):
    """Turns that a browser kept; it sends those of a long conversation in slices."""

    turns: list[TurnRecord] = Field(max_length=200)


class Talk(BaseModel):
    """A conversation that a browser kept."""

    turns: list[TurnRecord] = Field(max_length=2000)
    title: str = Field(max_length=500)


def routes(desk: Desk, tried: Tried) -> APIRouter:
    """Return the page's own routes, all below ``/page``."""
    router = APIRouter(prefix="/page")
    reports = Reports(desk.settings.reports)

    @router.get("/health")
    def health(lang: Lang = "fr") -> JSONResponse:
        try:
            generation = desk.corpus().generation
        except AssistantError as error:
            return JSONResponse({"ready": False, "reason": explain(error, words(lang))})
        return JSONResponse({"ready": True, "generation": generation})

    @router.get("/welcome")
    def welcome(lang: Lang = "fr") -> HTMLResponse:
        return _page(desk, words(lang), lambda corpus: welcome_html(corpus, words(lang), tried))

    @router.get("/source")
    def source(
        unit: Annotated[str, Query(max_length=64)],
        lang: Lang = "fr",
        start: Annotated[int | None, Query(ge=0)] = None,
        end: Annotated[int | None, Query(ge=0)] = None,
        marks: Annotated[str, Query(max_length=4000)] = "",
    ) -> HTMLResponse:
        spoken = words(lang)

        def found(corpus: Corpus) -> str:
            known = corpus.units.get(unit)
            if known is None:
                return f'<p class="gone">{escape_html(spoken("source_gone"))}</p>'
            quote = (start, end) if start is not None and end is not None and start < end else None
            spans = [(int(m[1]), int(m[2])) for m in _MARK.finditer(marks)]
            return source_html(corpus, known, spoken, quote, spans)

        return _page(desk, spoken, found)

    @router.get("/outline")
    def outline(lang: Lang = "fr") -> HTMLResponse:
        return _page(desk, words(lang), lambda corpus: outline_html(corpus, words(lang)))

    @router.post("/turns")
    def turns(kept: Kept, lang: Lang = "fr") -> HTMLResponse:
        corpus = _maybe(desk)
        spoken = words(lang)
        shown = (turn_html(from_record(record, corpus), spoken) for record in kept.turns)
        return HTMLResponse("".join(shown))

    @router.get("/quality")
    def quality(lang: Lang = "fr") -> HTMLResponse:
        return HTMLResponse(quality_html(reports.latest(), desk.settings, words(lang)))

    @router.get("/report")
    def report() -> Response:
        found = reports.latest()
        if found is None or found.page is None:
            return PlainTextResponse("Not found.", status_code=404)
        return HTMLResponse(found.page.read_text("utf-8", "replace"))

    @router.post("/export")
    def export(
        talk: Talk, form: Annotated[str, Query(pattern="^(md|html|json)$")], lang: Lang = "fr"
    ) -> Response:
        corpus = _maybe(desk)
        turns = [from_record(record, corpus) for record in talk.turns]
        if form == "json":
            return Response(as_json(talk.title, turns), media_type="application/json")
        if form == "md":
            return PlainTextResponse(as_markdown(talk.title, turns, words(lang)))
        return PlainTextResponse(as_html(talk.title, turns, words(lang)))

    @router.post("/feedback")
    def feedback(said: Feedback) -> Response:
        try:
            keep(said, desk.settings)
        except AssistantError as error:
            log.error("%s", error)
            return Response(status_code=507)
        return Response(status_code=204)

    return router


def _maybe(desk: Desk) -> Corpus | None:
    """Return the corpus if there is one now; what was kept is shown without it too."""
    try:
        return desk.corpus()
    except AssistantError:
        return None


def _page(desk: Desk, spoken: Words, made: Callable[[Corpus], str]) -> HTMLResponse:
    try:
        return HTMLResponse(made(desk.corpus()))
    except AssistantError as error:
        sentence = f'<p class="gone">{escape_html(explain(error, spoken))}</p>'
        return HTMLResponse(sentence, status_code=503)


def welcome_html(corpus: Corpus, spoken: Words, tried: Tried) -> str:
    """Return the empty conversation: what this is, and questions to try."""
    found = tried(corpus, spoken)
    items = "".join(
        f'<li><button type="button" class="example" data-ask="{escape_html(question)}" dir="auto">'
        f"{escape_html(question)}</button></li>"
        for question in found or ()
    )
    later = ' data-later=""' if found is None else ""
    listed = f'<h3>{escape_html(spoken("examples"))}</h3><ul class="examples">{items}</ul>'
    holdings = spoken(
        "holdings",
        documents=spoken.number(len(corpus.documents)),
        units=spoken.number(len(corpus.units)),
        passages=spoken.number(len(corpus.passages)),
    )
    return (
        f"<h2>{escape_html(spoken('welcome'))}</h2><p>{escape_html(spoken('welcome_text'))}</p>"
        f"{listed if items else ''}"
        f'<p class="holdings"{later}>{escape_html(holdings)}</p>'
    )
