"""The container's files say what is so; no container is started here."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from assistant.settings import PREFIX, Settings

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}


def stages() -> list[str]:
    return re.split(r"^(?=FROM )", re.sub(r"\\\n\s*", "", DOCKERFILE), flags=re.MULTILINE)[1:]


def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return dict(loaded["services"])


def test_the_image_runs_without_rights_and_without_build_tools() -> None:
    _, last = stages()
    user = re.search(r"^USER (\w+)$", last, re.MULTILINE)
    assert user and user[1] not in ("root", "0")
    assert last.index("USER ") < last.index("CMD [")
    assert "pip install" not in last and "apt-get" not in last


def test_what_is_copied_is_there_and_is_let_through() -> None:
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    for words in map(shlex.split, re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)):
        for name in words[:-1]:
            assert (ROOT / name).exists() and name in let, name


def test_commands_are_well_formed_and_health_is_asked_for() -> None:
    _, last = stages()
    lists = [json.loads(found) for found in re.findall(r"CMD (\[.*\])$", last, re.MULTILINE)]
    assert len(lists) == 2
    compile(lists[0][2], "health", "exec")
    assert "/health" in lists[0][2]
    assert "assistant serve" in lists[1][2]


def test_settings_that_are_set_exist() -> None:
    text = DOCKERFILE + (ROOT / "compose.yaml").read_text("utf-8")
    assert set(re.findall(rf"\b({PREFIX}[A-Z_]+)\s*[=:]", text)) <= SETTINGS


def test_the_page_is_published_on_this_machine_only() -> None:
    page = services()["assistant"]
    assert all(port.startswith("127.0.0.1:") for port in page["ports"])
    assert page["read_only"] and page["cap_drop"] == ["ALL"]
    assert "ports" not in services()["ollama"]
