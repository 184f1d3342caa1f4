"""Acronyms learned and general, glossaries, places, spelling."""

from __future__ import annotations

import pytest
from corpora import corpus, lighthouses, manual

from assistant.language import fold
from assistant.names import correct, expansions, general, learn, parse_glossary


def test_a_glossary_is_lines_of_equal_names() -> None:
    text = "# ours\n\nHCR = UNHCR =  Haut-Commissariat \nno equals sign\n=alone=\nA = A = B\n"
    assert parse_glossary(text) == [("HCR", "UNHCR", "Haut-Commissariat"), ("A", "B")]


@pytest.mark.parametrize("table", ["acronyms.txt", "places.txt"])
def test_the_general_tables_are_well_formed(table: str) -> None:
    groups = general(table)
    assert len(groups) > 80
    for group in groups:
        assert len(group) > 1
        assert all(len(name) > 1 for name in group)
        assert len(set(group)) == len(group)


def test_long_forms_are_learned_on_both_sides_of_the_acronym() -> None:
    names = learn(manual())
    assert "Package Index Service" in expansions("What is PIS?", names)
    assert "PIS" in expansions("Where is the package index service?", names)
    assert "LDF" in expansions("Qui taille les lentilles de Fresnel ?", learn(lighthouses()))


def test_initials_of_a_run_of_words_are_learned_when_it_stands_twice() -> None:
    assert "Plan de sobriété lumineuse" in expansions("Que dit le PSL ?", learn(lighthouses()))


def test_no_long_form_is_invented() -> None:
    small = corpus(("fr", "# Titre\n\nLe directeur du port (OMC) parle. La note (voir page) suit."))
    assert not any("directeur" in name for name in expansions("OMC", learn(small)))


def test_the_reader_s_acronym_finds_the_corpus_s() -> None:
    names = learn(lighthouses())
    assert "OTAN" in expansions("Who works with NATO?", names)
    assert "OIT" in expansions("¿Quién trabaja con la ILO?", names)
    assert expansions("Qui travaille avec la BCE ?", names) == []


def test_a_function_word_is_no_acronym() -> None:
    small = corpus(("fr", "# Santé\n\nL’OMS et l’Union africaine."))
    names = learn(small)
    assert expansions("qui est au bureau", names) == []
    assert expansions("Who is who?", names) == []
    assert expansions("What does WHO do?", names) == ["OMS"]
    assert "Union africaine" in expansions("Liens avec la AU ?", names)


@pytest.mark.parametrize(
    "question",
    ["the Cairo office", "oficina de El Cairo", "das Büro in Kairo", "бюро в Каире", "开罗办事处"],
)
def test_places_are_known_in_other_languages(question: str) -> None:
    assert any(fold("Caire") in fold(name) for name in expansions(question, learn(lighthouses())))


def test_a_glossary_adds_names() -> None:
    names = learn(lighthouses(), "la maison des lentilles = Division de l’optique")
    assert "Division de l’optique" in expansions("Que fait la maison des lentilles ?", names)


VOCABULARY = {"donateurs": 9, "mobilisation": 3, "plan": 5, "crises": 2, "carte": 2, "cartes": 8}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("donatuers", "donateurs"),
        ("mobilisaton", "mobilisation"),
        ("crizes", "crises"),
        ("plna", "plan"),
        ("cates", "cartes"),
        ("plan", None),
        ("plat", None),
        ("pla", None),
        ("dans", None),
        ("zzzzzz", None),
        ("2019a", None),
        ("obilisation", None),
        ("DONATUERS", "donateurs"),
        ("chartes", None),
        ("crispes", None),
        ("Plans", None),
    ],
)
def test_spelling_is_corrected_with_care(word: str, expected: str | None) -> None:
    assert correct(word, VOCABULARY, ["fr"]) == expected


def test_nothing_comes_of_nothing() -> None:
    assert correct("mot", {}, ["fr"]) is None
    assert expansions("", learn(manual())) == []
