"""Zipped and XML formats, opened with bounds: nothing is unpacked that was not measured."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from assistant.readers import messages

if TYPE_CHECKING:
    from lxml.etree import _Element as Element  # type: ignore[import-untyped]

_MEMBERS = 20_000
_TIMES = 4
_OLE = b"\xd0\xcf\x11\xe0"


def open_archive(raw: bytes, max_bytes: int) -> ZipFile:
    """Return the zip file in ``raw``; raise ReadError if it is none, locked, or a bomb.

    The size that counts is what the archive says it unpacks to: Python reads no more of it.
    """
    if raw.startswith(_OLE):  # what office programs wrap a document with a password in
        raise messages.refuse(messages.ENCRYPTED)
    try:
        archive = ZipFile(BytesIO(raw))
    except (BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise messages.refuse(messages.BROKEN) from error
    members = archive.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise messages.refuse(messages.ENCRYPTED)
    if len(members) > _MEMBERS or sum(m.file_size for m in members) > _TIMES * max_bytes:
        raise messages.refuse(messages.BOMB)
    return archive


def member(archive: ZipFile, name: str) -> bytes:
    """Return the content of one member; raise ReadError when it is missing or damaged."""
    try:
        return archive.read(name)
    except (KeyError, BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise messages.refuse(messages.BROKEN) from error
    except (NotImplementedError, RuntimeError) as error:
        raise messages.refuse(messages.BROKEN) from error


def parse_xml(raw: bytes) -> Element:
    """Return the root of an XML part. Entities stay unexpanded, nothing outside is loaded."""
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise messages.refuse(messages.BROKEN) from error
    return root


def local(element: Element) -> str:
    """Return an element's name without its namespace; nothing for comments and entities."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """Return the attribute of that name in whatever namespace, or nothing."""
    return next((str(v) for k, v in element.items() if k.rpartition("}")[2] == name), "")
