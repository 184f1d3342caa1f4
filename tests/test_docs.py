"""The documentation says what is there: files, commands, options, settings, tests, formats."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assistant.readers import SUFFIXES
from assistant.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
READMES = [p for p in (ROOT / "evals/README.md", ROOT / "knowledge/README.md") if p.exists()]
FOLDERS = r"(?:\.ci|assistant|benchmarks|docs|evals|examples|knowledge|tests|training)/"
TOP = r"(?:app\.py|Makefile|LICENSE|constraints\.txt|pyproject\.toml|[A-Z]+\.md)"

_SPAN = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

each = pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda p: str(p.relative_to(ROOT)))


def code(page: Path) -> Iterator[str]:
    """Yield the code of a page, line by line, and its code spans."""
    text = _COMMENT.sub("", page.read_text("utf-8"))
    for language, block in _BLOCK.findall(text):
        if language in ("sh", "shell", "bash", "console"):
            yield from block.splitlines()
    yield from _SPAN.findall(_BLOCK.sub("", text))


@each
def test_files_that_are_named_exist(page: Path) -> None:
    for span in code(page):
        name = span.split("::")[0]
        if re.fullmatch(rf"{FOLDERS}[\w./-]*|{TOP}", name):
            assert (ROOT / name).exists(), name


@each
def test_tests_that_are_named_exist(page: Path) -> None:
    for span in code(page):
        if "::" in span and span.startswith("tests/"):
            name, function = span.split("::")
            assert f"def {function}(" in (ROOT / name).read_text("utf-8"), span


@each
def test_links_lead_somewhere(page: Path) -> None:
    text = _COMMENT.sub("", page.read_text("utf-8"))
    for mark, target in re.findall(r"(!?)\[[^\]]*\]\(([^)#\s]+)[^)]*\)", text):
        if "://" in target:
            continue
        if mark and not (ROOT / "docs" / "images").is_dir():
            pytest.xfail("the pictures are not made yet")
        assert (page.parent / target).exists(), target


@each
def test_commands_and_options_exist(page: Path) -> None:
    for line in (written.split(" #")[0] for written in code(page)):
        words = re.sub(r"^\$ |^\.venv/bin/", "", line.strip()).split()
        if words[:2] == ["python", "-m"] and len(words) > 2:
            words = words[2:]
            if words[0].startswith(("training.", "benchmarks.")):
                assert importlib.util.find_spec(words[0]), line
        if len(words) < 2 or words[0] not in ("assistant", "evals", "make"):
            continue
        known = {"assistant": _terminal, "evals": _evals, "make": _make}[words[0]]()
        # Prose such as "the `assistant` command" or a command without anything after it.
        assert words[1] in known or words[1].startswith("-"), line
        for option in re.findall(r"(?<=\s)--[a-z-]+", line):
            assert option in known.get(words[1], {"--help"}), line


def _terminal() -> dict[str, set[str]]:
    from typer.main import get_command

    from assistant.__main__ import app

    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    return {name: _options(command) for name, command in commands.items()}


def _options(command: Any) -> set[str]:
    """Return the options of a command and of the commands below it."""
    below = getattr(command, "commands", {}).values()
    own = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    return own.union(*(_options(each) for each in below))


def _evals() -> dict[str, set[str]]:
    from evals.__main__ import _parser

    subparsers = next(
        a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)
    ).choices
    return {n: {o for a in p._actions for o in a.option_strings} for n, p in subparsers.items()}


def _make() -> dict[str, set[str]]:
    text = (ROOT / "Makefile").read_text("utf-8")
    return {target: set() for target in re.findall(r"^([a-z]+):", text, re.MULTILINE)}


@each
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", page.read_text("utf-8"))) <= known


@each
def test_python_examples_import_what_exists(page: Path) -> None:
    for language, block in _BLOCK.findall(page.read_text("utf-8")):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "configuration", ROOT / "docs" / "configuration.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_settings_are_up_to_date() -> None:
    script = _script()
    for page in script.PAGES:
        text = page.read_text("utf-8")
        assert text == script.filled(text), f"{page.name}: run python docs/configuration.py"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_run_leaves_host_and_port_to_the_settings_unless_they_are_given() -> None:
    # The tests may themselves be run by make, which then speaks of folders.
    ours = ("HOST", "PORT", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    known = {k: v for k, v in os.environ.items() if k not in ours}

    def served(*given: str) -> list[str]:
        command = ["make", "-n", "--no-print-directory", "-o", ".venv/installed", "run", *given]
        said = subprocess.run(
            command, cwd=ROOT, env=known, capture_output=True, text=True, check=True
        )
        return said.stdout.splitlines()[-1].split()[1:]

    assert served() == ["serve"]
    assert served("PORT=8000") == ["serve", "--port", "8000"]
    assert served("HOST=::1", "PORT=8") == ["serve", "--host", "::1", "--port", "8"]


def test_the_example_of_an_environment_file_is_up_to_date() -> None:
    script = _script()
    assert script.EXAMPLE.read_text("utf-8") == script.example(), "run python docs/configuration.py"


def test_every_setting_says_what_it_does() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_the_readme_names_every_format_and_no_other() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split("## Your own documents", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"`(\.[a-z]{2,8})`", section)) == SUFFIXES
