"""One file → Document with its headings; says what it skipped and why."""

from __future__ import annotations

from assistant.readers.files import SUFFIXES, read
from assistant.readers.folder import discover
from assistant.readers.messages import say

__all__ = ["SUFFIXES", "discover", "read", "say"]
