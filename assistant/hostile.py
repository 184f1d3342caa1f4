"""Whether a text speaks to a language model instead of to a reader."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files

from assistant.language import fold


@lru_cache(maxsize=4096)
def speaks_to_model(text: str) -> bool:
    """Return whether ``text`` looks like instructions to a model, a fake prompt, or carries code.

    A first fence only: what passes it must still be proved. A wrong alarm costs no answer, as
    the text can still be quoted.
    """
    return bool(_pattern().search(fold(" ".join(text.split()))))


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    raw = files("assistant").joinpath("hostile.json").read_text("utf-8")
    return re.compile("|".join(f"(?:{p})" for listed in json.loads(raw).values() for p in listed))
