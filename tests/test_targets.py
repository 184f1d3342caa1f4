"""The kind of thing asked for is told by its form."""

from __future__ import annotations

import pytest

from assistant.targets import met

NOTHING = "Le bureau apporte un appui aux partenaires de la région."


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("address", "Il se trouve 12, rue des Lilas."),
        ("contact", "Écrivez à prets@exemple.org."),
        ("contact", "Appelez le 01 23 45 67 89."),
        ("contact", "La permanence répond au poste 4040."),
        ("amount", "La cotisation est de 14,2 euros."),
        ("count", "Elle compte quinze bureaux."),
        ("count", "The unit has twelve offices."),
        ("time", "Le conseil siège le premier mardi de chaque mois."),
        ("time", "Los informes se publican cada año."),
        ("person", NOTHING),
        ("other", NOTHING),
    ],
)
def test_what_is_there_is_seen(target: str, text: str) -> None:
    assert met(target, text, "fr")


@pytest.mark.parametrize("target", ["address", "contact", "amount", "count", "time"])
def test_what_is_missing_is_missed(target: str) -> None:
    assert not met(target, NOTHING, "fr")


def test_a_language_whose_words_are_not_listed_is_not_judged() -> None:
    assert met("time", "毎週", "ja")
