"""Records on disk, one JSON object a line, found by row or id without reading the others."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from assistant.types import Document, Heading, Page, Passage, Unit

T = TypeVar("T")
Record = Document | Unit | Passage


def encode(record: Record) -> bytes:
    """Return the record as one line."""
    fields = {name: getattr(record, name) for name in record.__slots__}
    for name in ("headings", "pages"):
        if name in fields:
            fields[name] = [
                [getattr(part, slot) for slot in part.__slots__] for part in fields[name]
            ]
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def decode_document(line: bytes) -> Document:
    """Return the document that ``encode`` wrote."""
    fields = json.loads(line)
    fields["headings"] = tuple(Heading(*part) for part in fields["headings"])
    fields["pages"] = tuple(Page(*part) for part in fields["pages"])
    fields["noise"] = tuple((start, end) for start, end in fields["noise"])
    return Document(**fields)


def decode_unit(line: bytes) -> Unit:
    """Return the unit that ``encode`` wrote."""
    fields = json.loads(line)
    return Unit(**{**fields, "path": tuple(fields["path"])})


def decode_passage(line: bytes) -> Passage:
    """Return the passage that ``encode`` wrote."""
    return Passage(**json.loads(line))


def write_numbers(path: Path, numbers: npt.ArrayLike) -> None:
    """Write whole numbers of 0 or more, 64 bits each, least byte first, and nothing else.

    Not ``numpy.save``: reading its header parses Python, which fails at random when several
    threads do it at once (Python 3.11, "AST constructor recursion depth mismatch").
    """
    path.write_bytes(np.asarray(numbers, "<u8").tobytes())


def read_numbers(path: Path) -> npt.NDArray[np.uint64]:
    """Return the numbers that ``write_numbers`` wrote, mapped from the file."""
    if not path.stat().st_size:
        return np.empty(0, "<u8")
    return np.memmap(path, "<u8", "r")


class TableWriter:
    """Writes ``<name>.jsonl``, ``<name>.rows.u64`` (offsets) and ``<name>.keys.u64`` (ids)."""

    def __init__(self, folder: Path, name: str) -> None:
        self._base = folder / name
        self._file = self._base.with_suffix(".jsonl").open("wb")
        self._offsets = [0]
        self._keys: list[int] = []

    def __len__(self) -> int:
        return len(self._keys)

    def append(self, record: Record) -> None:
        """Write one record after the others."""
        self._offsets.append(self._offsets[-1] + self._file.write(encode(record)))
        self._keys.append(_key(record.id))

    def close(self) -> None:
        """Finish the three files."""
        self._file.close()
        keys = np.array(self._keys, np.uint64)
        order = np.argsort(keys, kind="stable").astype(np.uint64)
        write_numbers(self._base.with_suffix(".rows.u64"), self._offsets)
        write_numbers(self._base.with_suffix(".keys.u64"), np.concatenate([keys[order], order]))


class Table(Sequence[T], Generic[T]):
    """The records of a table by row; ``keep`` of them stay decoded. Any thread may use it."""

    def __init__(self, folder: Path, name: str, decode: Callable[[bytes], T], keep: int) -> None:
        base = folder / name
        with base.with_suffix(".jsonl").open("rb") as file:
            self._bytes: mmap.mmap | bytes = (
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                if base.with_suffix(".jsonl").stat().st_size
                else b""
            )
        self._offsets = read_numbers(base.with_suffix(".rows.u64"))
        self._keys = read_numbers(base.with_suffix(".keys.u64")).reshape(2, -1)
        self._decode = decode
        self._record: Callable[[int], T] = lru_cache(keep)(self._read)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, row: int) -> T: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[T]: ...
    def __getitem__(self, row: int | slice) -> T | Sequence[T]:
        if isinstance(row, slice):
            return [self._record(i) for i in range(*row.indices(len(self)))]
        at = int(row) + (len(self) if row < 0 else 0)
        if not 0 <= at < len(self):
            raise IndexError(row)
        return self._record(at)

    def candidates(self, key: str) -> Iterator[int]:
        """Yield the rows whose id may be ``key``: nearly always one or none."""
        sought = np.uint64(_key(key))
        at = int(np.searchsorted(self._keys[0], sought))
        while at < len(self) and self._keys[0][at] == sought:
            yield int(self._keys[1][at])
            at += 1

    def _read(self, row: int) -> T:
        return self._decode(self._bytes[int(self._offsets[row]) : int(self._offsets[row + 1])])


R = TypeVar("R", bound=Record)


class Keyed(Mapping[str, R]):
    """The records of a table by id, in the order of the table."""

    def __init__(self, table: Table[R]) -> None:
        self.table = table

    def row(self, key: str) -> int:
        """Return the row of the record; raise KeyError."""
        for row in self.table.candidates(key):
            if self.table[row].id == key:
                return row
        raise KeyError(key)

    def __getitem__(self, key: str) -> R:
        return self.table[self.row(key)]

    def __iter__(self) -> Iterator[str]:
        return (record.id for record in self.table)

    def __len__(self) -> int:
        return len(self.table)


def _key(key: Any) -> int:
    """Return 64 bits that stand for an id."""
    raw = str(key).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")
