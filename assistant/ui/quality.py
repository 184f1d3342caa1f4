"""The last evaluation, and what readers said of answers: the quality view as HTML."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from assistant.phrases import language_name
from assistant.render import clean, escape_html
from assistant.settings import Settings
from assistant.ui.feedback import REASONS, kept
from assistant.ui.holdings import when
from assistant.ui.icons import icon
from assistant.ui.words import Words

log = logging.getLogger(__name__)
MEASURES = ("unit@1", "correct", "answered", "silent_near", "silent_far")
LARGEST = 200_000_000
"""Bytes of a result that is read."""
OTHER_QUESTIONS = "-questions-"
"""In the name of a report on other questions, such as those that readers' words became."""
SHOWN = 50
"""Words of readers that are shown, the newest."""
Bar = tuple[str, Sequence[float]]
"""What is measured, and its value, the ends of its interval, the number of questions."""
Summary = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Report:
    """The numbers of a run on one half of its questions; ``page`` is the whole report."""

    page: Path | None
    made: float
    commit: str
    questions: int
    groups: Summary


class Reports:
    """The newest report of a folder, read once. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[tuple[Path, float], Report | None] | None = None
        self._lock = Lock()

    def latest(self) -> Report | None:
        """Return the newest report on the project's own questions, or None."""
        own = (p for p in self._folder.glob("run-*.json") if OTHER_QUESTIONS not in p.name)
        found = sorted(((path.stat().st_mtime, path) for path in own), reverse=True)
        if not found:
            return None
        made, path = found[0]
        with self._lock:
            if self._known is None or self._known[0] != (path, made):
                self._known = ((path, made), _read(path, made))
            return self._known[1]


def _read(path: Path, made: float) -> Report | None:
    page = path.with_suffix(".html")
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        result = json.loads(path.read_text("utf-8"))
        halves = next(iter(result["systems"].values()))["summary"]
        groups = halves.get("check") or halves["tune"]
        return Report(
            page if page.is_file() else None,
            made,
            str(result["commit"]),
            int(groups["all"]["answer_language"][3]),
            {str(name): dict(group) for name, group in groups.items()},
        )
    except (OSError, ValueError, LookupError, TypeError, StopIteration) as error:
        log.warning("%s could not be read: %s", path, error)
        return None


def quality_html(report: Report | None, settings: Settings, words: Words) -> str:
    """Return the view; what readers said is shown only where the documents may be changed."""
    said = _said(settings, words) if settings.editable else ""
    return f'<div class="quality">{_measured(report, words)}{said}</div>'


def _measured(report: Report | None, words: Words) -> str:
    title = f"<h2>{escape_html(words('quality_title'))}</h2>"
    if report is None:
        return f'{title}<p class="note">{escape_html(words("quality_none"))}</p>'
    facts = words("quality_of", count=words.number(report.questions), commit=report.commit)
    whole = ""
    if report.page:
        whole = (
            '<button type="button" class="quiet" data-do="report">'
            f"{icon('report')}<span>{escape_html(words('quality_open'))}</span></button>"
        )
    everything = report.groups["all"]
    measures = [(words("measure_" + m), everything[m]) for m in MEASURES if m in everything]
    parts = [
        title,
        f'<p class="note">{escape_html(facts)} · {when(report.made)}</p>',
        _bars(words("quality_all"), measures, words),
        whole,
    ]
    for prefix, heading in (("kind=", "quality_kinds"), ("language=", "quality_languages")):
        parts.append(_bars(words(heading), _groups(report.groups, prefix, words), words))
    return "".join(parts)


def _groups(groups: Summary, prefix: str, words: Words) -> list[Bar]:
    """Return name and "right unit first" of each group, those of most questions first."""
    found = []
    for name, group in groups.items():
        if name.startswith(prefix) and "unit@1" in group:
            code = name.removeprefix(prefix)
            known = words.phrases.get(f"kind_{code}", code)
            label = language_name(code, words.language) if prefix == "language=" else known
            found.append((label, group["unit@1"]))
    return sorted(found, key=lambda item: (-item[1][3], item[0]))


def _bars(title: str, measures: Sequence[Bar], words: Words) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape_html(label)}</th>'
        f'<td class="bar"><span aria-hidden="true"><i style="inset-inline-start:{100 * low:.0f}%;'
        f'width:{100 * (high - low):.0f}%"></i><b style="width:{100 * value:.0f}%"></b></span></td>'
        f"<td>{escape_html(words('percent', number=round(100 * value)))}</td>"
        f"<td><small>{round(100 * low)}–{round(100 * high)}</small></td></tr>"
        for label, (value, low, high, *_) in measures
    )
    return f"<table><caption>{escape_html(title)}</caption><tbody>{rows}</tbody></table>"


def _said(settings: Settings, words: Words) -> str:
    everything = list(kept(settings))
    good = sum(1 for row in everything if row.get("verdict") == "good")
    title = f"<h2>{escape_html(words('feedback_title'))}</h2>"
    if not everything:
        return f'{title}<p class="note">{escape_html(words("feedback_none"))}</p>'
    counts = words(
        "feedback_counts", good=words.number(good), bad=words.number(len(everything) - good)
    )
    rows = "".join(_word(row, words) for row in islice(reversed(everything), SHOWN))
    return (
        f'{title}<p class="note">{escape_html(counts)} {escape_html(words("feedback_how"))}</p>'
        f'<ul class="said-list">{rows}</ul>'
    )


def _word(row: Mapping[str, Any], words: Words) -> str:
    turn = row.get("turn")
    turn = turn if isinstance(turn, Mapping) else {}
    verdict = "good" if row.get("verdict") == "good" else "bad"
    reason = str(row.get("reason") or "")
    why = words("reason_" + reason) if reason in REASONS else ""
    comment = clean(str(row.get("comment") or ""))
    answer = clean(str(turn.get("answer") or ""))
    try:
        moment = when(datetime.fromisoformat(str(row.get("at"))).timestamp())
    except ValueError:
        moment = ""
    return (
        f'<li data-verdict="{verdict}">{icon(verdict)}<div>'
        f'<b dir="auto">{escape_html(clean(str(turn.get("question") or "")))}</b>'
        f'<p class="facts"><span>{escape_html(words(verdict))}</span>'
        + (f"<span>{escape_html(why)}</span>" if why else "")
        + (f"<span>{moment}</span>" if moment else "")
        + "</p>"
        + (f'<p class="comment" dir="auto">{escape_html(comment)}</p>' if comment else "")
        + f"<details><summary>{escape_html(words('feedback_answer'))}</summary>"
        f'<p dir="auto">{escape_html(answer)}</p></details></div></li>'
    )
