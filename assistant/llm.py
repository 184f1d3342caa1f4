"""A language model of any provider, as a function that streams text; off unless it is set.

Whatever goes wrong inside a provider's library comes out as one ModelFailed, without the words of
the provider: those may hold a key, an address, or the prompt.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelFailed, ModelMissing, SettingError
from assistant.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXTRAS = {
    "anthropic": "anthropic",
    "google_genai": "google",
    "mistralai": "mistral",
    "ollama": "ollama",
    "openai": "openai",
}
"""Providers, and the extra of this project that brings their package."""
_EXAMPLE = "provider:model is expected, such as ollama:llama3.2 or openai:gpt-5-mini"


class ChatModel:
    """Streams a model's reply, within a number of seconds. Any thread may use it."""

    def __init__(self, name: str, model: BaseChatModel, seconds: float) -> None:
        self.name = name
        self._model = model
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def stream(self, system: str, user: str, seconds: float | None = None) -> Iterator[str]:
        """Yield the reply in pieces; raise ModelFailed. Closing the iterator ends the request.

        ``seconds`` may give it less time than it has.
        """
        seconds = min(self._seconds, seconds or self._seconds)
        pieces: SimpleQueue[str | None] = SimpleQueue()
        reply = self._reply([("system", system), ("human", user)], pieces, seconds)
        running = asyncio.run_coroutine_threadsafe(reply, self._running())
        running.add_done_callback(lambda _: pieces.put(None))
        try:
            yield from iter(pieces.get, None)
            running.result()
        except Exception as error:
            raise ModelFailed(f"{self.name}: {_kind(error)}") from None
        finally:
            running.cancel()

    async def _reply(
        self, messages: list[Any], pieces: SimpleQueue[str | None], seconds: float
    ) -> None:
        async with (
            asyncio.timeout(seconds),
            aclosing(self._model.astream(messages)) as chunks,  # type: ignore[type-var]
        ):
            async for chunk in chunks:
                pieces.put(str(chunk.text))

    def _running(self) -> asyncio.AbstractEventLoop:
        """Return the loop that all requests share: providers keep connections bound to one."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="llm", daemon=True).start()
            return self._loop


def connect(settings: Settings, counted: bool = False) -> ChatModel | None:
    """Return the model of the settings, None when there is none; no request is made.

    ``counted`` asks a server that speaks OpenAI's API to say how many tokens a reply took, which
    some refuse; the other providers say it anyway.
    Raises SettingError for what is no model, ModelMissing naming the extra to install.
    """
    if not settings.llm:
        return None
    provider, _, name = settings.llm.partition(":")
    if not provider or not name:
        raise SettingError(f"ASSISTANT_LLM={settings.llm!r}: {_EXAMPLE}")
    from langchain.chat_models import init_chat_model

    try:
        model = init_chat_model(
            name, model_provider=provider, **_options(settings, provider, counted)
        )
    except ImportError:
        raise ModelMissing(_missing(settings.llm, provider)) from None
    except Exception as error:
        why = f"{_kind(error)}: is the key of {provider} in the environment?"
        if "Supported providers" in str(error) or "Unsupported provider" in str(error):
            why = f"no such provider; known are {', '.join(sorted(EXTRAS))}"
        raise SettingError(f"ASSISTANT_LLM={settings.llm!r}: {why}") from None
    return ChatModel(settings.llm, model, settings.llm_timeout)


def _options(settings: Settings, provider: str, counted: bool) -> dict[str, Any]:
    """Return what the provider's class is made with.

    Another server than the maker's gets ``ASSISTANT_LLM_KEY`` or none: never the maker's key.
    """
    if provider == "ollama":
        options: dict[str, Any] = {"num_predict": settings.llm_max_tokens}
    else:
        options = {
            "max_tokens": settings.llm_max_tokens,
            "timeout": settings.llm_timeout,
            "max_retries": 1,
        }
        if provider == "openai":
            # Its own watch over each piece swallows a cancellation; the reply as a whole has one.
            options["stream_chunk_timeout"] = None
            options["stream_usage"] = counted
        key = settings.llm_key.get_secret_value()
        if key or settings.llm_base_url:
            options["api_key"] = key or "none"
    if settings.llm_base_url:
        options["base_url"] = settings.llm_base_url
    return options


def _missing(model: str, provider: str) -> str:
    extra = EXTRAS.get(provider)
    install = f'"assistant[{extra}]"' if extra else f"langchain-{provider.replace('_', '-')}"
    return f"ASSISTANT_LLM={model!r} needs the package of its provider: pip install {install}"


def _kind(error: Exception) -> str:
    """Return what kind of error it is, with the HTTP status where there is one."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__} {status}" if isinstance(status, int) else type(error).__name__
