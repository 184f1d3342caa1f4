"""What readers say of answers: kept in a file beside the index, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from pydantic import BaseModel, Field

from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.ui.keeping import TurnRecord

REASONS = ("wrong_quote", "wrong_place", "incomplete", "not_answered", "should_be_silent", "other")
LARGEST = 50_000_000
"""Bytes of the file; beyond it nothing more is taken in, so that nobody fills the disk."""
_writing = Lock()


class Feedback(BaseModel):
    """One reader's word on one answer."""

    turn: TurnRecord
    verdict: Literal["good", "bad"]
    reason: Literal[
        "", "wrong_quote", "wrong_place", "incomplete", "not_answered", "should_be_silent", "other"
    ] = ""
    comment: str = Field("", max_length=2000)


def place(settings: Settings) -> Path:
    """Return the file that holds the feedback on the index of the settings."""
    return settings.index.with_name(f"{settings.index.name}.feedback.jsonl")


def keep(feedback: Feedback, settings: Settings) -> None:
    """Append ``feedback`` to the file; raise AssistantError where it cannot be written."""
    path = place(settings)
    row = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **feedback.model_dump()}
    line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    try:
        with _writing:
            if path.exists() and path.stat().st_size + len(line) > LARGEST:
                raise AssistantError(f"{path} is full: move it elsewhere")
            path.parent.mkdir(parents=True, exist_ok=True)
            # One write of a whole line: two servers that share the file do not mix theirs.
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)
    except OSError as error:
        raise AssistantError(f"{path} cannot be written: {error.strerror}") from error


def kept(settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the feedback on the index of the settings, oldest first; lines cut short are left."""
    path = place(settings)
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(row, dict):
                yield row
