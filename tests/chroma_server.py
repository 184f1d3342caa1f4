"""A real Chroma server on this machine that tests start, stop, kill and freeze."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

STARTING = 60.0


class ChromaServer:
    """``chroma run`` of this environment on loopback; ``log`` holds what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.with_suffix(".log")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if not self.running:
            command = [str(Path(sys.executable).with_name("chroma")), "run"]
            command += ["--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + STARTING
        while True:
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat", timeout=2).raise_for_status()
            except httpx.HTTPError:
                assert self.running and time.monotonic() < end, self.log.read_text()
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End it in the midst of whatever it does."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Let it hold its connections and say nothing."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        os.kill(self._process.pid, signal.SIGCONT)
