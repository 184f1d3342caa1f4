"""The reader: does this text answer this question, and where? (see CARD.md)."""

from assistant.reader.model import SPECIAL, Encoded, Reader, Reading, alike, learned

__all__ = ["SPECIAL", "Encoded", "Reader", "Reading", "alike", "learned"]
