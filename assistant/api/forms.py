"""What the API takes and gives, as the models that check requests and make the OpenAPI page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LONG = 100_000
"""Characters of a text that is sent; the assistant cuts questions earlier, and says so."""


def _whole(sent: Any) -> Any:
    """Return 5.0 as 5, as JSON has it; anything else as it was sent."""
    return int(sent) if isinstance(sent, float) and sent.is_integer() else sent


Text = Annotated[str, Field(max_length=LONG)]
Whole = Annotated[int, BeforeValidator(_whole)]
Identity = Annotated[str, Field(max_length=200)] | Whole | None

QUESTION = "Qui gère la plateforme mondiale de gestion des crises ?"


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


# --- requests ------------------------------------------------------------------------------


class Form(BaseModel):
    """What is sent: a number is no text and a truth no number."""

    model_config = ConfigDict(strict=True)


class Ask(Form):
    """A question with the earlier questions of the conversation, oldest first."""

    model_config = _example(id="1", question=QUESTION, history=[])

    question: Text
    history: list[Text] = Field([], max_length=200)
    id: Identity = None


class Search(Form):
    """What to look for, and how many units at most."""

    model_config = _example(query="gestion des crises", top_k=3)

    query: Text
    top_k: Whole = Field(10, ge=1, le=10)
    id: Identity = None


class Part(Form):
    """A part of a message; only text is read."""

    type: Annotated[str, Field(max_length=50)]
    text: Text | None = None


class Message(Form):
    """A message of a conversation; the questions are those of the role ``user``."""

    role: Annotated[str, Field(max_length=50)]
    content: Text | Annotated[list[Part], Field(max_length=50)] | None = None

    def plain(self) -> str:
        """Return the text of the message."""
        if isinstance(self.content, list):
            return "\n".join(p.text for p in self.content if p.type == "text" and p.text)
        return self.content or ""


class StreamOptions(Form):
    """Whether the last piece of a stream counts tokens (there are none)."""

    include_usage: bool = False


class Chat(Form):
    """OpenAI's request for a chat completion; what sets a language model up is passed over."""

    model_config = _example(model="assistant", messages=[{"role": "user", "content": QUESTION}])

    messages: list[Message] = Field(min_length=1, max_length=400)
    model: Annotated[str, Field(max_length=200)] = "assistant"
    stream: bool | None = None
    stream_options: StreamOptions | None = None


# --- replies -------------------------------------------------------------------------------


class CitationRecord(BaseModel):
    """A proof: ``quote`` is the document's text from ``start`` to ``end``, word for word."""

    number: int
    document: str
    unit: str
    path: list[str]
    quote: str
    start: int
    end: int
    marks: list[tuple[int, int]] = Field(description="The parts of the quote that answer.")
    language: str
    page: int | None


class HitRecord(BaseModel):
    """A unit that was found."""

    unit: str
    document: str
    path: list[str]
    score: float


class AnswerRecord(BaseModel):
    """An answer; ``abstained`` means that the documents do not answer."""

    model_config = _example(
        id="1",
        question=QUESTION,
        status="answered",
        language="fr",
        answer="D’après « Accueil » :\n« Le bureau est ouvert le lundi. » [1]",
        confidence=0.93,
        understood=None,
        citations=[
            {
                "number": 1,
                "document": "guide.md",
                "unit": "Accueil",
                "path": ["Guide", "Accueil"],
                "quote": "Le bureau est ouvert le lundi.",
                "start": 120,
                "end": 150,
                "marks": [[139, 149]],
                "language": "fr",
                "page": None,
            }
        ],
        retrieved=[],
        seconds=0.21,
        generation="3f2a",
        written_by="",
        struck=0,
    )

    id: Identity = None
    question: str
    status: Literal["answered", "abstained"]
    language: str
    answer: str
    confidence: float
    understood: str | None = Field(description="The fuller question a follow-up was read as.")
    citations: list[CitationRecord]
    retrieved: list[HitRecord]
    seconds: float
    generation: str
    written_by: str = Field(description="The language model that wrote it; empty: quotes.")
    struck: int = Field(description="Sentences of that model that nothing proved.")


class FoundRecord(BaseModel):
    """The units that a query found, best first."""

    id: Identity = None
    retrieved: list[HitRecord]


class DocumentLine(BaseModel):
    """A document of the index."""

    document: str
    title: str
    language: str
    units: int


class DocumentList(BaseModel):
    """The documents of the index."""

    generation: str
    documents: list[DocumentLine]


class UnitPlace(BaseModel):
    """Where a unit stands in its document."""

    unit: str
    path: list[str]
    level: int
    start: int
    end: int


class DocumentRecord(BaseModel):
    """A document as it was read; all offsets index ``text``."""

    document: str
    title: str
    language: str
    text: str
    units: list[UnitPlace]


class Problem(BaseModel):
    """What went wrong: ``message`` is a sentence for people, ``code`` a word for programs."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorRecord(BaseModel):
    """An error in OpenAI's form."""

    model_config = _example(
        error={
            "message": "Trop de questions à la fois : réessayez dans quelques secondes.",
            "type": "invalid_request_error",
            "param": None,
            "code": "busy",
        }
    )

    error: Problem
