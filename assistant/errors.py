"""The few errors a person can act on, each message saying what to do."""

from __future__ import annotations


class AssistantError(Exception):
    """An error for people: what happened, to which file or setting, and what to do."""


class SettingError(AssistantError):
    """A setting has a value that cannot be used; names key and value."""


class ReadError(AssistantError):
    """A file could not be read. ``reason`` says why, ``advice`` what to do."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason} — {advice}")
        self.reason = reason
        self.advice = advice


class IndexMissing(AssistantError):
    """There is no published index where one was looked for."""


class IndexMismatch(AssistantError):
    """The index was made by another model or another version than the settings name."""


class IndexDamaged(AssistantError):
    """A file of the published index is not what was written."""


class IndexBusy(AssistantError):
    """Another process is writing the index; says which."""


class ServerGone(AssistantError):
    """A server that the settings name cannot be used; says which, and what to do."""


class ModelMissing(AssistantError):
    """A model or the package that runs it is not installed; names what to install."""


class ModelFailed(AssistantError):
    """A language model gave no whole reply; says which, and the kind of error without its words."""
