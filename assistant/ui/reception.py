"""The login, where there is one, and who each request is from. ASGI."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from assistant.render import escape_html
from assistant.ui.brake import Attempts, Brake
from assistant.ui.passwords import NOBODY, Hashed
from assistant.ui.words import Words

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "assistant_session"
LASTS = 12 * 3600.0
"""Seconds that a login lasts."""
MOST = 10_000
"""Logins at once; the oldest ends when there is one more."""
READER = b"x-assistant-reader"
"""The header that tells the application who asks; what a client sends under this name is dropped.
Empty for a browser of this machine where there is no login."""
OPEN, HEALTH = "/page/static/", "/health"
"""What is served without a login."""
ASKS = "/v1/"
"""Below this a POST counts as a question; those of the page are counted where it answers."""
LOGIN, LOGOUT = "/page/login", "/page/logout"
LONGEST = 8000
"""Bytes of the login form."""


class Reception:
    """Wraps an application; without ``readers`` it only says who asks."""

    def __init__(
        self,
        app: ASGIApp,
        readers: Mapping[str, Hashed] | None,
        prefixes: Mapping[str, Words],
        version: str,
        brake: Brake,
    ) -> None:
        self._app = app
        self._brake = brake
        self._readers = readers
        self._prefixes = sorted(prefixes.items(), key=lambda item: -len(item[0]))
        self._version = version
        self._sessions: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._attempts = Attempts()
        self._checking = asyncio.Semaphore(2)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = (scope.get("client") or ("", 0))[0]
        if self._readers is None:
            await self._through(scope, receive, send, "" if _here(address) else address)
            return
        headers = dict(scope["headers"])
        token = _token(headers.get(b"cookie", b""))
        name = self._known(token) or await self._program(headers, address)
        path, method = scope["path"], scope["method"]
        if path == LOGIN and method == "POST":
            await self._log_in(scope, receive, send, address)
        elif path == LOGOUT and method == "POST":
            self._sessions.pop(token, None)
            await _answer(send, 204, "", [_cookie("", 0, scope)])
        elif name and path in (LOGIN, LOGOUT):
            # A failed form left the browser there; the login has been made elsewhere since.
            await _answer(send, 303, "", [(b"location", b"/")])
        elif name:
            await self._through(scope, receive, send, name)
        elif path == HEALTH or (path.startswith(OPEN) and ".." not in path):
            await self._through(scope, receive, send, "")
        elif method == "GET" and b"text/html" in headers.get(b"accept", b""):
            await self._ask(scope, send, path)
        else:
            await _answer(send, 401, "Log in first.")

    async def _through(self, scope: Scope, receive: Receive, send: Send, reader: str) -> None:
        asks = scope["method"] == "POST" and scope["path"].startswith(ASKS)
        if asks and (wait := self._brake.wait(reader)):
            held = [(b"retry-after", str(math.ceil(wait)).encode())]
            await _answer(send, 429, "Too many requests.", held)
            return
        headers = [(k, v) for k, v in scope["headers"] if k != READER]
        named = [*headers, (READER, reader.encode())]
        await self._app({**scope, "headers": named}, receive, send)

    def _known(self, token: str) -> str:
        name, until = self._sessions.get(token, ("", 0.0))
        return name if until > time.monotonic() else ""

    async def _program(self, headers: Mapping[bytes, bytes], address: str) -> str:
        """Return who a program says it asks for, "" unless name and password are right.

        ``Basic``, or ``Bearer name:password`` as clients of chat models send their key.
        """
        sent = headers.get(b"authorization", b"")
        token = hashlib.sha256(sent).hexdigest()
        if not sent or (name := self._known(token)):
            return name if sent else ""
        name, password = _credentials(sent)
        if not password:
            return ""
        keys = (f"name {name[:64]}", f"address {address}")
        if (await self._checked(name, password, keys))[0]:
            self._keep(token, name)
            return name
        return ""

    async def _checked(self, name: str, password: str, keys: tuple[str, str]) -> tuple[bool, float]:
        """Return whether the password is right, and the seconds to wait if it was not looked at.

        Who is held is looked up when the turn has come: guesses sent at once wait like others. An
        attempt that is held is not counted, so that the right password gets in after the wait.
        """
        known = (self._readers or {}).get(name)
        async with self._checking:
            if wait := self._attempts.wait(*keys):
                return False, wait
            matches = await asyncio.to_thread((known or NOBODY).matches, password)
            if known is not None and matches:
                self._attempts.right(*keys)
                return True, 0.0
            self._attempts.wrong(*keys)
            return False, 0.0

    def _keep(self, token: str, name: str) -> None:
        self._sessions[token] = (name, time.monotonic() + LASTS)
        if len(self._sessions) > MOST:
            self._sessions.popitem(last=False)

    async def _log_in(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        form = await _form(receive)
        name, password = form.get("name", ""), form.get("password", "")
        target = form.get("next", "/")
        target = target if _own(target) and target.split("?")[0] not in (LOGIN, LOGOUT) else "/"
        keys = (f"name {name[:64]}", f"address {address}")
        right, wait = await self._checked(name, password, keys)
        if not right:
            error = "login_wait" if wait else "login_wrong"
            await self._ask(scope, send, target, error, math.ceil(wait))
            return
        token = secrets.token_urlsafe(32)
        self._keep(token, name)
        place = (b"location", target.encode())
        await _answer(send, 303, "", [place, _cookie(token, int(LASTS), scope)])

    async def _ask(
        self, scope: Scope, send: Send, target: str, error: str = "", seconds: int = 0
    ) -> None:
        words = next(w for prefix, w in self._prefixes if target.startswith(prefix))
        if not error and scope.get("query_string"):
            target += "?" + scope["query_string"].decode("latin-1")
        alarm = words(error, seconds=seconds) if error else ""
        page = login_html(words, self._version, target, alarm)
        headers = [(b"retry-after", str(seconds).encode())] if seconds else []
        await _answer(send, 429 if seconds else 401, page, headers, b"text/html; charset=utf-8")


def login_html(words: Words, version: str, target: str, error: str = "") -> str:
    """Return the page that asks for name and password."""

    def say(key: str) -> str:
        return escape_html(words(key))

    alarm = f'<p class="alarm" role="alert">{escape_html(error)}</p>' if error else ""
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{say('login')} – {say('name')}</title>"
        f'<link rel="icon" href="/page/static/mark.svg?{version}" type="image/svg+xml">'
        f'<link rel="stylesheet" href="/page/static/page.css?{version}">'
        f'<link rel="stylesheet" href="/page/static/views.css?{version}">'
        f'<script src="/page/static/theme.js?{version}"></script></head>'
        '<body class="login"><main><h1 class="brand"><span class="mark-drawing" aria-hidden="true">'
        f"[1]</span><span>{say('name')}</span></h1><p>{say('tagline')}</p>"
        f'<form method="post" action="{LOGIN}">{alarm}'
        f'<input type="hidden" name="next" value="{escape_html(target)}">'
        f"<label><span>{say('login_name')}</span>"
        '<input name="name" autocomplete="username" required maxlength="64" autofocus></label>'
        f"<label><span>{say('login_password')}</span>"
        '<input name="password" type="password" autocomplete="current-password" required'
        f' maxlength="1000"></label><button type="submit">{say("login")}</button></form>'
        "</main></body></html>"
    )


def _here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _own(target: str) -> bool:
    """Return whether a place to go on to is one of ours."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return plain and target.startswith("/") and not target.startswith("//")


def _token(cookies: bytes) -> str:
    try:
        found = SimpleCookie(cookies.decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _cookie(token: str, lasts: int, scope: Scope) -> tuple[bytes, bytes]:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    text = f"{COOKIE}={token}; Max-Age={lasts}; Path=/; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode()


def _credentials(sent: bytes) -> tuple[str, str]:
    """Return name and password of an ``Authorization`` header, empty where there are none."""
    kind, _, rest = sent.decode("latin-1").partition(" ")
    if kind.lower() == "basic":
        try:
            rest = base64.b64decode(rest, validate=True).decode("utf-8")
        except ValueError:
            return "", ""
    name, _, password = rest.strip().partition(":")
    return name, password


async def _form(receive: Receive) -> dict[str, str]:
    """Return the fields of the form; nothing where it is too large."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or len(body) > LONGEST:
            return {}
        if not message.get("more_body"):
            break
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    return {key: values[0] for key, values in fields.items()}


async def _answer(
    send: Send,
    status: int,
    text: str,
    headers: list[tuple[bytes, bytes]] | None = None,
    kind: bytes = b"text/plain; charset=utf-8",
) -> None:
    own = [(b"content-type", kind), (b"cache-control", b"no-store"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": own})
    await send({"type": "http.response.body", "body": text.encode()})
