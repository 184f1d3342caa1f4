"""What is indexed, beside what lies in the folder: the documents view as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal, TypeVar

from assistant import ingest, store
from assistant.errors import AssistantError
from assistant.generations import Manifest
from assistant.phrases import language_name
from assistant.render import escape_html
from assistant.types import Corpus
from assistant.ui.icons import icon
from assistant.ui.shelf import File, Shelf, formats
from assistant.ui.words import Words

T = TypeVar("T")
_Key = tuple[str, int, float]
"""A file as it is now: name, size, and when it was last changed."""
State = Literal["", "new", "changed", "gone", "unread"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the index, of the folder, or of both; ``state`` says how they differ.

    ``unread`` is a file that an ingest leaves out, as it has said: no reason for another.
    """

    name: str
    file: File | None
    state: State


class Compared:
    """The folder beside the index. What was read is kept, so that looking again costs little."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._digests: dict[_Key, str | None] = {}
        self._readable: dict[_Key, bool] = {}
        self._lock = Lock()

    def manifest(self, index: Path) -> Manifest | None:
        """Return what the published index says of itself, or None."""
        try:
            return store.read_manifest(index)[1]
        except (AssistantError, OSError):
            return None

    def apart(self, manifest: Manifest | None) -> bool:
        """Return whether the index was made of other folders than the one the page changes."""
        own = str(self.shelf.folder.resolve())
        return manifest is not None and list(manifest.folders) != [own]

    def entries(self, corpus: Corpus | None, manifest: Manifest | None) -> list[Entry]:
        """Return all documents by name; without a manifest only what is certain is said."""
        files = self.shelf.files()
        indexed: Mapping[str, object] = corpus.documents if corpus else {}
        if corpus and (manifest is None or self.apart(manifest)):
            return [Entry(name, files.get(name), "") for name in sorted(indexed)]
        return [
            Entry(name, files.get(name), self._state(name, files.get(name), manifest))
            for name in sorted({*indexed, *files})
        ]

    def _state(self, name: str, file: File | None, manifest: Manifest | None) -> State:
        if file is None:
            return "gone"
        if manifest is None:
            return "new"
        source = manifest.sources.get(name)
        key = (name, file.size, file.changed)
        limit = self.shelf.limit
        if source is None:
            found = ingest.File(file.path, self.shelf.folder)
            taken = self._once(self._readable, key, lambda: ingest.readable(found, limit))
            return "new" if taken else "unread"
        digest = self._once(self._digests, key, lambda: ingest.digest(file.path, limit))
        return "" if digest == source.digest else "changed"

    def _once(self, known: dict[_Key, T], key: _Key, found: Callable[[], T]) -> T:
        with self._lock:
            if key not in known:
                if len(known) > 20_000:
                    known.clear()
                known[key] = found()
            return known[key]


def documents_html(
    compared: Compared, corpus: Corpus | None, index: Path, words: Words, editable: bool
) -> str:
    """Return the documents view; ``editable`` adds the ways to change it."""
    manifest = compared.manifest(index)
    entries = compared.entries(corpus, manifest)
    editable = editable and not compared.apart(manifest)
    waiting = sum(1 for entry in entries if entry.state not in ("", "unread"))
    limit = compared.shelf.limit
    attributes = f' data-limit="{limit}" data-editable=""' if editable else ""
    rows = _Rows(corpus, words, editable)
    return (
        f'<div class="documents"{attributes}><h2>{escape_html(words("documents_title"))}</h2>'
        + _freshness(waiting, manifest, corpus, words)
        + (_renewal(waiting, words) + _drop(limit, words) if editable else _how(words))
        + f'<ul class="files">{"".join(rows.row(entry) for entry in entries)}</ul>'
        + _about(manifest, corpus, words)
        + "</div>"
    )


class _Rows:
    def __init__(self, corpus: Corpus | None, words: Words, editable: bool) -> None:
        self._words = words
        self._editable = editable
        self._documents = corpus.documents if corpus else {}
        self._units = Counter(u.document for u in corpus.units.values()) if corpus else Counter()
        self._passages = Counter(p.document for p in corpus.passages) if corpus else Counter()

    def row(self, entry: Entry) -> str:
        document = self._documents.get(entry.name)
        title = escape_html(document.title if document else entry.name)
        small = f"<small>{escape_html(entry.name)}</small>" if document else ""
        state = ""
        if entry.state:
            label = escape_html(self._words("state_" + entry.state))
            state = f'<span class="state" data-state="{entry.state}">{label}</span>'
        facts = "".join(f"<span>{fact}</span>" for fact in self._facts(entry))
        return (
            f'<li class="document"><div><b dir="auto">{title}</b>{small}'
            f'<p class="facts">{facts}</p></div>{state}{self._remove(entry)}</li>'
        )

    def _facts(self, entry: Entry) -> list[str]:
        facts = []
        words = self._words
        if document := self._documents.get(entry.name):
            facts += [
                escape_html(language_name(document.language, words.language)),
                self._count("count_units", self._units[entry.name]),
                self._count("count_passages", self._passages[entry.name]),
            ]
        if entry.file:
            facts += [escape_html(size(entry.file.size, words)), when(entry.file.changed)]
        return facts

    def _count(self, key: str, count: int) -> str:
        return escape_html(self._words(key, count=self._words.number(count)))

    def _remove(self, entry: Entry) -> str:
        if not self._editable or entry.file is None:
            return ""
        label = escape_html(self._words("remove_document", name=entry.name))
        return (
            '<button type="button" class="tool bare" data-do="remove-document"'
            f' data-name="{escape_html(entry.name)}" aria-label="{label}" title="{label}">'
            f"{icon('remove')}</button>"
        )


def size(count: int, words: Words) -> str:
    """Return ``count`` bytes for people."""
    if count < 1_000_000:
        return words("size_kb", size=words.number(max(1, round(count / 1000))))
    number = f"{count / 1_000_000:.1f}".removesuffix(".0").replace(".", words("decimal"))
    return words("size_mb", size=number)


def when(seconds: float) -> str:
    """Return a moment that the browser writes in its reader's way."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%Y-%m-%d}</time>'


def _freshness(waiting: int, manifest: Manifest | None, corpus: Corpus | None, words: Words) -> str:
    if corpus is None:
        return f'<p class="fresh stale-index">{escape_html(words("index_none"))}</p>'
    if manifest is None:
        return ""
    made = when(datetime.fromisoformat(manifest.created).timestamp())
    if waiting:
        text = escape_html(words("index_waiting", count=words.number(waiting)))
        return f'<p class="fresh stale-index">{text}</p>'
    return f'<p class="fresh">{escape_html(words("index_fresh"))} · {made}</p>'


def _renewal(waiting: int, words: Words) -> str:
    """Return the button that brings the index up to date, and its progress bar."""
    strong = "strong" if waiting else "quiet"
    label = escape_html(words("reindex"))
    return (
        f'<div class="renewal"><button type="button" class="{strong}" data-do="reindex">'
        f'{icon("again")}<span>{label}</span></button><div class="progress" hidden>'
        f'<progress max="100" aria-label="{label}"></progress><p></p></div>'
        '<div class="said" role="status"></div></div>'
    )


def _drop(limit: int, words: Words) -> str:
    bounds = words("drop_bounds", formats=formats(), size=size(limit * 1_000_000 >> 20, words))
    return (
        f'<div class="drop">{icon("add")}<p>{escape_html(words("drop_here"))} '
        '<button type="button" class="link" data-do="choose-files">'
        f"{escape_html(words('choose_files'))}</button></p>"
        f'<small>{escape_html(bounds)}</small></div><ul class="uploads" role="status"></ul>'
    )


def _how(words: Words) -> str:
    return f'<p class="how">{escape_html(words("documents_how"))}</p>'


def _about(manifest: Manifest | None, corpus: Corpus | None, words: Words) -> str:
    facts = [("index_name", corpus.generation)] if corpus else []
    if manifest:
        facts += [
            ("index_model", manifest.identity.model),
            ("index_reader", manifest.identity.reader),
        ]
    rows = "".join(
        f"<div><dt>{escape_html(words(key))}</dt><dd>{escape_html(text)}</dd></div>"
        for key, text in facts
    )
    return f'<dl class="about">{rows}</dl>'
