"""Question and passage → whether the passage answers, and which of its words do.

The lower six layers read question and passage apart, so a passage is encoded once and kept; the
upper six, adapted by low-rank matrices (LoRA, Hu et al. 2021), read them together (as DeFormer,
Cao et al. 2020). Eight-bit weights, ONNX Runtime, no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assistant.reader.base import Base, Floats, base_file

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FOLDER = Path(__file__).parent
JOIN = 6
MAX_TOKENS = 510
PREFIX = {"question": "query: ", "passage": "passage: "}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text after the lower layers: ``hidden`` (tokens, 384), ``offsets`` (tokens, 2) into it.

    The first and last token stand for no character: their offsets are (0, 0).
    """

    hidden: npt.NDArray[np.float16]
    offsets: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.hidden)

    def window(self, start: int, end: int) -> Encoded:
        """Return the tokens from ``start`` to ``end``, as views."""
        return Encoded(self.hidden[start:end], self.offsets[start:end])


@dataclass(frozen=True, slots=True)
class Reading:
    """One passage read for one question.

    ``answer`` is a logit: does the passage answer? ``start`` and ``end`` are logits per token
    of the passage for the first and last token of the answer.
    """

    answer: float
    start: Floats
    end: Floats


class Reader:
    """The trained reader. Opening takes about a second; afterwards it may be used by any thread."""

    def __init__(self, threads: int) -> None:
        base = Base(base_file())
        with np.load(FOLDER / "reader.npz") as stored:
            self._own = {name: stored[name].astype(np.float32) for name in stored.files}
        self._base = base
        self._tokenizer = base.tokenizer()
        self._lower = _session(base, range(JOIN), {}, threads)
        self._upper = _session(base, range(JOIN, base.layers), self._own, threads)

    def encode(self, texts: Sequence[str], kind: str) -> list[Encoded]:
        """Return each text after the lower layers; ``kind`` is ``question`` or ``passage``."""
        prefix = PREFIX[kind]
        tokens = self._tokenizer.encode_batch(
            [prefix + text for text in texts], add_special_tokens=False
        )
        ids, offsets = [], []
        for one in tokens:
            kept = one.ids[:MAX_TOKENS]
            ids.append(np.array([self._base.bos, *kept, self._base.eos]))
            places = np.array([(0, 0), *one.offsets[:MAX_TOKENS], (0, 0)], np.int32)
            offsets.append(np.maximum(places - len(prefix), 0))
        hidden = _run(self._lower, [self._base.embed(i) for i in ids])
        return [
            Encoded(h.astype(np.float16), o) for h, o in zip(hidden, offsets, strict=True)
        ]

    def read(self, question: Encoded, passages: Sequence[Encoded]) -> list[Reading]:
        """Return one Reading for each passage (each at most about 200 tokens)."""
        if not passages:
            return []
        own, asked = self._own, len(question)
        first = question.hidden.astype(np.float32) + own["seg"][0]
        joined = [
            np.concatenate([first, p.hidden.astype(np.float32) + own["seg"][1]]) for p in passages
        ]
        readings = []
        for y in _run(self._upper, joined):
            passage = y[asked:]
            summary = np.concatenate([y[0], passage.max(0)])
            inner = np.tanh(own["h1.weight"] @ summary + own["h1.bias"])
            answer = own["h2.weight"] @ inner + own["h2.bias"]
            spans = passage @ own["span.weight"].T + own["span.bias"]
            readings.append(Reading(float(answer[0]), spans[:, 0], spans[:, 1]))
        return readings


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
    """Return a session of six layers: the base's weights, changed by ours where we have some."""
    from onnxruntime import InferenceSession, OrtValue, SessionOptions

    weights: dict[str, npt.NDArray[np.generic]] = {}
    for place, layer in enumerate(layers):
        for name, matrix, bias in _linears(base, layer):
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
    options.log_severity_level = 3
    values = [OrtValue.ortvalue_from_numpy(np.ascontiguousarray(w)) for w in weights.values()]
    options.add_external_initializers(list(weights), values)
    graph = (FOLDER / "stack.onnx").read_bytes()
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _linears(base: Base, layer: int) -> list[tuple[str, Floats, Floats]]:
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
