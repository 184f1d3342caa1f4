"""Plain text: headings are inferred from the shape of the lines."""

from __future__ import annotations

import re

from assistant.language import normalise
from assistant.readers.builder import Builder, is_remain, numbered

_MAX_WORDS, _MAX_CHARACTERS = 12, 100
_ITEM = re.compile(r"\s*(?:[-*•+–—◦]|\(?\w[.)])\s")
_NUMBER = re.compile(r"\s*\d{1,2}(?:\.\d{1,2})*[.)]?\s")
_UNDERLINE = re.compile(r"[=\-~*_#]{3,}$")
_WRAPPED = 45


def read_text(text: str, builder: Builder) -> str:
    """Add plain text to ``builder``; return no title of its own.

    A heading is a short line alone between blank lines, without final punctuation, that some
    longer text follows. Its level is 2, or deeper when it is numbered ("2.3 Scope" is 3).
    """
    blocks = [block for block in re.split(r"\n[ \t]*\n", normalise(text)) if block.strip()]
    for index, block in enumerate(blocks):
        lines = [line.rstrip() for line in block.strip("\n").split("\n")]
        if len(lines) == 2 and _UNDERLINE.match(lines[1].strip()) and len(lines[0]) <= 100:
            builder.heading(lines[0], 1 if lines[1].strip()[0] == "=" else 2)
        elif len(lines) == 1 and is_heading(lines[0]) and _followed(blocks, index):
            builder.heading(lines[0], numbered(2, lines[0].strip()))
        else:
            builder.paragraph(unwrapped(lines))
    return ""


def is_heading(line: str) -> bool:
    """Return whether ``line`` looks like a heading: short, and no sentence, item or fact."""
    line = line.strip()
    if not line or len(line) > _MAX_CHARACTERS or len(line.split()) > _MAX_WORDS:
        return False
    if is_remain(line):
        return False
    if line[-1] in ".!?…:;,。！？；،؛؟|" or "|" in line or "\t" in line or "@" in line:
        return False
    if _ITEM.match(line) and not _NUMBER.match(line):
        return False
    first = next((character for character in line if character.isalnum()), "")
    return (first.isalpha() and not first.islower()) or bool(_NUMBER.match(line))


def _followed(blocks: list[str], index: int) -> bool:
    """Tell a heading from a short line at the end: some text must come under it."""
    for block in blocks[index + 1 : index + 4]:
        if len(block.strip()) > _MAX_CHARACTERS or block.strip()[-1] in ".!?…;:。！？؟":
            return True
        if "\n" in block.strip() or not is_heading(block):
            return True
    return False


def unwrapped(lines: list[str]) -> str:
    """Return the lines of a paragraph with those joined that were only wrapped."""
    joined = ""
    previous = ""
    for line in (line.strip() for line in lines):
        wrapped = len(previous) >= _WRAPPED and previous[-1] not in ".!?:;。！？；"
        if joined and wrapped and not _ITEM.match(line) and "|" not in line + previous:
            joined += " " + line
        else:
            joined += ("\n" if joined else "") + line
        previous = line
    return joined
