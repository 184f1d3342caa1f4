"""The assistant as a step of a LangChain chain: a conversation in, a cited message out."""

from __future__ import annotations

import sys

from langchain_core.messages import HumanMessage

from assistant import Assistant

question = sys.argv[1] if len(sys.argv) > 1 else "Qui gère la plateforme de gestion des crises ?"

chain = Assistant.open().as_runnable()
for piece in chain.stream([HumanMessage(question)]):
    print(piece.text, end="", flush=True)
print()

message = chain.invoke({"question": question, "history": []})
for citation in message.response_metadata["answer"]["citations"]:
    print(citation["unit"], "—", citation["quote"])
