"""From a path to a Document: size and encoding checked first, then the reader of its format."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from assistant.errors import ReadError
from assistant.readers import messages
from assistant.readers.builder import Builder
from assistant.readers.encoding import decode
from assistant.readers.epub import read_epub
from assistant.readers.html import read_html
from assistant.readers.mail import read_mail
from assistant.readers.markdown import read_markdown
from assistant.readers.office import read_docx, read_odt
from assistant.readers.pdf import read_pdf
from assistant.readers.table import read_csv
from assistant.readers.text import read_text
from assistant.types import Document

_TEXT: dict[str, Callable[[str, Builder], str]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".csv": read_csv,
}
_BINARY: dict[str, Callable[[bytes, Builder, int], str]] = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".odt": read_odt,
    ".epub": read_epub,
    ".eml": read_mail,
}
SUFFIXES: frozenset[str] = frozenset(_TEXT.keys() | _BINARY.keys())


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
    if suffix in _BINARY:
        title = _BINARY[suffix](raw, builder, max_bytes)
    else:
        title = _TEXT[suffix](decode(raw, html=_TEXT[suffix] is read_html), builder)
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
