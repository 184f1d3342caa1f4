"""An unrelated, larger manual: Debian's handbook, French as corpus, other languages as queries."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.baselines import baselines
from evals.handbook import PACKAGE, corpus, fetch, queries, sections, translated
from evals.outcomes import Judged
from evals.public_sets import some, write
from evals.questions import load_questions
from evals.results import Result, commit_of
from evals.runner import MAIN
from evals.summary import summarise
from evals.systems import (
    SearchSystem,
    System,
    ask_all,
    by_heading,
    by_place,
    note,
    open_system,
    settings_for,
)

CORPUS = "fr-FR"
LANGUAGES = (
    "en-US",
    "es-ES",
    "de-DE",
    "it-IT",
    "pt-BR",
    "nl-NL",
    "pl-PL",
    "ru-RU",
    "tr-TR",
    "ar-MA",
    "ja-JP",
    "ko-KR",
    "zh-CN",
    "zh-TW",
)
"""The translations in languages that the bundled encoder knows."""
MIN_QUERIES = 50
METRICS = ("unit@1", "unit@3", "unit@5", "mrr", "quote_first", "answered", "silent", "seconds")


def run_manual(
    cache: Path,
    *,
    limit: int | None = None,
    questions: Path | None = None,
    with_baselines: bool = True,
    embedding_model: str | None = None,
    without: frozenset[str] = frozenset(),
) -> Result:
    """Return one table row per language and system, and the mean over the languages.

    ``questions``: a file in the project's own form about the French text (units are headings),
    asked as questions on the same index, with the same calibration.
    """
    html = fetch(cache)
    english = sections(html / "en-US")
    french = translated(sections(html / CORPUS), english)
    asked = {}
    for language in LANGUAGES:
        found = some(queries(french, english, sections(html / language), language), limit)
        if len(found) >= min(MIN_QUERIES, limit or MIN_QUERIES):
            asked[language] = found
    counts = Counter(q.language for group in asked.values() for q in group)
    note(f"{sum(counts.values())} titles in {len(asked)} languages")
    table: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="evals-") as folder:
        texts = Path(folder) / "texts"
        write(corpus(french), texts)
        settings = settings_for(texts, Path(folder) / "index", embedding_model)
        opened = open_system(settings, without=without, key=by_heading)
        systems: list[System] = [SearchSystem(opened.assistant, MAIN, by_place)]
        if with_baselines:
            systems += baselines(opened.assistant.corpus, by_place)
        titles = [question for group in asked.values() for question in group]
        for system in systems:
            table += _rows(system.name, ask_all(system, titles), list(asked))
        if questions is not None:
            judged = ask_all(opened, load_questions(questions))
            table.append(_row("French questions", MAIN, judged))
    return {"commit": commit_of(), "metrics": list(METRICS), "table": table}


def _rows(system: str, rows: Sequence[Judged], languages: Sequence[str]) -> list[dict[str, Any]]:
    found = [
        _row(code, system, [r for r in rows if r.question.language == code]) for code in languages
    ]
    mean = {
        metric: round(sum(r["numbers"][metric] for r in found) / len(found), 4)
        for metric in METRICS
        if found and all(metric in r["numbers"] for r in found)
    }
    whole = {
        "set": PACKAGE,
        "part": "mean of languages",
        "system": system,
        "n": len(rows),
        "numbers": mean,
    }
    return [whole, *found]


def _row(part: str, system: str, rows: Sequence[Judged]) -> dict[str, Any]:
    numbers = summarise(rows, resamples=0)
    shown = [m for m in METRICS if m in numbers and not (system != MAIN and m == "answered")]
    values = {m: round(numbers[m].value, 4) for m in shown}
    return {"set": PACKAGE, "part": part, "system": system, "n": len(rows), "numbers": values}
