"""Answers over an institution's documents, each one proved by a verbatim quote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.facade import Assistant

__all__ = ["Assistant", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return ``Assistant``, loaded when it is first asked for: importing us stays cheap."""
    if name != "Assistant":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from assistant.facade import Assistant

    return Assistant
