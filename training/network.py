"""The parts of the reader that learn, in torch: layers with low-rank changes, and heads.

They compute what ``assistant.reader.model.Reader`` computes, and keep their parameters under the
names that are read there: ``save`` and ``load`` are the two ways across.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from assistant.reader import Encoded
from assistant.reader.base import Base, Floats
from assistant.reader.model import APART, STACK, linears, similarities

RANK = 32
"""Of the low-rank changes: more can learn more, and makes ``reader.npz`` larger."""
HEADS, INNER, DROPPED = 12, 192, 0.1
SIMILARITIES = 5
FAR = -1e4


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions, each followed by a window of a passage, padded: ``x`` (pairs, tokens, 384).

    ``real`` and ``passage`` (pairs, tokens) tell which tokens are there, and which of them are
    the window's; ``similar`` (pairs, 5) are the similarities of the two, read apart.
    """

    x: Tensor
    real: Tensor
    passage: Tensor
    similar: Tensor


def collate(pairs: Sequence[tuple[Encoded, Encoded]]) -> Batch:
    """Return questions and windows as one batch."""
    longest = max(len(question) + len(window) for question, window in pairs)
    width = pairs[0][0].hidden.shape[1]
    x = np.zeros((len(pairs), longest, width), np.float32)
    real = np.zeros((len(pairs), longest), bool)
    passage = np.zeros((len(pairs), longest), bool)
    for row, (question, window) in enumerate(pairs):
        asked, end = len(question), len(question) + len(window)
        x[row, :asked], x[row, asked:end] = question.hidden, window.hidden
        real[row, :end], passage[row, asked:end] = True, True
    similar = np.array([similarities(q, w) for q, w in pairs], np.float32)
    return Batch(*(torch.from_numpy(part) for part in (x, real, passage, similar)))


class Adapted(nn.Module):
    """A linear map ``W + B @ A`` whose ``W`` stays as it is (LoRA, Hu et al. 2021)."""

    def __init__(self, matrix: Floats, bias: Floats) -> None:
        super().__init__()
        out, width = matrix.shape
        self.register_buffer("base", torch.from_numpy(matrix.copy()), persistent=False)
        self.A = nn.Parameter(torch.randn(RANK, width) / width**0.5)
        self.B = nn.Parameter(torch.zeros(out, RANK))
        self.b = nn.Parameter(torch.from_numpy(bias.copy()))

    def forward(self, x: Tensor) -> Tensor:
        # Not ``base + B @ A``: the gradient of the whole matrix would cost a third of the time.
        low = F.linear(F.dropout(x, DROPPED, self.training), self.A)
        return F.linear(x, self.get_buffer("base"), self.b) + F.linear(low, self.B)


class Layer(nn.Module):
    """One post-norm layer of the base model (Devlin et al. 2019), adapted."""

    def __init__(self, base: Base, number: int) -> None:
        super().__init__()
        for name, matrix, bias in linears(base, number):
            self.add_module(name, Adapted(matrix, bias))
        for name in ("aln", "oln"):
            norm = nn.LayerNorm(base.hidden, base.epsilon)
            with torch.no_grad():
                norm.weight.copy_(torch.from_numpy(base.vector(f"l{number}.{name}.w").copy()))
                norm.bias.copy_(torch.from_numpy(base.vector(f"l{number}.{name}.b").copy()))
            self.add_module(name, norm)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        part = self.get_submodule
        batch, tokens, width = x.shape
        q, k, v = (
            one.view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)
            for one in part("qkv")(x).chunk(3, -1)
        )
        # Written out: the backward pass of torch's own attention takes three times as long here.
        unseen = torch.zeros_like(mask, dtype=q.dtype).masked_fill(~mask, FAR)
        weight = (q / (width // HEADS) ** 0.5) @ k.transpose(-1, -2) + unseen
        mixed = weight.softmax(-1).to(v.dtype) @ v
        x = part("aln")(x + part("ao")(mixed.transpose(1, 2).reshape(x.shape)))
        out: Tensor = part("oln")(x + part("fo")(F.gelu(part("fi")(x))))
        return out


class Apart(nn.Module):
    """All layers as they read one text alone: what the first one sees → the last one's output."""

    def __init__(self, base: Base) -> None:
        super().__init__()
        numbers = range(base.layers)
        self.layers = nn.ModuleDict({str(number): Layer(base, number) for number in numbers})

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layers.values():
            x = layer(x, mask)
        return x

    def save(self, path: Path) -> None:
        """Write the parameters into the file, beside those of the joint layers."""
        write(path, {n.replace("layers", APART, 1): p for n, p in self.state_dict().items()})

    def load(self, path: Path) -> None:
        """Take the parameters from a file that ``save`` wrote."""
        given = stored(path, lambda name: name.startswith(APART))
        self.load_state_dict({n.replace(APART, "layers", 1): p for n, p in given.items()})


class Network(nn.Module):
    """Batch → does the window answer (pairs,), and where: start and end (pairs, tokens), logits."""

    def __init__(self, base: Base) -> None:
        super().__init__()
        width = base.hidden
        numbers = range(base.layers - STACK, base.layers)
        self.layers = nn.ModuleDict({str(number): Layer(base, number) for number in numbers})
        self.seg = nn.Parameter(torch.zeros(2, width))
        self.h1 = nn.Linear(3 * width, INNER)
        self.h2 = nn.Linear(INNER, 1)
        self.sc = nn.Linear(SIMILARITIES, 1)
        self.span = nn.Linear(width, 2)
        self.drop = nn.Dropout(DROPPED)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        x = self.drop(batch.x + self.seg[batch.passage.long()])
        for layer in self.layers.values():
            x = layer(x, batch.real[:, None, None])
        inside = batch.passage[..., None]
        asked = (batch.real & ~batch.passage)[..., None]
        both = F.normalize((x * asked).sum(1), dim=-1) * F.normalize((x * inside).sum(1), dim=-1)
        highest = x.masked_fill(~inside, FAR).amax(1)
        summary = torch.cat([x[:, 0], highest, both * 20], -1)
        answer = self.h2(torch.tanh(self.h1(summary))) + self.sc(batch.similar)
        spans = self.span(x).float().masked_fill(~inside, FAR)
        return answer[:, 0].float(), spans[..., 0], spans[..., 1]

    def heads(self) -> list[nn.Parameter]:
        """Return the parameters that start from nothing."""
        return [p for name, p in self.named_parameters() if not name.startswith("layers.")]

    def adapted(self) -> list[nn.Parameter]:
        """Return the parameters that start from the base model."""
        return [p for name, p in self.named_parameters() if name.startswith("layers.")]

    def save(self, path: Path) -> None:
        """Write the parameters as the assistant reads them, beside those of ``Apart``."""
        write(path, {n.removeprefix("layers."): p for n, p in self.state_dict().items()})

    def load(self, path: Path) -> None:
        """Take the parameters from a file that ``save`` wrote."""
        given = stored(path, lambda name: not name.startswith(APART))
        self.load_state_dict({f"layers.{n}" if n[0].isdigit() else n: p for n, p in given.items()})


def stored(path: Path, wanted: Callable[[str], bool]) -> dict[str, Tensor]:
    """Return the parameters of a file whose names are wanted."""
    with np.load(path) as file:
        return {n: torch.from_numpy(file[n].astype(np.float32)) for n in file.files if wanted(n)}


def write(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write the parameters in half precision, keeping what else the file holds."""
    whole = {**(stored(path, lambda name: True) if path.is_file() else {}), **state}
    np.savez_compressed(path, **{name: p.numpy().astype(np.float16) for name, p in whole.items()})


def descend(network: nn.Module, optimizer: torch.optim.Optimizer, wrong: Tensor) -> None:
    """Change the network's parameters by one step of the optimizer against the loss."""
    optimizer.zero_grad()
    wrong.backward()  # type: ignore[no-untyped-call, unused-ignore]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
