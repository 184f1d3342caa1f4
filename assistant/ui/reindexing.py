"""The index made anew by a child process, while the page answers from the former one."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock, Thread
from typing import Any, Literal

from assistant.settings import Settings

log = logging.getLogger(__name__)
State = Literal["idle", "running", "done", "failed"]
SHARES = {"read": (0, 10), "embed": (10, 80), "words": (80, 85), "vectors": (85, 93)}
"""Percent of the whole at which each step begins and ends; the last is the check."""
KINDNESS = 10
"""How far the child stands back behind the readers' questions (its `nice` value)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is; ``skipped`` names files that could not be read, with reason and advice."""

    state: State = "idle"
    step: str = "read"
    percent: int = 0
    error: str = ""
    detail: str = ""
    skipped: tuple[tuple[str, str, str], ...] = ()


class Reindexing:
    """Runs one ingest at a time. Any thread may use it."""

    def __init__(self, settings: Settings, command: Sequence[str] = ()) -> None:
        self._command = list(command) or [
            *(sys.executable, "-m", "assistant", "ingest", str(settings.knowledge)),
            *("--index", str(settings.index), "--json"),
        ]
        self._progress = Progress()
        self._lock = Lock()

    @property
    def progress(self) -> Progress:
        """Return how far the last one that was started is."""
        return self._progress

    def start(self) -> bool:
        """Start one; return False where one is running."""
        with self._lock:
            if self._progress.state == "running":
                return False
            self._progress = Progress("running")
        Thread(target=self._run, name="reindexing", daemon=True).start()
        return True

    def _run(self) -> None:
        ended = Progress("failed", error="AssistantError")
        try:
            # What it says beside its lines goes where our own log goes.
            with subprocess.Popen(self._command, stdout=subprocess.PIPE) as child:
                with suppress(OSError, AttributeError):
                    os.setpriority(os.PRIO_PROCESS, child.pid, KINDNESS)
                for line in child.stdout or ():
                    with suppress(json.JSONDecodeError):
                        self._progress = ended = _after(self._progress, json.loads(line))
        except OSError as error:
            log.error("the ingest could not be started: %s", error)
        if ended.state == "running":
            ended = replace(ended, state="failed", error="AssistantError", detail="")
        if ended.state == "failed":
            log.error("the ingest failed: %s", ended.detail or "it ended without saying why")
        self._progress = ended


def _after(known: Progress, said: dict[str, Any]) -> Progress:
    """Return the progress after one line of the child."""
    if "error" in said:
        return Progress("failed", error=str(said["error"]), detail=str(said.get("detail", "")))
    if "report" in said:
        skipped = tuple(
            (s["file"], s["reason"], s["advice"]) for s in said["report"]["skipped"] if s["failed"]
        )
        return Progress("done", "check", 100, skipped=skipped)
    if "step" not in said:
        return known
    begins, ends = SHARES.get(said["step"], (93, 100))
    part = said["done"] / said["total"] if said["total"] else 0.0
    percent = round(begins + (ends - begins) * min(1.0, part))
    return replace(known, step=said["step"], percent=max(known.percent, percent))
