"""Writes ``assistant/places.txt``: what the world's countries and large cities are called.

Needs the package ``babel``, which carries the Unicode CLDR (licence Unicode-3.0); the capitals
that CLDR has no time zone for are in ``training/texts/capitals.txt``. Run once per CLDR version.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel import Locale  # type: ignore[import-not-found, unused-ignore]

LOCALES = (
    "fr",
    "en",
    "es",
    "de",
    "it",
    "pt",
    "nl",
    "pl",
    "ru",
    "tr",
    "ar",
    "zh",
    "zh_TW",
    "ja",
    "ko",
    "th",
)
AMERICAN = {"New_York", "Los_Angeles", "Chicago", "Denver", "Detroit", "Phoenix", "Toronto"}
AMERICAN |= {"Vancouver", "Winnipeg", "Halifax", "Edmonton", "Anchorage"}
LEFT_OUT = ("Etc/", "Antarctica/", "North_Dakota", "Indiana", "Kentucky", "Easter", "Midway")
COUNTRIES_OF_ITS_OWN = {"US", "CA", "GL"}

HEAD = """# Countries, regions and large cities in the languages of the project, one place a line.
# Made by training/places.py from the Unicode CLDR (https://cldr.unicode.org, licence
# Unicode-3.0) and training/texts/capitals.txt. Edit there.
"""


def main(target: Path) -> None:
    """Write the file."""
    locales = [Locale.parse(code) for code in LOCALES]
    groups = []
    for code in sorted(locales[0].territories):
        if code not in ("ZZ", "QO", "EZ", "UN", "XA", "XB"):
            groups.append([locale.territories.get(code, "") for locale in locales])
    for zone in sorted(set().union(*(locale.time_zones for locale in locales))):
        if any(part in zone for part in LEFT_OUT) or not _large(zone):
            continue
        plain = zone.split("/")[-1].replace("_", " ")
        groups.append([locale.time_zones.get(zone, {}).get("city", plain) for locale in locales])
    capitals = Path(__file__).with_name("texts") / "capitals.txt"
    lines = [line for line in capitals.read_text("utf-8").splitlines() if "=" in line]
    lines += [_line(group) for group in groups]
    target.write_text(HEAD + "\n".join(filter(None, lines)) + "\n", "utf-8")


def _line(group: list[str]) -> str:
    forms = dict.fromkeys(name.strip() for name in group if len(name) > 1 and "=" not in name)
    return " = ".join(forms) if len(forms) > 1 else ""


def _large(zone: str) -> bool:
    territory = _territories().get(zone, "")
    return territory not in COUNTRIES_OF_ITS_OWN or zone.split("/")[-1] in AMERICAN


def _territories() -> dict[str, str]:
    from babel.core import get_global

    found: dict[str, str] = dict(get_global("zone_territories"))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "assistant/places.txt"))
