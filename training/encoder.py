"""Trains how questions and texts are encoded apart: the low-rank changes of all layers.

``python -m training.encoder DATA --out assistant/reader/reader.npz --minutes 25``. A question and
the chunk that answers it are brought together, and kept from the batch's other chunks: as whole
texts (InfoNCE, van den Oord et al. 2018) and word by word (MaxSim, Khattab and Zaharia 2020);
inside the chunk, the passage that answers from its neighbours. The joint layers of the file are
kept as they are; train them anew afterwards (``training.reader``), for they see the similarities.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from assistant.embeddings import threads
from assistant.reader import SPECIAL, Encoded, Reader
from assistant.reader.base import Base, base_file
from assistant.settings import load_settings
from training.network import Apart, descend
from training.prepare import Edition, Example, Prepared, Text, load, tokens

RATE, WARMUP, FLOOR = 6e-4, 40, 0.03
QUESTIONS = 32
"""Questions of a batch, each with the chunk that answers it."""
LONGEST = 220
"""Tokens of a text that are seen."""
SHARP, SHARP_WORDS, SHARP_INSIDE = 0.03, 0.02, 0.04
"""Temperatures of the choices: lower learns more from what is nearly as like."""
INSIDE = 0.4
"""Weight of the choice among the passages of the chunk that answers."""


class Inputs(Reader):
    """Keeps of a text, as ``hidden``, what the first layer sees: that is where learning begins."""

    def encode(self, texts: Sequence[str], kind: str) -> list[Encoded]:
        encoded = super().encode(texts, kind)
        first, _ = self.embed(texts, kind)
        return [
            replace(one, hidden=x.astype(np.float16)) for one, x in zip(encoded, first, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A question and the chunk that answers it, by its passage ``right``.

    ``unit`` is the heading of the unit that answers, and ``also`` those of others that do: their
    chunks do not count as wrong.
    """

    asked: Encoded
    unit: str
    also: tuple[str, ...]
    text: Text
    right: int


def shown(example: Example, editions: Sequence[Edition], rng: random.Random) -> Shown | None:
    """Return what to show for an example, None when the edition drawn has no answer."""
    number = rng.randrange(len(editions)) if rng.random() < 0.5 else 0
    if not example.unit or not example.places[number]:
        return None
    place = rng.choice(example.places[number])
    text = editions[number][example.unit][place.text]
    inside = [i for i, (a, b) in enumerate(text.passages) if a < place.end and place.start < b]
    if not inside:
        return None
    return Shown(example.asked, example.unit, example.also, text, inside[0])


def batches(
    sets: Sequence[Prepared], shares: dict[str, float], rng: random.Random
) -> Iterator[list[Shown]]:
    """Yield batches without end; ``shares`` says how often a kind of example is drawn."""
    while True:
        drawn: list[tuple[str, Shown]] = []
        for prepared in sets:
            for example in prepared.learned:
                share = shares.get(example.kind, 0.0) if example.answered else 0.0
                for _ in range(int(share) + (rng.random() < share % 1)):
                    if one := shown(example, prepared.editions, rng):
                        drawn.append((prepared.name, one))
        # Half of a batch is of one set, whose chunks are hard to tell apart; sets are mixed in.
        rng.shuffle(drawn)
        half = QUESTIONS // 2
        by_set: dict[str, list[Shown]] = {}
        for name, one in drawn:
            by_set.setdefault(name, []).append(one)
        parts = [own[at : at + half] for own in by_set.values() for at in range(0, len(own), half)]
        rng.shuffle(parts)
        for a, b in zip(parts[::2], parts[1::2], strict=False):
            yield a + b


def padded(texts: Sequence[Encoded]) -> tuple[Tensor, Tensor]:
    """Return hidden states ``(texts, tokens, 384)`` and which tokens are there."""
    longest = min(LONGEST, max(len(t) for t in texts))
    x = np.zeros((len(texts), longest, texts[0].hidden.shape[1]), np.float32)
    real = np.zeros((len(texts), longest), bool)
    for row, text in enumerate(texts):
        size = min(len(text), longest)
        x[row, :size], real[row, :size] = text.hidden[:size], True
    return torch.from_numpy(x), torch.from_numpy(real)


def words(network: Apart, texts: Sequence[Encoded]) -> tuple[Tensor, Tensor, Tensor]:
    """Return each text's vector, its tokens' vectors (length 1) and which tokens are there."""
    x, real = padded(texts)
    with torch.autocast("cpu", torch.bfloat16):
        final = network(x, real[:, None, None])
    final = final.float()
    kept = real[..., None]
    return F.normalize((final * kept).sum(1), dim=-1), F.normalize(final, dim=-1) * kept, real


def loss(network: Apart, batch: Sequence[Shown]) -> Tensor:
    """Return how far questions are from their chunks and passages, beside all others."""
    asked, asked_words, asked_real = words(network, [one.asked for one in batch])
    vectors, text_words, real = words(network, [one.text.encoded for one in batch])
    # Another chunk of the unit that answers, or the same chunk again, is neither right nor wrong.
    same = torch.tensor(
        [
            [
                i != j and (other.text is one.text or other.unit in (one.unit, *one.also))
                for j, other in enumerate(batch)
            ]
            for i, one in enumerate(batch)
        ]
    )
    gold = torch.arange(len(batch))
    later = F.pad(asked_real[:, 1:], (0, 1))
    inner = asked_real & later & (torch.arange(asked_real.shape[1]) >= SPECIAL)
    weight = inner / inner.sum(1, keepdim=True).clamp(min=1)
    alike = torch.einsum("qid,tjd->qtij", asked_words.bfloat16(), text_words.bfloat16()).float()
    alike = alike.masked_fill(~real[None, :, None], -1)
    best = (alike.amax(3) * weight[:, None]).sum(2)
    total = F.cross_entropy((asked @ vectors.T / SHARP).masked_fill(same, -1e4), gold)
    total = total + F.cross_entropy((best / SHARP_WORDS).masked_fill(same, -1e4), gold)
    own = torch.einsum("qid,qjd->qij", asked_words.bfloat16(), text_words.bfloat16()).float()
    parts = zip(batch, asked, own, weight, text_words, strict=True)
    inside = [found for part in parts if (found := _inside(*part)) is not None]
    return total + INSIDE * torch.stack(inside).mean() if inside else total


def _inside(
    one: Shown, asked: Tensor, alike: Tensor, weight: Tensor, text_words: Tensor
) -> Tensor | None:
    """Return how far the question is from the passage that answers, beside its neighbours."""
    cut = one.text.encoded.window(0, text_words.shape[0])
    spans = [tokens(cut, a, b) for a, b in one.text.passages]
    if spans[one.right] is None or sum(span is not None for span in spans) < 2:
        return None
    kept = [i for i, span in enumerate(spans) if span is not None]
    means, bests = [], []
    for i in kept:
        first, last = spans[i] or (0, 0)
        means.append(F.normalize(text_words[first : last + 1].mean(0), dim=-1) @ asked)
        bests.append((alike[:, first : last + 1].amax(1) * weight).sum())
    gold = torch.tensor(kept.index(one.right))
    choice = F.cross_entropy(torch.stack(means) / SHARP_INSIDE, gold)
    return choice + F.cross_entropy(torch.stack(bests) / SHARP_INSIDE, gold)


def train(
    network: Apart, sets: Sequence[Prepared], minutes: float, shares: dict[str, float]
) -> int:
    """Train in place; return the number of steps."""
    rng = random.Random(3)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    began, smooth = time.monotonic(), 0.0
    for step, batch in enumerate(batches(sets, shares, rng)):
        spent = (time.monotonic() - began) / 60 / minutes
        if spent >= 1:
            return step
        for group in optimizer.param_groups:
            group["lr"] = RATE * max(FLOOR, 1 - spent) * min(1, (step + 1) / WARMUP)
        network.train()
        wrong = loss(network, batch)
        descend(network, optimizer, wrong)
        smooth = 0.98 * smooth + 0.02 * wrong.item() if step else wrong.item()
        if step % 50 == 49:
            print(f"step {step + 1} {spent:.2f} loss {smooth:.3f}", flush=True)
    return 0


def report(network: Apart, sets: Sequence[Prepared], most: int = 200) -> None:
    """Print how often the right unit is first, by whole texts and by words, on what is held."""
    network.eval()
    for prepared in sets:
        held = [example for example in prepared.held if example.answered]
        random.Random(1).shuffle(held)
        rows = [_found(network, prepared.editions[0], example) for example in held[:most]]
        if rows:
            means = " ".join(f"{value:.3f}" for value in np.nanmean(rows, 0))
            print(f"  {prepared.name:26} n={len(rows)} mean, words, passage {means}", flush=True)


def _found(network: Apart, edition: Edition, example: Example) -> list[float]:
    candidates = [(heading, text) for heading in example.ranked for text in edition[heading]]
    with torch.no_grad():
        asked, asked_words, real = words(network, [example.asked])
        vectors, text_words, _ = words(network, [text.encoded for _, text in candidates])
    inner = asked_words[0, SPECIAL : int(real.sum()) - 1]
    best = torch.einsum("id,tjd->tij", inner, text_words).amax(2).mean(1)
    right = []
    for scores in (vectors @ asked[0], best):
        right.append(float(candidates[int(scores.argmax())][0] == example.unit))
    place = example.places[0][0]
    for (heading, text), own in zip(candidates, text_words, strict=True):
        if heading == example.unit and text is edition[heading][place.text]:
            cut = text.encoded.window(0, own.shape[0])
            spans = [tokens(cut, a, b) for a, b in text.passages]
            alike = [
                float(F.normalize(own[s[0] : s[1] + 1].mean(0), dim=-1) @ asked[0]) if s else -1.0
                for s in spans
            ]
            a, b = text.passages[int(np.argmax(alike))]
            return [*right, float(a < place.end and place.start < b)]
    return [*right, float("nan")]


def main() -> None:
    """Train, write the changed layers, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the public sets")
    parser.add_argument("--out", type=Path, required=True, help="file to change or to write")
    parser.add_argument("--start", type=Path, help="an earlier file to go on from")
    parser.add_argument("--minutes", type=float, default=32)
    parser.add_argument("--limit", type=int, default=0, help="files of each set, to try it out")
    options = parser.parse_args()
    cores = threads(load_settings())
    torch.set_num_threads(cores)
    torch.manual_seed(0)
    sets = load(Inputs(cores), options.data, options.limit)
    network = Apart(Base(base_file()))
    if options.start:
        network.load(options.start)
    steps = train(network, sets, options.minutes, SHARES)
    network.save(options.out)
    print(steps, "steps")
    report(network, sets)


SHARES = {"public": 0.3, "parallel": 0.1, "written": 1.5, "about": 1.0}
"""How often each kind of example is shown in one round, on average."""


if __name__ == "__main__":
    main()
