"""The page: renders Answers, holds no logic of its own. Nothing heavy is imported before use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.settings import Settings
from assistant.types import Assistant

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["build_app", "serve"]


def build_app(settings: Settings, opened: Callable[[Settings], Assistant] | None = None) -> FastAPI:
    """Return the page as an ASGI application; ``opened`` opens the assistant when first needed."""
    from assistant.ui.server import build_app as build

    return build(settings, opened)


def serve(settings: Settings) -> None:
    """Serve the page until interrupted; raise AssistantError where the port cannot be had."""
    from assistant.ui.server import serve as run

    run(settings)
