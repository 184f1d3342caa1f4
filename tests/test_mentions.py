"""Which units a text names."""

from __future__ import annotations

import pytest
from corpora import Small, corpus, libraries, lighthouses, manual

from assistant.mentions import find_mentions, mentions


def named(text: str, small: Small) -> list[str]:
    return [small.heading(unit) for unit, score in mentions(text, small) if score >= 0.6]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Que fait la Division de l'optique ?", ["Division de l’optique"]),
        ("QUE FAIT LA DIVISION DE L'OPTIQUE", ["Division de l’optique"]),
        ("le bureau de Brest", ["Bureau régional de Brest (France)"]),
        ("bureau de brset", ["Bureau régional de Brest (France)"]),
        ("the Lisbon office", ["Bureau régional de Lisbonne (Portugal)"]),
        ("¿Y la oficina de El Cairo?", ["Bureau régional du Caire (Égypte)"]),
        ("Бюро в Каире", ["Bureau régional du Caire (Égypte)"]),
        ("开罗办事处", ["Bureau régional du Caire (Égypte)"]),
        ("et en Égypte ?", ["Bureau régional du Caire (Égypte)"]),
        ("l'unité vigie", ["Unité VIGIE"]),
        ("Combien de bureaux régionaux ?", ["Bureaux régionaux"]),
        ("Quel bureau régional aide l'OIT ?", []),
        ("Qui entretient les phares ?", []),
        ("le département", []),
        ("", []),
    ],
)
def test_units_named(text: str, expected: list[str]) -> None:
    assert named(text, lighthouses()) == expected


def test_two_units_with_one_name_are_both_unsure() -> None:
    small = corpus(("fr", "# Division des ports nord\n\nUn.\n# Division des ports sud\n\nDeux."))
    found = mentions("la division des ports", small)
    assert len(found) == 2
    assert all(score < 0.6 for _, score in found)


def test_offsets_are_those_of_the_text() -> None:
    text = "Et le bureau de Brest, il ouvre quand ?"
    (mention,) = find_mentions(text, lighthouses())
    assert text[mention.start : mention.end] == "bureau de Brest"
    assert text[mention.name_start : mention.name_end] == "Brest"


def test_other_corpora() -> None:
    assert named("¿Qué hace la unidad de restauración?", libraries()) == ["Unidad de Restauración"]
    assert named("Wiener Bibliothek in Wien", libraries()) == ["Biblioteca de Viena"]
    assert named("How do I change the network settings?", manual()) == ["Network settings"]
    assert named("How do I install it?", manual()) == []
