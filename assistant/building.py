"""A generation in the making: documents added one after the other, checked, published."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant import generations, lexical, tables, tally
from assistant.chroma import SELF, Files, Place, Server, query
from assistant.cut import VECTORS, Cut
from assistant.errors import AssistantError, IndexDamaged, IndexMissing
from assistant.generations import Identity, Manifest, Source
from assistant.store import Snapshot

Floats = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]

HALF = 1 << 28
"""Bytes of one kind of passage vectors above which they are kept in half precision."""
CHECKED = 20_000
"""Stored vectors that must find themselves before publication; beyond, so many are drawn."""
_BATCH = 1000


class Building:
    """Writes a generation into a folder of its own; nobody sees it before ``publish``.

    With a ``server``, the vectors of the passages go into a collection of it, else into files.
    """

    def __init__(
        self,
        index: Path,
        identity: Identity,
        dimensions: Mapping[str, int],
        server: Server | None = None,
    ) -> None:
        self._index = index
        self._identity = identity
        self._dimensions = dimensions
        self.folder = generations.begin(index)
        self._place: Place = server.place(self.folder) if server else Files(self.folder)
        self._tables = {
            name: tables.TableWriter(self.folder, name)
            for name in ("documents", "units", "passages")
        }
        self._files = {name: (self.folder / f"{name}.vectors").open("wb") for name in VECTORS}
        self._first_passage: list[int] = []
        self._first_chunk: list[int] = []
        self._chunks = 0
        self._sources: dict[str, Source] = {}
        self._languages: set[str] = set()

    @property
    def passages(self) -> int:
        """How many passages were added."""
        return len(self._tables["passages"])

    @property
    def units(self) -> int:
        """How many units were added."""
        return len(self._tables["units"])

    def add(self, cut: Cut, digest: str, vectors: Mapping[str, Floats]) -> None:
        """Write one document; ``digest`` is that of its file.

        Raises ValueError for a passage that is not verbatim or not in the order of the units.
        """
        start = self.units, self.passages, self._chunks
        self._tables["documents"].append(cut.document)
        self._languages.add(cut.document.language)
        at = 0
        for unit, count in zip(cut.units, cut.chunks, strict=True):
            self._first_passage.append(self.passages)
            self._first_chunk.append(self._chunks)
            self._chunks += count
            self._tables["units"].append(unit)
            while at < len(cut.passages) and cut.passages[at].unit == unit.id:
                passage = cut.passages[at]
                if cut.document.text[passage.start : passage.end] != passage.text:
                    raise ValueError(f"{cut.document.id}: {passage.id} is not verbatim")
                self._tables["passages"].append(passage)
                at += 1
        if at != len(cut.passages):
            raise ValueError(f"{cut.document.id}: passages are not in the order of the units")
        for name, file in self._files.items():
            file.write(np.ascontiguousarray(vectors[name], np.float32).tobytes())
        self._sources[cut.document.id] = Source(
            digest, (start[0], self.units), (start[1], self.passages), (start[2], self._chunks)
        )

    def publish(self, folders: Sequence[str], previous: str, progress: Progress) -> str:
        """Index what was added, check it, and make it the published generation; return its id."""
        self._close()
        tables.write_numbers(self.folder / "first_passage.u64", self._first_passage)
        tables.write_numbers(self.folder / "first_chunk.u64", self._first_chunk)
        self._build_lexical(progress)
        documents, units, _ = self._open()
        tally.write(self.folder, tally.count(documents, units.values()))
        shape = (self.passages, self._dimensions["titled"])
        titled = np.memmap(self.folder / "titled.vectors", "f4", "r", shape=shape)
        self._build_chroma(titled, progress)
        apart = self._check_chroma(titled, progress)
        manifest = Manifest(
            identity=self._identity,
            created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            previous=previous,
            folders=tuple(folders),
            sources=self._sources,
            languages=tuple(sorted(self._languages)),
            vectors=self._shapes(),
            units=self.units,
            passages=self.passages,
            apart=apart,
            files=generations.measured(self.folder),
            collection=self._place.name,
        )
        return generations.publish(self._index, self.folder, manifest)

    def discard(self) -> None:
        """Remove what was built, but for what was published before the failure."""
        with contextlib.suppress(OSError):  # on a full disk the last lines cannot be written
            self._close()
        if not self._published():
            self._place.discard()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _published(self) -> bool:
        try:
            return generations.current(self._index)[0] == generations.named(self.folder)
        except (IndexMissing, IndexDamaged):
            return False

    def _close(self) -> None:
        for table in self._tables.values():
            table.close()
        for file in self._files.values():
            file.close()

    def _open(self) -> tuple[Any, Any, Any]:
        return (
            tables.Keyed(tables.Table(self.folder, "documents", tables.decode_document, 4)),
            tables.Keyed(tables.Table(self.folder, "units", tables.decode_unit, 1000)),
            tables.Table(self.folder, "passages", tables.decode_passage, 1),
        )

    def _build_lexical(self, progress: Progress) -> None:
        documents, units, passages = self._open()
        total = len(passages)

        def passage_terms() -> Iterator[list[str]]:
            for row, passage in enumerate(passages):
                if row % _BATCH == 0:
                    progress("words", row, total)
                document = documents[passage.document]
                yield lexical.passage_terms(document, units[passage.unit], passage)

        unit_terms = (lexical.unit_terms(documents[u.document], u) for u in units.table)
        lexical.build(self.folder / "lexical", passage_terms(), unit_terms)
        progress("words", total, total)

    def _build_chroma(self, vectors: Floats, progress: Progress) -> None:
        ids = [passage.id for passage in self._open()[2]]
        metadata = {
            "model": self._identity.model,
            "dimension": self._dimensions["titled"],
            "chunker": self._identity.chunker,
        }
        batch = self._place.batch
        with self._place.created(len(ids), metadata) as collection:
            for at in range(0, len(ids), batch):
                progress("vectors", at, len(ids))
                part = np.array(vectors[at : at + batch])
                collection.add(ids=ids[at : at + batch], embeddings=part)
        progress("vectors", len(ids), len(ids))

    def _check_chroma(self, vectors: Floats, progress: Progress) -> tuple[int, ...]:
        """Return the rows that Chroma does not find; raise AssistantError when they are many."""
        rows = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), CHECKED), dtype=int))
        apart: list[int] = []
        batch = self._place.batch
        with self._place.opened() as collection:
            complete = collection.count() == len(vectors)
            for at in range(0, len(rows), batch):
                progress("check", at, len(rows))
                part = rows[at : at + batch]
                found = query(collection, vectors[part], 1)
                apart += [
                    int(row)
                    for row, best in zip(part, found, strict=True)
                    if np.any(vectors[row]) and (not best or best[0][1] < SELF)
                ]
        if not complete or len(apart) > len(rows) // 100:
            raise AssistantError(
                f"The new index in {self._index} could not be verified ({len(apart)} of "
                f"{len(rows)} passages are not found): run `assistant ingest --rebuild`"
            )
        progress("check", len(rows), len(rows))
        return tuple(apart)

    def _shapes(self) -> dict[str, tuple[int, int, str]]:
        """Return the shape and precision of each kind of vectors; halve those that are large."""
        rows = {"titled": self.passages, "clauses": self.passages, "headings": self.units}
        shapes = {}
        for name, dimension in self._dimensions.items():
            count = rows.get(name, self._chunks)
            large = name in ("titled", "clauses") and count * dimension * 4 > HALF
            if large:
                _halve(self.folder / f"{name}.vectors", (count, dimension))
            shapes[name] = (count, dimension, "float16" if large else "float32")
        return shapes


def _halve(path: Path, shape: tuple[int, int]) -> None:
    vectors = np.memmap(path, "f4", "r", shape=shape)
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        for at in range(0, len(vectors), 1 << 14):
            file.write(vectors[at : at + (1 << 14)].astype("f2").tobytes())
    half.replace(path)


def reuse(building: Building, previous: Snapshot, name: str) -> None:
    """Add a document as ``previous`` holds it: nothing is read or embedded."""
    source = previous.manifest.sources[name]
    units, passages, chunks = (
        slice(*rows) for rows in (source.units, source.passages, source.chunks)
    )
    firsts = [*previous.first_chunk[units].tolist(), source.chunks[1]]
    whole = Cut(
        previous.documents[name],
        previous.unit_list[units],
        previous.passages[passages],
        [after - first for first, after in pairwise(firsts)],
    )
    vectors = {
        "titled": previous.titled_vectors[passages],
        "clauses": previous.clause_vectors[passages],
        "headings": previous.heading_vectors[units],
        "chunks": previous.chunk_vectors[chunks],
    }
    building.add(whole, source.digest, vectors)
