"""Parts that many tests share: a folder of documents, settings, encoders without a model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

import numpy as np
import numpy.typing as npt
import pytest

from assistant.embeddings import Encoder, unit_length
from assistant.ingest import ingest
from assistant.language import words
from assistant.settings import PREFIX, Settings, load_settings
from assistant.types import IngestReport

Floats = npt.NDArray[np.float32]


class HashedWords(Encoder):
    """An encoder that is a function of its input: each word adds to one of its dimensions."""

    def __init__(self, name: str = "hashed-words", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.seen += texts
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in words(text.lower(), "fr"):
                digest = hashlib.sha256(word.text.encode()).digest()
                row[int.from_bytes(digest[:4], "big") % self.dimension] += 1.0
            row[0] += 1e-3
        return unit_length(vectors)

    def encode_query(self, text: str) -> Floats:
        vector: Floats = self.encode([text])[0]
        return vector


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer reaches a test."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def encoder() -> HashedWords:
    return HashedWords()


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    """A folder of two documents."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "garden.md").write_text(
        "# Jardin\n\nLe jardinier arrose les tomates chaque matin. Il taille les rosiers en mars.\n"
        "\n## Serre\n\nLa serre abrite des orchidées rares ; elle est chauffée en hiver.\n",
        encoding="utf-8",
    )
    (folder / "library.md").write_text(
        "# Library\n\nThe librarian lends books for three weeks. Maps are never lent.\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def settings(tmp_path: Path, knowledge: Path) -> Settings:
    return load_settings(knowledge=knowledge, index=tmp_path / "index")


Build = Callable[..., IngestReport]


@pytest.fixture
def build(settings: Settings, encoder: HashedWords) -> Build:
    """Ingest the folder of the settings with encoders that need no model."""
    from assistant.cut import reader_name

    chunks = HashedWords(reader_name(), 32)

    def run(**changes: Any) -> IngestReport:
        arguments: dict[str, Any] = {"encoder": encoder, "chunk_encoder": chunks, **changes}
        return ingest([settings.knowledge], settings, **arguments)

    return run
