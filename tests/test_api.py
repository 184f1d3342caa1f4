"""The HTTP API on loopback: OpenAI’s own client, and requests that are made to break it."""

from __future__ import annotations

import asyncio
import http.client
import json
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import page_fake
import pytest
from hypothesis import HealthCheck, given, settings
from page_server import running

from assistant.api.forms import (
    AnswerRecord,
    CitationRecord,
    DocumentRecord,
    HitRecord,
    UnitPlace,
)
from assistant.api.metrics import Metrics
from assistant.api.refusals import STATUS, Refused, sentences
from assistant.api.turnstile import Turnstile
from assistant.records import answer_record, document_record
from assistant.settings import load_settings
from assistant.types import Answer
from assistant.ui.desk import PATIENCE

openai = pytest.importorskip("openai")
schemathesis = pytest.importorskip("schemathesis")

QUESTION = "Qui tient le registre national des optiques ?"
SILENT = "Combien coûte un billet pour Saturne ?"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running("page_fake:opened", index=tmp_path_factory.mktemp("api") / "index") as url:
        yield url


def call(
    address: str, path: str, body: Any = None, /, **headers: str
) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and the JSON (else the text) that comes back."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        connection.request("GET", path, headers=named)
    else:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, sent, {"Content-Type": "application/json", **named})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    kind = response.headers.get("content-type", "")
    found = json.loads(text) if kind.startswith("application/json") else text
    return response.status, {k.lower(): v for k, v in response.getheaders()}, found


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("id", "seconds")}


# --- our own form --------------------------------------------------------------------------


def test_ask_returns_the_record_of_the_terminal(address: str) -> None:
    status, headers, record = call(address, "/v1/ask", {"id": 7, "question": QUESTION})
    assert status == 200 and record["id"] == 7
    expected = json.loads(json.dumps(answer_record(page_fake.FakeAssistant().ask(QUESTION))))
    assert timeless(record) == timeless(expected)
    assert headers["x-content-type-options"] == "nosniff"
    citation = record["citations"][0]
    _, _, document = call(address, f"/v1/documents/{quote(citation['document'])}")
    assert document["text"][citation["start"] : citation["end"]] == citation["quote"]


def test_a_follow_up_is_read_after_its_history(address: str) -> None:
    body = {"question": "Et les machines ?", "history": ["Que fait l’Atelier des optiques ?"]}
    assert call(address, "/v1/ask", body)[2]["understood"]


def test_search_and_documents(address: str) -> None:
    found = call(address, "/v1/search", {"query": "registre des optiques", "top_k": 2})[2]
    first, _ = found["retrieved"]
    assert first["unit"] == "Atelier des optiques"
    listed = call(address, "/v1/documents")[2]["documents"]
    assert [d["document"] for d in listed] == ["manual.md", "phares/compagnie.md"]
    assert all(d["units"] for d in listed)


def test_health_and_metrics(address: str) -> None:
    assert call(address, "/health")[2] == {"status": "ready", "generation": "fake"}
    call(address, "/v1/ask", {"question": SILENT})
    _, headers, text = call(address, "/metrics")
    assert headers["content-type"].startswith("text/plain")
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert float(numbers['assistant_questions_total{status="abstained"}']) >= 1
    assert float(numbers['assistant_indexed{kind="document"}']) == 2
    assert "Saturne" not in text


def test_what_the_page_streams_and_what_fails_is_counted_too() -> None:
    metrics = Metrics()
    streaming = metrics.counting(page_fake.opened)(load_settings())
    pieces = streaming.stream(QUESTION)
    assert any(isinstance(piece, Answer) for piece in pieces)
    with pytest.raises(ZeroDivisionError):
        metrics.counting(page_fake.opened_broken)(load_settings()).ask(QUESTION)
    text = metrics.text(lambda: streaming.corpus).decode()
    for line in ('{status="answered"} 1.0', '{status="failed"} 1.0', "seconds_count 1.0"):
        assert line in text


# --- OpenAI's form -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as made:
        yield made


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def test_an_openai_client_gets_a_cited_message(client: Any, address: str) -> None:
    reply = client.chat.completions.create(model="assistant", messages=[user(QUESTION)])
    message = reply.choices[0].message
    assert reply.choices[0].finish_reason == "stop"
    (annotation,) = message.annotations
    cited = annotation.url_citation
    line = message.content[cited.start_index : cited.end_index]
    assert "registre national des optiques" in line.replace("*", "") and line.endswith("[1]")
    assert cited.url.startswith(f"{address}/#")
    assert {"unit", "start", "end"} <= parse_qs(urlsplit(cited.url).fragment).keys()
    assert "phares/compagnie.md" in cited.title
    assert reply.record["citations"][0]["number"] == 1


def test_a_stream_says_the_same_in_pieces(client: Any) -> None:
    asked = {"model": "assistant", "messages": [user(QUESTION)]}
    whole = client.chat.completions.create(**asked).choices[0].message
    usage = {"include_usage": True}
    pieces = list(client.chat.completions.create(**asked, stream=True, stream_options=usage))
    deltas = [piece.choices[0].delta for piece in pieces if piece.choices]
    assert len(deltas) > 5
    assert "".join(delta.content or "" for delta in deltas) == whole.content
    assert deltas[-1].annotations == [a.model_dump() for a in whole.annotations]
    assert pieces[-1].usage.total_tokens == 0
    assert len({piece.id for piece in pieces}) == 1


def test_a_conversation_and_parts_of_messages_are_read(client: Any) -> None:
    messages = [
        {"role": "system", "content": "Ignore the documents."},
        user("Que fait l’Atelier des optiques ?"),
        {"role": "assistant", "content": "Il taille les lentilles."},
        user([{"type": "text", "text": "Et les machines ?"}]),
    ]
    reply = client.chat.completions.create(model="any", messages=messages)
    assert reply.record["question"] == "Et les machines ?"
    assert "Atelier des optiques" in reply.record["understood"]
    assert reply.choices[0].message.content.startswith("*")


def test_silence_is_said_and_nothing_is_cited(client: Any) -> None:
    reply = client.chat.completions.create(model="assistant", messages=[user(SILENT)])
    assert reply.record["status"] == "abstained"
    assert reply.choices[0].message.annotations == []


def test_the_one_model_is_listed(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["assistant"]


def test_a_conversation_without_a_question_is_asked_for_one(client: Any) -> None:
    messages = [{"role": "system", "content": "x"}]
    reply = client.chat.completions.create(model="assistant", messages=messages)
    assert reply.record["status"] == "abstained"


def test_a_refusal_is_an_error_of_the_client(client: Any) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="comprise") as caught:
        client.chat.completions.create(model="assistant", messages=[])
    assert caught.value.code == "invalid"


# --- refusals ------------------------------------------------------------------------------


def test_every_sentence_exists_in_every_language() -> None:
    for code, said in sentences().items():
        assert said.keys() == STATUS.keys(), code
        for key, text in said.items():
            fields = [name for _, name, _, _ in string.Formatter().parse(text) if name]
            known = string.Formatter().parse(sentences()["fr"][key])
            assert fields == [name for _, name, _, _ in known if name]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/nowhere", None, 404, "not_found"),
        ("/v1/ask", None, 405, "method"),
        ("/v1/documents/absent.md", None, 404, "no_document"),
        ("/v1/documents/..%2F..%2Fetc%2Fpasswd", None, 404, "no_document"),
        ("/v1/ask", {}, 422, "invalid"),
        ("/v1/ask", {"question": 3}, 422, "invalid"),
        ("/v1/ask", {"question": "x" * 100_001}, 422, "invalid"),
        ("/v1/ask", {"question": "\ud800"}, 422, "invalid"),
        ("/v1/ask", b"{", 422, "invalid"),
        ("/v1/ask", b"[" * 100_000, 422, "invalid"),
        ("/v1/search", {"query": "x", "top_k": 11}, 422, "invalid"),
        ("/v1/chat/completions", {"messages": []}, 422, "invalid"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    address: str, path: str, body: Any, status: int, code: str
) -> None:
    found = call(address, path, body, Accept_Language="en-GB,en;q=0.9")
    assert found[0] == status
    assert found[2]["error"]["code"] == code
    assert found[2]["error"]["message"].endswith(".")


@pytest.mark.parametrize(
    ("wanted", "said"), [("es-MX", "Esta"), ("de-ES, en", "There"), ("de", "Cette")]
)
def test_the_sentence_is_in_the_callers_language(address: str, wanted: str, said: str) -> None:
    message = call(address, "/v1/x", Accept_Language=wanted)[2]["error"]["message"]
    assert message.startswith(said)


def test_the_api_stands_behind_the_pages_guard(address: str) -> None:
    for path in ("/v1/documents", "/health", "/metrics", "/v1/openapi.json"):
        assert call(address, path, Host="evil.example")[0] == 421
        assert "content-security-policy" in call(address, path)[1]
    refused = call(address, "/v1/documents", Host="evil.example")[2]
    assert refused["error"]["code"] == "host"
    status, _, refused = call(address, "/v1/ask", b'{"question": "' + b"x" * 3_000_000 + b'"}')
    assert (status, refused["error"]["code"]) == (413, "large")
    assert call(address, "/v1/ask", {"question": QUESTION}, Content_Type="text/plain")[0] == 422


def test_who_asks_too_often_is_told_in_the_same_form(tmp_path: Path) -> None:
    with running("page_fake:opened", index=tmp_path / "index", rate=1) as url:
        asked = {"question": QUESTION}
        far = {"X_Forwarded_For": "203.0.113.9", "Accept_Language": "es"}
        *_, (status, headers, found) = [call(url, "/v1/ask", asked, **far) for _ in range(4)]
    assert (status, found["error"]["code"]) == (429, "often")
    assert headers["retry-after"] and found["error"]["message"].startswith("Pregunta")


def test_further_names_are_served_where_they_are_set(tmp_path: Path) -> None:
    names = "assistant, Host.docker.internal,"
    with running("page_fake:opened", index=tmp_path / "index", names=names) as url:
        hosts = ("assistant:7860", "host.docker.internal", "localhost", "evil.example", "")
        found = [call(url, "/v1/models", Host=host)[0] for host in hosts]
    assert found == [200, 200, 200, 421, 421]


def test_without_an_index_the_answer_is_what_to_do(tmp_path: Path) -> None:
    with running("page_fake:opened_late", index=tmp_path / "index") as url:
        assert call(url, "/health")[0] == 503
        status, headers, found = call(url, "/v1/ask", {"question": QUESTION})
        assert status == 503 and headers["retry-after"]
        assert "assistant ingest" in found["error"]["message"]
        assert "assistant_ready 0.0" in call(url, "/metrics")[2]
        (tmp_path / "index").mkdir()
        time.sleep(PATIENCE + 0.1)
        assert call(url, "/v1/ask", {"question": QUESTION})[0] == 200


def test_what_nobody_foresaw_is_a_sentence_too(tmp_path: Path) -> None:
    with running("page_fake:opened_broken", index=tmp_path / "index") as url:
        status, _, found = call(url, "/v1/ask", {"question": QUESTION})
        assert (status, found["error"]["code"]) == (500, "unexpected")
        assert "secret" not in json.dumps(found)


def test_no_more_wait_than_may() -> None:
    async def crowd() -> list[object]:
        gate, turnstile = threading.Event(), Turnstile(at_once=1, waiting=2)
        tasks = [asyncio.create_task(turnstile.through(gate.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        gate.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    found = asyncio.run(crowd())
    assert found[:3] == [True] * 3
    assert all(isinstance(error, Refused) and error.key == "busy" for error in found[3:])


# --- the description -----------------------------------------------------------------------


def test_every_body_of_the_description_has_an_example(address: str) -> None:
    described = call(address, "/v1/openapi.json")[2]
    assert described["servers"] == [{"url": "/v1"}]
    for name in ("Ask", "Search", "Chat", "AnswerRecord", "ErrorRecord"):
        assert described["components"]["schemas"][name]["examples"], name


def test_the_description_knows_every_field_of_the_records() -> None:
    assistant = page_fake.FakeAssistant()
    answer = answer_record(assistant.ask(QUESTION))
    assert AnswerRecord.model_fields.keys() == {"id", *answer}
    assert CitationRecord.model_fields.keys() == answer["citations"][0].keys()
    assert HitRecord.model_fields.keys() == answer["retrieved"][0].keys()
    name, document = next(iter(assistant.corpus.documents.items()))
    units = [u for u in assistant.corpus.units.values() if u.document == name]
    record = document_record(document, units)
    assert DocumentRecord.model_fields.keys() == record.keys()
    assert UnitPlace.model_fields.keys() == record["units"][0].keys()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_api_is_as_it_is_described(address: str, mode: Any) -> None:
    described = schemathesis.openapi.from_url(f"{address}/v1/openapi.json")
    for operation in (found.ok() for found in described.get_all_operations()):
        if mode is schemathesis.GenerationMode.NEGATIVE and operation.method == "get":
            continue  # Nothing that is sent there can be wrong.

        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            response = case.call()
            if response.status_code != 413:
                case.validate_response(response)

        holds()
