"""A bound on how many questions are worked on at once, and how many wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from assistant.api.refusals import Refused

AT_ONCE = 4
"""Questions answered at the same time; more wait."""
WAITING = 64
"""Questions that may wait; more are refused."""
T = TypeVar("T")


class Turnstile:
    """Lets work through in threads of its own, so that no caller holds the others up."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most = at_once + waiting
        self._inside = 0

    async def through(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns; raise Refused when too many wait already."""
        if self._inside >= self._most:
            raise Refused("busy")
        self._inside += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._inside -= 1
