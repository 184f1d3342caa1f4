"""The reader: does this text answer this question, and where? (see CARD.md)."""

from assistant.reader.model import Encoded, Reader, Reading

__all__ = ["Encoded", "Reader", "Reading"]
