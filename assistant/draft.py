"""A model's reply, cut into sentences while it comes; markers stand inside their sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant import clauses, language

_MARKERS = r"\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\](?:[ \t]*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\])*"
_MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_AFTER_STOP = re.compile(rf"([.!?…。！？]+[»”\"’)]*)[ \t]*({_MARKERS})")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_MARKUP = re.compile(r"[*`]+|^#+[ \t]*|^>[ \t]*|__", re.MULTILINE)
_ITEM = re.compile(r"[-*•–][ \t]*$|\d{1,2}[.)][ \t]*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its markers, the passages they name, and what stands before it."""

    text: str
    numbers: tuple[int, ...]
    lead: str

    def shown(self, numbers: dict[int, int]) -> str:
        """Return the sentence with markers of the reader's numbers, before its full stop."""
        marks = "".join(f" [{n}]" for n in sorted({numbers[n] for n in self.numbers}))
        body = self.text.rstrip()
        end = body[len(body.rstrip(".!?…。！？ ")) :].strip() or "."
        return f"{self.lead}{body.rstrip('.!?…。！？ ')}{marks}{end}"


def without_thoughts(text: str) -> str:
    """Return a reply without what a model thinks aloud, be it finished or not."""
    return _THOUGHT.sub("", text).split("<think>")[0]


class Draft:
    """Takes a reply piece by piece and gives back each sentence once it is whole."""

    def __init__(self, spoken: str) -> None:
        self._spoken = spoken
        self._tail = ""
        self.length = 0

    def feed(self, piece: str) -> list[Sentence]:
        """Return the sentences that ``piece`` completes."""
        self.length += len(piece)
        self._tail = _THOUGHT.sub("", self._tail + piece)
        if not re.search(r"[.!?…。！？\n]", piece) and "." not in self._tail:
            return []
        if "<think>" in self._tail or self._tail.rstrip().endswith("<"):
            return []
        return self._cut(whole=False)

    def rest(self) -> list[Sentence]:
        """Return what is left when the reply is complete."""
        self._tail = without_thoughts(self._tail)
        return self._cut(whole=True)

    def _cut(self, *, whole: bool) -> list[Sentence]:
        text = _AFTER_STOP.sub(r" \2\1", language.normalise(self._tail))
        spans = clauses.sentences(text, self._spoken)
        if not whole:
            # The last may go on; the one before it may get a marker, or end otherwise ("Dr. S…").
            spans = spans[:-1]
            rest = text[spans[-1][1] :].lstrip() if spans else ""
            spans = spans[:-1] if rest.startswith("[") or " " not in rest else spans
        found, at = [], 0
        for start, end in spans:
            found.append(_sentence(text[start:end], text[at:start]))
            at = end
        self._tail = text[at:]
        return found


def _sentence(text: str, before: str) -> Sentence:
    numbers = [int(n) for m in _MARKER.finditer(text) for n in re.findall(r"\d+", m[1])]
    bare = re.sub(r"\s+(?=[.,…])", "", _MARKUP.sub("", _MARKER.sub("", text)))
    lead = "\n– " if _ITEM.search(before.lstrip(" ")) else "\n" if "\n" in before else " "
    return Sentence(" ".join(bare.split()), tuple(dict.fromkeys(numbers)), lead)
