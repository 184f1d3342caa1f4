"""The index: passages and vectors written, published whole, opened, searched with Chroma."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from assistant import generations, lexical, tables, tally, units
from assistant.cut import VECTORS, reader_name
from assistant.errors import IndexDamaged, IndexMismatch
from assistant.generations import MEND, Held, Identity, Manifest
from assistant.lexical import Lexical
from assistant.tally import Tally
from assistant.types import Document, Passage, Unit

_log = logging.getLogger(__name__)
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

COLLECTION = "passages"
LAZY = 2000
"""Up to so many passages Chroma builds its graph at the first question (0.3 s at most) instead of
writing it; above, the graph is written once, with the last passage."""
SELF = 0.999
"""A stored vector that finds nothing at least this similar to itself is out of Chroma's reach."""


class Named(Protocol):
    """What an index must agree with: the encoder that asks it."""

    @property
    def name(self) -> str: ...


def identity(model: str) -> Identity:
    """Return what an index made now with ``model`` would state."""
    from assistant import readers

    chunker = f"{units.CHUNKER_VERSION}.{getattr(readers, 'READER_VERSION', 1)}"
    return Identity(model, reader_name(), chunker, lexical.fingerprint())


class Snapshot:
    """One generation, read-only: a `Corpus` with its vectors. Any thread may use it.

    ``unit_list`` and ``passages`` are in the order of the texts; the passages of unit ``i`` are
    ``first_passage[i]`` up to ``first_passage[i + 1]`` (or the end). ``titled_vectors`` (heading
    and clause) and ``clause_vectors`` have a row per passage, ``heading_vectors`` one per unit,
    ``chunk_vectors`` (of the reader) one per chunk, those of unit ``i`` from ``first_chunk[i]``.
    They are float32, beyond some hundred thousand passages float16 for the first two.
    """

    def __init__(self, held: Held, manifest: Manifest) -> None:
        folder = held.folder
        self.generation = held.id
        self._folder = folder
        self.manifest = manifest
        documents = tables.Table(folder, "documents", tables.decode_document, 256)
        self.documents: Mapping[str, Document] = tables.Keyed(documents)
        self._units = tables.Keyed(tables.Table(folder, "units", tables.decode_unit, 50_000))
        self.units: Mapping[str, Unit] = self._units
        self.unit_list: Sequence[Unit] = self._units.table
        self._passages = tables.Keyed(
            tables.Table(folder, "passages", tables.decode_passage, 50_000)
        )
        self.passages: Sequence[Passage] = self._passages.table
        self.first_passage, self.first_chunk = (
            tables.read_numbers(folder / f"{name}.u64").astype(np.int64)
            for name in ("first_passage", "first_chunk")
        )
        titled, clauses, headings, chunks = (_vectors(folder, name, manifest) for name in VECTORS)
        self.titled_vectors: Floats = titled
        self.clause_vectors: Floats = clauses
        self.heading_vectors: Floats = headings
        self.chunk_vectors: Floats = chunks
        self.lexical: Lexical = lexical.load(folder / "lexical")
        self._chroma = _Chroma(held, manifest)
        self._apart = np.array(manifest.apart, np.int64)

    def nearest(self, vector: Floats, k: int) -> list[tuple[int, float]]:
        """Return rows and cosine similarities of the ``k`` nearest passages, best first."""
        answers = self._chroma.nearest(vector, min(k, len(self.passages)))
        if answers is None:
            near = np.argsort(-(self.titled_vectors @ vector), kind="stable")[:k]
        else:
            near = self._apart
        found = {int(r): float(self.titled_vectors[r].astype(np.float32) @ vector) for r in near}
        for name, similarity in answers or ():
            found[self._passages.row(name)] = similarity
        return sorted(found.items(), key=lambda item: (-item[1], self.passages[item[0]].id))[:k]

    @property
    def tally(self) -> Tally | None:
        """What the words of the texts do; None in an index of an earlier version."""
        return tally.read(self._folder)

    def close(self) -> None:
        """Let go of the files; also done when nobody uses the snapshot any more."""
        self._chroma.close()


class Live:
    """The published generation of an index, looked up anew at each use. Any thread may use it."""

    def __init__(self, index: Path, encoder: Named) -> None:
        self._index = index
        self._model = encoder.name
        self._lock = Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._snapshot: Snapshot | None = None
        self.current()

    def current(self) -> Snapshot:
        """Return the generation published now; a snapshot in use elsewhere stays as it was."""
        stamp = generations.stamp(self._index)
        snapshot = self._snapshot
        if snapshot is not None and stamp == self._stamp:
            return snapshot
        with self._lock:
            stamp = generations.stamp(self._index)
            if self._snapshot is None or stamp != self._stamp:
                self._snapshot, self._stamp = open_corpus(self._index, self._model), stamp
            return self._snapshot


def open_corpus(index: Path, model: str) -> Snapshot:
    """Return the published generation; raise IndexMissing, IndexMismatch or IndexDamaged."""
    held, manifest = _held(index)
    with contextlib.ExitStack() as failed:
        failed.callback(held.lock.close)
        wanted = identity(model)
        if manifest.identity != wanted:
            raise IndexMismatch(
                f"{index} was made with {_parts(manifest.identity, wanted)}: "
                "bring it up to date with `assistant ingest`, or name that model in "
                "ASSISTANT_EMBEDDING_MODEL"
            )
        generations.verify(held.folder, manifest.files)
        snapshot = Snapshot(held, manifest)
        failed.pop_all()
    return snapshot


def read_manifest(index: Path) -> tuple[str, Manifest]:
    """Return id and manifest of the published generation; raise IndexMissing or IndexDamaged."""
    held, manifest = _held(index)
    held.lock.close()
    return held.id, manifest


def read_documents(index: Path) -> tuple[dict[str, Document], list[Unit]]:
    """Return documents and units of the published generation, whatever model it was made with."""
    held, manifest = _held(index)
    with held.lock:
        names = [n for n in manifest.files if n.startswith(("documents.", "units."))]
        generations.verify(held.folder, {n: manifest.files[n] for n in names}, hashed=True)
        found = tables.Table(held.folder, "documents", tables.decode_document, 1)
        own = tables.Table(held.folder, "units", tables.decode_unit, 1)
        return {document.id: document for document in found}, list(own)


def verify(index: Path) -> None:
    """Compare every byte of the published generation; raise IndexDamaged naming the file."""
    held, manifest = _held(index)
    with held.lock:
        generations.verify(held.folder, manifest.files, hashed=True)


def _held(index: Path) -> tuple[Held, Manifest]:
    held = generations.hold(index)
    try:
        return held, Manifest.from_bytes(held.raw)
    except (ValueError, KeyError, TypeError) as error:
        held.lock.close()
        raise IndexMismatch(
            f"{index} was made by another version of this program: "
            "bring it up to date with `assistant ingest`"
        ) from error


def _parts(stated: Identity, wanted: Identity) -> str:
    """Return what differs, for people."""
    if stated.model != wanted.model:
        return f"the model {stated.model!r}, and the settings name {wanted.model!r}"
    if stated.reader != wanted.reader:
        return f"the reader {stated.reader!r}, and {wanted.reader!r} is installed"
    return "other rules for cutting and reading texts than this version has"


def _vectors(folder: Path, name: str, manifest: Manifest) -> Any:
    rows, dimension, precision = manifest.vectors[name]
    if not rows:
        return np.zeros((0, dimension), precision)
    path = folder / f"{name}.vectors"
    return np.asarray(np.memmap(path, precision, "r", shape=(rows, dimension)))


def chroma_errors() -> tuple[type[Exception], ...]:
    """Return what Chroma raises; nothing when it was never used."""
    module = sys.modules.get("chromadb.errors")
    return (module.ChromaError,) if module else ()


class _Chroma:
    """A private copy of a generation's Chroma files, made at the first question.

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

    def close(self) -> None:
        self._finalizer()

    def _open(self) -> None:
        source = self._held.folder / "chroma"
        made = private_copy(source, self._held.folder.parent.parent)
        if made is None:
            _log.warning("no room for a copy of %s: searching without Chroma", source)
            self._opened = True
            return
        copy, lock = made
        with contextlib.ExitStack() as failed:
            failed.callback(_release, None, copy, lock, None)
            self._verify(source, copy)
            client = open_client(copy)
            failed.callback(client.close)
            collection = client.get_collection(COLLECTION, embedding_function=None)
            if (collection.metadata or {}).get("model") != self._manifest.identity.model:
                raise IndexDamaged(f"{source} does not belong to this index: {MEND}")
            failed.pop_all()
        self._collection, self._opened = collection, True
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, _release, client, copy, lock, self._held.lock)

    def _verify(self, source: Path, copy: Path) -> None:
        files = {
            name.removeprefix("chroma/"): file
            for name, file in self._manifest.files.items()
            if name.startswith("chroma/")
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
            return Path(shutil.copytree(source, folder / "chroma")), lock
        except OSError:
            _release(None, folder / "chroma", lock, None)
    return None


def _temporary(index: Path) -> tuple[Path, None]:
    return Path(tempfile.mkdtemp(prefix="assistant-")), None


def open_client(folder: Path) -> Any:
    """Return a Chroma client on ``folder`` that calls nobody."""
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))


def query(collection: Any, vectors: Floats, k: int) -> list[list[tuple[str, float]]]:
    """Return for each vector the ``k`` nearest ids and their cosine similarity."""
    found = collection.query(
        query_embeddings=vectors.astype(np.float32), n_results=k, include=["distances"]
    )
    return [
        [
            (name, max(-1.0, min(1.0, 1.0 - float(d))))
            for name, d in zip(names, distances, strict=True)
        ]
        for names, distances in zip(found["ids"], found["distances"], strict=True)
    ]


def _release(client: Any, copy: Path, lock: IO[bytes] | None, held: IO[bytes] | None) -> None:
    if client is not None:
        client.close()
    shutil.rmtree(copy.parent, ignore_errors=True)
    for file in (lock, held):
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
