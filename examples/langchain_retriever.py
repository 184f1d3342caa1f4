"""The assistant's search as a LangChain retriever."""

from __future__ import annotations

import sys

from assistant import Assistant

query = sys.argv[1] if len(sys.argv) > 1 else "plateforme de gestion des crises"

for document in Assistant.open().as_retriever(top_k=3).invoke(query):
    print(f"{document.metadata['score']:.3f}", " › ".join(document.metadata["path"]))
