"""Brings the index to the state of the documents: adds, replaces, deletes; returns a report."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant import building, embeddings, generations, readers, store, units
from assistant.cache import VectorCache
from assistant.embeddings import Encoder
from assistant.errors import (
    AssistantError,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    ReadError,
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
    encoder: Encoder | None = None,
    wait: float = WAIT,
) -> IngestReport:
    """Return what was done to bring the index of the settings to the state of ``paths``.

    ``paths`` are folders, or single files; what they do not hold leaves the index. Unchanged
    documents are neither read nor embedded; with ``rebuild`` everything is read anew.
    ``progress`` is told (step, done, total); steps are read, embed, words, vectors, check. Readers
    keep the former index until the new one is complete. Raises AssistantError (nothing to index,
    disk full, folder not writable), IndexBusy, ModelMissing; the former index then still stands.
    """
    began = time.perf_counter()
    roots = [paths] if isinstance(paths, Path) else list(paths)
    index = settings.index
    with _errors_for_people(index):
        files, skipped = find(roots)
        if not files:
            raise _nothing(roots, skipped)
        with generations.writing(index, wait):
            model = encoder.name if encoder else embeddings.identity(settings)
            previous = None if rebuild else _previous(index, model)
            try:
                job = _Job(settings, index, previous, encoder, progress or _silent)
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
                reason = f"has the same name as {files[name].path}"
                skipped.append(Skipped(str(one), reason, "rename one of them"))
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


class _Job:
    """One run, with the writer's lock held."""

    def __init__(
        self,
        settings: Settings,
        index: Path,
        previous: Snapshot | None,
        encoder: Encoder | None,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._index = index
        self._previous = previous
        self._encoder = encoder
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
        generations.sweep(self._index, _kept(previous))
        plan = self._plan(files)
        removed = tuple(name for name in before if name not in plan.digests)
        folders = [str(root.resolve()) for root in roots]
        if not plan.digests:
            raise _nothing(roots, plan.skipped)
        embedded = 0
        if previous and not (plan.read or removed) and folders == list(previous.manifest.folders):
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
        encoder = self._encoder or embeddings.load(self._settings)
        before = self._previous.generation if self._previous else ""
        cache_file = self._index / "cache" / "vectors.sqlite"
        with VectorCache(cache_file, encoder.name, encoder.dimension) as cache:
            made = building.Building(self._index, store.identity(encoder.name), encoder.dimension)
            try:
                embedded = self._fill(made, plan, encoder, cache)
                generation = made.publish(folders, before, self._progress)
            except BaseException:
                made.discard()
                raise
            generations.sweep(self._index, {generation, before})
            keys = _keys(cache, self._index, encoder.name)
            cache.clean(keys, 2 * made.passages + made.units)
        return embedded

    def _fill(
        self, made: building.Building, plan: _Plan, encoder: Encoder, cache: VectorCache
    ) -> int:
        """Add every document; return how many texts were embedded."""
        embedded = done = 0
        total = sum(len(document.text) for document in plan.read.values())
        for name, found in plan.digests.items():
            document = plan.read.get(name)
            if document is None:
                if self._previous:
                    building.reuse(made, self._previous, name)
                continue
            self._progress("embed", done, total)
            own, passages = units.split(document)
            headings = [unit.heading for unit in own]
            by_id = {unit.id: unit for unit in own}
            titled = [embeddings.passage_input(by_id[p.unit], p) for p in passages]
            vectors = []
            for texts in (titled, [p.text for p in passages], headings):
                some, new = _vectors(texts, encoder, cache)
                vectors.append(some)
                embedded += new
            made.add(document, found, own, passages, *vectors)
            done += len(document.text)
        self._progress("embed", total, total)
        if not made.passages:
            raise AssistantError(
                "The documents hold no text that could be quoted: the index was not changed"
            )
        return embedded


def _vectors(texts: Sequence[str], encoder: Encoder, cache: VectorCache) -> tuple[Floats, int]:
    parts = [np.zeros((0, encoder.dimension), np.float32)]
    embedded = 0
    for at in range(0, len(texts), _AT_ONCE):
        part, new = cache.vectors(texts[at : at + _AT_ONCE], encoder.encode)
        parts.append(part)
        embedded += new
    return np.concatenate(parts), embedded


def _keys(cache: VectorCache, index: Path, model: str) -> Iterator[bytes]:
    """Yield the cache keys of what is published."""
    corpus = store.open_corpus(index, model)
    for passage in corpus.passages:
        yield cache.key(embeddings.passage_input(corpus.units[passage.unit], passage))
        yield cache.key(passage.text)
    for unit in corpus.unit_list:
        yield cache.key(unit.heading)


def _previous(index: Path, model: str) -> Snapshot | None:
    """Return the published generation if something of it can be used again."""
    try:
        return store.open_corpus(index, model)
    except (IndexMissing, IndexMismatch, IndexDamaged):
        return None


def _kept(previous: Snapshot | None) -> set[str]:
    return {previous.generation, previous.manifest.previous} if previous else set()


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
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"The disk of {index} is full: make room and run `assistant ingest` again"
        else:
            text = f"{index} cannot be written ({error}): choose a writable folder with --index"
        raise AssistantError(f"{text}; {stands}") from error
    except Exception as error:
        if not isinstance(error, (sqlite3.Error, *store.chroma_errors())):
            raise
        raise AssistantError(
            f"{index} could not be written ({error}): see that the disk has room and the folder "
            f"can be written, and run `assistant ingest` again; {stands}"
        ) from error
