"""The HTTP API through the official OpenAI client (`pip install openai`).

Start `assistant serve` first; the address may be given after the question.
"""

from __future__ import annotations

import sys

from openai import OpenAI

question = sys.argv[1] if len(sys.argv) > 1 else "Qui gère la plateforme de gestion des crises ?"
address = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:7860"

client = OpenAI(base_url=f"{address}/v1", api_key="none")
reply = client.chat.completions.create(
    model="assistant", messages=[{"role": "user", "content": question}]
)
message = reply.choices[0].message
print(message.content)
for annotation in message.annotations or []:
    print(annotation.url_citation.title, annotation.url_citation.url)
