"""The nearest vectors: a private copy of Chroma's files, or a collection of a Chroma server."""

from __future__ import annotations

from assistant.chroma.base import LAZY, SELF, Nearest, Place, errors, query
from assistant.chroma.files import Files, PrivateCopy
from assistant.chroma.remote import Remote
from assistant.chroma.server import Server, holds, serving

__all__ = [
    "LAZY",
    "SELF",
    "Files",
    "Nearest",
    "Place",
    "PrivateCopy",
    "Remote",
    "Server",
    "errors",
    "holds",
    "query",
    "serving",
]
