"""Gradio's page frame in the reader's language, with our own title, style and script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant.render import escape_html
from assistant.ui.words import Words

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SOCIAL = re.compile(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*/>')
_RESIZER = re.compile(r"<script>\s*\(\(\) => \{\s*const root =.*?</script>", re.DOTALL)


def dressed(page: str, words: Words, version: str) -> str:
    """Return Gradio's index page with a true ``lang``, our head, and no word about others."""
    head = (
        '<link rel="preload" href="/page/static/fonts/source-sans-3-latin-wght-normal.woff2"'
        ' as="font" type="font/woff2" crossorigin>'
        f'<link rel="stylesheet" href="/page/static/page.css?{version}">'
        f'<link rel="stylesheet" href="/page/static/views.css?{version}">'
        f'<link rel="icon" href="/page/static/mark.svg?{version}" type="image/svg+xml">'
        f'<meta name="description" content="{escape_html(words("tagline"))}">'
        f'<script src="/page/static/theme.js?{version}"></script>'
        f'<script type="module" src="/page/static/page.js?{version}"></script>'
        f"<title>{escape_html(words('name'))}</title>"
        f"<noscript><p>{escape_html(words('noscript'))}</p></noscript>"
    )
    page = _RESIZER.sub("", _SOCIAL.sub("", page))
    page = page.replace('lang="en"', f'lang="{words.language}" data-language="{words.language}"', 1)
    page = page.replace('<link rel="manifest" href="/manifest.json" />', "")
    return page.replace("</head>", head + "</head>", 1)


class Shell:
    """Wraps the application: dresses the pages that Gradio serves below each of ``prefixes``."""

    def __init__(self, app: ASGIApp, prefixes: Mapping[str, Words], version: str) -> None:
        self._app = app
        self._prefixes = sorted(prefixes.items(), key=lambda item: -len(item[0]))
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope.get("headers", [])
        if not any(k == b"accept" and b"text/html" in v for k, v in headers):
            await self._app(scope, receive, send)
            return
        # The page is rewritten, so it must not come compressed.
        plain = [(k, v) for k, v in headers if k != b"accept-encoding"]
        spoken = next(w for prefix, w in self._prefixes if scope["path"].startswith(prefix))
        outgoing = _Dressing(send, spoken, self._version)
        await self._app({**scope, "headers": plain}, receive, outgoing.send)


class _Dressing:
    """Holds a page of Gradio's back until it is whole, then lets it out dressed."""

    def __init__(self, send: Send, words: Words, version: str) -> None:
        self._send = send
        self._words = words
        self._version = version
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._out(self._start, self._body)
        else:
            await self._send(message)

    async def _out(self, start: Message, body: bytes) -> None:
        if b"<gradio-app" in body:
            body = dressed(body.decode(), self._words, self._version).encode()
        kept = [(k, v) for k, v in start["headers"] if k != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await self._send({**start, "headers": [*kept, length]})
        await self._send({"type": "http.response.body", "body": body})


def _is_html(message: Message) -> bool:
    return bool(dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html"))
