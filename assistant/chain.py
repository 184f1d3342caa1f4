"""One turn as a LangChain Runnable: understand → retrieve → decide → message, streamed.

The message's text carries LangChain's standard ``Citation`` annotations, so that any program
that speaks LangChain can show the proof; the whole Answer is in ``response_metadata``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.content import Citation as CitationAnnotation
from langchain_core.messages.content import create_citation, create_text_block
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from assistant.build import LocalAssistant
from assistant.records import answer_record
from assistant.render import proved
from assistant.turn import Turn, Turns
from assistant.types import Answer


class ChainInput(TypedDict, total=False):
    """A question with the earlier questions of the conversation, oldest first."""

    question: str
    history: Sequence[str]


Decided = tuple[Turns, Turn, Answer]
Input = str | ChainInput | Sequence[BaseMessage]
Chain = Runnable[Input, AIMessage]


def build_chain(assistant: LocalAssistant) -> Chain:
    """Return the chain: a question, a ``ChainInput`` or messages → an AIMessage.

    >>> chain = build_chain(open_assistant(load_settings()))  # doctest: +SKIP
    >>> chain.invoke("Qui gère la plateforme ?").content_blocks[0]["annotations"]  # doctest: +SKIP
    """

    def understand(value: Input) -> tuple[Turns, Turn]:
        question, history = _asked(value)
        turns = assistant.turns()
        return turns, turns.understand(question, history)

    def retrieve(state: tuple[Turns, Turn]) -> tuple[Turns, Turn]:
        turns, turn = state
        return turns, turns.look(turn)

    def decide(state: tuple[Turns, Turn]) -> Decided:
        turns, turn = state
        return turns, turn, turns.decide(turn)

    return (
        RunnableLambda(understand, name="understand")
        | RunnableLambda(retrieve, name="retrieve")
        | RunnableLambda(decide, name="decide")
        | RunnableGenerator(_messages, _messages_later, name="answer")
    )


def message(answer: Answer) -> AIMessage:
    """Return an answer as a message: one text block whose annotations are the citations."""
    block = create_text_block(answer.text, annotations=[*_annotations(answer)])
    return AIMessage(content=[dict(block)], response_metadata={"answer": answer_record(answer)})


class UnitRetriever(BaseRetriever):
    """Finds units for a query as LangChain documents, best first, with their score and path."""

    assistant: Any
    top_k: int = 10

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        corpus = self.assistant.corpus
        found = []
        for hit in self.assistant.search(query, self.top_k):
            unit = hit.unit
            text = corpus.documents[unit.document].text[unit.start : unit.end]
            facts = {
                "document": unit.document,
                "unit": unit.heading,
                "path": list(unit.path),
                "start": unit.start,
                "end": unit.end,
                "score": hit.score,
            }
            found.append(Document(id=unit.id, page_content=text, metadata=facts))
        return found


def _asked(value: Input) -> tuple[str, list[str]]:
    """Return question and history of any input the chain takes."""
    if isinstance(value, str):
        return value, []
    if isinstance(value, Mapping):
        return value.get("question", ""), list(value.get("history", ()))
    asked = [str(m.text) for m in value if m.type == "human"]
    return (asked[-1] if asked else ""), asked[:-1]


def _annotations(answer: Answer) -> list[CitationAnnotation]:
    """Return the citations; ``start_index`` and ``end_index`` bound the line that is proved."""
    made = []
    bounds = proved(answer.text, answer.citations)
    for citation in answer.citations:
        start, end = bounds[citation.number]
        extras: dict[str, Any] = {
            "number": citation.number,
            "document": citation.document,
            "path": list(citation.path),
            "start": citation.start,
            "end": citation.end,
        }
        made.append(
            create_citation(
                title=citation.unit,
                cited_text=citation.quote,
                start_index=start,
                end_index=end,
                **extras,
            )
        )
    return made


async def _messages_later(decided: AsyncIterator[Decided]) -> AsyncIterator[AIMessageChunk]:
    """Yield what ``_messages`` yields; a model that is slow keeps nobody else waiting."""
    async for state in decided:
        pieces = _messages([state])
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece


def _messages(decided: Iterable[Decided]) -> Iterator[AIMessageChunk]:
    """Yield each answer's text in pieces and, with the last, the citations and the record."""
    for turns, turn, plain in decided:
        for piece in turns.tell(turn, plain):
            if isinstance(piece, str):
                yield AIMessageChunk(content=[{"type": "text", "text": piece, "index": 0}])
                continue
            last: dict[str, Any] = {"type": "text", "text": "", "index": 0}
            last["annotations"] = _annotations(piece)
            record = {"answer": answer_record(piece)}
            yield AIMessageChunk(content=[last], response_metadata=record)
