"""Public sets through the real ingest and the real assistant, baselines beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.baselines import baselines, with_silence
from evals.outcomes import Judged
from evals.public_sets import SETS, PublicSet, left_out, some, write
from evals.results import Result, commit_of
from evals.runner import MAIN
from evals.summary import summarise
from evals.systems import ask_all, note, open_system, settings_for

METRICS = (
    "unit@1",
    "unit@3",
    "unit@5",
    "mrr",
    "quote_first",
    "quote_first_answered",
    "passage_first",
    "answered",
    "silent",
    "silence@85",
    "auc",
    "aurc",
    "seconds",
)


def run_public(
    data: Path,
    names: Sequence[str],
    *,
    limit: int | None = None,
    with_baselines: bool = True,
    without: frozenset[str] = frozenset(),
    embedding_model: str | None = None,
) -> Result:
    """Return one table row per set, language and system, over held-out questions only.

    ``limit`` is per set and language. The unanswerable questions of ``cnil`` and ``xquad`` are
    the same questions with their gold unit left out of the index (a fold of the units at a time).
    """
    table: list[dict[str, Any]] = []
    for name in names:
        held = SETS[name](data)
        by_language: dict[str, list[Any]] = {}
        for question in held.questions:
            by_language.setdefault(question.language, []).append(question)
        chosen = [q for qs in by_language.values() for q in some(qs, limit)]
        note(f"{name}: {len(chosen)} of {len(held.questions)} held-out questions")
        with tempfile.TemporaryDirectory(prefix="evals-") as folder:
            systems = _ask(held, chosen, Path(folder), with_baselines, without, embedding_model)
        for system, rows in systems.items():
            table += _table_rows(name, system, rows, list(by_language))
    return {"commit": commit_of(), "metrics": list(METRICS), "table": table}


def _ask(
    held: PublicSet,
    questions: Sequence[Any],
    folder: Path,
    with_baselines: bool,
    without: frozenset[str],
    embedding_model: str | None,
) -> dict[str, list[Judged]]:
    """Return the judged rows of each system; one index folder serves all folds in turn."""
    texts = folder / "texts"
    settings = settings_for(texts, folder / "index", embedding_model)
    write(held.files, texts)
    system = open_system(settings, without=without, key=held.key)
    found = {MAIN: ask_all(system, questions)}
    if with_baselines:
        for other in baselines(system.assistant.corpus, held.key, held.stems, tutorial=False):
            found[other.name] = with_silence(ask_all(other, questions))
    for gone, about in left_out(questions, held.folds):
        write(held.without(gone).files, texts)
        found[MAIN] += ask_all(open_system(settings, without=without, key=held.key), about)
    return found


def _table_rows(
    name: str, system: str, rows: Sequence[Judged], languages: Sequence[str]
) -> list[dict[str, Any]]:
    parts = [("all", list(rows))]
    if len(languages) > 1:
        parts += [(code, [r for r in rows if r.question.language == code]) for code in languages]
    found = []
    for part, members in parts:
        numbers = summarise(members, resamples=0)
        n = sum(row.question.answerable for row in members)
        values = {m: round(numbers[m].value, 4) for m in METRICS if m in numbers}
        found.append({"set": name, "part": part, "system": system, "n": n, "numbers": values})
    return found
