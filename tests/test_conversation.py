"""What a question stands for after others."""

from __future__ import annotations

import pytest
from corpora import libraries, lighthouses

from assistant.conversation import Query, understand

BREST = "Que fait le bureau de Brest ?"


def ask(*turns: str, default: str = "fr") -> Query:
    return understand(turns[-1], turns[:-1], lighthouses(), default=default)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((BREST, "Et le bureau de Lisbonne ?"), "Que fait le bureau de Lisbonne ?"),
        ((BREST, "et celui du Caire ?"), "Que fait le bureau du Caire ?"),
        ((BREST, "Lisbonne ?"), "Que fait le bureau de Lisbonne ?"),
        ((BREST, "Et l'unité VIGIE ?"), "Que fait l’unité VIGIE ?"),
        ((BREST, "non, celui de Lisbonne"), "Que fait le bureau de Lisbonne ?"),
        ((BREST, "Non, je voulais dire Lisbonne"), "Que fait le bureau de Lisbonne ?"),
        ((BREST, "Quelle est son adresse ?"), "Quelle est l’adresse du bureau de Brest ?"),
        ((BREST, "Avec qui collabore-t-il ?"), "Avec qui le bureau de Brest collabore-t-il ?"),
        ((BREST, "Que fait-il d'autre ?"), "Que fait le bureau de Brest d'autre ?"),
        ((BREST, "Qui dirige ce bureau ?"), "Qui dirige le bureau de Brest ?"),
        ((BREST, "avec qui ?"), "Que fait le bureau de Brest ? Avec qui ?"),
        (
            (BREST, "Et l'unité VIGIE ?", "Revenons à la première, qui la dirige ?"),
            "Qui la dirige ? (le bureau de Brest)",
        ),
        (
            ("Que fait la Division de l'optique ?", BREST, "Et elle, que forme-t-elle ?"),
            "Que forme la Division de l'optique ?",
        ),
        (
            ("Que fait la Division de l'optique ?", BREST, "et la division dont je parlais ?"),
            "Que fait la Division de l'optique ?",
        ),
        (
            ("Qui taille les lentilles ?", "Elle forme qui ?"),
            "Qui taille les lentilles ? Elle forme qui ?",
        ),
        (("Qui travaille avec l'OTAN ?", "et avec l'OIT ?"), "Qui travaille avec l'OIT ?"),
        (("What does the Brest office do?", "and in Cairo?"), "What does the Cairo office do?"),
        (
            ("What does the Brest office do?", "Who are its partners?"),
            "Who are the Brest office’s partners?",
        ),
        (
            ("What does the Brest office do?", "What about the office in Lisbon?"),
            "What does the office in Lisbon do?",
        ),
        (
            ("¿Qué hace la oficina de Brest?", "¿Y la de Lisboa?"),
            "¿Qué hace la oficina de Lisboa?",
        ),
        (
            ("¿Qué hace la oficina de Brest?", "¿Con quién trabaja?"),
            "¿Con quién trabaja la oficina de Brest?",
        ),
        (("Was macht das Büro in Brest?", "Und in Kairo?"), "Was macht das Büro in Kairo?"),
        (
            ("Che cosa fa l'ufficio di Brest?", "E quello di Lisbona?"),
            "Che cosa fa l'ufficio di Lisbona?",
        ),
        (
            ("O que faz o escritório de Brest?", "E o de Lisboa?"),
            "O que faz o escritório de Lisboa?",
        ),
        (("Чем занимается бюро в Каире?", "А в Лиссабоне?"), "Чем занимается бюро в Лиссабоне?"),
        (("开罗办事处做什么？", "那里斯本呢？"), "里斯本办事处做什么？"),
    ],
)
def test_a_follow_up_is_written_out(turns: tuple[str, ...], expected: str) -> None:
    query = ask(*turns)
    assert query.text == expected
    assert query.rewritten
    assert query.asked == turns[-1]


@pytest.mark.parametrize(
    "question",
    [
        "Qui publie les cartes marines ?",
        "Quelle division taille les lentilles ?",
        "Le bureau de Lisbonne travaille-t-il avec l'OTAN ?",
        "L'Agence a-t-elle un site ?",
        "Y a-t-il une cantine ?",
        "Quel bureau régional prête son concours au canal ?",
        "La Division des énergies, elle fait quoi ?",
        "Qui s'occupe des cartes ?",
        "Which division publishes its maps online?",
        "Is it true that the moon is made of cheese?",
        "¿Quién publica los mapas?",
        "¿Qué división forma a sus empleados cada año?",
        "Wer veröffentlicht die Seekarten?",
        "Können Sie mir sagen, wer die Karten macht?",
        "谁出版航海图？",
        "من هو مدير الوكالة؟",
    ],
)
def test_a_question_that_stands_on_its_own_is_not_touched(question: str) -> None:
    query = ask(BREST, question)
    assert query.text == question
    assert not query.rewritten


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("OK merci. Sinon qui publie les cartes ?", "Qui publie les cartes ?"),
        ("Rien à voir, mais qui publie les cartes ?", "Qui publie les cartes ?"),
        ("Et qui publie les cartes marines ?", "Qui publie les cartes marines ?"),
        ("By the way, who publishes the maps?", "Who publishes the maps?"),
        ("Otra cosa: ¿quién publica los mapas?", "¿Quién publica los mapas?"),
        ("Je voulais dire : qui taille les lentilles ?", "Qui taille les lentilles ?"),
        ("No smoking rules apply where?", "No smoking rules apply where?"),
    ],
)
def test_another_subject_leaves_the_old_one(question: str, expected: str) -> None:
    query = ask(BREST, question)
    assert query.text == expected
    assert not query.rewritten


def test_small_talk_is_not_remembered() -> None:
    assert ask(BREST, "merci", "Et celui de Lisbonne ?").text == "Que fait le bureau de Lisbonne ?"
    assert ask("Bonjour").smalltalk == "greeting"
    assert ask("?!").smalltalk == "empty"
    assert ask(BREST, "Pourquoi ?").smalltalk == "why"


def test_the_answer_s_language_changes_and_the_question_stays() -> None:
    query = ask(BREST, "en anglais")
    assert (query.text, query.language, query.rewritten) == (BREST, "en", True)


def test_more_details() -> None:
    query = ask(BREST, "plus de détails")
    assert (query.text, query.rewritten) == (BREST, True)
    assert ask("plus de détails").smalltalk == "help"


def test_an_earlier_answer_can_be_what_a_pronoun_stands_for() -> None:
    small = lighthouses()
    optics = next(u.id for u in small.units.values() if "optique" in u.heading)
    asked: list[str] = []

    def antecedent(question: str) -> str | None:
        asked.append(question)
        return optics

    turns = ("Qui taille les lentilles ?", "Et elle, avec qui travaille-t-elle ?")
    query = understand(turns[1], turns[:1], small, antecedent=antecedent)
    assert query.text == "Avec qui la Division de l’optique travaille-t-elle ?"
    assert query.focus == (optics,)
    assert asked == ["Qui taille les lentilles ?"]


def test_what_a_question_names_and_wants() -> None:
    query = ask("Quelles divisions travaillent avec le bureau de Brest ?")
    assert [lighthouses().heading(unit) for unit in query.focus] == [
        "Bureau régional de Brest (France)"
    ]
    assert query.wants_list
    assert query.target == "list"
    assert ask("Et combien ?").text == "Et combien ?"


def test_long_histories_and_strange_input() -> None:
    turns = [BREST, *["Et celui de Lisbonne ?", "et celui de Brest ?"] * 30, "et celui du Caire ?"]
    assert ask(*turns).text == "Que fait le bureau du Caire ?"
    assert ask(BREST, "x" * 5000).text == "x" * 5000 or not ask(BREST, "x" * 5000).rewritten
    assert ask("{parent} \\1 (((", "et [celui] de *Brest* ((?").text


def test_another_corpus() -> None:
    query = understand(
        "¿Y la de Restauración?", ["¿Qué hace la unidad de catalogación?"], libraries()
    )
    assert query.text == "¿Qué hace la unidad de Restauración?"
