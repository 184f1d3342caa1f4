"""Puts the pages of all languages into one application, and serves it."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware

from assistant.api.metrics import FORM, Metrics
from assistant.api.refusals import Formed
from assistant.api.routes import build_api
from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.types import Assistant
from assistant.ui import passwords
from assistant.ui.desk import Desk, explain
from assistant.ui.editing import FILE, editing
from assistant.ui.guard import Guard
from assistant.ui.page import build
from assistant.ui.reception import Reception
from assistant.ui.routes import routes
from assistant.ui.shell import Shell
from assistant.ui.tried import Opened, Tried
from assistant.ui.words import PAGE_LANGUAGES, words

STATIC = Path(__file__).with_name("static")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def build_app(settings: Settings, opened: Callable[[Settings], Assistant] | None = None) -> FastAPI:
    """Return the page as an ASGI application, and beside it the API below ``/v1``.

    The page of the settings' language stands at ``/``, the others at ``/`` and their code.
    """
    # Read by Gradio when it is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    metrics = Metrics()
    opener = Opened(opened or _open)
    desk = Desk(settings, metrics.counting(opener))
    paths = {code: "/" if code == settings.language else f"/{code}/" for code in PAGE_LANGUAGES}
    prefixes = {path: words(code) for code, path in paths.items()}
    readers = passwords.load(Path(settings.auth)) if settings.auth else None
    version = _version()
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(Formed, default=settings.language),
            Middleware(
                Guard, hosts=(*LOOPBACK, *settings.hosts), larger={FILE: settings.max_file_mb << 20}
            ),
            Middleware(
                Reception, readers=readers, prefixes=prefixes, version=version, brake=desk.brake
            ),
            Middleware(Shell, prefixes=prefixes, version=version),
        ],
    )
    tried = Tried(opener.quote)
    app.include_router(routes(desk, tried))
    app.mount("/v1", build_api(desk, lambda error, code: explain(error, words(code))))
    _watched(app, desk, metrics)
    app.include_router(editing(desk))
    app.mount("/page/static", StaticFiles(directory=STATIC))
    app.add_api_route(f"/{settings.language}", lambda: RedirectResponse("/"))
    app.add_api_route(f"/{settings.language}/", lambda: RedirectResponse("/"))
    for code, path in sorted(paths.items(), key=lambda item: -len(item[1])):
        gr.mount_gradio_app(
            app,
            build(desk, words(code), paths),
            path=path.rstrip("/") or "/",
            footer_links=[],
            run_history=False,
            show_error=False,
            max_file_size=1,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            theme=gr.themes.Base(font=["system-ui"], font_mono=["monospace"]),
            enable_monitoring=False,
        )
    desk.warm(lambda corpus: [tried(corpus, words(code)) for code in PAGE_LANGUAGES])
    return app


def _watched(app: FastAPI, desk: Desk, metrics: Metrics) -> None:
    """Add what machines ask: ``/health`` and ``/metrics``."""

    @app.get("/health")
    def health() -> Response:
        try:
            return JSONResponse({"status": "ready", "generation": desk.corpus().generation})
        except AssistantError as error:
            reason = explain(error, words(desk.settings.language))
            return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)

    @app.get("/metrics")
    def numbers() -> Response:
        return Response(metrics.text(desk.corpus), media_type=FORM)


def serve(settings: Settings) -> None:
    """Serve the page until interrupted; raise AssistantError where the port cannot be had."""
    import uvicorn

    _behind_a_login(settings)
    with _listening(settings) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"http://{shown}:{port}", flush=True)
        config = uvicorn.Config(
            build_app(settings), log_level="warning", server_header=False, limit_concurrency=400
        )
        uvicorn.Server(config).run(sockets=[listener])


def _behind_a_login(settings: Settings) -> None:
    """Raise AssistantError where everybody on the network could read the documents."""
    if not (settings.local or settings.auth or settings.without_login == "yes"):
        raise AssistantError(
            f"The page would listen on {settings.host}, where other machines reach it, without a "
            "login: name a file of readers in ASSISTANT_AUTH (`assistant password NAME` makes its "
            "lines), or set ASSISTANT_WITHOUT_LOGIN=yes if everybody may read the documents"
        )


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise AssistantError(
                f"The page cannot listen on {settings.host}:{settings.port} ({error.strerror}): "
                "choose another with --port or ASSISTANT_PORT"
            ) from error
        yield listener


def _open(settings: Settings) -> Assistant:
    from assistant.build import open_assistant

    return open_assistant(settings)


def _version() -> str:
    """Return a digest of the static files, so that a browser never keeps old ones."""
    digest = hashlib.sha256()
    for path in sorted(p for p in STATIC.rglob("*") if p.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
