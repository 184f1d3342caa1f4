"""The page of the assistant: ``python app.py``, the same as ``assistant serve``."""

from __future__ import annotations

import sys

from assistant.errors import AssistantError
from assistant.settings import load_settings
from assistant.ui import serve

if __name__ == "__main__":
    try:
        serve(load_settings())
    except AssistantError as error:
        sys.exit(str(error))
