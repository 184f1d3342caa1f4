"""One frozen Settings, read once from the environment; every failure names key and value."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import SettingError

PREFIX = "ASSISTANT_"


class Settings(BaseSettings):
    """Every setting, with its default. The environment name is the field's, with ``ASSISTANT_``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    knowledge: Path = Field(Path("knowledge"), description="Folder of documents.")
    index: Path = Field(Path("index"), description="Folder of the index.")
    chroma_url: str = Field(
        "",
        description="Chroma server that has the vectors, `http://host:port` or `https://host`; "
        "empty: files of the index.",
    )
    embedding_model: str = Field(
        "bundled",
        description="`bundled`, or the name or folder of any sentence-transformers model.",
    )
    device: str = Field("cpu", description="Device of the sentence-transformers models.")
    batch_size: int = Field(64, ge=1, le=4096, description="Texts embedded at once.")
    threads: int = Field(0, ge=0, description="Threads for the encoder; 0 is the cores there are.")
    language: Literal["fr", "en", "es"] = Field("fr", description="Language of page and terminal.")
    host: str = Field("127.0.0.1", description="Address the page listens on.")
    names: str = Field(
        "", description="Further host names the page is asked for by, separated by commas."
    )
    port: int = Field(7860, ge=0, le=65535, description="Port the page listens on.")
    max_file_mb: int = Field(50, ge=1, description="Larger files are skipped, and said so.")
    max_question: int = Field(2000, ge=50, description="Longer questions are cut, and said so.")
    llm: str = Field(
        "", description="`provider:model` of the language model that writes answers; empty: quotes."
    )
    llm_base_url: str = Field("", description="Where that model is served, if not its maker's.")
    llm_key: SecretStr = Field(
        SecretStr(""), description="Its key; otherwise the provider's own variable is read."
    )
    llm_timeout: int = Field(60, ge=1, le=3600, description="Seconds the model has for an answer.")
    llm_max_tokens: int = Field(
        500, ge=20, le=32_000, description="Tokens the model may write for an answer."
    )
    llm_followups: Literal["yes", "no"] = Field(
        "yes",
        description="Whether the model may restate a follow-up that the rules are unsure of.",
    )
    reports: Path = Field(Path("reports"), description="Folder of the evaluation's reports.")
    edit_documents: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="Whether the page may add and remove documents and show the feedback; `auto` "
        "is yes while it listens on this machine only and has no login.",
    )
    auth: str = Field("", description="File of the readers who may log in; empty is no login.")
    without_login: Literal["no", "yes"] = Field(
        "no", description="`yes` lets the page listen beyond this machine without a login."
    )
    rate: int = Field(
        60,
        ge=0,
        description="Questions a minute from one reader of another machine; 0 is no limit.",
    )

    @field_validator("chroma_url")
    @classmethod
    def _plain_server(cls, value: str) -> str:
        return server_url(value) if value.strip() else ""

    @property
    def local(self) -> bool:
        """Whether the page listens on this machine only."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names the page is asked for by, beside those of this machine."""
        return tuple(name.strip() for name in (self.host, *self.names.split(",")) if name.strip())

    @property
    def editable(self) -> bool:
        """Whether the page may change the documents."""
        # A login means that others come, perhaps by a server in front of the page.
        alone = self.local and not self.auth
        return self.edit_documents == "yes" or (self.edit_documents == "auto" and alone)


def server_url(text: str) -> str:
    """Return the address of a server, always with its port; raise ValueError saying what is wrong.

    Without one, the port is the usual of the scheme: 80 or 443.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise ValueError(f"no address of a server ({error}): write http://host:port") from None
    if parts.scheme not in ("http", "https") or port is None or not parts.hostname:
        raise ValueError("write http://host:port or https://host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a server's address holds no name and no password")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("write the address alone, without a path")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def load_settings(**overrides: Any) -> Settings:
    """Return the settings, ``overrides`` first; raise SettingError naming the key."""
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        key = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingError(f"{key}={first.get('input')!r}: {first['msg']}") from error
