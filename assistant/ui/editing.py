"""The routes of the documents view: see, add, remove, bring the index up to date."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool

from assistant import errors, readers
from assistant.errors import AssistantError
from assistant.render import escape_html
from assistant.ui.desk import Desk, explain
from assistant.ui.holdings import Compared, documents_html
from assistant.ui.reindexing import Progress, Reindexing
from assistant.ui.shelf import Refused, Shelf
from assistant.ui.words import Words, words

log = logging.getLogger(__name__)
Lang = Annotated[str, Query(pattern="^(fr|en|es)$")]
Name = Annotated[str, Query(min_length=1, max_length=1000)]
FILE = "/page/file"
"""Where files come in: the one path with a larger bound on its body."""


def editing(desk: Desk) -> APIRouter:
    """Return the routes; those that change something refuse where the settings do not allow it."""
    router = APIRouter(prefix="/page")
    shelf = Shelf(desk.settings)
    compared = Compared(shelf)
    reindexing = Reindexing(desk.settings)
    editable = desk.settings.editable

    @router.get("/documents")
    def documents(lang: Lang = "fr") -> HTMLResponse:
        spoken = words(lang)
        try:
            corpus = desk.corpus()
        except AssistantError as error:
            if not (editable and isinstance(error, errors.IndexMissing)):
                sentence = f'<p class="gone">{escape_html(explain(error, spoken))}</p>'
                return HTMLResponse(sentence, status_code=503)
            corpus = None
        shown = documents_html(compared, corpus, desk.settings.index, spoken, editable)
        return HTMLResponse(shown)

    @router.put("/file")
    async def add(
        request: Request, name: Name, lang: Lang = "fr", replace: bool = False
    ) -> JSONResponse:
        def check() -> Path:
            _allowed(desk, compared)
            shelf.check(name, replace)
            return shelf.workplace()

        with _said(words(lang)) as answer:
            place = await run_in_threadpool(check)
            try:
                part = place / "part"
                await _receive(request, part, shelf.limit)
                kept = await run_in_threadpool(shelf.add, name, part, replace)
            finally:
                shutil.rmtree(place, ignore_errors=True)
            answer.append(JSONResponse({"name": kept}))
        return answer[0]

    @router.delete("/file")
    def remove(name: Name, lang: Lang = "fr") -> JSONResponse:
        with _said(words(lang)) as answer:
            _allowed(desk, compared)
            shelf.remove(name)
            answer.append(JSONResponse({"name": name}))
        return answer[0]

    @router.post("/index")
    def start(lang: Lang = "fr") -> JSONResponse:
        with _said(words(lang)) as answer:
            _allowed(desk, compared)
            reindexing.start()
            answer.append(JSONResponse(_progress(reindexing.progress, words(lang))))
        return answer[0]

    @router.get("/index")
    def progress(lang: Lang = "fr") -> JSONResponse:
        return JSONResponse(_progress(reindexing.progress, words(lang)))

    return router


def _allowed(desk: Desk, compared: Compared) -> None:
    if not desk.settings.editable:
        raise Refused("refused_off")
    if compared.apart(compared.manifest(desk.settings.index)):
        raise Refused("refused_apart")


async def _receive(request: Request, part: Path, limit: int) -> None:
    """Write the body to ``part``; raise Refused beyond ``limit`` bytes."""
    received = 0
    with part.open("xb") as file:
        async for piece in request.stream():
            received += len(piece)
            if received > limit:
                raise Refused("refused_large")
            await run_in_threadpool(file.write, piece)


@contextmanager
def _said(spoken: Words) -> Iterator[list[JSONResponse]]:
    """Give a list for the response; what is refused becomes a sentence in it."""
    answer: list[JSONResponse] = []
    try:
        yield answer
    except Refused as refused:
        values = {k: readers.say(v, spoken.language) for k, v in refused.values.items()}
        said = {"reason": spoken(refused.key, **values), "key": refused.key}
        answer.append(JSONResponse(said, status_code=409))
    except OSError as error:
        log.error("the documents could not be changed: %s", error)
        said = {"reason": spoken("refused_disk"), "key": "refused_disk"}
        answer.append(JSONResponse(said, status_code=507))


def _progress(progress: Progress, spoken: Words) -> dict[str, object]:
    sentence = ""
    if progress.state == "running":
        sentence = spoken("step_" + progress.step)
    elif progress.state == "done":
        sentence = spoken("reindexed")
    elif progress.state == "failed":
        kind = getattr(errors, progress.error, AssistantError)
        known = explain(kind(progress.detail), spoken) if kind is not AssistantError else ""
        sentence = known or spoken("reindex_failed", detail=progress.detail)
    skipped = [
        spoken(
            "skipped",
            file=file,
            reason=readers.say(reason, spoken.language),
            advice=readers.say(advice, spoken.language),
        )
        for file, reason, advice in progress.skipped
    ]
    return {
        "state": progress.state,
        "percent": progress.percent,
        "sentence": sentence,
        "skipped": skipped,
    }
