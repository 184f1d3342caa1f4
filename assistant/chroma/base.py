"""What files and server share: how vectors are stored; distance becomes similarity here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LAZY = 2000
"""Up to so many passages Chroma builds its graph at the first question (0.3 s at most) instead of
writing it; above, the graph is written once, with the last passage."""
SELF = 0.999
"""A stored vector that finds nothing at least this similar to itself is out of Chroma's reach."""


class Nearest(Protocol):
    """The vectors of a published generation, for its readers. Any thread may use it."""

    def nearest(self, vector: Floats, k: int) -> list[tuple[str, float]] | None:
        """Return ids and similarities, best first; None where all vectors are to be searched."""

    def whole(self) -> bool:
        """Return whether every vector is where this looks for it; raise ServerGone."""

    def close(self) -> None:
        """Let go of files and connections, and of the generation."""


class Place(Protocol):
    """Where a generation in the making puts its vectors."""

    @property
    def name(self) -> str:
        """The collection as the manifest names it: empty for files of the generation."""

    @property
    def batch(self) -> int:
        """How many vectors are sent at once."""

    def created(self, count: int, metadata: Mapping[str, Any]) -> AbstractContextManager[Any]:
        """Give an empty collection for ``count`` vectors."""

    def opened(self) -> AbstractContextManager[Any]:
        """Give the collection as its readers will find it."""

    def discard(self) -> None:
        """Remove what was made, as far as it can be reached."""


def create(client: Any, name: str, count: int, metadata: Mapping[str, Any]) -> Any:
    """Return a new collection for ``count`` vectors, compared by cosine."""
    hnsw = {
        "space": "cosine",
        "ef_construction": 200,
        "ef_search": 200,
        "sync_threshold": 10**9 if count <= LAZY else count,
    }
    return client.create_collection(
        name, embedding_function=None, configuration={"hnsw": hnsw}, metadata=dict(metadata)
    )


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


def errors() -> tuple[type[Exception], ...]:
    """Return what Chroma raises; nothing when it was never used."""
    module = sys.modules.get("chromadb.errors")
    return (module.ChromaError,) if module else ()
