"""One file → Document with its headings; says what it skipped and why."""

from __future__ import annotations

from assistant.readers.files import SUFFIXES, read
from assistant.readers.folder import discover
from assistant.readers.messages import SAME_NAME, say

__all__ = ["SAME_NAME", "SUFFIXES", "discover", "read", "say"]
