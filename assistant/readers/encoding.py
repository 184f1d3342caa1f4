"""Bytes → text: by the file's mark, as UTF-8, as it declares itself, else as it looks."""

from __future__ import annotations

import re

from assistant.language import detect
from assistant.readers import messages

_SINGLE_BYTE = {"pl": "cp1250", "tr": "cp1254"}
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,30})""", re.IGNORECASE)


def decode(raw: bytes, *, html: bool = False, declared: str = "") -> str:
    """Return ``raw`` as text; raise ReadError when it is none.

    ``declared`` is an encoding named elsewhere; with ``html`` the page itself may name one.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif raw[:4096].count(0) * 4 > len(raw[:4096]):
        encodings = ["utf-16-le" if raw[1:4096:2].count(0) > raw[:4096:2].count(0) else "utf-16-be"]
    else:
        if html and (named := _CHARSET.search(raw[:2048])):
            declared = named.group(1).decode()
        encodings = ["utf-8-sig", *([declared] if declared else []), ""]
    for encoding in encodings:
        text = _decoded(raw, encoding or _guess(raw))
        if text is not None and _readable(text):
            return text
    raise messages.refuse(messages.BINARY)


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _guess(raw: bytes) -> str:
    """Return the likeliest encoding. Where few letters are beyond ASCII the language decides:
    a guesser by bytes takes a short French text for Czech, and Polish for French.
    """
    from charset_normalizer import from_bytes

    sample = raw[:100_000]
    western = _decoded(sample, "cp1252") or sample.decode("latin-1")
    if sum(byte > 127 for byte in sample) * 5 <= len(sample):
        return _SINGLE_BYTE.get(detect(western), "cp1252")
    best = from_bytes(sample).best()
    return best.encoding if best else "unknown"


def _readable(text: str) -> bool:
    sample = text[:4096]
    fit = sum(character.isprintable() or character.isspace() for character in sample)
    return fit >= 0.95 * len(sample)
