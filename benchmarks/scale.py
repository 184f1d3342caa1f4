"""How ingest and questions behave as the index grows: from 100 passages to a million.

``python -m benchmarks.scale --cache FOLDER --out FOLDER``: for each of ``--sizes``, documents of so
many passages (real sentences of the French Debian manuals, see ``benchmarks.scale_texts``) are
indexed in a process of its own, and questions are asked in another: the same ones at each size,
the first five to warm up. Every question is asked twice, since what was read is kept. Writes
``scale.json`` (where CPU seconds stand, too, for a machine that does other things), ``scale.svg``
and the table, which is also printed. Memory is read from Linux.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import panels, scale_texts

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
QUESTIONS, WARM = 105, 5
AMONG = 100
"""The questions are phrases of the first passages, which every size holds."""
BARS = (
    "at least 250 passages a second embedded and stored",
    "a warm question at most 60 ms (median) at 100,000 passages, 150 ms at 1,000,000",
    "under 6 GB of memory at 1,000,000 passages",
    "opening at 100,000 passages in under 3 s",
)
_COLUMNS = {
    "passages": "passages",
    "ingest_rate": "passages/s",
    "ingest_peak_gb": "ingest peak GB",
    "index_gb": "index GB",
    "open_seconds": "opening s",
    "first_seconds": "first answer s",
    "new_median_ms": "question ms, median",
    "new_p99_ms": "99 %",
    "again_median_ms": "asked again ms, median",
    "again_p99_ms": "99 %",
    "ask_steady_gb": "memory GB",
    "ask_peak_gb": "peak GB",
}


# --- in a process of its own -------------------------------------------------------------


def run_ingest(folder: Path, out: Connection) -> None:
    """Index the documents; send seconds by step, and what it took."""
    from assistant.ingest import ingest

    steps: dict[str, float] = {}
    last = [("start", time.perf_counter())]

    def progress(step: str, _done: int, _total: int) -> None:
        name, since = last[0]
        now = time.perf_counter()
        steps[name] = steps.get(name, 0.0) + now - since
        last[0] = (step, now)

    report = ingest([folder / "knowledge"], _settings(folder), progress=progress)
    progress("end", 0, 0)
    out.send(
        {
            "passages": report.passages,
            "units": report.units,
            "documents": report.documents,
            "embedded": report.embedded,
            "ingest_seconds": report.seconds,
            "ingest_steps": {name: round(value, 2) for name, value in steps.items()},
            "ingest_cpu_seconds": time.process_time(),
            "ingest_rate": report.passages / report.seconds,
            "ingest_peak_gb": _memory("VmHWM"),
        }
    )


def run_questions(folder: Path, questions: Sequence[str], out: Connection) -> None:
    """Open the index and ask; send seconds and memory."""
    import numpy as np

    began = time.perf_counter()
    from assistant.build import open_assistant

    assistant = open_assistant(_settings(folder))
    assistant.turns()
    opened, busy = time.perf_counter(), time.process_time()
    assistant.ask(questions[0])
    first, answered_busy = time.perf_counter(), time.process_time()
    for question in questions[1:WARM]:
        assistant.ask(question)
    answered = 0
    times: dict[str, list[tuple[float, float]]] = {"new": [], "again": []}
    for taken in times.values():
        for question in questions[WARM:]:
            asked = time.perf_counter(), time.process_time()
            answered += assistant.ask(question).status == "answered"
            done = time.perf_counter(), time.process_time()
            taken.append((1000 * (done[0] - asked[0]), 1000 * (done[1] - asked[1])))
    found: dict[str, Any] = {
        "questions": len(questions) - WARM,
        "answered": answered // 2,
        "open_seconds": opened - began,
        "first_seconds": first - opened,
        "open_cpu_seconds": busy,
        "first_cpu_seconds": answered_busy - busy,
        "ask_steady_gb": _memory("VmRSS"),
        "ask_peak_gb": _memory("VmHWM"),
        "ask_own_gb": _memory("RssAnon"),
    }
    for name, taken in times.items():
        seconds, cpu = np.array(taken).T
        found[f"{name}_median_ms"] = float(np.median(seconds))
        found[f"{name}_p99_ms"] = float(np.percentile(seconds, 99))
        found[f"{name}_median_cpu_ms"] = float(np.median(cpu))
    out.send(found)


def _settings(folder: Path) -> Any:
    from assistant.settings import load_settings

    return load_settings(knowledge=folder / "knowledge", index=folder / "index")


def _memory(name: str) -> float:
    """Return GB of this process' memory: VmRSS is now, VmHWM the most, RssAnon without files."""
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e9
    raise LookupError(name)


# --- the whole ---------------------------------------------------------------------------


def measure(
    sections: Sequence[scale_texts.Section], size: int, seed: int, root: Path, keep: bool
) -> dict[str, Any]:
    """Return what one size shows; its documents and index are below ``root`` meanwhile."""
    folder = root / str(size)
    shutil.rmtree(folder, ignore_errors=True)
    scale_texts.write(scale_texts.documents(sections, size, seed), folder / "knowledge")
    asked = scale_texts.questions(sections, QUESTIONS, AMONG)
    found: dict[str, Any] = {"size": size} | _alone(run_ingest, folder)
    found["text_gb"] = _size(folder / "knowledge")
    found["index_gb"] = _size(folder / "index" / "generations")
    found["cache_gb"] = _size(folder / "index" / "cache")
    found |= _alone(run_questions, folder, asked)
    if not keep:
        shutil.rmtree(folder)
    return found


def _alone(work: Callable[..., None], *arguments: Any) -> dict[str, Any]:
    """Return what ``work`` sends from a fresh process."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(*arguments, there))
    child.start()
    there.close()
    try:
        found: dict[str, Any] = here.recv()
    except EOFError:
        child.join()
        raise SystemExit(f"{work.__name__} ended with {child.exitcode}, see above") from None
    child.join()
    return found


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as a Markdown table, the bars below it."""
    lines = ["| " + " | ".join(_COLUMNS.values()) + " |", "|---:" * len(_COLUMNS) + "|"]
    for result in results:
        cells = [_cell(name, result[name]) for name in _COLUMNS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\nBars: " + "; ".join(BARS) + ".\n"


def _cell(name: str, value: float) -> str:
    if name == "passages":
        return f"{value:,.0f}"
    if name.endswith("_ms") or name == "ingest_rate":
        return f"{value:.0f}"
    return f"{value:.3f}" if name == "index_gb" else f"{value:.2f}"


def plot(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as an SVG of four panels over the number of passages."""

    def line(title: str, name: str) -> panels.Line:
        return panels.Line(title, [(r["passages"], r[name]) for r in results])

    return panels.draw(
        "passages",
        [
            panels.Panel(
                "Passages indexed per second",
                [line("embedded and stored", "ingest_rate")],
                [panels.Bar(250, None)],
            ),
            panels.Panel(
                "Milliseconds per question (median, 99 %)",
                [
                    line("new, median", "new_median_ms"),
                    line("new, 99 %", "new_p99_ms"),
                    line("again, median", "again_median_ms"),
                ],
                [panels.Bar(60, 1e5), panels.Bar(150, 1e6)],
            ),
            panels.Panel(
                "Gigabytes",
                [
                    line("memory, asking", "ask_steady_gb"),
                    line("memory, ingest", "ingest_peak_gb"),
                    line("index on disk", "index_gb"),
                ],
                [panels.Bar(6, 1e6)],
            ),
            panels.Panel(
                "Seconds to open",
                [line("opening", "open_seconds"), line("first answer", "first_seconds")],
                [panels.Bar(3, 1e5)],
            ),
        ],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size, and write what is known after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--cache", type=Path, required=True, help="folder for the manuals")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--work", type=Path, help="folder for documents and indexes")
    parser.add_argument("--keep", action="store_true", help="leave documents and indexes there")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    sections = scale_texts.manuals(given.cache)
    root = given.work or Path(tempfile.mkdtemp(prefix="scale-"))
    given.out.mkdir(parents=True, exist_ok=True)
    kept = given.out / "scale.json"
    known = json.loads(kept.read_text("utf-8")) if kept.is_file() else []
    try:
        for size in given.sizes:
            found = measure(sections, size, given.seed, root, given.keep)
            known = [*(r for r in known if r["size"] != size), found]
            known.sort(key=lambda r: r["size"])
            kept.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
            (given.out / "scale.svg").write_text(plot(known), "utf-8")
            (given.out / "scale.md").write_text(table(known), "utf-8")
    finally:
        if not given.keep and not given.work:
            shutil.rmtree(root, ignore_errors=True)
    print(table(known))


if __name__ == "__main__":
    main()
