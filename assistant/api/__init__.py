"""The assistant over HTTP: the records of the terminal, and the form of OpenAI's chat."""
