"""Question and passage → whether the passage answers, and which of its words do.

Twelve layers, adapted by low-rank matrices (LoRA, Hu et al. 2021), read question and passage apart,
so a passage is encoded once and kept; what they make of the two texts is compared word by word
(MaxSim, Khattab and Zaharia 2020). The upper four, adapted anew, also read both together, from the
eighth layer's output on (as DeFormer, Cao et al. 2020). Eight-bit weights, ONNX Runtime, no torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assistant.reader.base import Base, Floats, base_file

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FOLDER = Path(__file__).parent
LEARNED = "reader.npz"
STACK = 4
APART = "apart"
"""What the names of the layers begin with where they read one text alone."""
MAX_TOKENS = 510
PREFIX = {"question": "query: ", "passage": "passage: "}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text after the layers that read it alone.

    ``hidden`` (tokens, 384) is what the joint layers take; ``words`` (tokens, 384) the last layer's
    output, each row of length 1, and ``mean`` the text's vector; ``offsets`` (tokens, 2) index the
    text. The first and last token stand for no character: (0, 0).
    """

    hidden: npt.NDArray[np.float16]
    words: npt.NDArray[np.float16]
    mean: Floats
    offsets: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.hidden)

    def window(self, start: int, end: int) -> Encoded:
        """Return the tokens from ``start`` to ``end``, as views."""
        part = slice(start, end)
        return Encoded(self.hidden[part], self.words[part], self.mean, self.offsets[part])


@dataclass(frozen=True, slots=True)
class Reading:
    """One passage read for one question.

    ``answer`` is a logit: does the passage answer? ``start`` and ``end`` are logits per token
    of the passage for the first and last token of the answer.
    """

    answer: float
    start: Floats
    end: Floats


@lru_cache(maxsize=1)
def learned() -> str:
    """Return a digest of what the reader learned: another reader's vectors are not like its own."""
    return hashlib.sha256((FOLDER / LEARNED).read_bytes()).hexdigest()[:12]


class Reader:
    """The trained reader. Opening takes about a second; afterwards it may be used by any thread."""

    def __init__(self, threads: int) -> None:
        base = Base(base_file())
        with np.load(FOLDER / LEARNED) as stored:
            self._own = {name: stored[name].astype(np.float32) for name in stored.files}
        self._base = base
        self._tokenizer = base.tokenizer()
        stacks = [range(at, at + STACK) for at in range(0, base.layers, STACK)]
        lone = {
            name.removeprefix(f"{APART}."): part
            for name, part in self._own.items()
            if name.startswith(APART)
        }
        self._apart = [_session(base, layers, lone, threads) for layers in stacks]
        self._joint = _session(base, stacks[-1], self._own, threads)

    def encode(self, texts: Sequence[str], kind: str) -> list[Encoded]:
        """Return each text after the lower layers; ``kind`` is ``question`` or ``passage``."""
        x, offsets = self.embed(texts, kind)
        for session in self._apart[:-1]:
            x = _run(session, x)
        return [
            _encoded(hidden, final, places)
            for hidden, final, places in zip(x, _run(self._apart[-1], x), offsets, strict=True)
        ]

    def embed(
        self, texts: Sequence[str], kind: str
    ) -> tuple[list[Floats], list[npt.NDArray[np.int32]]]:
        """Return what the first layer sees of each text, and where its tokens stand in it."""
        prefix = PREFIX[kind]
        tokens = self._tokenizer.encode_batch(
            [prefix + text for text in texts], add_special_tokens=False
        )
        x, offsets = [], []
        for one in tokens:
            ids = np.array([self._base.bos, *one.ids[:MAX_TOKENS], self._base.eos])
            places = np.array([(0, 0), *one.offsets[:MAX_TOKENS], (0, 0)], np.int32)
            x.append(self._base.embed(ids))
            offsets.append(np.maximum(places - len(prefix), 0))
        return x, offsets

    def read(self, question: Encoded, passages: Sequence[Encoded]) -> list[Reading]:
        """Return one Reading for each passage (each at most about 200 tokens)."""
        if not passages:
            return []
        own, asked = self._own, len(question)
        first = question.hidden.astype(np.float32) + own["seg"][0]
        joined = [
            np.concatenate([first, p.hidden.astype(np.float32) + own["seg"][1]]) for p in passages
        ]
        similar = np.array([similarities(question, p) for p in passages], np.float32)
        alone = (similar * own["sc.weight"][0]).sum(1) + own["sc.bias"][0]
        readings = []
        for y, prior in zip(_run(self._joint, joined), alone, strict=True):
            passage = y[asked:]
            both = _unit(y[:asked].sum(0)) * _unit(passage.sum(0))
            summary = np.concatenate([y[0], passage.max(0), both * 20])
            inner = np.tanh(own["h1.weight"] @ summary + own["h1.bias"])
            answer = float(own["h2.weight"][0] @ inner + own["h2.bias"][0] + prior)
            spans = passage @ own["span.weight"].T + own["span.bias"]
            readings.append(Reading(answer, spans[:, 0], spans[:, 1]))
        return readings


SPECIAL = 3
"""Tokens before the question's own: the start mark and the two of the prefix."""


def alike(question: Encoded, passage: Encoded) -> Floats:
    """Return for each word of the question how like it the passage's likest token is (MaxSim)."""
    asked = question.words[SPECIAL:-1].astype(np.float32)
    if not len(asked):
        return np.zeros(1, np.float32)
    found: Floats = (asked @ passage.words.astype(np.float32).T).max(1)
    return found


def similarities(question: Encoded, passage: Encoded) -> list[float]:
    """Return how alike the two are, read apart: as wholes (2) and word by word (3), about 0 ± 1."""
    words = passage.words.astype(np.float32)
    best = np.sort(alike(question, passage))
    half = best[: max(1, len(best) // 2)]
    wholes = _unit(question.words.astype(np.float32).mean(0)) @ _unit(words.mean(0))
    return [
        float(question.mean @ passage.mean - 0.3) * 10,
        float(wholes - 0.3) * 10,
        float(best.mean() - 0.42) * 10,
        float(half.mean() - 0.35) * 12,
        float(best[0] - 0.27) * 10,
    ]


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def _encoded(hidden: Floats, final: Floats, offsets: npt.NDArray[np.int32]) -> Encoded:
    words = final / np.maximum(np.linalg.norm(final, axis=1, keepdims=True), 1e-9)
    return Encoded(
        hidden.astype(np.float16), words.astype(np.float16), _unit(final.mean(0)), offsets
    )


def _run(session: InferenceSession, texts: Sequence[Floats]) -> list[Floats]:
    """Return the session's output for texts of different lengths, in as few batches as is fast."""
    out: list[Floats] = [np.empty((0, 0), np.float32)] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    at = 0
    while at < len(order):
        stop = at + 1
        while stop < len(order) and (
            len(texts[order[stop]]) <= 1.25 * len(texts[order[at]]) + 8 and stop - at < 16
        ):
            stop += 1
        some = order[at:stop]
        longest = len(texts[some[-1]])
        x = np.zeros((len(some), longest, texts[some[0]].shape[1]), np.float32)
        mask = np.full((len(some), 1, 1, longest), -1e4, np.float32)
        for row, i in enumerate(some):
            x[row, : len(texts[i])] = texts[i]
            mask[row, ..., : len(texts[i])] = 0
        y = session.run(None, {"x": x, "mask": mask})[0]
        for row, i in enumerate(some):
            out[i] = y[row, : len(texts[i])]
        at = stop
    return out


def _session(base: Base, layers: range, own: dict[str, Floats], threads: int) -> InferenceSession:
    """Return a session of four layers: the base's weights, changed by ours where we have some."""
    from onnxruntime import InferenceSession, OrtValue, SessionOptions

    weights: dict[str, npt.NDArray[np.generic]] = {}
    for place, layer in enumerate(layers):
        for name, matrix, bias in linears(base, layer):
            low, high = own.get(f"{layer}.{name}.A"), own.get(f"{layer}.{name}.B")
            if low is not None and high is not None:
                matrix = matrix + high @ low
                bias = own[f"{layer}.{name}.b"]
            scale = np.maximum(np.abs(matrix).max(1), 1e-8) / 127
            whole = np.rint(matrix / scale[:, None]).astype(np.int8)
            weights[f"l{place}.{name}.weight"] = np.ascontiguousarray(whole.T)
            weights[f"l{place}.{name}.scale"] = scale.astype(np.float32)
            weights[f"l{place}.{name}.bias"] = bias
        for norm in ("aln", "oln"):
            for part, suffix in (("weight", "w"), ("bias", "b")):
                found = own.get(f"{layer}.{norm}.{part}")
                kept = base.vector(f"l{layer}.{norm}.{suffix}") if found is None else found
                weights[f"l{place}.{norm}.{part}"] = kept
    options = SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait make a busy machine ten times slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    values = [OrtValue.ortvalue_from_numpy(np.ascontiguousarray(w)) for w in weights.values()]
    options.add_external_initializers(list(weights), values)
    graph = (FOLDER / "stack.onnx").read_bytes()
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def linears(base: Base, layer: int) -> list[tuple[str, Floats, Floats]]:
    """Return the four linear maps of a layer: name, matrix (out, in), bias."""

    def pair(name: str, rows: int) -> tuple[Floats, Floats]:
        return base.matrix(f"l{layer}.{name}.w", rows), base.vector(f"l{layer}.{name}.b")

    attention = [pair(name, base.hidden) for name in "qkv"]
    return [
        (
            "qkv",
            np.concatenate([matrix for matrix, _ in attention]),
            np.concatenate([bias for _, bias in attention]),
        ),
        ("ao", *pair("ao", base.hidden)),
        ("fi", *pair("fi", base.inner)),
        ("fo", *pair("fo", base.hidden)),
    ]
