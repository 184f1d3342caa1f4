"""Kills ingests at random and chosen moments and checks that the index never lies.

``python -m benchmarks.kill --trials 300 --seed 1``: each trial changes a folder of documents,
starts an ingest in a process of its own and ends it with SIGKILL or SIGTERM, at a random moment or
right after a file of the index was written, while a reader asks all the time. Then the index is
opened twice, each time in a fresh process: it must be exactly the state before or after, complete,
with every quote verbatim and every passage found. Prints a table; exits 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from assistant import readers, units
from assistant.chroma import base
from assistant.cut import reader_name
from assistant.embeddings import Encoder, unit_length
from assistant.errors import AssistantError
from assistant.ingest import ingest
from assistant.settings import Settings, load_settings
from assistant.store import Live, Snapshot, open_corpus

Floats = npt.NDArray[np.float32]
State = dict[str, str]
"""Document id → digest of its passages: what an index must hold."""

AIMS = (
    "generations/*.building",
    "generations/*.building/titled.vectors",
    "generations/*.building/documents.keys.u64",
    "generations/*.building/lexical/passages/data.csc.index.npy",
    "generations/*.building/chroma/chroma.sqlite3",
    "generations/*.building/chroma/*/data_level0.bin",
    "generations/*.building/chroma/*/index_metadata.pickle",
    "generations/*.building/checked",
    "generations/*.building/manifest.json",
    "CURRENT.new",
    "cache/vectors.sqlite-journal",
    "CURRENT",
)
_TEXT = """
le conseil de la ville étudie chaque année un rapport sur les ponts les écoles et les jardins
the council reads its report and sends a letter to every office about water roads and trees
commission service équipe projet partenaire région bureau mission accueil budget calendrier
"""
WORDS = _TEXT.split()
LAZY = 100
"""Passages above which Chroma writes its graph here, so that this too is killed."""


class HashedWords(Encoder):
    """An encoder without a model: fast, and a function of its input."""

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension

    def encode(self, texts: Sequence[str]) -> Floats:
        vectors = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.lower().split():
                digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
                row[int.from_bytes(digest, "little") % self.dimension] += 1
        return unit_length(vectors)

    def encode_query(self, text: str) -> Floats:
        vector: Floats = self.encode([text])[0]
        return vector


ENCODER = HashedWords("hashed-words", 128)


@dataclass
class Result:
    """What the trials showed."""

    kills: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    answers: int = 0
    generations: int = 0


# --- processes ---------------------------------------------------------------------------


def run_ingest(settings: Settings) -> None:
    """Bring the index to the state of the folder, with encoders that need no model."""
    vars(base)["LAZY"] = LAZY
    chunks = HashedWords(reader_name(), 32)
    ingest([settings.knowledge], settings, encoder=ENCODER, chunk_encoder=chunks, wait=30)


def run_open(settings: Settings, out: Connection) -> None:
    """Open the index, check all of it, send (generation, state, faults)."""
    try:
        corpus = open_corpus(settings.index, ENCODER.name)
        faults = faults_of(corpus)
        for row, vector in enumerate(corpus.titled_vectors):
            if not any(r == row or s > 0.999 for r, s in corpus.nearest(vector, 3)):
                faults.append(f"passage {corpus.passages[row].id} is not found")
        out.send((corpus.generation, state_of(corpus), faults))
        corpus.close()
    except AssistantError as error:
        out.send(("", {}, [f"{type(error).__name__}: {error}"]))


def run_reader(settings: Settings, seed: int, out: Connection) -> None:
    """Ask until told to stop; send (answers, generations seen with their states, faults)."""
    chance = random.Random(seed)
    seen: dict[str, State] = {}
    faults: list[str] = []
    live, answers = Live(settings.index, ENCODER), 0
    while not out.poll():
        try:
            corpus = live.current()
            if corpus.generation not in seen:
                seen[corpus.generation] = state_of(corpus)
            found = corpus.nearest(ENCODER.encode_query(" ".join(chance.sample(WORDS, 4))), 3)
            faults += faults_of(corpus, [row for row, _ in found])
            if not found:
                faults.append(f"{corpus.generation}: no answer")
            answers += 1
        except AssistantError as error:
            faults.append(f"reader: {type(error).__name__}: {error}")
    out.send((answers, seen, faults))


def faults_of(corpus: Snapshot, rows: Sequence[int] | None = None) -> list[str]:
    """Return what is wrong with passages: quotes that are not verbatim, texts that are foreign."""
    faults = []
    for row in range(len(corpus.passages)) if rows is None else rows:
        passage = corpus.passages[row]
        if corpus.documents[passage.document].text[passage.start : passage.end] != passage.text:
            faults.append(f"{corpus.generation}: {passage.id} is not verbatim")
        if passage.unit not in corpus.units:
            faults.append(f"{corpus.generation}: {passage.id} has no unit")
    return faults


def state_of(corpus: Snapshot) -> State:
    """Return what the index holds, by its passages."""
    texts: dict[str, list[str]] = {name: [] for name in corpus.documents}
    for passage in corpus.passages:
        texts[passage.document].append(f"{passage.id}{passage.text}")
    return {name: digest(parts) for name, parts in texts.items()}


def expected(folder: Path) -> State:
    """Return what an index of ``folder`` must hold, from the files alone."""
    state = {}
    for path in readers.discover(folder)[0]:
        document = readers.read(path, folder, max_bytes=1 << 20)
        state[document.id] = digest([f"{p.id}{p.text}" for p in units.split(document)[1]])
    return state


def digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# --- trials ------------------------------------------------------------------------------


class Trials:
    """One folder, one index, many kills."""

    def __init__(self, root: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.settings = load_settings(knowledge=root / "knowledge", index=root / "index")
        self.settings.knowledge.mkdir(parents=True)
        self.result = Result()
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(
            ["assistant.ingest", "assistant.store", "chromadb", "bm25s"]
        )
        for number in range(12):
            self.write(f"doc{number:02}.md")
        began = time.perf_counter()
        self.finish(self.start(run_ingest, self.settings))
        began = time.perf_counter()
        self.change()
        self.finish(self.start(run_ingest, self.settings))
        self.seconds = time.perf_counter() - began
        self.known: list[State] = [expected(self.settings.knowledge)]
        self.states: dict[str, State] = {}
        self.reader = self.new_reader(0)

    def run(self, trials: int, aimed: int) -> Result:
        """Run the trials, the first ``aimed`` of them aimed at files; return what they showed."""
        for number in range(trials):
            while not self.trial(AIMS[number % len(AIMS)] if number < aimed else None):
                pass
            if number % 25 == 24:
                self.stop_reader()
                self.kill_reader()
                self.reader = self.new_reader(number)
            print(f"\r{number + 1}/{trials}", len(self.result.wrong), "wrong", end=" ", flush=True)
        self.finish(self.start(run_ingest, self.settings))
        self.check({"after": expected(self.settings.knowledge)}, "end")
        self.stop_reader()
        self.judge_reader()
        print()
        return self.result

    def trial(self, aim: str | None) -> bool:
        """Return whether the ingest was killed before it had ended by itself."""
        before = self.known[-1]
        self.change()
        after = expected(self.settings.knowledge)
        ending = self.chance.choice((signal.SIGKILL, signal.SIGTERM))
        there = self.matching(aim) if aim else set()
        child = self.start(run_ingest, self.settings)
        if aim:
            self.await_file(aim, there, child)
            time.sleep(self.chance.choice((0, 0.002, 0.02)) * self.chance.random())
        else:
            child.join(self.chance.random() * self.seconds)
        killed = bool(child.is_alive())
        if not killed and not aim:
            self.seconds *= 0.9
        if killed and child.pid:
            os.kill(child.pid, ending)
        child.join()
        kind = f"{ending.name} {'at ' + aim if aim else 'at random'}" if killed else "too late"
        self.result.kills[kind] += 1
        if not killed and child.exitcode:
            self.result.wrong.append(f"an ingest failed with {child.exitcode} (see above)")
        self.known.append(self.check({"before": before, "after": after}, kind))
        return killed

    def check(self, allowed: dict[str, State], kind: str) -> State:
        """Open the index twice; note what is wrong; return the state it has."""
        state: State = {}
        for _ in range(2):
            here, there = self.context.Pipe()
            child = self.start(run_open, self.settings, there)
            child.join()
            if child.exitcode or not here.poll():
                self.result.wrong.append(f"{kind}: opening ended with {child.exitcode}")
                continue
            name, state, faults = here.recv()
            self.result.wrong += [f"{kind}: {fault}" for fault in faults]
            outcome = next((k for k, s in allowed.items() if s == state), "neither")
            self.result.outcomes[outcome] += 1
            if outcome == "neither":
                self.result.wrong.append(f"{kind}: {name} is neither the old nor the new state")
            self.states[name] = state
        return state

    def await_file(self, pattern: str, there: set[tuple[str, int]], child: Any) -> None:
        """Return as soon as a file of the running ingest appears or changes, or it has ended."""
        end = time.monotonic() + 120
        while child.is_alive() and time.monotonic() < end and self.matching(pattern) <= there:
            pass

    def matching(self, pattern: str) -> set[tuple[str, int]]:
        """Return the files of the index that match, with the time of their last change."""
        found = set()
        with contextlib.suppress(OSError):  # folders vanish while they are looked through
            for path in self.settings.index.glob(pattern):
                found.add((str(path), path.stat().st_mtime_ns))
        return found

    def change(self) -> None:
        """Change the folder: write two documents anew, sometimes add or delete one."""
        names = sorted(path.name for path in self.settings.knowledge.iterdir())
        for name in self.chance.sample(names, 2):
            self.write(name)
        if len(names) > 8 and self.chance.random() < 0.3:
            (self.settings.knowledge / self.chance.choice(names)).unlink()
        if self.chance.random() < 0.3:
            self.write(f"new{self.chance.randrange(1000):03}.md")

    def write(self, name: str) -> None:
        """Write a document of a few units; every sentence occurs once."""
        lines = [f"# {name} {self.chance.random()}", ""]
        for number in range(self.chance.randint(1, 4)):
            lines += [f"## Service {number} {self.chance.choice(WORDS)}", ""]
            for _ in range(self.chance.randint(1, 6)):
                words = self.chance.choices(WORDS, k=self.chance.randint(8, 25))
                lines.append(f"{' '.join(words).capitalize()} {self.chance.randrange(10**9)}.")
            lines.append("")
        (self.settings.knowledge / name).write_text("\n".join(lines), "utf-8")

    # --- processes of the trials ---

    def start(self, work: Callable[..., None], *arguments: Any) -> Any:
        child = self.context.Process(target=work, args=arguments)
        child.start()
        return child

    def finish(self, child: Any) -> None:
        child.join()
        if child.exitcode:
            sys.exit(f"an ingest that nobody killed ended with {child.exitcode}")

    def new_reader(self, seed: int) -> tuple[Any, Connection]:
        here, there = self.context.Pipe()
        return self.start(run_reader, self.settings, seed, there), here

    def kill_reader(self) -> None:
        """Leave behind what a reader leaves that is killed: an ingest must sweep it."""
        child, _ = self.new_reader(0)
        child.join(1.0)
        child.kill()
        child.join()

    def stop_reader(self) -> None:
        """End the reader; count its answers and note what it found wrong."""
        child, pipe = self.reader
        try:
            pipe.send("stop")
            answers, seen, faults = pipe.recv()
        except (EOFError, OSError):
            child.join()
            self.result.wrong.append(f"the reader ended with {child.exitcode}")
            return
        child.join()
        self.result.answers += answers
        self.result.wrong += faults
        self.states.update(seen)

    def judge_reader(self) -> None:
        """Compare every generation that was seen with the states that there have been."""
        self.result.generations = len(self.states)
        possible = [frozenset(s.items()) for s in self.known]
        possible.append(frozenset(expected(self.settings.knowledge).items()))
        for name, state in self.states.items():
            if frozenset(state.items()) not in possible:
                self.result.wrong.append(f"{name} was never a state of the folder")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials of the command line; return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--aimed", type=int, help="of these, aimed at files (default: half)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    root = Path(tempfile.mkdtemp(prefix="kill-"))
    began = time.perf_counter()
    try:
        aimed = options.trials // 2 if options.aimed is None else options.aimed
        trials = Trials(root, options.seed)
        result = trials.run(options.trials, aimed)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    for kind, count in sorted(result.kills.items()):
        print(f"{count:5}  {kind}")
    print(f"opened twice after each: {dict(result.outcomes)}")
    print(
        f"reader: {result.answers} answers; {result.generations} generations seen; "
        f"{time.perf_counter() - began:.0f} s; seed {options.seed}"
    )
    for fault in result.wrong[:50]:
        print("WRONG", fault)
    print(f"{options.trials} trials, {len(result.wrong)} wrong")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
