"""Ingest: the index follows the folder, nothing unchanged is embedded, failures leave it whole."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import Build, HashedWords

from assistant import building, doctor, embeddings, generations, ingest, readers
from assistant.cache import VectorCache, key
from assistant.errors import AssistantError, IndexBusy
from assistant.settings import Settings, load_settings
from assistant.store import Live, open_corpus, read_manifest


def test_a_second_ingest_does_nothing(build: Build, encoder: HashedWords) -> None:
    first = build()
    encoder.seen.clear()
    second = build()
    assert second.generation == first.generation
    assert (second.added, second.replaced, second.removed, second.embedded) == ((), (), (), 0)
    assert encoder.seen == []
    assert (second.units, second.passages) == (first.units, first.passages)


def test_what_changed_is_replaced_and_only_that_is_embedded(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    encoder.seen.clear()
    (settings.knowledge / "library.md").write_text(
        "# Library\n\nThe librarian lends books for three weeks. Globes may be lent.\n"
    )
    report = build()
    assert (report.added, report.replaced, report.removed) == ((), ("library.md",), ())
    assert encoder.seen
    assert all("Globes" in text for text in encoder.seen)


def test_what_came_is_added_and_what_vanished_is_removed(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    (settings.knowledge / "library.md").unlink()
    (settings.knowledge / "deep").mkdir()
    (settings.knowledge / "deep" / "cellar.txt").write_text("Cave\n\nLe vin repose au frais.\n")
    report = build()
    assert (report.added, report.removed) == (("deep/cellar.txt",), ("library.md",))
    corpus = open_corpus(settings.index, encoder.name)
    assert set(corpus.documents) == {"deep/cellar.txt", "garden.md"}
    assert not any(p.document == "library.md" for p in corpus.passages)


def test_a_document_that_comes_back_is_not_embedded_again(settings: Settings, build: Build) -> None:
    build()
    kept = (settings.knowledge / "library.md").read_bytes()
    (settings.knowledge / "library.md").unlink()
    build()
    (settings.knowledge / "library.md").write_bytes(kept)
    assert build().embedded == 0


def test_step_by_step_and_at_once_give_the_same_index(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    (settings.knowledge / "abc.md").write_text("# Abc\n\nUne phrase. Une deuxième phrase.\n")
    build()
    stepwise = open_corpus(settings.index, encoder.name)
    shutil.rmtree(settings.index / "cache")
    build(rebuild=True)
    at_once = open_corpus(settings.index, encoder.name)
    assert list(stepwise.passages) == list(at_once.passages)
    assert stepwise.manifest.sources == at_once.manifest.sources
    for name in ("titled_vectors", "clause_vectors", "heading_vectors", "chunk_vectors"):
        np.testing.assert_array_equal(getattr(stepwise, name), getattr(at_once, name))
    for name in ("first_passage", "first_chunk"):
        np.testing.assert_array_equal(getattr(stepwise, name), getattr(at_once, name))


def test_a_file_that_fails_is_reported_and_the_others_are_indexed(
    settings: Settings, build: Build
) -> None:
    (settings.knowledge / "empty.txt").write_bytes(b"")
    (settings.knowledge / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (settings.knowledge / "strange.xyz").write_bytes(b"?")
    report = build()
    assert report.documents == 2
    assert {s.file for s in report.skipped} == {"empty.txt", "binary.txt", "strange.xyz"}
    assert all(s.reason and s.advice for s in report.skipped)
    assert build().generation == report.generation


def test_a_document_that_can_no_longer_be_read_leaves_the_index(
    settings: Settings, build: Build
) -> None:
    build()
    (settings.knowledge / "library.md").write_bytes(b"")
    report = build()
    assert report.removed == ("library.md",)
    assert [s.file for s in report.skipped] == ["library.md"]


def test_two_files_of_one_name_are_said_so_in_every_language(
    tmp_path: Path, knowledge: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(knowledge, other)
    (other / "library.md").unlink()
    files, (skipped,) = ingest.find([knowledge, other])
    assert files["garden.md"].root == knowledge
    assert skipped.file == str(other / "garden.md")
    for language in ("en", "fr", "es"):
        assert readers.say(skipped.reason, language).endswith(f" {knowledge / 'garden.md'}")
    assert "même nom" in readers.say(skipped.reason, "fr")


def test_a_file_too_large_is_not_even_read(tmp_path: Path, knowledge: Path, build: Build) -> None:
    with (knowledge / "large.txt").open("wb") as file:
        file.truncate(60 << 20)
    assert [s.file for s in build().skipped] == ["large.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_folder_does_not_block(settings: Settings, build: Build) -> None:
    os.mkfifo(settings.knowledge / "pipe.txt")
    assert [s.file for s in build().skipped] == ["pipe.txt"]


def test_an_empty_folder_is_refused_and_the_index_stays(settings: Settings, build: Build) -> None:
    first = build().generation
    for path in settings.knowledge.iterdir():
        path.unlink()
    with pytest.raises(AssistantError, match="put documents there"):
        build()
    assert read_manifest(settings.index)[0] == first


def test_a_folder_without_any_text_is_refused_and_says_why(
    settings: Settings, build: Build
) -> None:
    for path in settings.knowledge.iterdir():
        path.write_bytes(b"")
    with pytest.raises(AssistantError, match=r"garden\.md — "):
        build()
    assert not (settings.index / "CURRENT").exists()


def test_documents_without_anything_to_quote_are_refused(settings: Settings, build: Build) -> None:
    for path in settings.knowledge.iterdir():
        path.write_text("# Titre seul\n")
    with pytest.raises(AssistantError):
        build()


def test_a_path_that_does_not_exist_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="nowhere"):
        ingest.ingest(tmp_path / "nowhere", settings)


def test_single_files_and_several_folders(
    settings: Settings, encoder: HashedWords, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "garden.md").write_text("# Jardin bis\n\nUne autre phrase.\n")
    (other / "note.md").write_text("# Note\n\nUne note.\n")
    files, skipped = ingest.find([settings.knowledge, other / "note.md", other / "garden.md"])
    assert list(files) == ["garden.md", "library.md", "note.md"]
    assert files["garden.md"].root == settings.knowledge
    assert [s.file for s in skipped] == [str(other / "garden.md")]


def test_progress_tells_every_step_to_its_end(settings: Settings, build: Build) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    build(progress=lambda step, done, total: told.setdefault(step, []).append((done, total)))
    assert list(told) == ["read", "embed", "words", "vectors", "check"]
    for steps in told.values():
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1] > 0


def test_another_model_makes_the_index_anew(settings: Settings, build: Build) -> None:
    build()
    other = HashedWords("other-model", 48)
    report = build(encoder=other)
    assert len(report.added) == 2
    assert open_corpus(settings.index, "other-model").titled_vectors.shape[1] == 48


def test_a_damaged_index_is_made_anew(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    first = build()
    folder = settings.index / "generations" / first.generation
    (folder / "titled.vectors").write_bytes(b"")
    report = build()
    assert report.generation != first.generation
    assert report.embedded == 0
    open_corpus(settings.index, encoder.name)


def test_rebuild_reads_everything(settings: Settings, build: Build) -> None:
    first = build()
    report = build(rebuild=True)
    assert report.generation != first.generation
    assert report.documents == 2


# --- the cache ---------------------------------------------------------------------------


def test_a_damaged_cache_is_begun_anew(settings: Settings, build: Build) -> None:
    build()
    path = settings.index / "cache" / "vectors.sqlite"
    path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 3000)
    assert build(rebuild=True).embedded > 0
    path.write_bytes(b"not a database at all" * 100)
    assert build(rebuild=True).embedded > 0
    assert build(rebuild=True).embedded == 0


def test_a_wrong_vector_in_the_cache_is_not_used(tmp_path: Path, encoder: HashedWords) -> None:
    path = tmp_path / "vectors.sqlite"
    with VectorCache(path) as cache:
        right, made = cache.vectors(encoder, ["un", "deux", "un"])
        assert made == 2
    with sqlite3.connect(path) as connection:
        (value,) = connection.execute(
            "SELECT value FROM vectors WHERE key = ?", (key(encoder, "un"),)
        ).fetchone()
        connection.execute(
            "UPDATE vectors SET value = ? WHERE key = ?",
            (bytes([value[0] ^ 1]) + value[1:], key(encoder, "un")),
        )
    connection.close()
    with VectorCache(path) as cache:
        again, made = cache.vectors(encoder, ["un", "deux"])
    assert made == 1
    np.testing.assert_array_equal(again, right[:2])


def test_models_do_not_share_vectors(tmp_path: Path) -> None:
    with VectorCache(tmp_path / "vectors.sqlite") as cache:
        cache.vectors(HashedWords("one"), ["texte"])
        assert cache.vectors(HashedWords("two"), ["texte"])[1] == 1


def test_the_cache_forgets_what_is_long_unused(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    with VectorCache(settings.index / "cache" / "vectors.sqlite") as cache:
        cache.vectors(HashedWords(), [f"vieux texte {i}" for i in range(200)])
        assert cache.size() > 200
    (settings.knowledge / "more.md").write_text("# Plus\n\nVoici une phrase.\n")
    build()
    with VectorCache(settings.index / "cache" / "vectors.sqlite") as cache:
        assert cache.size() < 100
    assert build(rebuild=True).embedded == 0


# --- failures ----------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["hashed-words", "other-model"])
def test_an_ingest_from_the_start_that_fails_leaves_the_former_index(
    settings: Settings, build: Build, encoder: HashedWords, model: str
) -> None:
    first = build().generation

    def interrupt(step: str, done: int, total: int) -> None:
        if step == "vectors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(progress=interrupt, rebuild=True, encoder=HashedWords(model))
    assert open_corpus(settings.index, encoder.name).generation == first


def test_a_folder_that_cannot_be_written_is_named(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(AssistantError, match="choose a writable folder"):
        build()


@pytest.mark.parametrize("step", ["_build_lexical", "_build_chroma", "_check_chroma"])
def test_a_full_disk_leaves_the_former_index(
    settings: Settings,
    build: Build,
    encoder: HashedWords,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    first = build().generation

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    (settings.knowledge / "more.md").write_text("# Plus\n\nVoici une phrase.\n")
    with monkeypatch.context() as patch:
        patch.setattr(building.Building, step, full)
        with pytest.raises(AssistantError, match=r"disk .* is full"):
            build()
    assert open_corpus(settings.index, encoder.name).generation == first
    assert [p.name for p in (settings.index / "generations").iterdir()] == [first]
    assert build().added == ("more.md",)


def test_an_interrupted_ingest_leaves_nothing_behind(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(step: str, done: int, total: int) -> None:
        if step == "vectors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(progress=interrupt)
    assert not list((settings.index / "generations").iterdir())


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import HashedWords
from assistant.cut import reader_name
from assistant.ingest import ingest
from assistant.settings import load_settings
def progress(step, done, total):
    if step == {step!r}:
        os.kill(os.getpid(), signal.SIGKILL)
settings = load_settings(knowledge=Path({knowledge!r}), index=Path({index!r}))
ingest([settings.knowledge], settings, progress=progress, encoder=HashedWords(),
       chunk_encoder=HashedWords(reader_name(), 32))
"""


@pytest.mark.parametrize("step", ["read", "embed", "vectors", "check"])
def test_a_kill_at_any_step_leaves_the_former_index(
    settings: Settings, build: Build, encoder: HashedWords, step: str
) -> None:
    first = build().generation
    (settings.knowledge / "more.md").write_text("# Plus\n\nVoici une phrase.\n")
    code = KILLED.format(
        tests=str(Path(__file__).parent),
        step=step,
        knowledge=str(settings.knowledge),
        index=str(settings.index),
    )
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    for _ in range(2):
        corpus = open_corpus(settings.index, encoder.name)
        assert corpus.generation == first
        assert corpus.nearest(encoder.encode_query("serre"), 1)
        corpus.close()
    assert build().added == ("more.md",)
    assert len(list((settings.index / "generations").iterdir())) == 2


def test_two_ingests_at_once(settings: Settings, build: Build) -> None:
    with generations.writing(settings.index, 0), pytest.raises(IndexBusy):
        build(wait=0.1)
    assert build().documents == 2


def test_the_bundled_model_and_the_reader_fill_a_real_index(settings: Settings) -> None:
    began = time.perf_counter()
    report = ingest.ingest([settings.knowledge], settings)
    assert report.seconds <= time.perf_counter() - began
    encoder = embeddings.load(settings)
    corpus = Live(settings.index, encoder).current()
    row, similarity = corpus.nearest(encoder.encode_query("how long are books lent?"), 1)[0]
    assert "three weeks" in corpus.passages[row].text
    assert 0.2 < similarity <= 1
    assert corpus.chunk_vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(corpus.chunk_vectors, axis=1), 1, atol=1e-3)


# --- the doctor --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en", "es"])
def test_the_doctor_says_what_to_mend(
    settings: Settings,
    build: Build,
    encoder: HashedWords,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    monkeypatch.setattr(embeddings, "load", lambda settings: encoder)
    monkeypatch.setattr(embeddings, "identity", lambda settings: encoder.name)
    settings = load_settings(knowledge=settings.knowledge, index=settings.index, language=language)
    assert "assistant ingest" in {check.fix for check in doctor.checks(settings)}
    build()
    assert all(check.ok for check in doctor.checks(settings))
    (settings.knowledge / "more.md").write_text("# Plus\n\nVoici une phrase.\n")
    (settings.knowledge / "bad.md").write_bytes(b"")
    (stale,) = [check for check in doctor.checks(settings) if not check.ok]
    assert stale.fix == "assistant ingest"
    assert "1" in stale.detail
    build(encoder=HashedWords("other-words"))
    (other,) = [check for check in doctor.checks(settings) if not check.ok]
    assert "other-words" in other.detail
    folder = settings.index / "generations" / generations.current(settings.index)[0]
    (folder / "units.jsonl").write_bytes(b"x")
    assert "assistant ingest --rebuild" in {check.fix for check in doctor.checks(settings)}
    shutil.rmtree(settings.knowledge)
    assert any(str(settings.knowledge) in check.detail for check in doctor.checks(settings))


def test_the_doctor_names_a_model_that_is_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    bad = load_settings(
        knowledge=settings.knowledge, index=settings.index, embedding_model="no/such-model"
    )
    (model,) = [check for check in doctor.checks(bad) if check.detail == "no/such-model"]
    assert not model.ok
    assert "no/such-model" in model.fix
