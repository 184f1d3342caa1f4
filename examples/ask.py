"""Ask a question and read the proof."""

from __future__ import annotations

import sys

from assistant import Assistant

question = sys.argv[1] if len(sys.argv) > 1 else "Qui gère la plateforme de gestion des crises ?"

answer = Assistant.open().ask(question)
print(answer.status, answer.text, sep="\n")
for citation in answer.citations:
    print(f"[{citation.number}] {citation.document} › {' › '.join(citation.path)}")
