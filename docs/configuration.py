"""Writes the tables of settings into README.md and docs/configuration.md, and ``.env.example``.

All from ``Settings``, by ``python docs/configuration.py``; a test checks that they are what it
would write.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le

from assistant.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "configuration.md")
EXAMPLE = ROOT / ".env.example"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"


def table() -> str:
    """Return the settings as a Markdown table, in the order of the class."""
    lines = ["| variable | default | values | what it does |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if str(field.default) else "empty"
        lines.append(
            f"| `{PREFIX}{name.upper()}` | {default} | {_values(field)} | {field.description} |"
        )
    return "\n".join(lines)


def filled(text: str) -> str:
    """Return ``text`` with the table between its two marks; raise ValueError without them."""
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def example() -> str:
    """Return every setting as a line of an environment file, each commented out."""
    lines = [
        "# Every setting, with its default. Copy to .env and take the # away where you differ.",
        "# Only docker compose reads .env; elsewhere: set -a; . ./.env; set +a",
    ]
    for name, field in Settings.model_fields.items():
        values = _values(field).replace("`", "")
        lines += ["", f"# {field.description.replace('`', '')} ({values})"]
        lines.append(f"#{PREFIX}{name.upper()}={field.default}")
    return "\n".join(lines) + "\n"


def _values(field: Any) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    if field.annotation is int:
        low = next((m.ge for m in field.metadata if isinstance(m, Ge)), None)
        high = next((m.le for m in field.metadata if isinstance(m, Le)), None)
        return f"{low} to {high}" if high is not None else f"{low} or more"
    return "path" if field.annotation is Path else "text"


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text("utf-8")), "utf-8")
    EXAMPLE.write_text(example(), "utf-8")
