"""Results as Markdown tables, and the README's tables filled from the newest results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from evals.labels import group_name, label, shown
from evals.results import HALVES, Result, newest, value
from evals.runner import MAIN

README = Path(__file__).with_name("README.md")
SIDE_BY_SIDE = (
    "unit@1",
    "unit@3",
    "mrr",
    "ndcg@10",
    "quote_first",
    "set_exact",
    "answered",
    "silent_near",
    "silent_far",
    "auc",
    "aurc",
    "citation_recall",
    "citation_precision",
    "seconds",
)
WRITTEN = ("written", "struck", "tokens_in", "tokens_out")
"""Shown beside these when a language model wrote answers."""
PER_GROUP = ("unit@1", "unit@3", "quote_first", "answered", "silent", "correct")
COSTS = ("unit@1", "quote_first", "set_exact", "answered", "silent_near", "silent_far", "aurc")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others numbers."""
    clean = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *clean]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def measured_on(result: Result) -> str:
    """Return one line that says what was measured."""
    without = f", without {', '.join(result['without'])}" if result.get("without") else ""
    return (
        f"Commit `{result['commit']}`, {result['questions']} questions, "
        f"model {result['model']}{without}."
    )


def run_table(result: Result) -> str:
    """Return assistant and baselines side by side for each half, then kinds and languages."""
    parts = [measured_on(result)]
    for half in HALVES:
        systems = [n for n, s in result["systems"].items() if half in s["summary"]]
        if not systems:
            continue
        numbers = [result["systems"][s]["summary"][half]["all"] for s in systems]
        rows = [
            [label(m), *(shown(m, value(result, s, half, "all", m)) for s in systems)]
            for m in (*SIDE_BY_SIDE, *(m for m in WRITTEN if any(m in n for n in numbers)))
        ]
        parts += [f"**{half}**", markdown(["", *systems], rows)]
    half = "check" if "check" in result["systems"][MAIN]["summary"] else "tune"
    parts += [f"**{half}, the assistant by kind and language**", group_table(result, half)]
    return "\n\n".join(parts)


def group_table(result: Result, half: str) -> str:
    """Return the assistant's numbers for each kind and language of a half, with intervals."""
    groups = result["systems"][MAIN]["summary"][half]
    rows = []
    for group, numbers in groups.items():
        sizes = [numbers[m][3] for m in ("answered", "silent") if m in numbers]
        cells = []
        for metric in PER_GROUP:
            if metric in numbers:
                point, low, high, _ = numbers[metric]
                cells.append(f"{point:.2f} ({low:.2f}–{high:.2f})")
            else:
                cells.append("–")
        rows.append([group_name(group), str(sum(sizes)), *cells])
    return markdown(["", "n", *(label(m) for m in PER_GROUP)], rows)


def ablation_table(result: Result, half: str = "check") -> str:
    """Return what each mechanism is worth: the whole, then the change without each."""
    rows = []
    for system, held in result["systems"].items():
        if half not in held["summary"]:
            continue
        cells = [_change(result, system, half, "all", metric) for metric in COSTS]
        rows.append([system, *cells, _dearest(result, system, half)])
    table = markdown(["", *(label(m) for m in COSTS), "where it costs most"], rows)
    return f"{measured_on(result)}\n\n{table}"


def _change(result: Result, system: str, half: str, group: str, metric: str) -> str:
    here = value(result, system, half, group, metric)
    whole = value(result, MAIN, half, group, metric)
    if here is None or whole is None or system == MAIN:
        return shown(metric, here)
    return f"{here - whole:+.3f}"


def _dearest(result: Result, system: str, half: str) -> str:
    """Return the three groups of 15 questions or more that lose most answers without it."""
    if system == MAIN:
        return ""
    losses = []
    for group in result["systems"][MAIN]["summary"][half]:
        here = value(result, system, half, group, "correct")
        whole = value(result, MAIN, half, group, "correct")
        if here is not None and whole is not None and group != "all":
            n = result["systems"][MAIN]["summary"][half][group]["correct"][3]
            losses.append((here - whole, group, n))
    worst = sorted(entry for entry in losses if entry[2] >= 15 and entry[0] < 0)[:3]
    return ", ".join(f"{group_name(group)} {loss:+.2f}" for loss, group, _ in worst)


def public_table(result: Result) -> str:
    """Return the public sets: one row per set, part and system."""
    rows = [
        [
            row["set"],
            row["part"],
            row["system"],
            str(row["n"]),
            *(shown(m, row["numbers"].get(m)) for m in result["metrics"]),
        ]
        for row in result["table"]
    ]
    head = ["set", "part", "system", "n", *(label(m) for m in result["metrics"])]
    return f"Commit `{result['commit']}`.\n\n{markdown(head, rows)}"


TABLES: dict[str, Callable[[Result], str]] = {
    "run": run_table,
    "ablation": ablation_table,
    "public": public_table,
    "manual": public_table,
}


def tables(reports: Path) -> dict[str, str]:
    """Return the table of the newest result of each sort that ``reports`` holds."""
    found = {}
    for kind, table in TABLES.items():
        result = newest(reports, kind)
        if result is not None:
            found[kind] = table(result)
    return found


def filled(text: str, found: dict[str, str]) -> str:
    """Return ``text`` with each ``<!-- table:NAME -->…<!-- end -->`` block replaced."""
    for kind, table in found.items():
        begin, end = f"<!-- table:{kind} -->", "<!-- end -->"
        before, mark, rest = text.partition(begin)
        if not mark or end not in rest:
            continue
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text
