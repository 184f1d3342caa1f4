"""A generation's collection on a Chroma server, for readers who answer on without the server."""

from __future__ import annotations

import contextlib
import logging
import time
import weakref
from threading import Lock
from typing import IO, Any

import numpy as np

from assistant.chroma.base import SELF, Floats, query
from assistant.chroma.server import ANSWER, STORE, asked, connected, found
from assistant.errors import IndexDamaged, ServerGone
from assistant.generations import Manifest

_log = logging.getLogger(__name__)

AGAIN = 5.0
"""Seconds after which a server that was gone is tried again."""
FRESH = 60.0
"""Seconds after which it is seen anew whether the collection is whole: a server that is started
again is not noticed otherwise, and its memory may not be what was written."""
FOUND = 0.9
"""Part of the drawn vectors that must find themselves in a collection that is whole."""


class Remote:
    """The vectors of a generation in a collection of a Chroma server (a `Nearest`).

    While the server is gone, or its collection is not whole, ``nearest`` says None: a warning is
    logged once, and one question every ``AGAIN`` seconds tries again while the others go on. So it
    is for good where ``url`` is empty. ``drawn`` are stored vectors that must find themselves
    whenever the server is reached anew: its memory may not be what was written.
    """

    def __init__(self, url: str, manifest: Manifest, held: IO[bytes], drawn: Floats) -> None:
        self._url = url
        self._manifest = manifest
        self._drawn = drawn
        self._lock = Lock()
        self._tried = self._warned = False
        self._due = 0.0
        self._client: Any = None
        self._collection: Any = None
        self._closing = contextlib.ExitStack()
        self._closing.callback(held.close)
        self._finalizer = weakref.finalize(self, self._closing.close)

    def nearest(self, vector: Floats, k: int) -> list[tuple[str, float]] | None:
        """Return ids and similarities; None where the server does not answer well."""
        collection = self._reached()
        if collection is None:
            return None
        try:
            with asked(self._url):
                best = query(collection, vector[None], k)[0]
        except ServerGone as error:
            self._lost(error)
            return None
        if len(best) + len(self._manifest.apart) < k:
            self._lost(self._damaged())
            return None
        return best

    def whole(self) -> bool:
        """Return whether the server holds every vector, asked anew; raise ServerGone."""
        if not self._url:
            return False
        with connected(self._url, STORE) as client:
            return self._whole(client) is not None

    def close(self) -> None:
        """Leave the server, and let go of the generation."""
        self._finalizer()

    def _reached(self) -> Any:
        """Return the collection, or None; only the first to ask are kept waiting for it."""
        if time.monotonic() >= self._due and self._lock.acquire(blocking=not self._tried):
            try:
                if time.monotonic() >= self._due:
                    self._collection = self._open()
                    self._due = time.monotonic() + FRESH
                    self._recovered()
            except (ServerGone, IndexDamaged) as error:
                self._lost(error)
            finally:
                self._tried = True
                self._lock.release()
        return self._collection

    def _open(self) -> Any:
        """Return the collection; raise ServerGone, or IndexDamaged where it is not whole."""
        if not self._url:
            raise ServerGone(
                f"The vectors are in the collection {self._manifest.collection} of a Chroma "
                "server, and ASSISTANT_CHROMA_URL is empty: name it there, or bring them here "
                "with `assistant ingest`"
            )
        if self._client is None:
            self._client = self._closing.enter_context(connected(self._url, ANSWER))
        collection = self._whole(self._client)
        if collection is None:
            raise self._damaged()
        return collection

    def _whole(self, client: Any) -> Any:
        """Return the collection, or None where it is missing or not whole; raise ServerGone."""
        with asked(self._url):
            collection = found(client, self._manifest.collection)
            return collection if collection is not None and self._complete(collection) else None

    def _complete(self, collection: Any) -> bool:
        stated = (collection.metadata or {}).get("model")
        if stated != self._manifest.identity.model or collection.count() != self._manifest.passages:
            return False
        if not len(self._drawn):
            return True
        best = [hits[0][1] if hits else 0.0 for hits in query(collection, self._drawn, 1)]
        return float(np.mean(np.array(best) >= SELF)) >= FOUND

    def _damaged(self) -> IndexDamaged:
        return IndexDamaged(
            f"The collection {self._manifest.collection} of the Chroma server {self._url} is not "
            "whole: `assistant ingest` makes it anew"
        )

    def _lost(self, error: Exception) -> None:
        self._collection = None
        self._due = time.monotonic() + AGAIN
        if not self._warned:
            self._warned = True
            _log.warning("%s. Until then all vectors are searched one by one", error)

    def _recovered(self) -> None:
        if self._warned:
            self._warned = False
            _log.warning("The Chroma server %s is asked again", self._url)
