"""What the API says when it cannot do what is asked: a sentence, in OpenAI's form of errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from assistant.errors import AssistantError

Key = Literal["invalid", "no_document", "not_found", "method", "busy", "unexpected"]
Explain = Callable[[AssistantError, str], str]
"""An error as a sentence of a language."""
STATUS: Mapping[Key, int] = {
    "invalid": 422,
    "no_document": 404,
    "not_found": 404,
    "method": 405,
    "busy": 429,
    "unexpected": 500,
}


class Refused(Exception):
    """A request that is not granted: which sentence says so, and its values."""

    def __init__(self, key: Key, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Return the sentences by language and key."""
    text = files("assistant.api").joinpath("sentences.json").read_text("utf-8")
    loaded: Mapping[str, Mapping[str, str]] = json.loads(text)
    return loaded


def install(app: FastAPI, default: str, explain: Explain, failed: Callable[[], None]) -> None:
    """Make ``app`` refuse in sentences; ``failed`` is called when the assistant cannot answer."""

    def say(request: Request, refused: Refused) -> Response:
        text = sentences()[_language(request, default)][refused.key].format_map(refused.values)
        return _error(STATUS[refused.key], refused.key, text)

    async def on_refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return say(request, error)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return say(request, Refused("invalid", detail=_detail(error)))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        keys: Mapping[int, Key] = {404: "not_found", 405: "method"}
        detail = str(error.detail).rstrip(".")
        refused = Refused(keys.get(error.status_code, "invalid"), detail=detail)
        response = say(request, refused)
        response.headers.update(error.headers or {})
        return response

    async def on_failure(request: Request, error: Exception) -> Response:
        assert isinstance(error, AssistantError)
        failed()
        return _error(503, "unavailable", explain(error, _language(request, default)))

    async def on_anything(request: Request, error: Exception) -> Response:
        failed()
        return say(request, Refused("unexpected"))

    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(AssistantError, on_failure)
    app.add_exception_handler(Exception, on_anything)


def _error(status: int, code: str, text: str) -> Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    body: dict[str, Any] = {"message": text, "type": kind, "param": None, "code": code}
    headers = {"Retry-After": "2"} if status in (429, 503) else None
    return JSONResponse({"error": body}, status_code=status, headers=headers)


def _detail(error: RequestValidationError) -> str:
    """Return the first thing that is wrong, and where, without what was sent."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _language(request: Request, default: str) -> str:
    """Return the first language the caller accepts that we have sentences in."""
    header = request.headers.get("accept-language", "").lower()
    wanted = re.findall(r"(?:^|,)\s*([a-z]{2})\b", header)
    return next((code for code in wanted if code in sentences()), default)
