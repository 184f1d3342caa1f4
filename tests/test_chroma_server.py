"""Vectors in a collection of a Chroma server: the same answers, whatever happens to the server."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from chroma_server import ChromaServer
from conftest import HashedWords

from assistant import chroma, doctor, embeddings, generations, store
from assistant.build import LocalAssistant
from assistant.chroma import remote
from assistant.chroma.server import connected
from assistant.cut import reader_name
from assistant.errors import ServerGone, SettingError
from assistant.ingest import ingest
from assistant.records import answer_record
from assistant.settings import Settings, load_settings
from assistant.store import Live, Snapshot, open_corpus
from assistant.types import IngestReport

QUESTIONS = (
    "Que fait le jardinier ?",
    "La serre est-elle chauffée en hiver ?",
    "How long are books lent?",
    "Qui répare le toit ?",
)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path_factory.mktemp("chroma") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def server(started: ChromaServer) -> ChromaServer:
    """The server, answering."""
    started.start()
    return started


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ChromaServer]:
    """A server whose data a test may destroy."""
    server = ChromaServer(tmp_path / "own")
    server.start()
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "AGAIN", 0.2)


def with_server(settings: Settings, url: str, index: Path | None = None) -> Settings:
    return load_settings(
        knowledge=settings.knowledge, index=index or settings.index, chroma_url=url
    )


def build(settings: Settings, **changes: Any) -> IngestReport:
    encoders = {"encoder": HashedWords(), "chunk_encoder": HashedWords(reader_name(), 32)}
    return ingest([settings.knowledge], settings, **{**encoders, **changes})


def opened(settings: Settings) -> Snapshot:
    return open_corpus(settings.index, HashedWords().name, settings.chroma_url)


def write(settings: Settings, number: int) -> None:
    text = "".join(f"## Partie {i}\n\nLa phrase {number} nomme {i * 7}.\n\n" for i in range(20))
    (settings.knowledge / "more.md").write_text(f"# Plus\n\n{text}", "utf-8")


def collections(url: str) -> dict[str, int]:
    with connected(url, 30) as client:
        return {c.name: c.count() for c in client.list_collections()}


def names(settings: Settings) -> set[str]:
    """Return the collections that the generations on the disk have."""
    return {f"passages-{name}" for name in generations.present(settings.index)}


def exact(corpus: Snapshot, vector: np.ndarray, k: int) -> list[float]:
    return sorted((corpus.titled_vectors @ vector).tolist(), reverse=True)[:k]


def asks_the_server(corpus: Snapshot) -> bool:
    return corpus._chroma.nearest(HashedWords().encode_query("serre"), 1) is not None


def right(corpus: Snapshot, question: str) -> bool:
    """Return whether what is nearest to a question is what is nearest of all vectors."""
    vector = HashedWords().encode_query(question)
    found = corpus.nearest(vector, 5)
    truth = exact(corpus, vector, 5)
    return len(found) == len(truth) and all(
        abs(similarity - best) < 1e-4
        and abs(float(corpus.titled_vectors[row] @ vector) - best) < 1e-4
        for (row, similarity), best in zip(found, truth, strict=True)
    )


# --- which server it is ------------------------------------------------------------------


def test_the_server_is_the_one_in_rust(server: ChromaServer) -> None:
    """``chroma run`` of 1.5.9 is not the server of CVE-2026-45829.

    That is in the Python (FastAPI) server, which builds the embedding function a stranger names
    before it asks who is there. What was found: the command is a script that hands its arguments
    to the compiled ``chromadb_rust_bindings``, without an option to choose another server; its log
    names ``rust/frontend/src/server.rs``; it describes itself as ``chroma-frontend``, which the
    other does not; and a collection whose embedding
    function is a model with remote code is stored as words, in less time than it takes to load
    anything. It has no login either: whoever reaches it reads, changes and deletes everything.
    """
    described = httpx.get(f"{server.url}/openapi.json").json()
    assert described["info"]["title"] == "chroma-frontend"
    assert "rust/frontend/src/server.rs" in server.log.read_text()
    known = {"model_name": "no/such", "device": "cpu", "kwargs": {"trust_remote_code": True}}
    function = {"type": "known", "name": "sentence_transformer", "config": known}
    made = httpx.post(
        f"{server.url}/api/v2/tenants/default_tenant/databases/default_database/collections",
        json={"name": "of-a-stranger", "configuration": {"embedding_function": function}},
    )
    assert made.status_code == 200
    # Our own client must not build it either: it lists all collections when it sweeps.
    assert "of-a-stranger" in collections(server.url)
    assert "sentence_transformers" not in sys.modules or made.elapsed.total_seconds() < 5
    with connected(server.url, 5) as client:
        client.delete_collection("of-a-stranger")


def test_our_client_tells_nobody(server: ChromaServer) -> None:
    with connected(server.url, 5) as client:
        assert client.get_settings().anonymized_telemetry is False


# --- the same answers --------------------------------------------------------------------


def test_answers_are_the_same_as_without_a_server(
    settings: Settings, server: ChromaServer, tmp_path: Path
) -> None:
    write(settings, 1)
    remote_ = with_server(settings, server.url, tmp_path / "there")
    here, there = build(settings), build(remote_)
    assert (here.passages, here.units) == (there.passages, there.units)

    def answers(settings: Settings) -> list[Any]:
        encoder = HashedWords()
        live = Live(settings.index, encoder, settings.chroma_url)
        assert asks_the_server(live.current())
        local = LocalAssistant(settings, live, encoder, None, frozenset({"reader"}))
        found = [local.search(question, 5) for question in QUESTIONS]
        records = [answer_record(local.ask(question)) for question in QUESTIONS]
        scores = [[(hit.unit.id, round(hit.score, 4)) for hit in hits] for hits in found]
        return [scores, [(r["status"], r["answer"], r["citations"]) for r in records]]

    assert answers(settings) == answers(remote_)
    folder = remote_.index / "generations" / there.generation
    assert not (folder / "chroma").exists()
    manifest = store.read_manifest(remote_.index)[1]
    assert manifest.collection == f"passages-{there.generation}"
    assert collections(server.url)[manifest.collection] == there.passages


def test_a_collection_says_what_it_was_made_with(settings: Settings, server: ChromaServer) -> None:
    settings = with_server(settings, server.url)
    report = build(settings)
    with connected(server.url, 5) as client:
        made = client.get_collection(f"passages-{report.generation}", embedding_function=None)
        metadata = dict(made.metadata)
    mark = metadata.pop("index")
    assert str(settings.index) not in mark
    assert metadata == {
        "model": "hashed-words",
        "dimension": 64,
        "chunker": store.identity("hashed-words").chunker,
        "generation": report.generation,
    }
    assert made.configuration_json["hnsw"]["space"] == "cosine"


def test_a_large_collection_is_whole_after_a_kill(
    settings: Settings, own: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its graph was written before it was published, and nothing is written into it later."""
    monkeypatch.setattr("assistant.chroma.base.LAZY", 10)
    monkeypatch.setattr("assistant.chroma.server._BATCH", 17)
    for number in range(8):
        write(settings, number)
        shutil.copy(settings.knowledge / "more.md", settings.knowledge / f"more{number}.md")
    settings = with_server(settings, own.url)
    report = build(settings)
    assert report.passages > 160
    assert list(own.folder.glob("*/data_level0.bin"))
    for _ in range(2):
        own.kill()
        own.start()
        corpus = opened(settings)
        assert corpus.in_place() and asks_the_server(corpus)
        assert all(right(corpus, question) for question in QUESTIONS)
        corpus.close()


# --- a server that is gone ---------------------------------------------------------------


def test_readers_answer_on_without_the_server_and_come_back(
    settings: Settings, server: ChromaServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_server(settings, server.url)
    build(settings)
    corpus = opened(settings)
    assert asks_the_server(corpus)
    caplog.set_level(logging.INFO, "assistant")
    caplog.clear()
    server.kill()
    for _ in range(3):
        assert all(right(corpus, question) for question in QUESTIONS)
        time.sleep(0.25)
    (warned,) = [r for r in caplog.records if r.name == remote.__name__]
    assert warned.levelname == "WARNING"
    assert server.url in warned.getMessage() and "ASSISTANT_CHROMA_URL" in warned.getMessage()
    started_without = opened(settings)
    assert right(started_without, QUESTIONS[0])
    server.start()
    time.sleep(0.25)
    for one in (corpus, started_without):
        assert right(one, QUESTIONS[0]) and asks_the_server(one)
    corpus.close()
    started_without.close()


def test_a_server_that_says_nothing_holds_nobody_up(
    settings: Settings, server: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "ANSWER", 0.5)
    monkeypatch.setattr("assistant.chroma.server.REACH", 0.5)
    settings = with_server(settings, server.url)
    build(settings)
    corpus = opened(settings)
    assert asks_the_server(corpus)
    server.freeze()
    try:
        began = time.monotonic()
        assert right(corpus, QUESTIONS[0])
        fresh = opened(settings)
        assert right(fresh, QUESTIONS[0])
        time.sleep(0.25)
        askers = [threading.Thread(target=right, args=(corpus, q)) for q in QUESTIONS]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert time.monotonic() - began < 6
    finally:
        server.thaw()
    time.sleep(0.25)
    assert right(corpus, QUESTIONS[0])


def test_what_the_server_lost_is_not_missed_and_is_put_back(
    settings: Settings, own: ChromaServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_server(settings, own.url)
    first = build(settings)
    corpus = opened(settings)
    assert asks_the_server(corpus)
    own.kill()
    shutil.rmtree(own.folder)
    own.start()
    assert right(corpus, QUESTIONS[0]) and not asks_the_server(corpus)
    assert not corpus.in_place()
    corpus.close()
    second = build(settings)
    assert second.generation != first.generation and not second.embedded
    assert not (second.added or second.removed or second.replaced)
    assert asks_the_server(opened(settings))
    assert build(settings).generation == second.generation


@pytest.mark.parametrize("harm", ["some gone", "others in their place", "strangers"])
def test_a_collection_that_is_not_what_was_stored_is_not_used(
    settings: Settings, server: ChromaServer, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "FRESH", 0.2)
    write(settings, 1)
    settings = with_server(settings, server.url)
    report = build(settings)
    used = opened(settings)
    assert asks_the_server(used)
    rows = [passage.id for passage in used.passages]
    with connected(server.url, 30) as client:
        made = client.get_collection(f"passages-{report.generation}", embedding_function=None)
        if harm == "others in their place":
            noise = np.random.default_rng(1).standard_normal((len(rows), 64)).astype(np.float32)
            made.update(ids=rows, embeddings=noise)
        else:
            made.delete(ids=rows[::2])
        if harm == "strangers":
            strange = [f"x{i}" for i in range(len(rows[::2]))]
            made.add(ids=strange, embeddings=np.array(used.titled_vectors[::2]))
    time.sleep(0.25)
    fresh = opened(settings)
    for question in QUESTIONS:
        for corpus in (used, fresh):
            assert right(corpus, question)
            assert harm == "strangers" or not asks_the_server(corpus)
    used.close()
    fresh.close()


def test_readers_ask_on_while_the_server_dies_and_ingests_run(
    settings: Settings, own: ChromaServer, tmp_path: Path
) -> None:
    settings = with_server(settings, own.url)
    build(settings)
    readers = [Reader(settings, tmp_path / f"reader{i}") for i in range(2)]
    try:
        for reader in readers:
            reader.wait("server")
        for number in range(2):
            write(settings, number)
            build(settings)
        for reader in readers:
            reader.wait("server")
        own.kill()
        for reader in readers:
            reader.wait("exact")
        write(settings, 9)
        with pytest.raises(ServerGone):
            build(settings)
        for reader in readers:
            reader.wait("exact")
        own.start()
        last = build(settings)
        for reader in readers:
            reader.wait("server")
            reader.wait(last.generation)
    finally:
        told = [reader.stop() for reader in readers]
    for counts in told:
        assert counts["wrong"] == 0, counts
        assert counts["server"] > 0 and counts["exact"] > 0


READING = """
import json, sys, time
from pathlib import Path
tests, index, url, out = sys.argv[1:]
sys.path.insert(0, tests)
from collections import Counter
from conftest import HashedWords
from test_chroma_server import QUESTIONS, right
from assistant.chroma import remote
from assistant.store import Live
remote.AGAIN = 0.2
counts = Counter(wrong=0)
asked = remote.Remote.nearest
def counted(self, vector, k):
    found = asked(self, vector, k)
    counts["exact" if found is None else "server"] += 1
    return found
remote.Remote.nearest = counted
live = Live(Path(index), HashedWords(), url)
out = Path(out)
while not out.with_suffix(".stop").exists():
    corpus = live.current()
    for question in QUESTIONS:
        counts["wrong"] += not right(corpus, question)
    for row, _ in corpus.nearest(HashedWords().encode_query("la phrase"), 3):
        passage = corpus.passages[row]
        text = corpus.documents[passage.document].text
        counts["wrong"] += text[passage.start : passage.end] != passage.text
    counts[corpus.generation] += 1
    out.with_suffix(".new").write_text(json.dumps(counts))
    out.with_suffix(".new").replace(out)
"""


class Reader:
    """A process that asks all the time and counts what answers, and what is wrong."""

    def __init__(self, settings: Settings, out: Path) -> None:
        self.out = out
        arguments = [str(Path(__file__).parent), str(settings.index), settings.chroma_url, str(out)]
        root = str(Path(__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-c", READING, *arguments], env={**os.environ, "PYTHONPATH": root}
        )

    def counts(self) -> dict[str, int]:
        return json.loads(self.out.read_text()) if self.out.exists() else {}

    def wait(self, key: str) -> None:
        """Wait until it counted one more of ``key``."""
        before, end = self.counts().get(key, 0), time.monotonic() + 60
        while self.counts().get(key, 0) <= before:
            assert self._process.poll() is None and time.monotonic() < end, (key, self.counts())
            time.sleep(0.02)

    def stop(self) -> dict[str, int]:
        self.out.with_suffix(".stop").touch()
        assert self._process.wait(60) == 0
        return self.counts()


# --- an ingest ---------------------------------------------------------------------------


def test_an_ingest_without_its_server_says_so_and_the_former_index_stands(
    settings: Settings, server: ChromaServer
) -> None:
    settings = with_server(settings, server.url)
    first = build(settings)
    write(settings, 1)
    server.kill()
    for rebuild in (False, True):
        with pytest.raises(ServerGone) as caught:
            build(settings, rebuild=rebuild)
        for said in (server.url, "ASSISTANT_CHROMA_URL", "start it", "former index"):
            assert said in str(caught.value)
    assert generations.present(settings.index) == {first.generation}
    assert right(opened(settings), QUESTIONS[0])
    server.start()
    assert build(settings).added == ("more.md",)


@pytest.mark.parametrize("step", ["vectors", "check"])
def test_a_server_that_dies_during_the_ingest_leaves_the_former_index(
    settings: Settings, server: ChromaServer, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.chroma.server._BATCH", 10)
    settings = with_server(settings, server.url)
    first = build(settings)
    others = set(collections(server.url)) - names(settings)
    write(settings, 1)

    def killed(said: str, done: int, total: int) -> None:
        if said == step and 0 < done < total:
            server.kill()

    with pytest.raises(ServerGone, match="former index"):
        build(settings, progress=killed)
    assert generations.present(settings.index) == {first.generation}
    server.start()
    corpus = opened(settings)
    assert corpus.generation == first.generation and right(corpus, QUESTIONS[0])
    corpus.close()
    second = build(settings)
    assert second.added == ("more.md",)
    assert set(collections(server.url)) - others == names(settings)


@pytest.mark.parametrize("step", ["words", "vectors", "check"])
def test_a_failed_ingest_removes_its_collection(
    settings: Settings, server: ChromaServer, step: str
) -> None:
    settings = with_server(settings, server.url)
    build(settings)
    before = collections(server.url)
    write(settings, 1)

    def interrupt(said: str, done: int, total: int) -> None:
        if said == step and done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(settings, progress=interrupt)
    assert collections(server.url) == before


def test_what_was_published_keeps_its_collection_when_the_end_fails(
    settings: Settings, server: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = with_server(settings, server.url)
    build(settings)
    write(settings, 1)
    publish = generations.publish

    def interrupted(*arguments: Any) -> str:
        publish(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generations, "publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(settings)
    corpus = opened(settings)
    assert "more.md" in corpus.documents and asks_the_server(corpus)


def test_vectors_that_do_not_find_themselves_are_not_published(
    settings: Settings, server: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = with_server(settings, server.url)
    first = build(settings)
    before = collections(server.url)
    write(settings, 1)
    monkeypatch.setattr(
        "assistant.building.query", lambda collection, vectors, k: [[("x", 0.5)] for _ in vectors]
    )
    with pytest.raises(Exception, match="could not be verified"):
        build(settings)
    assert generations.current(settings.index)[0] == first.generation
    assert collections(server.url) == before


def test_old_collections_are_swept_and_those_of_others_are_not(
    settings: Settings, server: ChromaServer, tmp_path: Path
) -> None:
    foreign = with_server(settings, server.url, tmp_path / "foreign")
    build(foreign)
    others = collections(server.url)
    settings = with_server(settings, server.url)
    used = None
    for number in range(4):
        write(settings, number)
        build(settings)
        used = used or opened(settings)
    assert used is not None and asks_the_server(used)
    assert set(collections(server.url)) - set(others) == names(settings)
    assert len(names(settings)) == 3
    used.close()
    write(settings, 5)
    build(settings)
    assert len(names(settings)) == 2
    assert set(collections(server.url)) - set(others) == names(settings)
    assert {name: collections(server.url)[name] for name in others} == others
    corpus = opened(foreign)
    assert asks_the_server(corpus) and corpus.in_place()


def test_an_index_in_a_folder_of_the_same_name_is_another(
    settings: Settings, server: ChromaServer
) -> None:
    """Two machines, or two containers, call their folders alike."""
    settings = with_server(settings, server.url)
    report = build(settings)
    settings.index.rename(settings.index.with_name("of another machine"))
    build(settings)
    write(settings, 1)
    build(settings)
    assert f"passages-{report.generation}" in collections(server.url)


# --- the setting -------------------------------------------------------------------------


def test_a_change_of_the_setting_moves_the_vectors(
    settings: Settings, server: ChromaServer, own: ChromaServer
) -> None:
    reports = [build(settings)]
    for url in (server.url, own.url, ""):
        moved = with_server(settings, url)
        before = opened(moved)
        assert right(before, QUESTIONS[0])
        assert not before.in_place()
        before.close()
        reports.append(build(moved))
        assert build(moved).generation == reports[-1].generation
        corpus = opened(moved)
        assert corpus.in_place() and asks_the_server(corpus) and right(corpus, QUESTIONS[0])
        assert bool(corpus.manifest.collection) == bool(url)
        corpus.close()
    assert len({report.generation for report in reports}) == 4
    assert not any(report.embedded for report in reports[1:])


def test_without_the_setting_vectors_on_a_server_are_not_missed(
    settings: Settings, server: ChromaServer, caplog: pytest.LogCaptureFixture
) -> None:
    build(with_server(settings, server.url))
    caplog.clear()
    corpus = opened(settings)
    assert not asks_the_server(corpus)
    assert all(right(corpus, question) for question in QUESTIONS)
    warned = [r.getMessage() for r in caplog.records if r.name == remote.__name__]
    assert len(warned) == 1 and "ASSISTANT_CHROMA_URL is empty" in warned[0]


def test_an_index_in_files_needs_no_server(settings: Settings) -> None:
    build(settings)
    corpus = opened(with_server(settings, "http://127.0.0.1:9"))
    assert asks_the_server(corpus) and right(corpus, QUESTIONS[0])
    corpus.close()


def test_a_manifest_of_before_is_read(settings: Settings) -> None:
    build(settings)
    manifest = store.read_manifest(settings.index)[1]
    raw = json.loads(manifest.to_bytes())
    del raw["collection"]
    assert generations.Manifest.from_bytes(json.dumps(raw).encode()) == manifest


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        (" ", ""),
        ("http://chroma:8000", "http://chroma:8000"),
        ("http://http-chroma:8000/", "http://http-chroma:8000"),
        ("https://vectors.example.org", "https://vectors.example.org:443"),
        ("HTTP://LOCALHOST", "http://localhost:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_addresses(given: str, kept: str) -> None:
    assert load_settings(chroma_url=given).chroma_url == kept


@pytest.mark.parametrize(
    "given",
    [
        *("chroma:8000", "localhost", "ftp://chroma:21", "http://", "http://:8000", "8000"),
        *("http://chroma:many", "http://chroma:70000", "http://[::1", "http://chroma:8000/api"),
        *("http://me:secret@chroma:8000", "http://chroma:8000?tenant=x", "//chroma:8000"),
    ],
)
def test_bad_addresses_are_refused_by_name(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CHROMA_URL", given)
    with pytest.raises(SettingError, match="ASSISTANT_CHROMA_URL"):
        load_settings()


def test_a_host_whose_name_begins_with_http_keeps_its_port() -> None:
    url = "http://http-nowhere.invalid:8000"
    with pytest.raises(ServerGone, match=re.escape(url)), connected(url, 1):
        pass


class Stranger(BaseHTTPRequestHandler):
    """Answers every question, but not as Chroma does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def test_a_server_that_is_not_chroma_is_refused(settings: Settings) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{stranger.server_port}"
        with pytest.raises(ServerGone, match=url):
            build(with_server(settings, url))
        stranger.shutdown()
    assert not (settings.index / "CURRENT").exists()


# --- the doctor --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en", "es"])
def test_the_doctor_says_where_the_vectors_are(
    settings: Settings, server: ChromaServer, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(embeddings, "load", lambda settings: HashedWords())
    monkeypatch.setattr(embeddings, "identity", lambda settings: HashedWords().name)
    column = ("fr", "en", "es").index(language)
    name = doctor._WORDS["vectors"][column]

    def said(url: str) -> doctor.Check:
        asked = load_settings(
            knowledge=settings.knowledge, index=settings.index, chroma_url=url, language=language
        )
        (check,) = [check for check in doctor.checks(asked) if check.name == name]
        return check

    build(settings)
    assert said("").ok
    files = said(server.url)
    assert not files.ok and server.url in files.detail and files.fix == "assistant ingest"
    report = build(with_server(settings, server.url))
    there = said(server.url)
    assert there.ok and server.url in there.detail and report.generation in there.detail
    nowhere = said("")
    assert not nowhere.ok and nowhere.fix == "assistant ingest"
    with connected(server.url, 5) as client:
        client.delete_collection(f"passages-{report.generation}")
    lost = said(server.url)
    assert not lost.ok and lost.fix == "assistant ingest"
    gone = said("http://127.0.0.1:9")
    assert not gone.ok and gone.detail == "http://127.0.0.1:9" and "start it" in gone.fix


def test_what_holds_counts(settings: Settings, server: ChromaServer) -> None:
    report = build(with_server(settings, server.url))
    name = f"passages-{report.generation}"
    assert chroma.holds(server.url, name, report.passages)
    assert not chroma.holds(server.url, name, report.passages + 1)
    assert not chroma.holds(server.url, "passages-of-nobody", report.passages)
