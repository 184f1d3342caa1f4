"""Readers who may log in: a file of names and hashed passwords, one a line."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import SettingError

SHORTEST = 10
"""Characters of a password."""
LONGEST = 1000
COST = 2**15
"""Work of one check: about a tenth of a second and 32 MB."""
_NAME = re.compile(r"[\w.@-]{1,64}")
# A salt of 16 bytes and a digest of 32: what was clipped is no line.
_LINE = re.compile(r"([\w.@-]{1,64}):scrypt:([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password that cannot be read back."""

    salt: bytes
    digest: bytes

    def matches(self, password: str) -> bool:
        """Return whether ``password`` is the one; always takes the same time."""
        return hmac.compare_digest(_digest(password, self.salt), self.digest)


NOBODY = Hashed(b"\0" * 16, b"\0" * 32)
"""What the password of an unknown name is compared with, so that it takes as long."""


def line(name: str, password: str) -> str:
    """Return the line of the file; raise ValueError saying what is wrong with name or password."""
    if not _NAME.fullmatch(name):
        raise ValueError("a name has up to 64 letters, digits and the signs . _ @ -")
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    salt = os.urandom(16)
    encoded = (base64.b64encode(part).decode() for part in (salt, _digest(password, salt)))
    return ":".join((name, "scrypt", *encoded))


def load(path: Path) -> Mapping[str, Hashed]:
    """Return the readers of the file by name; raise SettingError naming the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"ASSISTANT_AUTH={str(path)!r}: it cannot be read: {error}") from error
    readers: dict[str, Hashed] = {}
    for number, text in enumerate(lines, 1):
        if not text.strip() or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text.strip())
        if match is None or match[1] in readers:
            raise SettingError(
                f"ASSISTANT_AUTH={str(path)!r}: line {number} is not one that "
                "`assistant password NAME` makes, or its name stands twice"
            )
        readers[match[1]] = Hashed(base64.b64decode(match[2]), base64.b64decode(match[3]))
    if not readers:
        raise SettingError(
            f"ASSISTANT_AUTH={str(path)!r}: nobody is in it; `assistant password NAME` makes a line"
        )
    return readers


def _digest(password: str, salt: bytes) -> bytes:
    secret = password[:LONGEST].encode("utf-8", "replace")
    return hashlib.scrypt(secret, salt=salt, n=COST, r=8, p=1, maxmem=2**26, dklen=32)
