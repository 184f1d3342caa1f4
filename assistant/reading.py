"""Candidate units read against a question: a verdict per unit and a score per passage.

A unit is cut into chunks of consecutive passages, each below its heading; a chunk is encoded once
per generation and kept. Inside a chunk the reader looks through windows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from assistant.chunks import Chunk, chunks, reader_input
from assistant.reader import SPECIAL, Encoded, Reader, Reading, alike
from assistant.retrieval import Searchable

Floats = npt.NDArray[np.float32]

WINDOW, STRIDE = 160, 110
"""Tokens that are read at once, as in training, and from one window to the next."""
KEPT = 1500
"""Chunks kept encoded: about 0.4 MB each."""
SAID, UNSAID = 0.75, 0.5
"""Likeness to a word of the heading from which on a question's word counts as said there, and
below which it does not."""
UNLIKELY = -4.0
"""The verdict on a unit that is so far behind that it is not read."""
LONGEST = 24
"""Tokens of the longest answer that is marked, as in training."""


@dataclass(frozen=True, slots=True)
class Place:
    """A passage as read: ``mark`` is the slice of the document that answers best, ``span`` the
    log-probability of its bounds within the window; ``words`` and ``mean`` are how like the
    question the passage is, word by word and as a whole, in the light of its chunk; ``news`` is
    ``words`` over what the question says beyond the heading.
    """

    mark: tuple[int, int]
    span: float
    words: float
    mean: float
    news: float


@dataclass(frozen=True, slots=True)
class Read:
    """What the reader found in one unit: the verdict (a logit) on its best window, how like the
    question's words its likest chunk is, heading and all, and what it makes of each passage."""

    answer: float
    words: float
    passages: Mapping[int, Place]


@dataclass(frozen=True, slots=True)
class _Known:
    """A chunk, encoded; ``shift`` turns an offset in its text into the document's, the first
    ``head`` characters are the heading."""

    chunk: Chunk
    shift: int
    encoded: Encoded
    head: int


class UnitReader:
    """Reads units of one generation, and keeps what it encoded. Any thread may use it."""

    def __init__(self, reader: Reader, corpus: Searchable) -> None:
        self._reader = reader
        self._corpus = corpus
        self._ends = np.append(corpus.first_passage, len(corpus.passages))
        self._kept: OrderedDict[Chunk, _Known] = OrderedDict()
        self._lock = Lock()

    def read(
        self,
        asked: Encoded,
        units: Sequence[int],
        interest: Mapping[int, Floats],
        windows: int,
        worth: Callable[[int, float], float],
        reach: float,
    ) -> dict[int, Read]:
        """Return what each unit says to the question, ``asked`` being the question encoded.

        ``interest`` has for each unit one number per passage: where to look first. Every unit
        gets one window at least, the others go to the most interesting; ``windows`` in all.
        ``worth`` says what a unit is worth before it is read, given how like its words are; one
        that is more than ``reach`` behind the best is not read, and gets the verdict UNLIKELY.
        """
        chosen: list[tuple[float, int, _Known, Encoded]] = []
        words: dict[int, float] = {}
        known = self._chunks(units, interest)
        for unit, chunk in known:
            words[unit] = max(words.get(unit, -1.0), float(alike(asked, chunk.encoded).mean()))
        before = {unit: worth(unit, like) for unit, like in words.items()}
        least = max(before.values(), default=0.0) - reach
        behind = {unit for unit, value in before.items() if value < least}
        for unit, chunk in known:
            if unit in behind:
                continue
            start = int(self._ends[unit])
            for window in windows_of(chunk.encoded):
                inside = self._inside(chunk, window)
                promise = max((float(interest[unit][i - start]) for i in inside), default=-1.0)
                chosen.append((promise, unit, chunk, window))
        chosen.sort(key=lambda c: -c[0])
        best = {unit: i for i, (_, unit, _, _) in reversed(list(enumerate(chosen)))}
        rest = [i for i in range(len(chosen)) if i not in set(best.values())]
        picked = sorted([*best.values(), *rest[: max(0, windows - len(words))]])
        readings = self._reader.read(asked, [chosen[i][3] for i in picked])
        found = {unit: Read(UNLIKELY, words[unit], {}) for unit in behind}
        for i, reading in zip(picked, readings, strict=True):
            _, unit, chunk, window = chosen[i]
            places = self._locate(chunk, window, reading, asked)
            found[unit] = _merged(found.get(unit), Read(reading.answer, words[unit], places))
        return found

    def _chunks(
        self, units: Sequence[int], interest: Mapping[int, Floats]
    ) -> list[tuple[int, _Known]]:
        """Return the chunks of the units, encoding in one batch those that are not kept."""
        passages = self._corpus.passages
        wanted = []
        for unit in units:
            start = int(self._ends[unit])
            spans = list(chunks(passages, start, int(self._ends[unit + 1])))
            wanted += [(unit, c) for c in _most_interesting(spans, interest[unit], start)]
        with self._lock:
            have = {chunk: self._kept[chunk] for _, chunk in wanted if chunk in self._kept}
        missing = [(unit, chunk) for unit, chunk in wanted if chunk not in have]
        if missing:
            inputs = [self._input(unit, chunk) for unit, chunk in missing]
            encoded = self._reader.encode([text for text, _ in inputs], "passage")
            with self._lock:
                for (_, chunk), (_, shift), one in zip(missing, inputs, encoded, strict=True):
                    head = passages[chunk.first].start - shift
                    have[chunk] = self._kept[chunk] = _Known(chunk, shift, one, head)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return [(unit, have[chunk]) for unit, chunk in wanted]

    def _input(self, unit: int, chunk: Chunk) -> tuple[str, int]:
        found = self._corpus.unit_list[unit]
        document = self._corpus.documents[found.document]
        return reader_input(chunk, self._corpus.passages, found, document)

    def _inside(self, known: _Known, window: Encoded) -> list[int]:
        """Return the passages that the window touches."""
        start, end = _extent(window, known.shift)
        passages = self._corpus.passages
        return [
            i
            for i in range(known.chunk.first, known.chunk.last + 1)
            if passages[i].start < end and start < passages[i].end
        ]

    def _locate(
        self, known: _Known, window: Encoded, reading: Reading, asked: Encoded
    ) -> dict[int, Place]:
        """Return what the window's reading makes of each passage in it."""
        places = window.offsets + known.shift
        real = window.offsets[:, 1] > window.offsets[:, 0]
        norm = _log_sum(reading.start) + _log_sum(reading.end)
        question = asked.words[SPECIAL:-1].astype(np.float32)
        beyond = _beyond(question, known)
        found: dict[int, Place] = {}
        for i in self._inside(known, window):
            passage = self._corpus.passages[i]
            tokens = np.flatnonzero(
                real & (places[:, 0] < passage.end) & (places[:, 1] > passage.start)
            )
            if not len(tokens):
                continue
            pairs = reading.start[tokens][:, None] + reading.end[tokens][None, :]
            allowed = np.tri(len(tokens), len(tokens), LONGEST) * np.tri(len(tokens)).T
            pairs = np.where(allowed > 0, pairs, -1e9)
            a, b = divmod(int(pairs.argmax()), len(tokens))
            start = max(int(places[tokens[a], 0]), passage.start)
            end = max(min(int(places[tokens[b], 1]), passage.end), start + 1)
            words = window.words[tokens].astype(np.float32)
            mean = words.mean(0)
            nearest = (question @ words.T).max(1) if len(question) else np.zeros(1)
            found[i] = Place(
                mark=(start, end),
                span=float(pairs[a, b]) - norm,
                words=float(nearest.mean()),
                mean=float(mean @ asked.mean / max(float(np.linalg.norm(mean)), 1e-9)),
                news=float(nearest @ beyond),
            )
        return found


def _merged(before: Read | None, now: Read) -> Read:
    """Return two readings of one unit as one; of a passage read twice, the surer reading."""
    if before is None:
        return now
    passages = dict(before.passages)
    for i, place in now.passages.items():
        if i not in passages or passages[i].span + before.answer < place.span + now.answer:
            passages[i] = place
    return Read(max(before.answer, now.answer), before.words, passages)


def _beyond(question: Floats, known: _Known) -> Floats:
    """Return a weight for each word of the question, little for those that the heading says."""
    if not len(question):
        return np.ones(1, np.float32)
    encoded = known.encoded
    inside = (encoded.offsets[:, 1] > 0) & (encoded.offsets[:, 1] <= known.head)
    said = encoded.words[inside].astype(np.float32)
    if not len(said):
        return np.full(len(question), 1 / len(question), np.float32)
    weight = np.clip((SAID - (question @ said.T).max(1)) / (SAID - UNSAID), 0.05, 1)
    return np.asarray(weight / weight.sum(), np.float32)


def _most_interesting(
    spans: Sequence[Chunk], interest: Floats, start: int, most: int = 2
) -> Sequence[Chunk]:
    """Return at most ``most`` chunks of a long unit: those with the most interesting passages."""
    if len(spans) <= most:
        return spans

    def best(chunk: Chunk) -> float:
        return float(interest[chunk.first - start : chunk.last + 1 - start].max())

    return sorted(spans, key=lambda chunk: -best(chunk))[:most]


def windows_of(encoded: Encoded) -> list[Encoded]:
    """Return the windows of a text, as in training."""
    length = len(encoded)
    if length <= WINDOW:
        return [encoded]
    out = []
    at = 1
    while True:
        out.append(encoded.window(at, min(at + WINDOW - 1, length)))
        if at + WINDOW - 1 >= length:
            return out
        at += STRIDE


def _extent(window: Encoded, shift: int) -> tuple[int, int]:
    """Return the slice of the document that a window covers."""
    real = window.offsets[window.offsets[:, 1] > window.offsets[:, 0]]
    if not len(real):
        return (0, 0)
    return int(real[0, 0]) + shift, int(real[-1, 1]) + shift


def _log_sum(logits: Floats) -> float:
    high = float(logits.max())
    return high + float(np.log(np.exp(logits - high).sum()))
