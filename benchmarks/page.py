"""How fast the page is: the first words of an answer, and ten readers at once.

``python -m benchmarks.page``: indexes ``knowledge/`` into a temporary folder, serves the page on
loopback in a process of its own, and asks the answerable questions of ``evals/`` in turn. First one
reader in a real Chromium: seconds from the key that sends a question to the first words of its
answer on the screen. Then ``--readers`` at once, each asking every ``--every`` seconds for
``--seconds``, through the page's queue. Prints a table.
"""

from __future__ import annotations

import argparse
import itertools
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from assistant.ingest import ingest
from assistant.settings import load_settings
from evals.questions import DEFAULT_FILE, load_questions

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_FIRST_WORDS = """question => new Promise(done => {
  const box = document.querySelector("#question textarea");
  const live = document.querySelector("#live");
  let begun = 0;
  const seen = () => {
    const turn = live.querySelector(".turn");
    const answer = turn?.querySelector(".answer");
    if (turn?.querySelector(".asked")?.textContent === question && answer?.textContent.trim())
      { watcher.disconnect(); done(performance.now() - begun); }
  };
  const watcher = new MutationObserver(seen);
  watcher.observe(live, { childList: true, subtree: true, characterData: true });
  box.addEventListener("keydown", () => { begun = performance.now(); }, { once: true });
  window.armed = true;
})"""
_WATCH = f"question => {{ window.armed = false; window.first = ({_FIRST_WORDS})(question); }}"


@contextmanager
def serving() -> Iterator[str]:
    """Serve the page over ``knowledge/`` and yield its address."""
    with tempfile.TemporaryDirectory(prefix="page-") as folder, socket.socket() as probe:
        settings = load_settings(index=Path(folder) / "index")
        ingest([settings.knowledge], settings)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "assistant", "serve", "--index", str(settings.index)]
        with subprocess.Popen([*command, "--port", str(port)]) as server:
            try:
                _wait_for(port)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def _wait_for(port: int, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"the page did not open within {seconds} seconds")


def first_words(address: str, questions: Sequence[str]) -> list[float]:
    """Return for each question the seconds to the first words of its answer in a browser."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(locale="fr-FR")
        page.set_default_timeout(60_000)
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        for question in questions:
            page.fill("#question textarea", question)
            page.evaluate(_WATCH, question)
            page.wait_for_function("window.armed")
            page.keyboard.press("Enter")
            found.append(float(page.evaluate("window.first")) / 1000)
            page.wait_for_selector("#live .turn[data-record]")
        browser.close()
    return found


def many(
    address: str, questions: Sequence[str], readers: int, every: float, seconds: float
) -> tuple[list[float], int]:
    """Return the seconds that each answer took, and how many asks failed."""
    from gradio_client import Client

    taken: list[float] = []
    failed = 0
    lock = threading.Lock()
    turn = itertools.cycle(questions)
    begun = time.monotonic()

    def reader(number: int) -> None:
        nonlocal failed
        client: Any = Client(address, verbose=False)
        time.sleep(every * number / readers)
        while time.monotonic() - begun < seconds:
            with lock:
                question = next(turn)
            sent = time.monotonic()
            try:
                client.predict(question, [], api_name="/chat")
            except Exception as error:
                print(error, file=sys.stderr)
                with lock:
                    failed += 1
            else:
                with lock:
                    taken.append(time.monotonic() - sent)
            time.sleep(max(0.0, every - (time.monotonic() - sent)))

    threads = [threading.Thread(target=reader, args=(n,)) for n in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, failed


def main() -> None:
    """Measure, and print one line for each of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=60, help="of the single reader")
    parser.add_argument("--readers", type=int, default=10)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two questions")
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    asked = [q.question for q in load_questions(DEFAULT_FILE) if q.answerable and not q.history]
    with serving() as address:
        # The first answer waits for the models.
        one = first_words(address, asked[: given.questions + 1])[1:]
        taken, failed = many(address, asked, given.readers, given.every, given.seconds)
    crowd = f"{given.readers} readers, each every {given.every:g} s: whole answer"
    print("| | questions | failed | median s | 95 % s |\n|---|---:|---:|---:|---:|")
    print(_row("one reader: first words on the screen", one, 0))
    print(_row(crowd, taken, failed))


def _row(title: str, seconds: Sequence[float], failed: int) -> str:
    middle, high = np.percentile(seconds, [50, 95])
    return f"| {title} | {len(seconds) + failed} | {failed} | {middle:.3f} | {high:.3f} |"


if __name__ == "__main__":
    main()
