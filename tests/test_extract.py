"""Answers made of quotes: nothing is shown that does not stand in the document."""

from __future__ import annotations

import re

import pytest

from assistant.extract import Asked, Proof, abstained, nothing_found, quoted
from assistant.types import Answer, Document, Hit, Page, Unit

TEXT = "Prêts\n\nLe service des prêts ouvre à neuf heures ; il ferme le lundi."
DOCUMENT = Document("a.md", "Prêts", TEXT, "d", "fr", pages=(Page(3, 0, 20), Page(4, 20, 99)))
UNIT = Unit("u1", "a.md", "Prêts", ("Prêts",), 1, 0, 5, 7, len(TEXT))
OPENING = "Le service des prêts ouvre à neuf heures"


def asked(language: str = "fr") -> Asked:
    return Asked("Quand ?", language, None, 0.8, (Hit(UNIT, None, 1.0),), "g1")


def proof(start: int = 7, text: str = OPENING) -> Proof:
    return Proof(UNIT, start, start + len(text), text, ((36, 47),))


def quote(language: str = "fr", *proofs: Proof) -> Answer:
    return quoted(asked(language), {"a.md": DOCUMENT}, "D’après :", proofs or (proof(),))


def test_every_marker_has_its_citation_and_every_quote_is_a_slice() -> None:
    answer = quote("fr", proof(), proof(50, TEXT[50:65]))
    assert answer.status == "answered"
    numbers = [int(n) for n in re.findall(r"\[(\d+)\]", answer.text)]
    assert numbers == [c.number for c in answer.citations] == [1, 2]
    for citation in answer.citations:
        assert TEXT[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize(
    "wrong",
    [
        proof(8),
        proof(7, OPENING.upper()),
        proof(500),
        proof(7, ""),
        Proof(UNIT, -5, 3, TEXT[-5:3]),
    ],
)
def test_a_quote_that_is_not_in_the_document_is_never_shown(
    wrong: Proof, caplog: pytest.LogCaptureFixture
) -> None:
    answer = quote("fr", proof(), wrong)
    assert answer.status == "abstained"
    assert answer.citations == ()
    assert wrong.text == "" or wrong.text not in answer.text
    assert "not in a.md" in caplog.text
    assert OPENING not in caplog.text


def test_a_document_that_is_gone_is_not_quoted() -> None:
    assert quoted(asked(), {}, "", (proof(),)).status == "abstained"


def test_no_proof_is_no_answer() -> None:
    assert quoted(asked(), {"a.md": DOCUMENT}, "lead", ()).status == "abstained"


def test_a_quote_in_another_language_is_said_to_be_so() -> None:
    assert "(quoted in French)" in quote("en").text
    assert "citation" not in quote("fr").text


def test_the_page_of_a_quote_is_the_one_it_starts_on() -> None:
    assert quote().citations[0].page == 3


def test_nothing_found_says_what_was_looked_for_and_where_to_look() -> None:
    answer = nothing_found(asked(), ["prêts", "dimanche"])
    assert answer.status == "abstained"
    assert "prêts, dimanche" in answer.text
    assert "– Prêts" in answer.text
    assert answer.suggestions == (UNIT,)
    assert answer.citations == ()


def test_an_abstention_keeps_what_was_retrieved() -> None:
    assert abstained(asked(), "non", ()).retrieved == asked().retrieved
