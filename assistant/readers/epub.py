"""EPUB books: the pages of the spine, in order."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from assistant.errors import ReadError
from assistant.readers import messages
from assistant.readers.archive import attribute, local, member, open_archive, parse_xml
from assistant.readers.builder import Builder
from assistant.readers.html import read_html


def read_epub(raw: bytes, builder: Builder, max_bytes: int) -> str:
    """Add the chapters of a book to ``builder``; the title is the book's own."""
    with open_archive(raw, max_bytes) as archive:
        container = parse_xml(member(archive, "META-INF/container.xml"))
        place = next((attribute(e, "full-path") for e in container.iter("{*}rootfile")), "")
        package = parse_xml(member(archive, place))
        items = {
            attribute(item, "id"): item
            for item in package.iter("{*}item")
            if "nav" not in attribute(item, "properties").split()
        }
        order = [items.get(attribute(entry, "idref")) for entry in package.iter("{*}itemref")]
        for item in order:
            if item is not None and attribute(item, "media-type") == "application/xhtml+xml":
                name = posixpath.join(posixpath.dirname(place), unquote(attribute(item, "href")))
                read_html(member(archive, posixpath.normpath(name)), builder)
    if not order:
        raise ReadError(*messages.BROKEN)
    title = next((e.text or "" for e in package.iter() if local(e) == "title"), "")
    builder.named = " ".join(title.split())
    return builder.named
