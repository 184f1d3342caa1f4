"""Vectors kept by model and text, so that nothing is embedded twice. Losing it costs only time."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.cut import TextEncoder
from assistant.embeddings import unit_length

Floats = npt.NDArray[np.float32]

_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
_CHUNK = 500
SPARE = 3
"""The cache is cleaned when it holds so many times what is in use: deleted documents that come
back are then not embedded again."""


class VectorCache:
    """A file of half-precision vectors; each carries a checksum, and a wrong one is not used."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._connection = self._open()

    def __enter__(self) -> VectorCache:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def vectors(self, encoder: TextEncoder, texts: Sequence[str]) -> tuple[Floats, int]:
        """Return the vectors of ``texts`` and how many had to be embedded.

        Vectors are rounded to half precision whether they come from the cache or not, so that
        an index does not depend on what was cached.
        """
        keys = [key(encoder, text) for text in texts]
        found = self._found(set(keys), encoder.dimension)
        missing = {k: text for k, text in zip(keys, texts, strict=True) if k not in found}
        if missing:
            made = encoder.encode(list(missing.values())).astype(np.float16)
            found.update(zip(missing, made, strict=True))
            self._store(zip(missing, made, strict=True))
        out = np.zeros((len(texts), encoder.dimension), np.float32)
        for row, sought in enumerate(keys):
            out[row] = found[sought]
        return unit_length(out), len(missing)

    def size(self) -> int:
        """Return how many vectors the cache holds."""
        return int(self._connection.execute("SELECT COUNT(*) FROM vectors").fetchone()[0])

    def clean(self, used: Iterable[bytes]) -> None:
        """Forget what is not among ``used``."""
        with self._connection as connection:
            connection.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT OR IGNORE INTO used VALUES (?)", ((k,) for k in used))
            connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM used)")
        self._connection.execute("DROP TABLE used")
        self._connection.execute("VACUUM")

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return self._anew()

    def _anew(self) -> sqlite3.Connection:
        for path in self._path.parent.glob(self._path.name + "*"):
            path.unlink()
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path)
        try:
            # Not synced at each document: what a power cut spoils is noticed and embedded again.
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(_TABLE)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _found(self, keys: set[bytes], dimension: int) -> dict[bytes, npt.NDArray[np.float16]]:
        try:
            return dict(self._stored(keys, dimension))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # a damaged file: begin another
            self._connection.close()
            self._connection = self._anew()
            return {}

    def _stored(
        self, keys: set[bytes], dimension: int
    ) -> Iterator[tuple[bytes, npt.NDArray[np.float16]]]:
        wanted = sorted(keys)
        for at in range(0, len(wanted), _CHUNK):
            part = wanted[at : at + _CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, value FROM vectors WHERE key IN ({marks})"
            for name, value in self._connection.execute(query, part):
                body, check = value[:-4], int.from_bytes(value[-4:], "little")
                if len(body) == 2 * dimension and zlib.crc32(name + body) == check:
                    yield name, np.frombuffer(body, np.float16)

    def _store(self, made: Iterable[tuple[bytes, npt.NDArray[np.float16]]]) -> None:
        rows = ((name, _sealed(name, vector.tobytes())) for name, vector in made)
        with self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)


def key(encoder: TextEncoder, text: str) -> bytes:
    """Return what the vector of a text is found by."""
    raw = f"{encoder.name}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(raw).digest()[:16]


def _sealed(name: bytes, body: bytes) -> bytes:
    return body + zlib.crc32(name + body).to_bytes(4, "little")
