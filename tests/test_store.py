"""The index on disk: published whole, read by many, never silently wrong."""

from __future__ import annotations

import gc
import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Build, HashedWords

from assistant import building, generations, store
from assistant.errors import AssistantError, IndexBusy, IndexDamaged, IndexMismatch, IndexMissing
from assistant.settings import Settings
from assistant.store import Live, open_corpus


def generation_folder(settings: Settings) -> Path:
    return settings.index / "generations" / generations.current(settings.index)[0]


def test_a_snapshot_holds_documents_units_passages_and_vectors(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    report = build()
    corpus = open_corpus(settings.index, encoder.name)
    assert corpus.generation == report.generation
    assert list(corpus.documents) == ["garden.md", "library.md"]
    assert len(corpus.units) == len(corpus.unit_list) == report.units
    assert corpus.manifest.languages == ("en", "fr")
    for passage in corpus.passages:
        text = corpus.documents[passage.document].text
        assert text[passage.start : passage.end] == passage.text
        assert corpus.units[passage.unit].document == passage.document
    assert corpus.titled_vectors.shape == (report.passages, encoder.dimension)
    assert corpus.clause_vectors.shape == corpus.titled_vectors.shape
    assert corpus.heading_vectors.shape == (report.units, encoder.dimension)
    assert corpus.chunk_vectors.shape[1] == 32


def test_passages_and_chunks_follow_their_units(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    ends = [*corpus.first_passage.tolist(), len(corpus.passages)]
    for unit, start, end in zip(corpus.unit_list, ends, ends[1:], strict=False):
        assert {p.unit for p in corpus.passages[start:end]} <= {unit.id}
    assert corpus.first_chunk.tolist() == list(range(len(corpus.unit_list)))


def test_lookups_that_fail_raise_as_python_does(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    with pytest.raises(KeyError):
        corpus.units["nothing"]
    assert "nothing" not in corpus.documents
    with pytest.raises(IndexError):
        corpus.passages[len(corpus.passages)]
    assert corpus.passages[-1] == corpus.passages[len(corpus.passages) - 1]
    assert corpus.passages[0:2] == [corpus.passages[0], corpus.passages[1]]


def test_nearest_is_cosine_best_first(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    vector = encoder.encode_query("Serre La serre abrite des orchidées rares")
    found = corpus.nearest(vector, 3)
    exact = corpus.titled_vectors @ vector
    assert [row for row, _ in found] == np.argsort(-exact, kind="stable")[:3].tolist()
    for row, similarity in found:
        assert similarity == pytest.approx(float(exact[row]), abs=1e-4)
    assert len(corpus.nearest(vector, 1000)) == len(corpus.passages)


def test_every_stored_vector_finds_itself(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    for row, vector in enumerate(corpus.titled_vectors):
        assert corpus.nearest(vector, 1)[0][1] == pytest.approx(1, abs=1e-4)
        assert row in [r for r, s in corpus.nearest(vector, 5) if s > 0.999]


def test_without_an_index_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="assistant ingest"):
        open_corpus(tmp_path / "none", "any")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("assistant.units.CHUNKER_VERSION", 999),
        ("assistant.store.reader_name", lambda: "another reader"),
        ("assistant.lexical.fingerprint", lambda: "other terms"),
    ],
)
def test_another_version_is_refused(
    settings: Settings,
    build: Build,
    encoder: HashedWords,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    value: object,
) -> None:
    build()
    monkeypatch.setattr(place, value)
    with pytest.raises(IndexMismatch, match="assistant ingest"):
        open_corpus(settings.index, encoder.name)


def test_another_model_is_refused_and_both_are_named(settings: Settings, build: Build) -> None:
    build()
    with pytest.raises(IndexMismatch, match=r"hashed-words.*another-model"):
        open_corpus(settings.index, "another-model")


def test_a_format_of_another_version_is_refused(
    settings: Settings, build: Build, encoder: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    monkeypatch.setattr(generations, "FORMAT", generations.FORMAT + 1)
    with pytest.raises(IndexMismatch, match="another version"):
        open_corpus(settings.index, encoder.name)


# --- damage ------------------------------------------------------------------------------

DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "halved": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: path.write_bytes(b""),
    "flipped": lambda path: path.write_bytes(flip(path.read_bytes())),
    "deleted": lambda path: path.unlink(),
    "replaced": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damage_to_any_file_is_found_and_named(
    settings: Settings, build: Build, encoder: HashedWords, damage: str
) -> None:
    build()
    whole = settings.index.with_name("whole")
    settings.index.rename(whole)
    files = [
        path.relative_to(whole)
        for path in sorted(whole.rglob("*"))
        if path.is_file() and path.stat().st_size and path.name != "lock"
        if path.parent.name != "cache"
    ]
    assert len(files) > 25
    for file in files:
        shutil.copytree(whole, settings.index)
        DAMAGES[damage](settings.index / file)
        if (settings.index / file).is_file():
            changed = (settings.index / file).read_bytes() != (whole / file).read_bytes()
            assert changed or damage == "replaced", file
        else:
            changed = True
        if changed:
            with pytest.raises((IndexDamaged, IndexMissing)) as caught:
                open_corpus(settings.index, encoder.name)
            assert "assistant ingest" in str(caught.value)
            if isinstance(caught.value, IndexDamaged):
                assert file.name in str(caught.value)
        shutil.rmtree(settings.index)


def test_damage_to_chroma_after_opening_is_found_at_the_first_question(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    (file,) = generation_folder(settings).glob("chroma/chroma.sqlite3")
    file.write_bytes(flip(file.read_bytes()))
    with pytest.raises(IndexDamaged, match=r"chroma\.sqlite3"):
        corpus.nearest(encoder.encode_query("serre"), 1)


def test_large_generations_are_checked_by_size_and_whole_on_request(
    settings: Settings, build: Build, encoder: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    monkeypatch.setattr(generations, "HASHED", 10)
    path = generation_folder(settings) / "titled.vectors"
    path.write_bytes(flip(path.read_bytes()))
    open_corpus(settings.index, encoder.name)
    with pytest.raises(IndexDamaged, match=r"titled\.vectors"):
        store.verify(settings.index)


def test_reading_documents_needs_no_model(settings: Settings, build: Build) -> None:
    build()
    documents, units = store.read_documents(settings.index)
    assert list(documents) == ["garden.md", "library.md"]
    assert {unit.document for unit in units} == set(documents)
    path = generation_folder(settings) / "documents.jsonl"
    path.write_bytes(flip(path.read_bytes()))
    with pytest.raises(IndexDamaged, match=r"documents\.jsonl"):
        store.read_documents(settings.index)


# --- readers and writers -----------------------------------------------------------------


def test_asking_changes_nothing_that_was_published(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    folder = generation_folder(settings)
    before = generations.measured(folder)
    for _ in range(2):
        corpus = open_corpus(settings.index, encoder.name)
        corpus.nearest(encoder.encode_query("serre"), 3)
        corpus.close()
    assert generations.measured(folder) == before


def test_live_serves_the_new_generation_and_leaves_the_old_one_whole(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    live = Live(settings.index, encoder)
    old = live.current()
    assert live.current() is old
    (settings.knowledge / "library.md").unlink()
    build()
    new = live.current()
    assert new is not old
    assert list(new.documents) == ["garden.md"]
    row, _ = old.nearest(encoder.encode_query("The librarian lends books"), 1)[0]
    assert old.passages[row].document == "library.md"


def test_a_generation_in_use_is_kept_and_an_unused_one_removed(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    first = build().generation
    used = open_corpus(settings.index, encoder.name)
    names = [first]
    for number in range(3):
        (settings.knowledge / "more.md").write_text(f"# Plus\n\nVoici la phrase {number}.\n")
        names.append(build().generation)
    kept = {path.name for path in (settings.index / "generations").iterdir()}
    assert kept == {first, *names[-2:]}
    assert used.nearest(encoder.encode_query("serre"), 1)
    used.close()
    build()
    kept = {path.name for path in (settings.index / "generations").iterdir()}
    assert kept == set(names[-2:])


def test_a_snapshot_that_nobody_uses_lets_go_of_its_files(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    corpus.nearest(encoder.encode_query("serre"), 1)
    assert list((settings.index / "open").iterdir())
    del corpus
    gc.collect()
    assert not list((settings.index / "open").iterdir())


def test_copies_and_builds_of_dead_processes_are_swept(settings: Settings, build: Build) -> None:
    build()
    dead = settings.index / "open" / "1-dead"
    dead.mkdir(parents=True)
    (dead / "lock").touch()
    half = settings.index / "generations" / "x.building"
    half.mkdir()
    build()
    assert not dead.exists()
    assert not half.exists()


def test_what_vanishes_during_the_sweep_is_no_error(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    gone = settings.index / "open" / "1-gone"
    monkeypatch.setattr(generations, "_folders", lambda parent: [gone])
    generations.sweep(settings.index, set())


def test_a_copy_taken_by_the_sweep_is_made_elsewhere(
    settings: Settings, build: Build, encoder: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    monkeypatch.setattr(generations, "_lock", lambda file, shared: shared)
    corpus = open_corpus(settings.index, encoder.name)
    assert corpus.nearest(encoder.encode_query("serre"), 1)
    corpus.close()


def test_an_index_that_cannot_be_written_is_still_read(
    settings: Settings, build: Build, encoder: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()

    def refuse(index: Path) -> None:
        raise PermissionError(13, "Permission denied", str(index))

    monkeypatch.setattr(generations, "claim", refuse)
    corpus = open_corpus(settings.index, encoder.name)
    assert corpus.nearest(encoder.encode_query("serre"), 1)
    corpus.close()


def test_without_room_for_a_copy_answers_are_the_same(
    settings: Settings,
    build: Build,
    encoder: HashedWords,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build()
    vector = encoder.encode_query("la serre abrite des orchidées")
    usual = open_corpus(settings.index, encoder.name).nearest(vector, 3)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    corpus = open_corpus(settings.index, encoder.name)
    for _ in range(2):
        found = corpus.nearest(vector, 3)
        assert [row for row, _ in found] == [row for row, _ in usual]
        assert [s for _, s in found] == pytest.approx([s for _, s in usual], abs=1e-4)
    gc.collect()
    assert len(list((settings.index / "open").iterdir())) <= 1


def test_the_second_writer_learns_who_holds_the_lock(settings: Settings, build: Build) -> None:
    import os

    with (
        generations.writing(settings.index, wait=0),
        pytest.raises(IndexBusy, match=str(os.getpid())),
    ):
        build(wait=0)


def test_the_second_writer_waits_its_turn(settings: Settings, build: Build) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with generations.writing(settings.index, wait=0):
            inside.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    threading.Timer(0.2, leave.set).start()
    assert build(wait=10).documents == 2
    holder.join()


def test_many_threads_ask_while_generations_are_published(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    live = Live(settings.index, encoder)
    stop = threading.Event()
    wrong: list[str] = []

    def ask() -> None:
        while not stop.is_set():
            corpus = live.current()
            for row, _ in corpus.nearest(encoder.encode_query("le jardinier arrose"), 3):
                passage = corpus.passages[row]
                text = corpus.documents[passage.document].text
                if text[passage.start : passage.end] != passage.text:
                    wrong.append(passage.id)

    askers = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for number in range(3):
            (settings.knowledge / "more.md").write_text(f"# Plus\n\nVoici la phrase {number}.\n")
            build()
    finally:
        stop.set()
    for asker in askers:
        asker.join()
    assert not wrong
    assert "more.md" in live.current().documents


# --- publication -------------------------------------------------------------------------


def test_an_index_that_does_not_find_its_passages_is_not_published(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build().generation

    def lost(collection: object, vectors: np.ndarray, k: int) -> list[list[tuple[str, float]]]:
        return [[("x", 0.5)] for _ in vectors]

    monkeypatch.setattr(building, "query", lost)
    (settings.knowledge / "more.md").write_text("# Plus\n\nVoici une phrase.\n")
    with pytest.raises(AssistantError, match="could not be verified"):
        build()
    assert generations.current(settings.index)[0] == first
    assert [p.name for p in (settings.index / "generations").iterdir()] == [first]


def test_a_passage_out_of_reach_of_chroma_is_found_all_the_same(
    settings: Settings, build: Build, encoder: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = "".join(
        f"## Partie {i}\n\nLa phrase {i} parle de l’objet {i * 7}.\n\n" for i in range(200)
    )
    (settings.knowledge / "long.md").write_text("# Long\n\n" + sentences)
    honest = building.query

    def blind(collection: object, vectors: np.ndarray, k: int) -> list[list[tuple[str, float]]]:
        found = honest(collection, vectors, k)
        return [[("x", 0.5)], *found[1:]]

    monkeypatch.setattr(building, "query", blind)
    build()
    corpus = open_corpus(settings.index, encoder.name)
    assert corpus.manifest.apart == (0,)
    assert corpus.nearest(corpus.titled_vectors[0], 1)[0][0] == 0


def test_large_sets_of_vectors_are_kept_in_half_precision(
    settings: Settings, build: Build, encoder: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "HALF", 10)
    monkeypatch.setattr("assistant.chroma.base.LAZY", 1)
    build()
    corpus = open_corpus(settings.index, encoder.name)
    assert corpus.titled_vectors.dtype == np.float16
    assert corpus.heading_vectors.dtype == np.float32
    assert list(generation_folder(settings).glob("chroma/*/index_metadata.pickle"))
    best = corpus.nearest(corpus.titled_vectors[1].astype(np.float32), 1)[0]
    assert best == (1, pytest.approx(1, abs=1e-3))


def test_a_generation_is_complete_before_it_is_named(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build().generation
    (settings.knowledge / "more.md").write_text("# Plus\n\nVoici une phrase.\n")

    def stopped(self: Path, target: Path) -> Path:
        raise OSError(5, "Input/output error", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopped)
        with pytest.raises(AssistantError):
            build()
    assert generations.current(settings.index)[0] == first
    assert build().added == ("more.md",)


def test_the_manifest_states_what_the_index_was_made_from(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    report = build()
    name, manifest = store.read_manifest(settings.index)
    assert name == report.generation
    assert manifest.identity == store.identity(encoder.name)
    assert set(manifest.sources) == {"garden.md", "library.md"}
    assert manifest.vectors["titled"] == (report.passages, encoder.dimension, "float32")
    raw = json.loads((generation_folder(settings) / "manifest.json").read_text())
    assert generations.Manifest.from_bytes(json.dumps(raw).encode()) == manifest
