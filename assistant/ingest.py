"""Brings the index to the state of the documents: adds, replaces, deletes; returns a report."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant import building, chroma, embeddings, generations, readers, store
from assistant.cache import SPARE, VectorCache, key
from assistant.cut import VECTORS, ChunkEncoder, TextEncoder, cut
from assistant.errors import (
    AssistantError,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    ReadError,
    ServerGone,
)
from assistant.settings import Settings
from assistant.store import Snapshot
from assistant.types import Document, IngestReport, Skipped

Floats = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]

WAIT = 5.0
"""Seconds to wait for another ingest before saying that it is running."""
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class File:
    """A file to index and the folder that its name is relative to."""

    path: Path
    root: Path


@dataclass(slots=True)
class _Plan:
    """What is to be done; every document that will be in the index has a digest."""

    digests: dict[str, str] = field(default_factory=dict)
    read: dict[str, Document] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def ingest(
    paths: Sequence[Path] | Path,
    settings: Settings,
    *,
    progress: Progress | None = None,
    rebuild: bool = False,
    encoder: TextEncoder | None = None,
    chunk_encoder: TextEncoder | None = None,
    wait: float = WAIT,
) -> IngestReport:
    """Return what was done to bring the index of the settings to the state of ``paths``.

    ``paths`` are folders, or single files; what they do not hold leaves the index. Unchanged
    documents are neither read nor embedded; with ``rebuild`` everything is read anew.
    ``progress`` is told (step, done, total); steps are read, embed, words, vectors, check. Readers
    keep the former index until the new one is complete. Vectors that are not where ``chroma_url``
    wants them, or not whole there, are moved: a new generation, embedded from nothing but what is
    there. Raises AssistantError (nothing to index, disk full, folder not writable), IndexBusy,
    ModelMissing, ServerGone; the former index then still stands.
    """
    began = time.perf_counter()
    roots = [paths] if isinstance(paths, Path) else list(paths)
    index = settings.index
    with _errors_for_people(index):
        files, skipped = find(roots)
        if not files:
            raise _nothing(roots, skipped)
        with (
            generations.writing(index, wait),
            chroma.serving(settings.chroma_url, index) as server,
        ):
            model = encoder.name if encoder else embeddings.identity(settings)
            previous = None if rebuild else _previous(settings, model)
            try:
                encoders = _Encoders(settings, encoder, chunk_encoder)
                job = _Job(settings, previous, encoders, server, progress or _silent)
                return job.run(files, roots, skipped, began)
            finally:
                if previous:
                    previous.close()


def find(paths: Sequence[Path]) -> tuple[dict[str, File], list[Skipped]]:
    """Return the files below ``paths`` by document id, sorted, and what was passed over."""
    files: dict[str, File] = {}
    skipped: list[Skipped] = []
    for path in paths:
        if path.is_dir():
            found, passed = readers.discover(path)
            root = path
            skipped += passed
        elif path.exists():
            found, root = [path], path.parent
        else:
            raise AssistantError(f"{path} does not exist: name a folder of documents, or a file")
        for one in found:
            name = document_id(one, root)
            if name in files:
                reason, advice = readers.SAME_NAME
                skipped.append(Skipped(str(one), reason.format(files[name].path), advice))
            else:
                files[name] = File(one, root)
    return dict(sorted(files.items())), skipped


def document_id(path: Path, root: Path) -> str:
    """Return the path below ``root``, with forward slashes."""
    return path.relative_to(root).as_posix().encode("utf-8", "replace").decode()


def digest(path: Path, max_bytes: int) -> str | None:
    """Return the SHA-256 of a file that may be read, or None."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > max_bytes:
            return None
        return generations.digest_of(path)
    except OSError:
        return None


def readable(file: File, max_bytes: int) -> bool:
    """Return whether an ingest would take the file in."""
    try:
        readers.read(file.path, file.root, max_bytes=max_bytes)
    except ReadError:
        return False
    return True


class _Encoders:
    """The encoders of each kind of vectors, loaded only when something is to be embedded."""

    def __init__(
        self, settings: Settings, encoder: TextEncoder | None, chunks: TextEncoder | None
    ) -> None:
        self._settings = settings
        self._encoder = encoder
        self._chunks = chunks

    def load(self) -> dict[str, TextEncoder]:
        """Return the encoder of each kind; raise ModelMissing."""
        encoder = self._encoder or embeddings.load(self._settings)
        chunks = self._chunks or ChunkEncoder(embeddings.threads(self._settings))
        return {name: chunks if name == "chunks" else encoder for name in VECTORS}


class _Job:
    """One run, with the writer's lock held."""

    def __init__(
        self,
        settings: Settings,
        previous: Snapshot | None,
        encoders: _Encoders,
        server: chroma.Server | None,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._index = settings.index
        self._previous = previous
        self._encoders = encoders
        self._server = server
        self._progress = progress
        self._max_bytes = settings.max_file_mb << 20

    def run(
        self,
        files: Mapping[str, File],
        roots: Sequence[Path],
        skipped: Sequence[Skipped],
        began: float,
    ) -> IngestReport:
        previous = self._previous
        before = dict(previous.manifest.sources) if previous else {}
        self._sweep(_kept(self._index, previous))
        plan = self._plan(files)
        removed = tuple(name for name in before if name not in plan.digests)
        folders = [str(root.resolve()) for root in roots]
        if not plan.digests:
            raise _nothing(roots, plan.skipped)
        embedded = 0
        if previous and not (plan.read or removed) and _stands(previous, folders):
            generation, manifest = previous.generation, previous.manifest
        else:
            embedded = self._publish(plan, folders)
            generation, manifest = store.read_manifest(self._index)
        return IngestReport(
            generation=generation,
            documents=len(manifest.sources),
            units=manifest.units,
            passages=manifest.passages,
            embedded=embedded,
            added=tuple(name for name in plan.read if name not in before),
            replaced=tuple(name for name in plan.read if name in before),
            removed=removed,
            skipped=(*skipped, *plan.skipped),
            seconds=time.perf_counter() - began,
        )

    def _plan(self, files: Mapping[str, File]) -> _Plan:
        before = self._previous.manifest.sources if self._previous else {}
        plan = _Plan()
        for done, (name, file) in enumerate(files.items()):
            self._progress("read", done, len(files))
            found = digest(file.path, self._max_bytes)
            if name not in before or found is None or before[name].digest != found:
                try:
                    plan.read[name] = readers.read(
                        file.path,
                        file.root,
                        max_bytes=self._max_bytes,
                        default_language=self._settings.language,
                    )
                except ReadError as error:
                    plan.skipped.append(Skipped(name, error.reason, error.advice))
                    continue
            # A file that changed since it was digested is read again by the next ingest.
            plan.digests[name] = found or ""
        self._progress("read", len(files), len(files))
        return plan

    def _publish(self, plan: _Plan, folders: Sequence[str]) -> int:
        encoders = self._encoders.load()
        model = encoders["titled"].name
        before = self._previous.generation if self._previous else ""
        with VectorCache(self._index / "cache" / "vectors.sqlite") as cache:
            dimensions = {name: encoder.dimension for name, encoder in encoders.items()}
            identity = store.identity(model)
            made = building.Building(self._index, identity, dimensions, self._server)
            try:
                embedded = self._fill(made, plan, encoders, cache)
                generation = made.publish(folders, before, self._progress)
            except BaseException:
                made.discard()
                raise
            with contextlib.suppress(ServerGone):  # published all the same; the next one sweeps
                self._sweep({generation, before})
            texts = 2 * made.passages + 2 * made.units
            if cache.size() > SPARE * texts:
                cache.clean(_keys(encoders, store.open_corpus(self._index, model)))
        return embedded

    def _sweep(self, keep: set[str]) -> None:
        generations.sweep(self._index, keep)
        if self._server:
            self._server.sweep(generations.present(self._index))

    def _fill(
        self,
        made: building.Building,
        plan: _Plan,
        encoders: Mapping[str, TextEncoder],
        cache: VectorCache,
    ) -> int:
        """Add every document; return how many texts were embedded."""
        work = _Embedding(encoders, cache, self._progress)
        work.total = sum(len(document.text) for document in plan.read.values())
        for name, found in plan.digests.items():
            if name in plan.read:
                whole, texts = cut(plan.read[name])
                made.add(whole, found, work.vectors(texts, len(whole.document.text)))
            elif self._previous:
                building.reuse(made, self._previous, name)
        if not made.passages:
            raise AssistantError(
                "The documents hold no text that could be quoted: the index was not changed"
            )
        return work.embedded


class _Embedding:
    """Vectors of one document after the other; tells how far it is, in characters."""

    def __init__(
        self, encoders: Mapping[str, TextEncoder], cache: VectorCache, progress: Progress
    ) -> None:
        self._encoders = encoders
        self._cache = cache
        self._progress = progress
        self.total = self.done = self.embedded = 0

    def vectors(self, texts: Mapping[str, Sequence[str]], size: int) -> dict[str, Floats]:
        """Return the vectors of each kind for a document of ``size`` characters."""
        made: dict[str, Floats] = {}
        everything = max(1, sum(len(own) for own in texts.values()))
        done = 0
        for name, own in texts.items():
            encoder = self._encoders[name]
            parts = [np.zeros((0, encoder.dimension), np.float32)]
            for at in range(0, len(own), _AT_ONCE):
                self._progress("embed", self.done + size * done // everything, self.total)
                part, new = self._cache.vectors(encoder, own[at : at + _AT_ONCE])
                self.embedded += new
                done += len(part)
                parts.append(part)
            made[name] = np.concatenate(parts)
        self.done += size
        self._progress("embed", self.done, self.total)
        return made


def _keys(encoders: Mapping[str, TextEncoder], corpus: Snapshot) -> Iterator[bytes]:
    """Yield the cache keys of what is published."""
    for document in corpus.documents.values():
        for name, texts in cut(document)[1].items():
            for text in texts:
                yield key(encoders[name], text)


def _previous(settings: Settings, model: str) -> Snapshot | None:
    """Return the published generation if something of it can be used again."""
    try:
        return store.open_corpus(settings.index, model, settings.chroma_url)
    except (IndexMissing, IndexMismatch, IndexDamaged):
        return None


def _stands(previous: Snapshot, folders: Sequence[str]) -> bool:
    """Return whether a generation whose documents are unchanged needs no successor."""
    return folders == list(previous.manifest.folders) and previous.in_place()


def _kept(index: Path, previous: Snapshot | None) -> set[str]:
    """Return the generations that stand until another is published, whatever they were made with.

    That is what ``CURRENT`` names, even where nothing of it can be used again.
    """
    if previous:
        return {previous.generation, previous.manifest.previous}
    try:
        return {generations.current(index)[0]}
    except (IndexMissing, IndexDamaged):
        return set()


def _nothing(roots: Sequence[Path], skipped: Sequence[Skipped]) -> AssistantError:
    where = ", ".join(str(root) for root in roots)
    why = "".join(f"\n{s.file} — {s.reason} — {s.advice}" for s in skipped)
    return AssistantError(
        f"There is nothing to index in {where}: put documents there. "
        f"The index was not changed.{why}"
    )


def _silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def _errors_for_people(index: Path) -> Iterator[None]:
    stands = "the former index, if there was one, still answers"
    try:
        yield
    except ServerGone as error:
        raise ServerGone(f"{error}; {stands}") from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        # What shutil raises for a folder has no number, only the texts of its errors.
        if full or os.strerror(errno.ENOSPC) in str(error):
            text = f"The disk of {index} is full: make room and run `assistant ingest` again"
        else:
            text = f"{index} cannot be written ({error}): choose a writable folder with --index"
        raise AssistantError(f"{text}; {stands}") from error
    except Exception as error:
        if not isinstance(error, (sqlite3.Error, *chroma.errors())):
            raise
        raise AssistantError(
            f"{index} could not be written ({error}): see that the disk has room and the folder "
            f"can be written, and run `assistant ingest` again; {stands}"
        ) from error
