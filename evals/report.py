"""A run as one self-contained page: bars, baselines, curves, groups, and every wrong row.

Questions, documents and answers are untrusted: everything is escaped, nothing is requested, and
the page's own policy allows only its own style and script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from evals import charts, metrics
from evals.gate import Verdict, verdicts
from evals.labels import LABELS, group_name, label, shown
from evals.results import HALVES, Result, value
from evals.rows import wrong_rows
from evals.runner import MAIN
from evals.summary import LOWER_IS_BETTER
from evals.tables import PER_GROUP, SIDE_BY_SIDE, WRITTEN

_HERE = Path(__file__).parent
Bars = Mapping[str, Mapping[str, float]]


def page(result: Result, bars: Bars) -> str:
    """Return the page of a run as HTML."""
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    half = "check" if "check" in result["systems"][MAIN]["summary"] else "tune"
    sections = [
        _header(result),
        _headline(result, bars, half),
        _side_by_side(result, half),
        _silence(result, half),
        _by_group(result, half),
        wrong_rows(result["systems"][MAIN]["rows"]),
    ]
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>How good the answers are · {escape(result['commit'])}</title>"
        f"<style>{style}</style></head><body><main>{''.join(sections)}</main>"
        f"<script>{script}</script></body></html>\n"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _header(result: Result) -> str:
    facts = [
        f"commit <code>{escape(result['commit'])}</code>",
        f"model {escape(result['model'])}",
        f"knowledge <code>{escape(result['knowledge'])}</code>",
        f"questions <code>{escape(result['question_file'])}</code>",
    ]
    if result["without"]:
        facts.append(f"without {escape(', '.join(result['without']))}")
    sizes = [
        f"{len([r for r in result['systems'][MAIN]['rows'] if r['half'] == half])} to {half}"
        for half in HALVES
        if half in result["systems"][MAIN]["summary"]
    ]
    return (
        f"<h1>How good the answers are</h1><p class='lead'>{result['questions']} questions "
        f"({', '.join(sizes)}). Thresholds are chosen on <em>tune</em> only; what counts is "
        f"<em>check</em>.</p><p class='note'>{' · '.join(facts)}</p>"
    )


def _headline(result: Result, bars: Bars, half: str) -> str:
    rows = "".join(_bar_row(result, verdict, half) for verdict in verdicts(result, bars, half))
    return (
        "<h2>Against the bars</h2><p>The mark is the bar, the thin line the 95 % interval over "
        "the questions. A gap over 0.03 between the halves means the set was fitted.</p>"
        "<div class='card'><table><thead><tr><th>Measure</th><th></th>"
        f"<th class='number'>{half}</th><th>95 %</th><th class='number'>tune</th>"
        f"<th class='number'>bar</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _bar_row(result: Result, verdict: Verdict, half: str) -> str:
    group, _, metric = verdict.name.rpartition("/")
    numbers = result["systems"][MAIN]["summary"][half].get(group or "all", {}).get(metric)
    where = f", {group_name(group)}" if group else ""
    meaning = LABELS[metric].meaning if metric in LABELS and not group else ""
    sign = "≤" if verdict.upper else "≥"
    if numbers is None:
        drawn, point, interval = "", "–", ""
    else:
        v, low, high, _ = numbers
        top = 1.0 if not verdict.upper else max(v, verdict.bar) * 1.5
        drawn = charts.bullet(v, low, high, verdict.bar, top)
        point, interval = shown(metric, v), f"{shown(metric, low)} – {shown(metric, high)}"
    other = shown(metric, value(result, MAIN, "tune", group or "all", metric))
    mark = (
        "<span class='yes'>✓ holds</span>" if verdict.holds else "<span class='no'>✗ not yet</span>"
    )
    return (
        f"<tr><th scope='row'>{escape(label(metric) + where)}<small>{escape(meaning)}</small></th>"
        f"<td>{drawn}</td><td class='number'>{point}</td><td class='range'>{interval}</td>"
        f"<td class='number'>{other}</td>"
        f"<td class='number'>{sign} {shown(metric, verdict.bar)}</td><td>{mark}</td></tr>"
    )


def _side_by_side(result: Result, half: str) -> str:
    systems = list(result["systems"])
    head = "".join(f"<th class='number'>{escape(name)}</th>" for name in systems)
    body = ""
    for metric in (*SIDE_BY_SIDE, *WRITTEN):
        values = [value(result, system, half, "all", metric) for system in systems]
        known = [v for v in values if v is not None]
        if not known:
            continue
        best = min(known) if metric in LOWER_IS_BETTER else max(known)
        cells = "".join(
            f"<td class='number{' best' if v == best else ''}'>{shown(metric, v)}</td>"
            for v in values
        )
        body += (
            f"<tr><th scope='row'>{escape(label(metric))}"
            f"<small>{escape(LABELS[metric].meaning)}</small></th>{cells}</tr>"
        )
    return (
        f"<h2>Next to the baselines</h2><p>The same questions of the {half} half, the same units. "
        "The baselines have no silence of their own: each gets the threshold on its score that "
        "answers 93 % of the answerable questions of the tune half. Those that show whole units "
        "quote nothing, and the right unit is enough for them to be right.</p>"
        f"<div class='card'><table><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _silence(result: Result, half: str) -> str:
    lines = []
    for name, held in result["systems"].items():
        rows = [row for row in held["rows"] if row["half"] == half]
        points = metrics.risk_coverage(
            [row["confidence"] for row in rows],
            [not row["correct"] for row in rows],
            [row["answerable"] for row in rows],
        )
        lines.append(charts.Line(name, [(p.coverage, p.risk) for p in points if p.coverage > 0]))
    top = max((y for line in lines for x, y in line.points if x >= 0.1), default=0.1)
    ceiling = min(1.0, max(0.1, round(top + 0.05, 1)))
    own = [row for row in result["systems"][MAIN]["rows"] if row["half"] == half]
    split = [
        ("answerable", [row["confidence"] for row in own if row["answerable"]]),
        ("unanswerable", [row["confidence"] for row in own if not row["answerable"]]),
    ]
    return (
        "<h2>Knowing when to be silent</h2><p>From the surest question to the least sure: how "
        "many of the answerable questions are answered, and how many of the answers given are "
        "wrong (a wrong unit or quote, an incomplete list, any answer to an unanswerable "
        "question). Lower is better.</p><div class='card'>"
        + charts.legend([line.name for line in lines])
        + charts.curves(lines, "share of answerable questions answered", "wrong answers", ceiling)
        + "</div><h3>The assistant's confidence</h3><div class='card'>"
        + charts.legend([name for name, _ in split])
        + charts.histogram(split)
        + "</div>"
    )


def _by_group(result: Result, half: str) -> str:
    groups = result["systems"][MAIN]["summary"][half]
    parts = ["<h2>By kind and by language</h2><p>Right unit first, with 95 % intervals.</p>"]
    for prefix, title in (("kind=", "Kinds"), ("language=", "Languages")):
        names = [name for name in groups if name.startswith(prefix)]
        dots = [
            charts.Dot(group_name(name), v, low, high, n)
            for name in names
            if "unit@1" in groups[name]
            for v, low, high, n in [groups[name]["unit@1"]]
        ]
        dots.sort(key=lambda dot: (-dot.n, dot.name))
        parts.append(f"<h3>{title}</h3><div class='card'>{charts.forest(dots)}</div>")
        parts.append(_group_table(groups, names))
    return "".join(parts)


def _group_table(groups: Mapping[str, Mapping[str, Sequence[float]]], names: list[str]) -> str:
    head = "".join(f"<th class='number'>{escape(label(m))}</th>" for m in PER_GROUP)
    body = ""
    for name in names:
        cells = ""
        for metric in PER_GROUP:
            numbers = groups[name].get(metric)
            title = f"{numbers[1]:.2f}–{numbers[2]:.2f}, n = {numbers[3]}" if numbers else ""
            point = shown(metric, numbers[0] if numbers else None)
            cells += f"<td class='number' title='{title}'>{point}</td>"
        body += f"<tr><th scope='row'>{escape(group_name(name))}</th>{cells}</tr>"
    return (
        f"<div class='card'><table><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
