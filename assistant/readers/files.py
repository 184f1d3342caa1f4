"""From a path to a Document: size and encoding checked first, then the reader of its format."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from assistant.errors import ReadError
from assistant.language import detect
from assistant.readers import messages
from assistant.readers.builder import Builder
from assistant.readers.html import read_html
from assistant.readers.markdown import read_markdown
from assistant.readers.text import read_text
from assistant.types import Document

_TEXT: dict[str, Callable[[str, Builder], str]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
}
SUFFIXES: frozenset[str] = frozenset(_TEXT)
_SINGLE_BYTE = {"pl": "cp1250", "tr": "cp1254"}
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,30})""", re.IGNORECASE)


def read(path: Path, root: Path, *, max_bytes: int, default_language: str = "fr") -> Document:
    """Return the document that ``path``, a file below ``root``, holds.

    ``Document.id`` is the path below ``root``; ``Document.digest`` is of the normalised text.
    Raises ReadError with a reason and an advice for people; nothing else for a bad file.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise messages.refuse(messages.FORMAT)
    raw = _bytes(path, max_bytes)
    builder = Builder()
    title = _TEXT[suffix](decode(raw, html=suffix in (".html", ".htm")), builder)
    if builder.empty:
        raise messages.refuse(messages.NO_TEXT)
    name = path.relative_to(root).as_posix().encode("utf-8", "replace").decode()
    return builder.document(name, title or readable(path.stem), default_language)


def readable(stem: str) -> str:
    """Return a file's stem as a title: "rapport_annuel-2024" → "Rapport annuel 2024"."""
    words = " ".join(re.sub(r"[_\-.+]+", " ", stem.encode("utf-8", "replace").decode()).split())
    return words[:1].upper() + words[1:]


def _bytes(path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file of at most ``max_bytes``, read in one go."""
    try:
        # Without O_NONBLOCK a named pipe put in the folder would block for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise messages.refuse(messages.NOT_FILE)
            if before.st_size > max_bytes:
                raise messages.refuse(messages.TOO_LARGE)
            raw = file.read(max_bytes + 1)
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise messages.refuse(messages.MISSING) from error
    except PermissionError as error:
        raise messages.refuse(messages.PERMISSION) from error
    except OSError as error:
        raise ReadError(error.strerror or str(error), messages.BROKEN[1]) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise messages.refuse(messages.CHANGED)
    if not raw.strip():
        raise messages.refuse(messages.EMPTY)
    return raw


def decode(raw: bytes, *, html: bool = False) -> str:
    """Return ``raw`` as text: by its mark, as UTF-8, as it declares, else as it looks."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif raw[:4096].count(0) * 4 > len(raw[:4096]):
        encodings = ["utf-16-le" if raw[1:4096:2].count(0) > raw[:4096:2].count(0) else "utf-16-be"]
    else:
        declared = _CHARSET.search(raw[:2048]) if html else None
        encodings = ["utf-8-sig", *([declared.group(1).decode()] if declared else []), ""]
    for encoding in encodings:
        text = _decoded(raw, encoding or _guess(raw))
        if text is not None and _readable(text):
            return text
    raise messages.refuse(messages.BINARY)


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _guess(raw: bytes) -> str:
    """Return the likeliest encoding. Where few letters are beyond ASCII the language decides:
    a guesser by bytes takes a short French text for Czech, and Polish for French.
    """
    from charset_normalizer import from_bytes

    sample = raw[:100_000]
    western = _decoded(sample, "cp1252") or sample.decode("latin-1")
    if sum(byte > 127 for byte in sample) * 5 <= len(sample):
        return _SINGLE_BYTE.get(detect(western), "cp1252")
    best = from_bytes(sample).best()
    return best.encoding if best else "unknown"


def _readable(text: str) -> bool:
    sample = text[:4096]
    fit = sum(character.isprintable() or character.isspace() for character in sample)
    return fit >= 0.95 * len(sample)
