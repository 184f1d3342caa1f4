"""The border of the page: security headers, Host check, bounded bodies, a true ``<html>``. ASGI."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 2_000_000
"""Bytes of a request; a whole kept conversation is the largest."""
CLOSED = ("/gradio_api/upload", "/gradio_api/proxy=", "/monitoring", "/gradio_api/runs")
"""Gradio's doors that the page does not use."""
REPORT = "/page/report"
"""The one page that may stand in a frame, and only in ours."""
_INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)


def _digests(page: bytes) -> bytes:
    return b" ".join(
        b"'sha256-" + base64.b64encode(hashlib.sha256(m[1]).digest()) + b"'"
        for m in _INLINE.finditer(page)
    )


def policy(page: bytes = b"") -> bytes:
    """Return the Content-Security-Policy; the inline scripts of ``page`` are allowed by digest.

    ``unsafe-eval`` is what Gradio's HTML component and event scripts ask for, inline styles what
    its components set; neither lets text that was inserted as HTML run.
    """
    return (
        b"default-src 'none'; script-src 'self' 'unsafe-eval' " + _digests(page) + b"; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        b"connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'self'; "
        b"form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )


def policy_of_report(page: bytes) -> bytes:
    """Return the policy of the evaluation's report: it runs its own script, in a sandbox, in a
    frame of ours; it reaches neither the network nor the page around it."""
    return (
        b"sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src "
        + _digests(page)
        + b"; frame-ancestors 'self'"
    )


class Guard:
    """Wraps an application: refuses what should not come in, adds headers to what goes out."""

    def __init__(
        self, app: ASGIApp, hosts: Iterable[str], larger: Mapping[str, int] | None = None
    ) -> None:
        """``larger`` gives the bound on bodies by path, where it is not MAX_BODY."""
        self._app = app
        self._larger = larger or {}
        self._hosts = frozenset(host.strip("[]").lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        path = scope["path"]
        most = self._larger.get(path, MAX_BODY)
        if not self._known(headers.get(b"host", b"").decode("latin-1")):
            await _refuse(send, 421, b"This host name is not served here.")
        elif any(door in path for door in CLOSED):
            await _refuse(send, 404, b"Not found.")
        elif _foreign(scope["method"], headers):
            await _refuse(send, 403, b"Another site may not ask this.")
        elif _length(headers) > most:
            await _refuse(send, 413, b"The request is too large.")
        else:
            await self._app(scope, _bounded(receive, most), _Outgoing(send, path == REPORT).send)

    def _known(self, host: str) -> bool:
        """Return whether the Host header names us: a listed name, or any address as numbers."""
        name = re.sub(r":\d*$", "", host).strip("[]").lower()
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _length(headers: dict[bytes, bytes]) -> int:
    stated = headers.get(b"content-length", b"0")
    return int(stated) if stated.isdigit() else 0


def _foreign(method: str, headers: dict[bytes, bytes]) -> bool:
    """Return whether a browser says that another site asks for a change."""
    if method in ("GET", "HEAD"):
        return False
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    # Browsers say no Sec-Fetch-Site to addresses without TLS.
    return origin is not None and origin.split(b"://")[-1] != headers.get(b"host")


def _bounded(receive: Receive, most: int) -> Receive:
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > most else message

    return bounded


async def _refuse(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


class _Outgoing:
    """Adds the headers; holds HTML back until it is whole, since its scripts are digested."""

    def __init__(self, send: Send, report: bool) -> None:
        self._send = send
        self._policy = policy_of_report if report else policy
        self._headers: tuple[tuple[bytes, bytes], ...] = HEADERS
        if report:
            own = (b"x-frame-options", b"SAMEORIGIN")
            self._headers = tuple(own if name == own[0] else (name, v) for name, v in HEADERS)
        self._start: Message | None = None
        self._page = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            named = {name for name, _ in HEADERS} | {b"server", b"content-security-policy"}
            kept = [(k, v) for k, v in message["headers"] if k.lower() not in named]
            message = {**message, "headers": [*kept, *self._headers]}
            if dict(kept).get(b"content-type", b"").startswith(b"text/html"):
                self._start = message
                return
            message["headers"].append((b"content-security-policy", policy()))
        elif self._start is not None and message["type"] == "http.response.body":
            self._page += message.get("body", b"")
            if message.get("more_body"):
                return
            start, self._start = self._start, None
            start["headers"].append((b"content-security-policy", self._policy(self._page)))
            await self._send(start)
            message = {"type": "http.response.body", "body": self._page}
        await self._send(message)
