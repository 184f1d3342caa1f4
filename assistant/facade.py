"""The assistant for Python programs: three lines from an index to a proved answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.build import LocalAssistant, open_assistant
from assistant.settings import load_settings
from assistant.types import Answer, Corpus, Hit

if TYPE_CHECKING:
    from assistant.chain import Chain, UnitRetriever


class Assistant:
    """Answers from an index; follows it when it is published anew. Any thread may use it.

    >>> from assistant import Assistant
    >>> assistant = Assistant.open("index")  # doctest: +SKIP
    >>> print(assistant.ask("Qui gère la plateforme ?").text)  # doctest: +SKIP
    """

    def __init__(self, local: LocalAssistant) -> None:
        self._local = local

    @classmethod
    def open(cls, index: str | Path | None = None, **settings: Any) -> Assistant:
        """Return the assistant of ``index``, of the settings' index without one.

        ``settings`` go before the environment (``language="en"``). Raises SettingError,
        IndexMissing, IndexMismatch, IndexDamaged or ModelMissing.
        """
        return cls(open_assistant(load_settings(index=index, **settings)))

    @property
    def corpus(self) -> Corpus:
        """Return the documents, units and passages that are published now."""
        return self._local.corpus

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return the answer; ``history`` holds the earlier questions, oldest first."""
        return self._local.ask(question, history)

    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]:
        """Yield the answer's text in pieces, then the Answer."""
        return self._local.stream(question, history)

    def search(self, query: str, top_k: int = 10) -> tuple[Hit, ...]:
        """Return the units found for ``query``, best first, at most ten."""
        return self._local.search(query, top_k)

    def as_runnable(self) -> Chain:
        """Return the assistant as a LangChain Runnable: a question or messages → an AIMessage."""
        from assistant.chain import build_chain

        return build_chain(self._local)

    def as_retriever(self, top_k: int = 10) -> UnitRetriever:
        """Return the search as a LangChain retriever: a query → units as documents."""
        from assistant.chain import UnitRetriever

        return UnitRetriever(assistant=self._local, top_k=top_k)
