"""Result files: what was measured on what, every row, and the numbers; named by commit."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from evals.outcomes import Judged
from evals.questions import DEFAULT_FILE
from evals.summary import plain, summarise_groups

Result = dict[str, Any]
SHOWN_HITS = 5
SHOWN_TEXT = 200
HALVES = ("tune", "check")
OTHER_QUESTIONS = "-questions-"
"""In the name of a result whose questions are not the project's own; the page knows it too."""


def commit_of(folder: Path = Path()) -> str:
    """Return the short commit, "-dirty" after it when tracked files differ, or "unversioned"."""
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    if not head:
        return "unversioned"
    return f"{head}-dirty" if _git(folder, "status", "--porcelain", "-uno") else head


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def digest_of(path: Path) -> str:
    """Return twelve hex digits of a file, or of all files below a folder with their names."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        name = file.name if path.is_file() else file.relative_to(path).as_posix()
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def system_result(rows: Sequence[Judged]) -> Result:
    """Return the rows of one system and their summaries per half."""
    summaries = {}
    for half in HALVES:
        members = [row for row in rows if row.question.half == half]
        if members:
            groups = summarise_groups(members)
            summaries[half] = {name: plain(group) for name, group in groups.items()}
    return {"summary": summaries, "rows": [row_of(row) for row in rows]}


def row_of(row: Judged) -> Result:
    """Return one row for JSON, the five best hits with it, texts shortened."""
    outcome = row.outcome
    return {
        **asdict(row.question),
        "half": row.question.half,
        "answered": outcome.answered,
        "correct": row.correct,
        "wrong": row.wrong,
        "confidence": round(outcome.confidence, 6),
        "answer": outcome.answer,
        "understood": outcome.understood,
        "citations": [
            {**asdict(citation), "quote": citation.quote[:1000]} for citation in outcome.citations
        ],
        "ranked": [
            {**asdict(found), "score": round(found.score, 6), "passage": found.passage[:SHOWN_TEXT]}
            for found in outcome.ranked[:SHOWN_HITS]
        ],
        "scores": {name: round(value, 6) for name, value in row.scores.items()},
    }


def save(result: Result, folder: Path, kind: str) -> Path:
    """Write ``kind-commit.json`` below ``folder`` and return its path.

    Of other questions than the project's own the name holds the digest too, so that they do not
    take the place of these. Raises AssistantError where nothing can be written.
    """
    asked = str(result.get("question_file", ""))
    own = asked in ("", f"{DEFAULT_FILE.name} {digest_of(DEFAULT_FILE)}")
    other = "" if own else f"{OTHER_QUESTIONS}{asked.split()[-1]}"
    file = folder / f"{kind}-{result['commit']}{other}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise AssistantError(f"{file} cannot be written: {error.strerror}") from error
    return file


def newest(folder: Path, kind: str) -> Result | None:
    """Return the result of ``kind`` on the project's own questions written last, or None."""
    own = (f for f in folder.glob(f"{kind}-*.json") if OTHER_QUESTIONS not in f.name)
    files = sorted(own, key=lambda file: file.stat().st_mtime_ns)
    if not files:
        return None
    result: Result = json.loads(files[-1].read_text(encoding="utf-8"))
    return result


def value(result: Result, system: str, half: str, group: str, metric: str) -> float | None:
    """Return one number of a result, or None where it was not measured."""
    numbers = result["systems"].get(system, {}).get("summary", {}).get(half, {}).get(group, {})
    return numbers[metric][0] if metric in numbers else None
