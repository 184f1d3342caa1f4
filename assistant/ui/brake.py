"""Who asks too often waits: a bound on questions, and a growing one on wrong passwords."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

MOST = 10_000
"""Readers that are remembered at once; the one seen longest ago is forgotten."""
FREE = 3
"""Wrong passwords before the first wait."""
LONGEST = 900.0
"""Seconds of the longest wait after wrong passwords."""
Clock = Callable[[], float]


class Brake:
    """At most ``rate`` turns a minute for each reader, a quarter of them at once."""

    def __init__(self, rate: int, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(3.0, rate / 4)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, reader: str) -> float:
        """Return 0.0 and count a turn, or the seconds until there is one; "" is never held."""
        if not self._rate or not reader:
            return 0.0
        now = self._clock()
        with self._lock:
            left, seen = self._left.pop(reader, (self._burst, now))
            left = min(self._burst, left + (now - seen) * self._rate / 60)
            held = left < 1
            self._left[reader] = (left if held else left - 1, now)
            if len(self._left) > MOST:
                self._left.popitem(last=False)
        return (1 - left) * 60 / self._rate if held else 0.0


class Attempts:
    """Wrong passwords by name and by address: each one beyond the first few doubles the wait."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, *keys: str) -> float:
        """Return the seconds until one of ``keys`` may try again."""
        now = self._clock()
        with self._lock:
            return max(0.0, *(self._wrong.get(key, (0, now))[1] - now for key in keys))

    def wrong(self, *keys: str) -> None:
        """Count a wrong password."""
        now = self._clock()
        with self._lock:
            for key in keys:
                count, until = self._wrong.pop(key, (0, now))
                # An hour of quiet and it is forgotten.
                count = 1 if now - until > 3600 else count + 1
                held = min(LONGEST, 2.0 ** min(count - FREE, 20)) if count > FREE else 0.0
                self._wrong[key] = (count, now + held)
                if len(self._wrong) > MOST:
                    self._wrong.popitem(last=False)

    def right(self, *keys: str) -> None:
        """Forget the wrong passwords of ``keys``."""
        with self._lock:
            for key in keys:
                self._wrong.pop(key, None)
