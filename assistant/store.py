"""A generation of the index, opened and searched."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assistant import generations, lexical, tables, tally, units
from assistant.chroma import Nearest, PrivateCopy, Remote
from assistant.cut import VECTORS, reader_name
from assistant.errors import IndexMismatch
from assistant.generations import Held, Identity, Manifest
from assistant.lexical import Lexical
from assistant.tally import Tally
from assistant.types import Document, Passage, Unit

_log = logging.getLogger(__name__)
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

DRAWN = 50
"""Vectors, evenly drawn, by which a reader tells whether a server has what was stored."""
_BLOCK = 1 << 16


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

    Where the manifest names a collection, Chroma's server at ``chroma_url`` is asked for the
    nearest passages; without it, or without its answer, all vectors are compared: slower, and
    never worse. Where the vectors are files, ``chroma_url`` is not used.
    """

    def __init__(self, held: Held, manifest: Manifest, chroma_url: str = "") -> None:
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
        self._apart = np.array(manifest.apart, np.int64)
        self._chroma_url = chroma_url
        self._chroma: Nearest = (
            Remote(chroma_url, manifest, held.lock, self._drawn())
            if manifest.collection
            else PrivateCopy(held, manifest)
        )

    def nearest(self, vector: Floats, k: int) -> list[tuple[int, float]]:
        """Return rows and cosine similarities of the ``k`` nearest passages, best first."""
        answers = self._chroma.nearest(vector, min(k, len(self.passages)))
        found = None if answers is None else self._rows(answers)
        near = self._apart if found is not None else self._exact(vector, k)
        found = found or {}
        for row in near:
            similarity = self.titled_vectors[row].astype(np.float32) @ vector
            found.setdefault(int(row), float(similarity))
        return sorted(found.items(), key=lambda item: (-item[1], self.passages[item[0]].id))[:k]

    def in_place(self) -> bool:
        """Return whether the vectors are, whole, where the settings want them; raise ServerGone."""
        if bool(self.manifest.collection) != bool(self._chroma_url):
            return False
        return self._chroma.whole()

    @property
    def tally(self) -> Tally | None:
        """What the words of the texts do; None in an index of an earlier version."""
        return tally.read(self._folder)

    def close(self) -> None:
        """Let go of the files; also done when nobody uses the snapshot any more."""
        self._chroma.close()

    def _rows(self, answers: Sequence[tuple[str, float]]) -> dict[int, float] | None:
        """Return similarities by row; None for a passage that is not of this generation."""
        try:
            return {self._passages.row(name): similarity for name, similarity in answers}
        except KeyError as error:
            _log.warning("Chroma found %s, which is no passage: searching without it", error)
            return None

    def _exact(self, vector: Floats, k: int) -> Ints:
        """Return the rows of the ``k`` nearest of all vectors, read block by block."""
        blocks = (
            self.titled_vectors[at : at + _BLOCK].astype(np.float32, copy=False) @ vector
            for at in range(0, len(self.titled_vectors), _BLOCK)
        )
        similarities = np.concatenate([*blocks, np.zeros(0, np.float32)])
        return np.asarray(np.argsort(-similarities, kind="stable")[:k], np.int64)

    def _drawn(self) -> Floats:
        """Return some stored vectors that Chroma finds."""
        count = len(self.titled_vectors)
        rows = np.unique(np.linspace(0, count - 1, min(count, DRAWN), dtype=int))
        kept = np.setdiff1d(rows, self._apart)
        drawn: Floats = self.titled_vectors[kept].astype(np.float32)
        return drawn[drawn.any(axis=1)]


class Live:
    """The published generation of an index, looked up anew at each use. Any thread may use it."""

    def __init__(self, index: Path, encoder: Named, chroma_url: str = "") -> None:
        self._index = index
        self._model = encoder.name
        self._chroma_url = chroma_url
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
                opened = open_corpus(self._index, self._model, self._chroma_url)
                self._snapshot, self._stamp = opened, stamp
            return self._snapshot


def open_corpus(index: Path, model: str, chroma_url: str = "") -> Snapshot:
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
        snapshot = Snapshot(held, manifest, chroma_url)
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
