"""Answers over an institution's documents, each one proved by a verbatim quote."""

__version__ = "0.1.0"
