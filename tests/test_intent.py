"""What a question asks for, and talk that asks for nothing."""

from __future__ import annotations

import pytest

from assistant.intent import answer_language, asks_for_more, smalltalk, target, wants_list
from assistant.wording import flat, wording


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("Qui dirige le bureau ?", "fr", "person"),
        ("Who runs it?", "en", "person"),
        ("¿Quién supervisa la unidad?", "es", "person"),
        ("Wo ist das Büro?", "de", "place"),
        ("Dans quelle ville se trouve le Siège ?", "fr", "place"),
        ("Quelle est l'adresse du bureau de Brest ?", "fr", "address"),
        ("adresse mail du service presse svp", "fr", "contact"),
        ("What is the phone number?", "en", "contact"),
        ("Comment joindre le standard ?", "fr", "contact"),
        ("Qui contacter en cas de panne ?", "fr", "person"),
        ("Dans quel hôtel siège la cour ?", "fr", "other"),
        ("On m'a volé mon téléphone, que faire ?", "fr", "other"),
        ("Con quale ente ha contatti l'ufficio?", "it", "other"),
        ("En quelle année a-t-il été créé ?", "fr", "time"),
        ("Quand la machine se grippe, qui répare ?", "fr", "person"),
        ("When is the next session?", "en", "time"),
        ("Quel est le budget de l'unité ?", "fr", "amount"),
        ("How much danger is accepted?", "en", "other"),
        ("¿Cuántas oficinas hay?", "es", "count"),
        ("Quanti uffici ci sono?", "it", "count"),
        ("Quelle différence entre A et B ?", "fr", "compare"),
        ("Que signifie PSL ?", "fr", "definition"),
        ("Pourquoi le phare est-il éteint ?", "fr", "reason"),
        ("Porque o farol está apagado?", "pt", "reason"),
        ("Quels bureaux travaillent avec l'OIT ?", "fr", "list"),
        ("谁负责灯塔？", "zh", "person"),
        ("Кто отвечает за маяки?", "ru", "person"),
        ("Que fait la division ?", "fr", "other"),
        ("", "fr", "other"),
    ],
)
def test_targets(question: str, language: str, expected: str) -> None:
    assert target(question, language) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Quelles divisions taillent des lentilles ?", True),
        ("Which regional offices work with NATO?", True),
        ("¿Qué oficinas trabajan con la OIT?", True),
        ("Liste des bureaux", True),
        ("Qui s'occupe des cartes ?", True),
        ("Dans quelles fiches le délai est-il de deux mois ?", True),
        ("In welchen Abschnitten steht ein Preis?", True),
        ("Où parle-t-on de la foudre ?", True),
        ("Where is lightning mentioned?", True),
        ("Dans quels bureaux la division intervient-elle ?", False),
        ("Où se trouve le bureau ?", False),
        ("Quelle division taille les lentilles ?", False),
        ("Quels pays sont couverts ?", False),
        ("De quels bureaux parle-t-on ?", False),
        ("Quels bureaux la division appuie-t-elle ?", False),
        ("Which UN entities share the lead?", False),
    ],
)
def test_lists(question: str, expected: bool) -> None:
    assert wants_list(question) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonjour !", ("greeting", "fr")),
        ("merci beaucoup", ("thanks", "fr")),
        ("Thanks a lot!", ("thanks", "en")),
        ("¡Gracias!", ("thanks", "es")),
        ("aide", ("help", "fr")),
        ("Pourquoi ?", ("why", "fr")),
        ("你好", ("greeting", "zh")),
        (" … ?! ", ("empty", "fr")),
        ("", ("empty", "fr")),
        ("Merci de me dire qui gère les phares", None),
        ("Pourquoi le phare est-il éteint ?", None),
    ],
)
def test_small_talk(text: str, expected: tuple[str, str] | None) -> None:
    assert smalltalk(text, "fr") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("en anglais", "en"),
        ("En anglais s'il vous plaît", "en"),
        ("Answer in French, please", "fr"),
        ("auf Deutsch bitte", "de"),
        ("用英语", "en"),
        ("на русском", "ru"),
        ("les documents en anglais", None),
        ("Qui révise les documents en anglais ?", None),
    ],
)
def test_the_language_of_the_answer_can_be_asked_for(text: str, expected: str | None) -> None:
    assert answer_language(text, wording("fr")) == expected


def test_more_of_the_same() -> None:
    assert asks_for_more("Plus de détails ?", "fr") == "fr"
    assert asks_for_more("tell me more", "fr") == "en"
    assert asks_for_more("Plus de détails sur les phares", "fr") is None
    assert asks_for_more("plus de précisions svp", "fr") == "fr"
    assert asks_for_more("more details please", "en") == "en"
    assert asks_for_more("svp", "fr") is None


def test_flat_text_keeps_its_length() -> None:
    for text in ("Œuvre ßtraße ﬁn İ ǆ", "L’été", "ا‌ل"):
        assert len(flat(text)) == len(text)


@pytest.mark.parametrize(
    "question",
    [
        "Quels documents as-tu ?",
        "peux-tu m'aider ?",
        "Which documents do you have?",
        "es-tu une IA",
    ],
)
def test_a_question_about_the_assistant_is_not_searched(question: str) -> None:
    assert (smalltalk(question, "fr") or ("", ""))[0] == "help"
