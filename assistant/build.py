"""The only place where concrete parts are wired together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from assistant.embeddings import Encoder, bundled, load
from assistant.errors import ModelMissing
from assistant.evidence import Searcher
from assistant.generate import Model, Writer
from assistant.llm import connect
from assistant.reader import Reader
from assistant.restate import Restater
from assistant.settings import Settings
from assistant.store import Live, Snapshot
from assistant.support import Judge
from assistant.turn import Turns
from assistant.types import Answer, Hit

GLOSSARY = "glossary.txt"


class LocalAssistant:
    """An assistant over the index of the settings; follows the index when it is published anew."""

    def __init__(
        self,
        settings: Settings,
        live: Live,
        encoder: Encoder,
        reader: Reader | None,
        without: frozenset[str],
        model: Model | None = None,
    ) -> None:
        self._settings = settings
        self._live = live
        self._encoder = encoder
        self._reader = reader
        self._without = without
        self._model = model
        # What counts as proved was calibrated with this model, whichever one searches.
        self._proving = bundled(settings) if model else None
        self._turns: Turns | None = None
        self._lock = Lock()

    @property
    def corpus(self) -> Snapshot:
        """Return the generation that is published now."""
        return self._live.current()

    def turns(self) -> Turns:
        """Return what answers from the generation that is published now."""
        corpus = self.corpus
        with self._lock:
            if self._turns is None or self._turns.searcher.corpus is not corpus:
                searcher = Searcher(corpus, self._encoder, self._reader)
                settings = self._settings
                self._turns = Turns(
                    searcher,
                    settings.language,
                    settings.max_question,
                    _glossary(corpus),
                    self._without,
                    self._writer(corpus),
                    self._restater(),
                )
            return self._turns

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return the answer; ``history`` holds the earlier questions, oldest first."""
        return self.turns().answer(question, history)

    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]:
        """Yield the answer's text in pieces, then the Answer."""
        yield from self.turns().stream(question, history)

    def quote(self, question: str) -> Answer:
        """Return the answer made of quotes, whether or not a language model is set."""
        turns = self.turns()
        return turns.decide(turns.look(turns.understand(question, ())))

    def search(self, query: str, top_k: int = 10) -> tuple[Hit, ...]:
        """Return the units found for ``query``, best first, at most ten."""
        return self.turns().search(query, top_k)

    def _writer(self, corpus: Snapshot) -> Writer | None:
        if self._model is None or self._proving is None:
            return None
        judge = Judge(self._proving.encode, corpus.lexical.idf)
        return Writer(self._model, judge, self._settings.llm_max_tokens)

    def _restater(self) -> Restater | None:
        if self._model is None or self._settings.llm_followups == "no":
            return None
        return Restater(self._model)


def open_assistant(
    settings: Settings, without: frozenset[str] = frozenset(), counted: bool = False
) -> LocalAssistant:
    """Return an assistant; raise IndexMissing, IndexMismatch, IndexDamaged or ModelMissing,
    and SettingError for a language model that cannot be.

    ``without`` names mechanisms to leave out, for measuring what each is worth: ``reader``,
    ``conversation``, ``outline``, ``lists``, ``names``, ``targets``. ``counted`` has a language
    model say how many tokens it took.
    """
    encoder = load(settings)
    live = Live(settings.index, encoder, settings.chroma_url)
    reader = None if "reader" in without else _reader(settings)
    return LocalAssistant(settings, live, encoder, reader, without, connect(settings, counted))


def _glossary(corpus: Snapshot) -> str:
    """Return the glossaries of the folders that the index was made of, empty without any."""
    files = (Path(folder) / GLOSSARY for folder in corpus.manifest.folders)
    return "\n".join(f.read_text("utf-8", errors="replace") for f in files if f.is_file())


def _reader(settings: Settings) -> Reader:
    from assistant.embeddings import threads

    try:
        return Reader(threads(settings))
    except ImportError as error:
        raise ModelMissing(f"The reader needs the package {error.name}: pip install") from error
