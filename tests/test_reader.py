"""The reader, as it is shipped: real weights, real text."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.reader import Reader

LOANS = "Prêts. Le service des prêts ouvre à neuf heures ; il est dirigé par Mme Odile Vasseur."
GARDEN = "Jardins. Les jardins sont arrosés chaque soir par une équipe de quatre personnes."


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(1)


def test_offsets_lead_back_to_the_characters(reader: Reader) -> None:
    encoded = reader.encode([LOANS], "passage")[0]
    assert len(encoded.hidden) == len(encoded.words) == len(encoded.offsets)
    rebuilt = "".join(LOANS[a:b] for a, b in encoded.offsets if b > a)
    assert rebuilt.replace(" ", "") == LOANS.replace(" ", "")
    assert tuple(encoded.offsets[0]) == tuple(encoded.offsets[-1]) == (0, 0)


def test_a_text_is_encoded_alike_alone_and_in_company(reader: Reader) -> None:
    alone = reader.encode([LOANS], "passage")[0]
    company = reader.encode([GARDEN * 3, LOANS, "Non."], "passage")[1]
    assert float(alone.mean @ company.mean) > 0.99


@pytest.mark.parametrize(
    "question",
    [
        "Qui dirige le service des prêts ?",
        "Who heads the loans department?",
        "¿Quién dirige el servicio de préstamos?",
        "Кто руководит отделом займов?",
    ],
)
def test_the_text_that_answers_is_told_from_the_one_that_does_not(
    reader: Reader, question: str
) -> None:
    asked = reader.encode([question], "question")[0]
    right, wrong = reader.read(asked, reader.encode([LOANS, GARDEN], "passage"))
    assert right.answer > wrong.answer + 1


def test_the_words_that_answer_are_found(reader: Reader) -> None:
    asked = reader.encode(["Qui dirige le service des prêts ?"], "question")[0]
    passage = reader.encode([LOANS], "passage")[0]
    reading = reader.read(asked, [passage])[0]
    start = passage.offsets[int(reading.start.argmax())][0]
    assert start >= LOANS.index("Mme") - 2


@pytest.mark.parametrize("text", ["", " ", "?", "a" * 5000, "漢字" * 400, "\u200b", "😀"])
def test_any_text_can_be_encoded_and_read(reader: Reader, text: str) -> None:
    asked = reader.encode([text[:300]], "question")[0]
    passage = reader.encode([text], "passage")[0]
    reading = reader.read(asked, [passage.window(0, 160)])[0]
    assert np.isfinite(reading.answer)
    assert len(reading.start) == min(160, len(passage))


def test_nothing_is_read_of_nothing(reader: Reader) -> None:
    assert reader.encode([], "passage") == []
    assert reader.read(reader.encode(["?"], "question")[0], []) == []
