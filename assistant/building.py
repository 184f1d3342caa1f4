"""A generation in the making: documents added one after the other, checked, published."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant import generations, lexical, tables
from assistant.errors import AssistantError
from assistant.generations import Identity, Manifest, Source
from assistant.store import COLLECTION, LAZY, SELF, Snapshot, open_client, query
from assistant.types import Document, Passage, Unit

Floats = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]

HALF = 1 << 28
"""Bytes of one kind of passage vectors above which they are kept in half precision."""
CHECKED = 20_000
"""Stored vectors that must find themselves before publication; beyond, so many are drawn."""
_BATCH = 1000
_NAMES = ("titled", "clauses", "headings")


class Building:
    """Writes a generation into a folder of its own; nobody sees it before ``publish``."""

    def __init__(self, index: Path, identity: Identity, dimension: int) -> None:
        self._index = index
        self._identity = identity
        self._dimension = dimension
        self.folder = generations.begin(index)
        self._tables = {
            name: tables.TableWriter(self.folder, name)
            for name in ("documents", "units", "passages")
        }
        self._files = {name: (self.folder / f"{name}.vectors").open("wb") for name in _NAMES}
        self._first: list[int] = []
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

    def add(
        self,
        document: Document,
        digest: str,
        units: Sequence[Unit],
        passages: Sequence[Passage],
        titled: Floats,
        clauses: Floats,
        headings: Floats,
    ) -> None:
        """Write one document; ``passages`` stand in the order of ``units``.

        ``digest`` is that of the file. Raises ValueError for a passage that is not verbatim.
        """
        start = self.units, self.passages
        self._tables["documents"].append(document)
        self._languages.add(document.language)
        at = 0
        for unit in units:
            self._first.append(self.passages)
            self._tables["units"].append(unit)
            while at < len(passages) and passages[at].unit == unit.id:
                passage = passages[at]
                if document.text[passage.start : passage.end] != passage.text:
                    raise ValueError(f"{document.id}: {passage.id} is not verbatim")
                self._tables["passages"].append(passage)
                at += 1
        if at != len(passages):
            raise ValueError(f"{document.id}: passages are not in the order of the units")
        for name, vectors in zip(_NAMES, (titled, clauses, headings), strict=True):
            self._files[name].write(np.ascontiguousarray(vectors, np.float32).tobytes())
        self._sources[document.id] = Source(
            digest, (start[0], self.units), (start[1], self.passages)
        )

    def publish(self, folders: Sequence[str], previous: str, progress: Progress) -> str:
        """Index what was added, check it, and make it the published generation; return its id."""
        self._close()
        np.save(self.folder / "first_passage.npy", np.array(self._first, np.int64))
        self._build_lexical(progress)
        vectors = np.memmap(
            self.folder / "titled.vectors", "f4", "r", shape=(self.passages, self._dimension)
        )
        self._build_chroma(vectors, progress)
        apart = self._check_chroma(vectors, progress)
        precision = self._shrink()
        manifest = Manifest(
            identity=self._identity,
            dimension=self._dimension,
            created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            previous=previous,
            folders=tuple(folders),
            sources=self._sources,
            languages=tuple(sorted(self._languages)),
            precision=precision,
            units=self.units,
            passages=self.passages,
            apart=apart,
            files=generations.measured(self.folder),
        )
        return generations.publish(self._index, self.folder, manifest)

    def discard(self) -> None:
        """Remove what was built."""
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)

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
        client = open_client(self.folder / "chroma")
        try:
            collection = client.create_collection(
                COLLECTION,
                embedding_function=None,
                configuration={
                    "hnsw": {
                        "space": "cosine",
                        "ef_construction": 200,
                        "ef_search": 200,
                        "sync_threshold": 10**9 if len(ids) <= LAZY else len(ids),
                    }
                },
                metadata={
                    "model": self._identity.model,
                    "dimension": self._dimension,
                    "chunker": self._identity.chunker,
                },
            )
            for at in range(0, len(ids), _BATCH):
                progress("vectors", at, len(ids))
                collection.add(
                    ids=ids[at : at + _BATCH], embeddings=np.array(vectors[at : at + _BATCH])
                )
        finally:
            client.close()
        progress("vectors", len(ids), len(ids))

    def _check_chroma(self, vectors: Floats, progress: Progress) -> tuple[int, ...]:
        """Return the rows that Chroma does not find; raise AssistantError when they are many."""
        rows = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), CHECKED), dtype=int))
        copy = Path(shutil.copytree(self.folder / "chroma", self.folder / "checked"))
        client = open_client(copy)
        apart: list[int] = []
        try:
            collection = client.get_collection(COLLECTION, embedding_function=None)
            complete = collection.count() == len(vectors)
            for at in range(0, len(rows), _BATCH):
                progress("check", at, len(rows))
                part = rows[at : at + _BATCH]
                found = query(collection, vectors[part], 1)
                apart += [
                    int(row)
                    for row, best in zip(part, found, strict=True)
                    if np.any(vectors[row]) and (not best or best[0][1] < SELF)
                ]
        finally:
            client.close()
            shutil.rmtree(copy)
        if not complete or len(apart) > len(rows) // 100:
            raise AssistantError(
                f"The new index in {self._index} could not be verified ({len(apart)} of "
                f"{len(rows)} passages are not found): run `assistant ingest --rebuild`"
            )
        progress("check", len(rows), len(rows))
        return tuple(apart)

    def _shrink(self) -> str:
        if self.passages * self._dimension * 4 <= HALF:
            return "float32"
        for name in ("titled", "clauses"):
            path = self.folder / f"{name}.vectors"
            shape = (self.passages, self._dimension)
            with path.with_suffix(".half").open("wb") as file:
                vectors = np.memmap(path, "f4", "r", shape=shape)
                for at in range(0, len(vectors), 1 << 14):
                    file.write(vectors[at : at + (1 << 14)].astype("f2").tobytes())
            path.with_suffix(".half").replace(path)
        return "float16"


def reuse(building: Building, previous: Snapshot, name: str) -> None:
    """Add a document as ``previous`` holds it: nothing is read or embedded."""
    source = previous.manifest.sources[name]
    units, passages = slice(*source.units), slice(*source.passages)
    building.add(
        previous.documents[name],
        source.digest,
        previous.unit_list[units],
        previous.passages[passages],
        previous.titled_vectors[passages],
        previous.clause_vectors[passages],
        previous.heading_vectors[units],
    )
