"""Chroma's files: written into a generation, read from a copy for one process alone."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import IO, Any

from assistant import generations
from assistant.chroma.base import Floats, create, query
from assistant.errors import IndexDamaged
from assistant.generations import MEND, Held, Manifest

_log = logging.getLogger(__name__)
_COLLECTION = "passages"
_FOLDER = "chroma"


class Files:
    """Chroma's files in the folder of a generation in the making (a `Place`)."""

    name = ""
    batch = 1000

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def created(self, count: int, metadata: Mapping[str, Any]) -> Iterator[Any]:
        """Give an empty collection in files of its own."""
        with contextlib.closing(_client(self._folder / _FOLDER)) as client:
            yield create(client, _COLLECTION, count, metadata)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """Give the collection from a copy: Chroma writes even when it only reads."""
        copy = Path(shutil.copytree(self._folder / _FOLDER, self._folder / "checked"))
        try:
            with contextlib.closing(_client(copy)) as client:
                yield client.get_collection(_COLLECTION, embedding_function=None)
        finally:
            shutil.rmtree(copy)

    def discard(self) -> None:
        """Leave it to whoever removes the folder."""


class PrivateCopy:
    """A private copy of a generation's Chroma files, made at the first question (a `Nearest`).

    Chroma writes into its files even when it only reads: the published ones are never opened.
    """

    def __init__(self, held: Held, manifest: Manifest) -> None:
        self._held = held
        self._manifest = manifest
        self._lock = Lock()
        self._opened = False
        self._collection: Any = None
        self._finalizer: Any = weakref.finalize(self, held.lock.close)

    def nearest(self, vector: Floats, k: int) -> list[tuple[str, float]] | None:
        """Return ids and similarities; None where there is no room for a copy."""
        with self._lock:
            if not self._opened:
                self._open()
        return query(self._collection, vector[None], k)[0] if self._collection else None

    def whole(self) -> bool:
        """Return True: the files were verified with the others of the generation."""
        return True

    def close(self) -> None:
        """Remove the copy."""
        self._finalizer()

    def _open(self) -> None:
        source = self._held.folder / _FOLDER
        made = private_copy(source, self._held.folder.parent.parent)
        if made is None:
            _log.warning("no room for a copy of %s: searching without Chroma", source)
            self._opened = True
            return
        copy, lock = made
        with contextlib.ExitStack() as failed:
            failed.callback(_release, None, copy, lock, None)
            self._verify(source, copy)
            client = _client(copy)
            failed.callback(client.close)
            collection = client.get_collection(_COLLECTION, embedding_function=None)
            if (collection.metadata or {}).get("model") != self._manifest.identity.model:
                raise IndexDamaged(f"{source} does not belong to this index: {MEND}")
            failed.pop_all()
        self._collection, self._opened = collection, True
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, _release, client, copy, lock, self._held.lock)

    def _verify(self, source: Path, copy: Path) -> None:
        files = {
            name.removeprefix(f"{_FOLDER}/"): file
            for name, file in self._manifest.files.items()
            if name.startswith(f"{_FOLDER}/")
        }
        try:
            generations.verify(copy, files, hashed=True)
        except IndexDamaged:
            generations.verify(source, files, hashed=True)  # names the published file
            raise


def private_copy(source: Path, index: Path) -> tuple[Path, IO[bytes] | None] | None:
    """Return a copy of ``source`` for this process alone, and its lock if it is below the index.

    Where the index cannot be written it is made among the temporary files; None if that fails.
    """
    for claim in (generations.claim, _temporary):
        try:
            folder, lock = claim(index)
        except OSError:
            continue
        try:
            return Path(shutil.copytree(source, folder / _FOLDER)), lock
        except OSError:
            _release(None, folder / _FOLDER, lock, None)
    return None


def _temporary(index: Path) -> tuple[Path, None]:
    return Path(tempfile.mkdtemp(prefix="assistant-")), None


def _client(folder: Path) -> Any:
    """Return a Chroma client on ``folder`` that calls nobody."""
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))


def _release(client: Any, copy: Path, lock: IO[bytes] | None, held: IO[bytes] | None) -> None:
    if client is not None:
        client.close()
    shutil.rmtree(copy.parent, ignore_errors=True)
    for file in (lock, held):
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
