"""Reads one new file in a process of its own: exit code 0, or 1 with the reason as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from assistant import readers
from assistant.errors import ReadError


def main(part: str, name: str, limit: str, spoken: str) -> int:
    """Try to read ``part`` as a document called ``name``; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="assistant-") as folder:
        place = Path(folder) / f"document{Path(name).suffix}"
        shutil.copyfile(part, place)
        try:
            readers.read(place, Path(folder), max_bytes=int(limit), default_language=spoken)
        except ReadError as error:
            print(json.dumps({"reason": error.reason, "advice": error.advice}))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
