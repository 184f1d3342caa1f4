"""An Answer in the form of OpenAI's chat completions, whole or in pieces, citations annotated."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from assistant.api.forms import Chat
from assistant.records import answer_record
from assistant.render import message_markdown, proved
from assistant.types import Answer, Citation

MODEL = "assistant"
PAST = 12
"""Earlier questions that are handed to the assistant."""
_NOTHING = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_PIECE = re.compile(r"\s*\S+|\s+$")


def asked(chat: Chat) -> tuple[str, list[str]]:
    """Return the question and the earlier ones: what the user said; empty when nothing was."""
    said = [text for m in chat.messages if m.role == "user" and (text := m.plain()).strip()]
    return (said[-1], said[:-1][-PAST:]) if said else ("", [])


def completion(answer: Answer, page: str) -> dict[str, Any]:
    """Return the whole completion; ``page`` is the address of the page that shows sources."""
    text = message_markdown(answer)
    message = {
        "role": "assistant",
        "content": text,
        "refusal": None,
        "annotations": cited(answer, text, page),
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {
        **_head("chat.completion"),
        "choices": [choice],
        "usage": _NOTHING,
        "record": answer_record(answer),
    }


def events(answer: Answer, page: str, usage: bool) -> Iterator[str]:
    """Yield the completion as server-sent events; annotations and record come with the last.

    The answer is whole, and proved, before its first word goes out: a word that was sent to
    another program cannot be taken back.
    """
    text = message_markdown(answer)
    head = _head("chat.completion.chunk")
    yield _event({**head, "choices": [_choice({"role": "assistant", "content": ""})]})
    for piece in _PIECE.findall(text):
        yield _event({**head, "choices": [_choice({"content": piece})]})
    last = _choice({"annotations": cited(answer, text, page)}, "stop")
    yield _event({**head, "choices": [last], "record": answer_record(answer)})
    if usage:
        yield _event({**head, "choices": [], "usage": _NOTHING})
    yield "data: [DONE]\n\n"


def cited(answer: Answer, text: str, page: str) -> list[dict[str, Any]]:
    """Return the citations as annotations of ``text``: each bounds the line that is proved."""
    made = []
    bounds = proved(text, answer.citations)
    for citation in answer.citations:
        start, end = bounds[citation.number]
        where = {
            "start_index": start,
            "end_index": end,
            "title": " › ".join([citation.document, *citation.path]),
            "url": place(citation, page),
        }
        made.append({"type": "url_citation", "url_citation": where})
    return made


def place(citation: Citation, page: str) -> str:
    """Return the address at which the page shows the quote in its unit."""
    marks = ",".join(f"{start}-{end}" for start, end in citation.marks)
    known = {
        "unit": citation.unit_id,
        "start": citation.start,
        "end": citation.end,
        "marks": marks,
    }
    return f"{page}#{urlencode({k: v for k, v in known.items() if v != ''})}"


def _head(kind: str) -> dict[str, Any]:
    identity = f"chatcmpl-{secrets.token_hex(12)}"
    return {"id": identity, "object": kind, "created": int(time.time()), "model": MODEL}


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}


def _event(record: dict[str, Any]) -> str:
    return f"data: {json.dumps(record, ensure_ascii=False)}\n\n"
