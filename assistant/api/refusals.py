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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import AssistantError

Own = Literal["invalid", "no_document", "not_found", "method", "busy", "unexpected"]
Border = Literal["login", "foreign", "large", "host", "often"]
Key = Own | Border
Explain = Callable[[AssistantError, str], str]
"""An error as a sentence of a language."""
STATUS: Mapping[Key, int] = {
    "invalid": 422,
    "no_document": 404,
    "not_found": 404,
    "method": 405,
    "busy": 429,
    "unexpected": 500,
    "login": 401,
    "foreign": 403,
    "large": 413,
    "host": 421,
    "often": 429,
}
_BORDER: Mapping[int, Key] = {401: "login", 403: "foreign", 413: "large", 421: "host", 429: "often"}
"""What the page's border means by the statuses it refuses with, in plain text."""


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
        spoken = _language(_accepted(request), default)
        text = sentences()[spoken][refused.key].format_map(refused.values)
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
        return _error(503, "unavailable", explain(error, _language(_accepted(request), default)))

    async def on_anything(request: Request, error: Exception) -> Response:
        failed()
        return say(request, Refused("unexpected"))

    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(AssistantError, on_failure)
    app.add_exception_handler(Exception, on_anything)


class Formed:
    """Wraps the page's application: what its border refuses below ``/v1`` gets this form, too."""

    def __init__(self, app: ASGIApp, default: str) -> None:
        self._app = app
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        below = scope["type"] == "http" and scope["path"].startswith("/v1/")
        await self._app(scope, receive, self._forming(scope, send) if below else send)

    def _forming(self, scope: Scope, send: Send) -> Send:
        accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        said = sentences()[_language(accepted, self._default)]
        formed: Response | None = None

        async def forming(message: Message) -> None:
            nonlocal formed
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                key = _BORDER.get(message["status"])
                if key and headers.get(b"content-type", b"").startswith(b"text/plain"):
                    formed = _error(message["status"], key, said[key])
                    headers[b"content-type"] = b"application/json"
                    message = {**message, "headers": list(headers.items())}
            elif formed:
                message = {"type": "http.response.body", "body": formed.body}
            await send(message)

        return forming


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


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")


def _language(accepted: str, default: str) -> str:
    """Return the first language the caller accepts that we have sentences in."""
    wanted = re.findall(r"(?:^|,)\s*([a-z]{2})\b", accepted.lower())
    return next((code for code in wanted if code in sentences()), default)
