"""The addresses of the API, and the application that answers at them."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from assistant import __version__
from assistant.api.chat import MODEL, asked, completion, events
from assistant.api.forms import (
    AnswerRecord,
    Ask,
    Chat,
    DocumentList,
    DocumentRecord,
    ErrorRecord,
    FoundRecord,
    Search,
)
from assistant.api.refusals import Explain, Refused, install
from assistant.api.turnstile import Turnstile
from assistant.records import answer_record, document_record, hit_record
from assistant.settings import Settings
from assistant.types import Answer, Assistant, Corpus

ABOUT = (
    "Answers over an institution's documents, each one proved by a verbatim quote. "
    "All offsets are characters of the document's text as `/documents/{document}` returns it."
)
NAME = r"^[^\n\r]+$"
"""What a name of a document may be in an address: one line."""
_LOGIN: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorRecord, "description": "Where there is a login: no key, or a wrong one."},
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    **_LOGIN,
    413: {"model": ErrorRecord, "description": "The request is too large."},
    422: {"model": ErrorRecord, "description": "The request is not understood."},
    429: {"model": ErrorRecord, "description": "Too many questions at once, or too often."},
    503: {"model": ErrorRecord, "description": "There is no index that can be used."},
}


class Desk(Protocol):
    """Who is asked: the assistant once it can be opened."""

    @property
    def settings(self) -> Settings: ...
    def assistant(self) -> Assistant: ...
    def corpus(self) -> Corpus: ...
    def drop(self) -> None: ...


def build_api(desk: Desk, explain: Explain) -> FastAPI:
    """Return the API as an application to be mounted at ``/v1``."""
    api = FastAPI(
        title="Assistant",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    install(api, desk.settings.language, explain, desk.drop)
    turnstile = Turnstile()

    async def answered(question: str, history: list[str]) -> Answer:
        return await turnstile.through(lambda: desk.assistant().ask(question, history))

    @api.post("/ask", responses=_replies(AnswerRecord))
    async def ask(body: Ask) -> Response:
        """Answer a question: the record that `assistant ask --json` prints."""
        answer = await answered(body.question, body.history)
        return JSONResponse({"id": body.id, **answer_record(answer)})

    @api.post("/search", responses=_replies(FoundRecord))
    async def search(body: Search) -> Response:
        """List the units that a query finds, best first."""
        hits = await turnstile.through(lambda: desk.assistant().search(body.query, body.top_k))
        return JSONResponse({"id": body.id, "retrieved": [hit_record(hit) for hit in hits]})

    @api.get("/documents", responses=_replies(DocumentList))
    async def documents() -> Response:
        """List the documents of the index."""
        return JSONResponse(await turnstile.through(lambda: _documents(desk.corpus())))

    @api.get(
        "/documents/{document:path}",
        responses=_replies(DocumentRecord)
        | {404: {"model": ErrorRecord, "description": "There is no such document."}},
    )
    async def document(
        document: Annotated[str, Path(max_length=2000, pattern=NAME, examples=["guide.md"])],
    ) -> Response:
        """Return a document as it was read, with its units in the order of the text."""
        return JSONResponse(await turnstile.through(lambda: _document(desk.corpus(), document)))

    @api.get("/models", responses=_LOGIN)
    async def models() -> dict[str, Any]:
        """List the one model that chat programs can choose."""
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "assistant"}
        return {"object": "list", "data": [model]}

    @api.post("/chat/completions", responses=_chat_replies())
    async def chat(body: Chat, request: Request) -> Response:
        """Answer the last question of a conversation, as OpenAI's chat completions do."""
        question, history = asked(body)
        answer = await answered(question, history)
        page = f"{request.url.scheme}://{request.url.netloc}/"
        if not body.stream:
            return JSONResponse(completion(answer, page))
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return StreamingResponse(events(answer, page, usage), media_type="text/event-stream")

    return api


def _documents(corpus: Corpus) -> dict[str, Any]:
    counts = dict.fromkeys(corpus.documents, 0)
    for unit in corpus.units.values():
        counts[unit.document] += 1
    lines = [
        {"document": d.id, "title": d.title, "language": d.language, "units": counts[d.id]}
        for d in sorted(corpus.documents.values(), key=lambda d: d.id)
    ]
    return {"generation": corpus.generation, "documents": lines}


def _document(corpus: Corpus, name: str) -> dict[str, Any]:
    document = corpus.documents.get(name)
    if document is None:
        raise Refused("no_document", document=name)
    return document_record(document, [u for u in corpus.units.values() if u.document == name])


def _replies(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}, **_ERRORS}


def _chat_replies() -> dict[int | str, dict[str, Any]]:
    form = {
        "description": "OpenAI's completion; `message.annotations` are the citations, `record` is"
        " the answer's record. With `stream`, events that end with `[DONE]`.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {},
        },
    }
    return {200: form, **_ERRORS}
