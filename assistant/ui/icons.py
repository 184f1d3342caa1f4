"""The page's few icons, drawn here: no font, no file to fetch."""

from __future__ import annotations

_PATHS = {
    "good": (
        "M7 11v9H4v-9zM7 11l4-8c1.7 0 2.5 1.2 2.2 2.8L12.5 9H19a1.8 1.8 0 0 1 1.8 2.1"
        "l-1.2 7A2.2 2.2 0 0 1 17.4 20H7"
    ),
    "bad": (
        "M17 13V4h3v9zM17 13l-4 8c-1.7 0-2.5-1.2-2.2-2.8L11.5 15H5a1.8 1.8 0 0 1-1.8-2.1"
        "l1.2-7A2.2 2.2 0 0 1 6.6 4H17"
    ),
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "link": (
        "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3"
        "a4 4 0 0 0 5.7 5.7l1-1"
    ),
    "open": "M5 4h10l4 4v12H5zM14 4v5h5M8.5 13h7M8.5 16.5h7",
    "again": "M20 11a8 8 0 1 0-2 6M20 4v7h-7",
    "silence": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12h8",
    "previous": "M14.5 5l-7 7 7 7",
    "next": "M9.5 5l7 7-7 7",
    "close": "M5 5l14 14M19 5L5 19",
    "theme": "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9",
    "talks": "M4 5h16v11H9l-5 4zM8 9h8M8 12h5",
    "new": "M12 5v14M5 12h14",
    "tree": "M9 3h6v5H9zM3 16h6v5H3zM15 16h6v5h-6zM12 8v4M6 16v-4h12v4",
    "ask": "M4 5h16v11H9l-5 4zM10 9a2 2 0 1 1 2.5 2c-.4.2-.5.5-.5 1M12 14v.01",
    "add": "M12 16V5M7.5 9.5L12 5l4.5 4.5M5 19h14",
    "remove": "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
    "report": "M4 20V4M4 20h16M8.5 16v-5M13 16V7M17.5 16v-3",
    "logout": "M14 5H5v14h9M10 12h10M16.5 8.5L20 12l-3.5 3.5",
    "documents": "M6 3h9l4 4v14H6zM14 3v5h5",
}


def icon(name: str) -> str:
    """Return the icon as inline SVG, hidden from screen readers."""
    return (
        '<svg class="icon-drawing" viewBox="0 0 24 24" width="18" height="18" fill="none"'
        ' stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'
        f' aria-hidden="true" focusable="false"><path d="{_PATHS[name]}"/></svg>'
    )
