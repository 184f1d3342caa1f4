"""The folder of documents as the page changes it: names made safe, never a path out of it."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from assistant import language, readers
from assistant.errors import ReadError
from assistant.readers import messages
from assistant.settings import Settings

REMOVED = ".removed"
"""Where removed documents are kept, inside the folder; its dot keeps it out of the index."""
MOST_BYTES = 4_000_000_000
"""Bytes that the folder may hold before the page adds nothing more, removed documents included."""
MOST_FILES = 10_000
PATIENCE = 60.0
"""Seconds that trying to read a new file may take."""
_LONGEST = 180
_ODD = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


class Refused(Exception):
    """A change that is not made; ``key`` names the page's word that says why."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


@dataclass(frozen=True, slots=True)
class File:
    """A document in the folder: size in bytes, and when it was last changed."""

    path: Path
    size: int
    changed: float


class Shelf:
    """The folder of documents of the settings. Any thread may use it."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.knowledge
        self.limit = settings.max_file_mb << 20
        self._language = settings.language
        self._lock = Lock()
        self._reading = Lock()

    def files(self) -> dict[str, File]:
        """Return the documents by name, sorted; none where there is no folder."""
        try:
            found, _ = readers.discover(self.folder)
        except ReadError:
            return {}
        files = {}
        for path in found:
            try:
                facts = path.stat()
            except OSError:
                continue
            name = path.relative_to(self.folder).as_posix().encode("utf-8", "replace").decode()
            files[name] = File(path, facts.st_size, facts.st_mtime)
        return files

    def check(self, name: str, replace: bool) -> str:
        """Return the name that a new document gets; raise Refused before anything is written."""
        safe = safe_name(name)
        if Path(safe).suffix.lower() not in readers.SUFFIXES:
            raise Refused("refused_format", formats=formats())
        if not replace and (self.folder / safe).exists():
            raise Refused("refused_exists")
        return safe

    def add(self, name: str, part: Path, replace: bool = False) -> str:
        """Move the file ``part`` into the folder; return its name there or raise Refused.

        It is read first, in a process of its own that is ended when it takes too long.
        """
        safe = self.check(name, replace)
        with self._reading:
            self._try(part, safe)
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._room()
            target = self.folder / safe
            former = target.exists()
            if former and not replace:
                raise Refused("refused_exists")
            away = self._put_away(target) if former else None
            try:
                # The name is taken by rename, which follows no link; the part has its own folder.
                part.replace(target)
                if safe not in self.files():
                    raise Refused("refused_left_out")
            except (OSError, Refused):
                target.unlink(missing_ok=True)
                if away:
                    away.rename(target)
                raise
        return safe

    def remove(self, name: str) -> None:
        """Take a document out of the folder; raise Refused unless it is one of ``files``."""
        with self._lock:
            file = self.files().get(name)
            if file is None:
                raise Refused("refused_unknown")
            self._put_away(file.path)

    def workplace(self) -> Path:
        """Return a fresh folder for a file on its way, on the same disk as the documents."""
        place = self.folder / REMOVED / f"incoming-{secrets.token_hex(8)}"
        place.mkdir(parents=True, mode=0o700)
        return place

    def _put_away(self, path: Path) -> Path:
        kept = self.folder / REMOVED
        kept.mkdir(exist_ok=True, mode=0o700)
        when = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        name = path.name.encode("utf-8", "replace")[-_LONGEST:].decode("utf-8", "ignore")
        return path.rename(kept / f"{when}-{secrets.token_hex(2)}-{name}")

    def _room(self) -> None:
        files = [p for p in self.folder.rglob("*") if p.is_file() and not p.is_symlink()]
        held = sum(p.stat().st_size for p in files)
        if len(files) >= MOST_FILES or held > MOST_BYTES:
            raise Refused("refused_full")

    def _try(self, part: Path, name: str) -> None:
        command = [sys.executable, "-m", "assistant.ui.trial", str(part), name]
        try:
            run = subprocess.run(
                [*command, str(self.limit), self._language],
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
            said = json.loads(run.stdout or b"{}")
        except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            raise Refused("refused_slow") from error
        if run.returncode:
            reason = said.get("reason", messages.BROKEN[0])
            advice = said.get("advice", messages.BROKEN[1])
            raise Refused("refused_unread", reason=reason, advice=advice)


def safe_name(name: str) -> str:
    """Return ``name`` as a plain file name: no folder, no hidden file, nothing unprintable."""
    plain = language.normalise(name[:2000].replace("\\", "/")).split("/")[-1]
    plain = "".join(c if c.isprintable() else " " for c in _ODD.sub("_", plain))
    plain = " ".join(plain.split()).strip(" .")
    stem, suffix = Path(plain).stem, Path(plain).suffix
    while len((stem + suffix).encode()) > _LONGEST and stem:
        stem = stem[:-1]
    if not stem or not suffix or _RESERVED.match(plain):
        raise Refused("refused_name")
    return stem.rstrip() + suffix.lower()


def formats() -> str:
    """Return the endings of the formats that are read."""
    return ", ".join(sorted(readers.SUFFIXES))
