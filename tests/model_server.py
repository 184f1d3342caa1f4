"""A real HTTP server on loopback that speaks the OpenAI chat API, well or badly, as told."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[["Handler", str], None]
"""What to do with a request, given its prompt."""


class Handler(BaseHTTPRequestHandler):
    """One request; ``say`` and its like are what scripts are made of."""

    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        self.server.requests.append(body)
        self.server.keys.append(self.headers.get("Authorization", ""))
        prompt = "\n".join(m["content"] for m in body["messages"])
        self.close_connection = True
        # The client may hang up in the middle: that is what some tests are about.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.server.script(self, prompt)

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def piece(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
        self.raw(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n")

    def raw(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def say(self, text: str) -> None:
        """Stream ``text`` as a well-behaved server does."""
        self.begin()
        for piece in re.findall(r"[\s\S]{1,9}", text):
            self.piece(piece)
        self.piece("", "stop")
        self.raw("data: [DONE]\n\n")

    def refuse(self, status: int, **headers: str) -> None:
        """Answer with an HTTP error whose text repeats the key, as careless servers do."""
        body = json.dumps({"error": {"message": f"bad: {self.headers.get('Authorization')}"}})
        self.begin(status, "application/json", Content_Length=str(len(body)), **headers)
        self.raw(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class ModelServer(ThreadingHTTPServer):
    """The server; ``script`` is what it does, ``requests`` and ``keys`` what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Script = lambda handler, prompt: handler.say("")
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.hung_up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving() -> Iterator[ModelServer]:
    """Yield a running server."""
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(text: str) -> Script:
    """Return the script of a model that says ``text``, whatever it is asked."""
    return lambda handler, prompt: handler.say(text)


def silent(handler: Handler, prompt: str) -> None:
    """Send headers, then comments that keep the connection alive, and never a word."""
    handler.begin()
    try:
        while True:
            handler.raw(": still here\n\n")
            time.sleep(0.05)
    except OSError:
        handler.server.hung_up.set()


def dead(handler: Handler, prompt: str) -> None:
    """Take the request and close the connection without a word."""
    handler.connection.close()


def broken(handler: Handler, prompt: str) -> None:
    """Send what is not JSON."""
    handler.begin()
    handler.raw('data: {"choices": [{"delta": {"content": "La du\n\n')


def other(handler: Handler, prompt: str) -> None:
    """Send JSON that is no reply."""
    handler.begin()
    handler.raw('data: {"choices": "none", "delta": 3}\n\ndata: [DONE]\n\n')


def page(handler: Handler, prompt: str) -> None:
    """Send a web page, as a proxy in between may."""
    handler.begin(kind="text/html", Content_Length="22")
    handler.raw("<html>Log in</html>...")


def erring(handler: Handler, prompt: str) -> None:
    """Send an error in the middle of the stream, as some servers do."""
    handler.begin()
    handler.raw('data: {"error": {"message": "out of memory", "code": 500}}\n\n')


def cut_off(text: str) -> Script:
    """Return a script that dies after ``text``: the promised length never comes."""

    def script(handler: Handler, prompt: str) -> None:
        handler.begin(Content_Length="100000")
        for piece in re.findall(r"[\s\S]{1,9}", text):
            handler.piece(piece)

    return script


def endless(text: str) -> Script:
    """Return a script that says ``text`` over and over again, until the client hangs up."""

    def script(handler: Handler, prompt: str) -> None:
        handler.begin()
        number = 0
        try:
            while True:
                number += 1
                handler.piece(text.replace("#", str(number)))
        except OSError:
            handler.server.hung_up.set()

    return script
