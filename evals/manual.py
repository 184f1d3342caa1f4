"""An unrelated, larger manual: Debian's handbook, French as corpus, other languages as queries.

The package is fetched by the system's package manager into a folder given by the caller, and
never becomes part of the project (GPL-2+ or CC BY-SA 3.0).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from evals.baselines import baselines
from evals.outcomes import Judged
from evals.public_sets import File, some, write
from evals.questions import Question, load_questions
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

PACKAGE = "debian-handbook"
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
_NUMBER = re.compile(
    r"^\s*(?:第\s*[0-9]+\s*章\s*|[0-9]+장\.\s*|(?:[^\W\d]+\s+)?[0-9A-Z]+(?:\.[0-9]+)*\.\s+)"
)


@dataclass(slots=True)
class Section:
    """A section of one page: its anchor (the same in every language), title and own text."""

    anchor: str
    title: str
    text: list[str] = field(default_factory=list)


class _Page(HTMLParser):
    """Collects the sections of one page; navigation, tables of contents and code stay out."""

    _SKIP = ("toc", "docnav", "footnotes", "programlisting", "screen", "indexterm")
    _BLOCKS = ("div", "p", "li", "dt", "dd", "td", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "pre")
    _VOID = ("br", "hr", "img", "input", "link", "meta", "col")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[Section] = []
        self._open: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._anchor = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {key: value or "" for key, value in attrs}
        if tag in self._BLOCKS:
            self._flush()
        if tag in self._VOID:
            return
        role = ""
        if set(named.get("class", "").split()) & set(self._SKIP) or tag in ("head", "script"):
            role = "skip"
        elif tag in ("h1", "h2", "h3", "h4") and "title" in named.get("class", "").split():
            role = "title"
            self._anchor = ""
        if tag == "a" and named.get("id") and self._within("title"):
            self._anchor = named["id"]
        self._open.append((tag, role))

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _ in self._open):
            return
        if tag in self._BLOCKS:
            self._flush()
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._within("skip"):
            self._words.append(data)

    def _within(self, role: str) -> bool:
        return any(r == role for _, r in self._open)

    def _flush(self) -> None:
        text = " ".join("".join(self._words).split())
        self._words = []
        if not text:
            return
        if self._within("title"):
            self.sections.append(Section(self._anchor, _NUMBER.sub("", text).strip()))
        elif self.sections:
            self.sections[-1].text.append(text)


def fetch(cache: Path) -> Path:
    """Return the folder of the package's HTML, downloaded and unpacked below ``cache`` if needed.

    Raises FileNotFoundError when there is neither package nor package manager.
    """
    cache.mkdir(parents=True, exist_ok=True)
    unpacked = cache / PACKAGE
    html = unpacked / "usr" / "share" / "doc" / PACKAGE / "html"
    if html.is_dir():
        return html
    if not list(cache.glob(f"{PACKAGE}_*.deb")) and shutil.which("apt-get"):
        note(f"downloading {PACKAGE}")
        subprocess.run(["apt-get", "download", PACKAGE], cwd=cache, check=True)
    packages = sorted(cache.glob(f"{PACKAGE}_*.deb"))
    if not packages:
        raise FileNotFoundError(f"put {PACKAGE}_….deb (Debian) into {cache}")
    subprocess.run(["dpkg-deb", "-x", str(packages[-1]), str(unpacked)], check=True)
    return html


def sections(folder: Path) -> dict[str, list[Section]]:
    """Return file name → sections of one language, pages without sections left out."""
    found = {}
    for file in sorted(folder.glob("*.html")):
        if file.name == "index.html":
            continue
        page = _Page()
        page.feed(file.read_text(encoding="utf-8"))
        page.close()
        kept = [s for s in page.sections if s.title]
        if kept:
            found[file.stem] = kept
    return found


def translated(
    pages: dict[str, list[Section]], source: dict[str, list[Section]]
) -> dict[str, list[Section]]:
    """Return the pages without the paragraphs that stand in ``source`` word for word.

    Translations are incomplete: what is left is in the language of ``pages``.
    """
    known = {text for kept in source.values() for section in kept for text in section.text}
    return {
        page: [Section(s.anchor, s.title, [t for t in s.text if t not in known]) for s in kept]
        for page, kept in pages.items()
    }


def corpus(pages: dict[str, list[Section]]) -> list[File]:
    """Return the French pages as documents; sections without text of their own are left out."""
    files = []
    for name, kept in pages.items():
        units = tuple((s.title, "\n\n".join(map(_plain, s.text))) for s in kept if s.text)
        if units:
            files.append(File(name, kept[0].title, units))
    return files


def queries(
    french: dict[str, list[Section]],
    english: dict[str, list[Section]],
    other: dict[str, list[Section]],
    language: str,
) -> list[Question]:
    """Return the translated titles of one language as questions for the French section.

    A title still in English (in another language than English) was not translated and is left
    out; sections that share a title, in either language, are all right.
    """
    places = {
        (page, s.anchor): by_place(f"{page}.md", s.title)
        for page, kept in french.items()
        for s in kept
        if s.anchor and s.text
    }
    source = {(page, s.anchor): s.title for page, kept in english.items() for s in kept}
    titles = {(page, s.anchor): s.title for page, kept in other.items() for s in kept}
    same: dict[str, list[str]] = {}
    for where, title in titles.items():
        if where in places:
            same.setdefault(title.casefold(), []).append(places[where])
    found = []
    for where, place in places.items():
        title = titles.get(where, "")
        if not title or (not language.startswith("en") and title == source.get(where)):
            continue
        others = tuple(p for p in same[title.casefold()] if p != place)
        found.append(
            Question(
                id=f"{language}:{where[0]}:{where[1]}",
                question=title,
                language=language,
                kind="fact",
                answerable=True,
                units=(place,),
                alternatives=others,
            )
        )
    return found


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


def _plain(text: str) -> str:
    return text.lstrip("#>-+=*| ")
