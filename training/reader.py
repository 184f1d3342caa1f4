"""Trains the reader's network and writes ``reader.npz`` (see ``assistant/reader/CARD.md``).

``python -m training.reader DATA --out assistant/reader/reader.npz --minutes 40 20``, where DATA
is the folder of the public sets (see ``training.corpora``). Texts are encoded by the installed
``reader.npz`` (``training.encoder`` comes first). Two stages: all sets alike, then our own texts
and questions more often. Each stops when its minutes are over.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from assistant.embeddings import threads
from assistant.reader import Reader
from assistant.reader.base import Base, base_file
from assistant.settings import load_settings
from training.batches import Group, batches
from training.measure import report
from training.network import Network, collate, descend
from training.prepare import Prepared, load

ADAPTED_RATE, HEADS_RATE = 8e-4, 1e-3
"""Learning rates of what starts from the base model, and of what starts from nothing."""
PLACES, CHOICE = 0.25, 0.5
"""Weights of the losses beside that of the verdict: where the answer is; which window answers."""
SOFT = 0.01
"""Share of the labels taken to be wrong."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A run: ``rate`` multiplies the learning rates, which rise over ``warmup`` steps and then
    fall to ``floor``; ``shares`` is how often an epoch shows each kind of example, on average.
    """

    epochs: int
    rate: float
    warmup: int
    floor: float
    shares: Mapping[str, float]


STAGES = (
    Stage(3, 1.0, 100, 0.02, {"public": 1, "parallel": 0.3, "written": 1}),
    Stage(1, 0.6, 60, 0.01, {"public": 0.44, "parallel": 0.26, "written": 1.5, "about": 1.5}),
)


def loss(network: Network, batch: Sequence[Group]) -> Tensor:
    """Return how wrong the network is: verdict, place of the answer, choice within each group."""
    pairs = [pair for group in batch for pair in group]
    owner = torch.tensor([i for i, group in enumerate(batch) for _ in group])
    with torch.autocast("cpu", torch.bfloat16):
        answer, start, end = network(collate([(pair.asked, pair.window) for pair in pairs]))
    label = torch.tensor([float(pair.answer is not None) for pair in pairs])
    total = F.binary_cross_entropy_with_logits(answer, label * (1 - 2 * SOFT) + SOFT)
    right = [(i, pair.answer) for i, pair in enumerate(pairs) if pair.answer]
    if right:
        rows = [i for i, _ in right]
        first = torch.tensor([len(pairs[i].asked) + tokens[0] for i, tokens in right])
        last = torch.tensor([len(pairs[i].asked) + tokens[1] for i, tokens in right])
        total = total + PLACES * F.cross_entropy(start[rows], first)
        total = total + PLACES * F.cross_entropy(end[rows], last)
        chosen = [answer[owner == owner[i]].logsumexp(0) - answer[i] for i in rows]
        total = total + CHOICE * torch.stack(chosen).mean()
    return total


def train(network: Network, sets: Sequence[Prepared], stage: Stage, minutes: float) -> int:
    """Train the network in place for one stage; return the number of steps."""
    rng = random.Random(3)
    rates = (ADAPTED_RATE, HEADS_RATE)
    groups = [{"params": network.adapted()}, {"params": network.heads()}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    began, step, total, smooth = time.monotonic(), 0, 0, 0.0
    for epoch in range(stage.epochs):
        shown = batches(sets, stage.shares, rng)
        total = total or len(shown) * stage.epochs
        for batch in shown:
            spent = (time.monotonic() - began) / 60 / minutes
            if spent >= 1:
                return step
            left = max(stage.floor, 1 - max(spent, step / total))
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * stage.rate * left * min(1, (step + 1) / stage.warmup)
            network.train()
            wrong = loss(network, batch)
            descend(network, optimizer, wrong)
            smooth = 0.98 * smooth + 0.02 * wrong.item() if step else wrong.item()
            step += 1
            if step % 100 == 0:
                print(f"epoch {epoch} step {step}/{total} loss {smooth:.3f}", flush=True)
    return step


def main() -> None:
    """Train through the stages, write the network after each, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the public sets")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--start", type=Path, help="an earlier file to go on from")
    parser.add_argument("--minutes", type=float, nargs=2, default=(40, 20), help="of each stage")
    parser.add_argument("--limit", type=int, default=0, help="files of each set, to try it out")
    parser.add_argument("--measured", type=int, default=250, help="held questions of each set")
    options = parser.parse_args()
    cores = threads(load_settings())
    torch.set_num_threads(cores)
    torch.manual_seed(0)
    sets = load(Reader(cores), options.data, options.limit)
    print(sum(len(s.learned) for s in sets), "examples in", len(sets), "sets", flush=True)
    network = Network(Base(base_file()))
    if options.start:
        network.load(options.start)
    for number, (stage, minutes) in enumerate(zip(STAGES, options.minutes, strict=True), 1):
        steps = train(network, sets, stage, minutes)
        network.save(options.out)
        print(f"stage {number}: {steps} steps")
        report(network, sets, options.measured)


if __name__ == "__main__":
    main()
