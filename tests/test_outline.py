"""Questions about the heading tree, and those that only look like it."""

from __future__ import annotations

from types import SimpleNamespace

import page_fake
import pytest
from corpora import Small, corpus, libraries, lighthouses, manual

from assistant.conversation import understand
from assistant.evidence import Found
from assistant.kinds import asked_for
from assistant.outline import Outline, ask_outline
from assistant.turn import HEADINGS, Turn, Turns
from assistant.ui.keeping import Turn as Kept
from assistant.ui.keeping import to_record

LIGHTS = ["Division de l’optique", "Division des énergies"]
OFFICES = [
    "Bureau régional de Brest (France)",
    "Bureau régional de Lisbonne (Portugal)",
    "Bureau régional du Caire (Égypte)",
]
DEPARTMENTS = ["Département des feux", "Département de la navigation"]


def outline(question: str, small: Small) -> Outline | None:
    return ask_outline(understand(question, [], small), small)


@pytest.mark.parametrize(
    ("question", "kind", "items"),
    [
        ("Quelles divisions composent le Département des feux ?", "children", LIGHTS),
        ("Combien de divisions compte le Département des feux ?", "count", LIGHTS),
        ("Que comprend le Département des feux ?", "children", [*LIGHTS, "Unité VIGIE"]),
        ("De quoi se compose le département des feux ?", "children", [*LIGHTS, "Unité VIGIE"]),
        ("Combien de bureaux régionaux y a-t-il ?", "count", OFFICES),
        ("COMBIEN DE BUREAUX REGIONAUX", "count", OFFICES),
        ("Quels sont les bureaux régionaux ?", "children", OFFICES),
        ("Liste des bureaux régionaux", "children", OFFICES),
        ("Combien de départements y a-t-il ?", "count", DEPARTMENTS),
        ("De quel département dépend l'unité VIGIE ?", "parent", DEPARTMENTS[:1]),
        ("L'unité VIGIE est rattachée à quel département ?", "parent", DEPARTMENTS[:1]),
        ("De quoi relève la Division de l'optique ?", "parent", DEPARTMENTS[:1]),
        ("Quel département comprend l'unité VIGIE ?", "parent", DEPARTMENTS[:1]),
        (
            "L'unité VIGIE et la Division de l'optique relèvent-elles du même département ?",
            "parent",
            DEPARTMENTS[:1],
        ),
        (
            "Quelles divisions relèvent du même département que l'unité VIGIE ?",
            "siblings",
            LIGHTS,
        ),
        ("How many regional offices are there?", "count", OFFICES),
        (
            "List everything under the Département des feux.",
            "children",
            [*LIGHTS, "Unité VIGIE"],
        ),
        ("Which department does the VIGIE unit belong to?", "parent", DEPARTMENTS[:1]),
        ("What does the Brest office come under?", "parent", ["Bureaux régionaux"]),
        ("¿Cuántas oficinas regionales hay?", "count", OFFICES),
        ("¿A qué departamento pertenece la unidad VIGIE?", "parent", DEPARTMENTS[:1]),
        ("Wie viele Regionalbüros gibt es?", "count", OFFICES),
        ("Da quale dipartimento dipende l'unità VIGIE?", "parent", DEPARTMENTS[:1]),
        ("A que departamento pertence a unidade VIGIE?", "parent", DEPARTMENTS[:1]),
    ],
)
def test_structure(question: str, kind: str, items: list[str]) -> None:
    small = lighthouses()
    found = outline(question, small)
    assert found is not None
    assert found.kind == kind
    assert [small.heading(unit) for unit in found.items] == items


@pytest.mark.parametrize(
    "question",
    [
        "Quels bureaux travaillent avec l'OIT ?",
        "Combien de sémaphores le bureau de Brest appuie-t-il ?",
        "Combien de bureaux la Division des cartes marines soutient-elle ?",
        "Combien de personnes compte l'unité VIGIE ?",
        "Que font les bureaux régionaux ?",
        "Où sont les bureaux régionaux ?",
        "Quel bureau se trouve à Brest ?",
        "Qui dirige le Département des feux ?",
        "Quelles sont les missions du Département des feux ?",
        "Quelles divisions s'occupent des cartes marines ?",
        "De quoi est chargée la Division de l'optique ?",
        "Le bureau de Brest fait-il partie des bureaux régionaux ?",
        "Quels bureaux dépendent du bureau de Brest ?",
        "De quel ministère dépend l'Agence des phares et balises ?",
        "De quel bureau régional relève l'unité VIGIE ?",
        "How many people work in the Lisbon office?",
        "¿Qué oficinas trabajan con la OTAN?",
        "Combien de divisions compte l'armée ?",
        "Combien ?",
        "Merci",
        "",
    ],
)
def test_what_is_not_about_the_tree(question: str) -> None:
    assert outline(question, lighthouses()) is None


def test_a_flat_document_has_no_tree() -> None:
    for question in ("How many chapters are there?", "What is part of Network settings?"):
        assert outline(question, manual()) is None


def test_a_spanish_tree() -> None:
    small = libraries()
    found = outline("¿Qué unidades componen el Departamento de Colecciones?", small)
    assert found is not None
    assert [small.heading(unit) for unit in found.items] == [
        "Unidad de Catalogación",
        "Unidad de Restauración",
    ]


def test_the_institution_may_go_by_another_name() -> None:
    cities = ("Brest", "Lisbonne", "Le Caire")
    parts = [f"# Bureau régional de {city}\n\nIl représente l’APB à {city}." for city in cities]
    small = corpus(("fr", "\n\n".join(parts)))
    query = understand("How many regional offices does the LBA have?", [], small)
    assert ask_outline(query, small) is None
    found = ask_outline(query, small, spelling=lambda word: ["APB"] if word == "LBA" else [])
    assert found is not None
    assert len(found.items) == len(cities)


@pytest.mark.parametrize(
    ("question", "kinds", "qualities"),
    [
        (
            "Quels bureaux régionaux travaillent avec des unités du Siège ?",
            {"office"},
            {"regional"},
        ),
        ("Which regional offices publish studies?", {"office"}, {"regional"}),
        ("¿Qué unidades forman al personal?", {"unit"}, set()),
        ("Qui forme le personnel ?", set(), set()),
    ],
)
def test_the_kind_of_unit_that_is_asked_for(
    question: str, kinds: set[str], qualities: set[str]
) -> None:
    assert asked_for(question) == (kinds, qualities)


def test_units_can_be_named_by_their_meaning() -> None:
    small = lighthouses()
    optics = next(u.id for u in small.units.values() if "optique" in u.heading)
    query = understand("Which department does the lens grinding division belong to?", [], small)
    phrases: list[str] = []

    def naming(phrase: str) -> list[tuple[str, float]]:
        phrases.append(phrase)
        return [(optics, 0.8)]

    found = ask_outline(query, small, naming)
    assert phrases == ["lens grinding division"]
    assert found is not None
    assert [small.heading(unit) for unit in found.items] == ["Département des feux"]
    assert ask_outline(query, small) is None


def test_a_long_list_is_cut_but_counted_whole_and_can_be_kept_by_the_page() -> None:
    harbours = "".join(f"## Harbour {n}\n\nIt has quay {n}.\n\n" for n in range(450))
    small = page_fake.corpus(page_fake.document("a.md", f"# Harbours\n\n{harbours}", "en"))
    top, *below = small.units
    query = understand("How many harbours are there?", [], small)
    asked = Turn(query.asked, query, Outline("count", top, tuple(below)), Found((), 0.0, {}))
    searcher = SimpleNamespace(corpus=small, languages=("en",))
    answer = Turns(searcher, "en", 500).decide(asked)  # type: ignore[arg-type]
    assert answer.text.startswith("450 ")
    assert len(answer.citations) == HEADINGS
    assert to_record(Kept("x", answer))["citations"][-1]["number"] == HEADINGS
