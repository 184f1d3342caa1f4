"""Debian's handbook: fetched, and read into sections whose anchors agree between languages.

The package is fetched by the system's package manager into a folder given by the caller, and
never becomes part of the project (GPL-2+ or CC BY-SA 3.0).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from evals.public_sets import File
from evals.questions import Question
from evals.systems import by_place, note

PACKAGE = "debian-handbook"
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
    return unpacked(cache, PACKAGE) / "usr" / "share" / "doc" / PACKAGE / "html"


def unpacked(cache: Path, package: str) -> Path:
    """Return the folder of what a package holds, downloaded and unpacked if needed; see fetch."""
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / package
    if folder.is_dir():
        return folder
    if not list(cache.glob(f"{package}_*.deb")) and shutil.which("apt-get"):
        note(f"downloading {package}")
        subprocess.run(["apt-get", "download", package], cwd=cache, check=True)
    packages = sorted(cache.glob(f"{package}_*.deb"))
    if not packages:
        raise FileNotFoundError(f"put {package}_….deb (Debian) into {cache}")
    subprocess.run(["dpkg-deb", "-x", str(packages[-1]), str(folder)], check=True)
    return folder


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


def _plain(text: str) -> str:
    return text.lstrip("#>-+=*| ")
