"""Generations of an index on disk: built beside, published whole by one step, never changed.

``CURRENT`` names the published generation and the digest of its manifest; the manifest holds the
size and digest of every other file. A reader holds a shared lock on the manifest it opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from assistant.errors import IndexBusy, IndexDamaged, IndexMissing

if sys.platform != "win32":
    import fcntl

FORMAT = 2
HASHED = 1 << 30
"""Bytes up to which every file is hashed at opening; larger generations are checked by size,
and whole by ``assistant doctor``."""
MEND = "mend it with `assistant ingest --rebuild`"
_BLOCK = 1 << 20
_BUILDING, _TRASH = ".building", ".trash"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an index was made with: an index made with anything else is refused."""

    model: str
    reader: str
    chunker: str
    terms: str


@dataclass(frozen=True, slots=True)
class Source:
    """A document in a generation: digest of the file; its rows of units, passages, chunks."""

    digest: str
    units: tuple[int, int]
    passages: tuple[int, int]
    chunks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds.

    ``vectors`` gives rows, dimension and precision of each kind of vectors; ``apart`` the passages
    that Chroma does not find; ``files`` size and SHA-256 by path below the generation;
    ``collection`` where a Chroma server has the vectors of the passages, empty where its files do.
    """

    identity: Identity
    created: str
    previous: str
    folders: tuple[str, ...]
    sources: Mapping[str, Source]
    languages: tuple[str, ...]
    vectors: Mapping[str, tuple[int, int, str]]
    units: int
    passages: int
    apart: tuple[int, ...] = ()
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    collection: str = ""

    def to_bytes(self) -> bytes:
        """Return the manifest as it is written."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @staticmethod
    def from_bytes(raw: bytes) -> Manifest:
        """Return what ``to_bytes`` wrote; raise ValueError for another format."""
        data: dict[str, Any] = json.loads(raw)
        if data.pop("format") != FORMAT:
            raise ValueError("another format")
        data["identity"] = Identity(**data["identity"])
        data["folders"], data["apart"] = tuple(data["folders"]), tuple(data["apart"])
        data["languages"] = tuple(data["languages"])
        data["sources"] = {
            key: Source(s["digest"], *((s[n][0], s[n][1]) for n in ("units", "passages", "chunks")))
            for key, s in data["sources"].items()
        }
        data["vectors"] = {key: (n, d, kind) for key, (n, d, kind) in data["vectors"].items()}
        data["files"] = {key: (size, digest) for key, (size, digest) in data["files"].items()}
        return Manifest(**data)


@dataclass(frozen=True, slots=True)
class Held:
    """A published generation that cannot be removed while ``lock`` is open."""

    id: str
    folder: Path
    raw: bytes
    lock: IO[bytes]


def current(index: Path) -> tuple[str, str]:
    """Return id and manifest digest of the published generation; raise IndexMissing, -Damaged."""
    pointer = index / "CURRENT"
    try:
        text = pointer.read_bytes().decode("ascii")
        name, digest = text.split("\n")[:2]
    except FileNotFoundError:
        raise IndexMissing(
            f"There is no index in {index}: make one with `assistant ingest`"
        ) from None
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"{pointer} is damaged or unreadable: {MEND}") from error
    if text != pointer_text(name, digest):
        raise IndexDamaged(f"{pointer} is damaged: {MEND}")
    return name, digest


def pointer_text(name: str, digest: str) -> str:
    """Return what ``CURRENT`` holds: the generation, its manifest's digest, a check of both."""
    check = hashlib.sha256(f"{name}\n{digest}".encode()).hexdigest()[:16]
    return f"{name}\n{digest}\n{check}\n"


def stamp(index: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever a generation is published; None without an index."""
    try:
        found = (index / "CURRENT").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def hold(index: Path) -> Held:
    """Return the published generation, locked against removal, its manifest verified."""
    for _ in range(500):
        name, digest = current(index)
        folder = index / "generations" / name
        path = folder / "manifest.json"
        try:
            lock = path.open("rb")
            if _lock(lock, shared=True) and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                raw = lock.read()
                if hashlib.sha256(raw).hexdigest() != digest:
                    lock.close()
                    raise IndexDamaged(f"{path} is damaged: {MEND}")
                return Held(name, folder, raw, lock)
            lock.close()
        except FileNotFoundError:
            if current(index) == (name, digest):
                raise IndexDamaged(f"{path} is missing: {MEND}") from None
        except OSError as error:
            raise IndexDamaged(f"{path} is unreadable: {MEND}") from error
        time.sleep(0.01)
    raise IndexBusy(f"{index} is locked by another process: try again when it has finished")


def verify(folder: Path, files: Mapping[str, tuple[int, str]], hashed: bool | None = None) -> None:
    """Raise IndexDamaged naming the first file that is not what was written.

    ``hashed`` says whether contents are compared too; None decides by ``HASHED``.
    """
    whole = sum(size for size, _ in files.values()) <= HASHED if hashed is None else hashed
    for name, (size, digest) in files.items():
        path = folder / name
        try:
            right = path.stat().st_size == size and (not whole or digest_of(path) == digest)
        except OSError as error:
            raise IndexDamaged(f"{path} is missing or unreadable: {MEND}") from error
        if not right:
            raise IndexDamaged(f"{path} is damaged: {MEND}")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def writing(index: Path, wait: float) -> Iterator[None]:
    """Hold the writer's lock; raise IndexBusy naming the other process after ``wait`` seconds."""
    index.mkdir(parents=True, exist_ok=True)
    with (index / "lock").open("a+b") as lock:
        end = time.monotonic() + wait
        while not _lock(lock, shared=False):
            if time.monotonic() >= end:
                lock.seek(0)
                holder = lock.read(20).decode("ascii", "replace").strip() or "unknown"
                raise IndexBusy(
                    f"{index} is being written by process {holder}: wait until it has finished"
                )
            time.sleep(0.05)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode())
        lock.flush()
        yield


def begin(index: Path) -> Path:
    """Return a fresh folder to build a generation in."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"
    folder = index / "generations" / (name + _BUILDING)
    folder.mkdir(parents=True)
    return folder


def named(folder: Path) -> str:
    """Return the id of the generation that is built in ``folder``."""
    return folder.name.removesuffix(_BUILDING)


def publish(index: Path, folder: Path, manifest: Manifest) -> str:
    """Write the manifest, put everything on the disk, switch ``CURRENT``; return the id."""
    raw = manifest.to_bytes()
    (folder / "manifest.json").write_bytes(raw)
    for path in (*folder.rglob("*"), folder):
        _sync(path)
    name = named(folder)
    folder.rename(folder.with_name(name))
    _sync(folder.parent)
    pointer = index / "CURRENT.new"
    pointer.write_bytes(pointer_text(name, hashlib.sha256(raw).hexdigest()).encode())
    _sync(pointer)
    pointer.replace(index / "CURRENT")
    _sync(index)
    return name


def measured(folder: Path) -> dict[str, tuple[int, str]]:
    """Return size and digest of every file below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, digest_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sweep(index: Path, keep: set[str]) -> None:
    """Remove what no reader uses: unfinished builds, old generations, copies of dead readers.

    Only the holder of the writer's lock may call this.
    """
    for folder in _folders(index / "generations"):
        if folder.name.endswith((_BUILDING, _TRASH)):
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.name not in keep:
            _retire(folder, folder / "manifest.json")
    for folder in _folders(index / "open"):
        _retire(folder, folder / "lock")


def present(index: Path) -> set[str]:
    """Return the ids of the generations that are on the disk, published or in use."""
    return {named(folder) for folder in _folders(index / "generations")}


def claim(index: Path) -> tuple[Path, IO[bytes]]:
    """Return a private folder below the index, and the lock that keeps it; raise OSError."""
    folder = index / "open" / f"{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(parents=True)
    lock = (folder / "lock").open("wb")
    if _lock(lock, shared=False) and (folder / "lock").exists():
        return folder, lock
    lock.close()  # an ingest took the fresh folder for one that was left behind
    raise BlockingIOError(f"{folder} was swept")


def _folders(parent: Path) -> list[Path]:
    return sorted(p for p in parent.iterdir() if p.is_dir()) if parent.is_dir() else []


def _retire(folder: Path, locked: Path) -> None:
    """Remove a folder unless somebody holds its lock, or has just removed it."""
    with contextlib.suppress(OSError):
        if not locked.exists():
            # A reader's copy that is being made right now has no lock yet.
            if time.time() - folder.stat().st_mtime > 60:
                shutil.rmtree(folder, ignore_errors=True)
            return
        with locked.open("rb+") as lock:
            if _lock(lock, shared=False):
                gone = folder.with_name(folder.name + _TRASH)
                folder.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)


def _lock(file: IO[bytes], *, shared: bool) -> bool:
    """Return whether the lock was taken; it goes with the file's closing or the process's end."""
    if sys.platform == "win32":
        return _lock_windows(file, shared)
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_windows(file: IO[bytes], shared: bool) -> bool:
    """Readers need none there: a folder with open files cannot be renamed."""
    if shared or sys.platform != "win32":
        return True
    import msvcrt

    try:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
