"""Which files of a folder are read, and which are passed over and why."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from assistant.errors import ReadError
from assistant.readers import messages
from assistant.readers.encoding import decode
from assistant.readers.files import SUFFIXES
from assistant.readers.messages import Message
from assistant.types import Skipped

IGNORE_FILE = ".assistantignore"
# About a folder, not knowledge: only at its top.
_ALWAYS = ("/README.md", "/glossary.txt")


def discover(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """Return the documents below ``folder``, sorted by name, and what was passed over.

    Patterns of ``.assistantignore`` (written like a ``.gitignore``) and ``README.md`` and
    ``glossary.txt`` at the top are left out without a word. Raises ReadError when there is no
    such folder.
    """
    if not folder.is_dir():
        raise messages.refuse(messages.NO_FOLDER)
    ignored = _ignored(folder)
    files: list[Path] = []
    skipped: list[Skipped] = []

    def passed(path: Path, message: Message) -> None:
        failed = message in (messages.PERMISSION,)
        skipped.append(Skipped(_name(path, folder), *message, failed=failed))

    def denied(error: OSError) -> None:
        passed(Path(error.filename or folder), messages.PERMISSION)

    for parent, folders, names in os.walk(folder, onerror=denied):
        here = Path(parent)
        folders[:] = sorted(_entered(here, folders, ignored, folder, passed))
        for path in sorted(here / name for name in names):
            if path.name == IGNORE_FILE or ignored(_name(path, folder)):
                continue
            message = _refused(path, folder)
            if message:
                passed(path, message)
            else:
                files.append(path)
    return sorted(files), sorted(skipped, key=lambda item: item.file)


def _entered(
    here: Path,
    names: list[str],
    ignored: Callable[[str], bool],
    root: Path,
    passed: Callable[[Path, Message], None],
) -> list[str]:
    entered = []
    for name in names:
        path = here / name
        if ignored(_name(path, root) + "/"):
            continue
        if path.is_symlink():
            passed(path, messages.LOOP if _inside(path, root) else messages.OUTSIDE)
        elif name.startswith("."):
            passed(path, messages.HIDDEN)
        else:
            entered.append(name)
    return entered


def _refused(path: Path, root: Path) -> Message | None:
    if path.name.startswith("."):
        return messages.HIDDEN
    if path.is_symlink() and not _inside(path, root):
        return messages.OUTSIDE
    if path.suffix.lower() not in SUFFIXES:
        return messages.FORMAT
    return None


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix().encode("utf-8", "replace").decode()


def _ignored(folder: Path) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    lines = list(_ALWAYS)
    try:
        lines += decode((folder / IGNORE_FILE).read_bytes()).splitlines()
    except FileNotFoundError:
        pass
    except (OSError, ReadError) as error:
        raise ReadError(f"{IGNORE_FILE}: {error}", messages.PERMISSION[1]) from error
    return GitIgnoreSpec.from_lines(lines).match_file
