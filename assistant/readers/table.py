"""Comma-separated values: a row is a unit, named by its first cell."""

from __future__ import annotations

import csv
from io import StringIO

from assistant.readers import messages
from assistant.readers.builder import Builder

_FIELD = 1_000_000


def read_csv(text: str, builder: Builder) -> str:
    """Add a table to ``builder``: each row a heading and lines "column: value"."""
    csv.field_size_limit(_FIELD)
    try:
        rows = [
            row for row in csv.reader(StringIO(text.lstrip("\ufeff")), _dialect(text)) if any(row)
        ]
    except csv.Error as error:
        raise messages.refuse(messages.BROKEN) from error
    names, records = (rows[0], rows[1:]) if len(rows) > 1 else ([], rows)
    for record in records:
        cells = [(names[i].strip() if i < len(names) else "", c) for i, c in enumerate(record)]
        filled = [(name, " ".join(cell.split())) for name, cell in cells if cell.strip()]
        if len(filled) > 1:
            builder.heading(filled[0][1], 2)
            for index, (name, cell) in enumerate(filled[1:]):
                builder.prose(f"{name}: {cell}" if name else cell, "\n" if index else "\n\n")
        elif filled:
            builder.prose(filled[0][1])
    return ""


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    counts = {mark: first.count(mark) for mark in ",;\t|"}

    class Found(csv.excel):
        delimiter = max(counts, key=lambda mark: counts[mark])

    return Found
