"""Units and clauses: what must not be cut, what must, and what holds for any text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import LANGUAGES
from assistant.types import Document, Heading
from assistant.units import CHUNKER_VERSION, clauses, sentences, split


def cut(text: str, language: str = "fr") -> list[str]:
    return [text[a:b] for a, b in clauses(text, 0, len(text), language)]


def told(text: str, language: str = "fr") -> list[str]:
    return [text[a:b] for a, b in sentences(text, language)]


def document(
    text: str, *headings: tuple[str, int], noise: tuple[tuple[int, int], ...] = ()
) -> Document:
    found, at = [], 0
    for wording, level in headings:
        at = text.index(wording, at)
        found.append(Heading(wording, level, at, at + len(wording)))
        at += len(wording)
    return Document("a/b.md", "Le titre", text, "0", "fr", tuple(found), noise)


# --- sentences ---------------------------------------------------------------------------

WHOLE = [
    ("fr", "M. Diop et Mme Ba ont vu le Dr. Sy."),
    ("fr", "Le texte, p. ex. La Charte, dit l'art. 5 et le n. 12 du règlement."),
    ("fr", "Elle suit les dons, les legs, etc. pour le bureau."),
    ("fr", "Cf. Annexe 3, p. 12, fig. 4 du rapport."),
    ("fr", "La O.N.U. Femmes appuie le programme."),
    ("fr", "J. K. Rowling écrit à J.-P. Dupont."),
    (
        "fr",
        "La valeur de 3.5 millions atteint 14,2 % sur www.exemple.org ou a.b@c.org cette année.",
    ),
    ("fr", "« Une phrase. Une autre. » sont citées."),
    ("fr", "Le bureau (voir l'annexe. Elle est longue.) suit les projets."),
    ("fr", 'Il dit "Bonjour. Entrez." et part.'),
    ("fr", "Trois tâches : Coordonner – Appuyer – Former tout le monde"),
    ("fr", "Ah ! dit-il, vraiment ? demanda-t-elle."),
    ("fr", "Le bureau… et la suite."),
    ("fr", "Voir le chap. 3 et la sect. 2."),
    ("en", "Mr. Smith of Acme Inc. Ltd. sells, e.g. Books, i.e. Paper, vs. Nothing."),
    ("de", "Am 3. Oktober 2020 kam Hr. Müller, z.B. Ohne Hut, bzw. Mantel."),
    ("es", "El Sr. Gómez y la Dra. Ruiz, p.ej. Ayer, vieron la pág. 5."),
    ("ru", "См. Рис. 5 и т.е. Всё остальное."),
]


@pytest.mark.parametrize(("language", "text"), WHOLE)
def test_no_cut_inside_a_sentence(language: str, text: str) -> None:
    assert told(text, language) == [text]


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("fr", "", []),
        ("fr", " \n\n ", []),
        ("fr", "...", []),
        ("fr", "Un. Deux.", ["Un.", "Deux."]),
        ("fr", "Un ! Deux ? Trois… Quatre", ["Un !", "Deux ?", "Trois…", "Quatre"]),
        ("fr", "Fin, etc. Le bureau suit.", ["Fin, etc.", "Le bureau suit."]),
        ("fr", "Il dit « oui. » Puis il part.", ["Il dit « oui. »", "Puis il part."]),
        ("fr", "Il part.[3] Elle reste.", ["Il part.[3]", "Elle reste."]),
        ("fr", "En 2019. Le reste suit.", ["En 2019.", "Le reste suit."]),
        ("fr", "Il cite l'O.N.U. Le bureau suit.", ["Il cite l'O.N.U.", "Le bureau suit."]),
        ("fr", "Oui. « Non. »", ["Oui.", "« Non. »"]),
        ("fr", "Un (deux. Trois", ["Un (deux.", "Trois"]),
        ("fr", "- un\n- deux", ["un", "deux"]),
        ("fr", "1. Le premier.\n2) Le second.", ["Le premier.", "Le second."]),
        (
            "fr",
            "Voici. 1. Le premier. 2. Le second.",
            ["Voici.", "1. Le premier.", "2. Le second."],
        ),
        (
            "fr",
            "Il a fini.Elle part.L'agent reste.",
            ["Il a fini.", "Elle part.", "L'agent reste."],
        ),
        ("fr", "Attention !Demander conseil.", ["Attention !", "Demander conseil."]),
        (
            "fr",
            "Voir www.Exemple.Org ou https://x.org/a.B ou M.Diop ou Node.js",
            ["Voir www.Exemple.Org ou https://x.org/a.B ou M.Diop ou Node.js"],
        ),
        ("fr", "(OIM) Le bureau.", ["(OIM) Le bureau."]),
        ("fr", "a | b\nc | d", ["a | b", "c | d"]),
        ("en", "He said no. Then he left.", ["He said no.", "Then he left."]),
        ("ar", "هل هذا صحيح؟ نعم هذا صحيح.", ["هل هذا صحيح؟", "نعم هذا صحيح."]),
        ("zh", "他来了。她走了！「是吗？」是。", ["他来了。", "她走了！", "「是吗？」", "是。"]),
        ("th", "เขามาแล้ว  เธอไปแล้ว", ["เขามาแล้ว", "เธอไปแล้ว"]),
    ],
)
def test_sentences(language: str, text: str, found: list[str]) -> None:
    assert told(text, language) == found


def test_a_wrapped_paragraph_is_one_text() -> None:
    text = "Le bureau suit les relations avec les gouvernements et les\nÉtats membres de la région."
    assert told(text) == [text]


# --- clauses -----------------------------------------------------------------------------

LONG = "coordonne les relations avec les partenaires de la région et les bureaux"


def test_semicolons_end_clauses_and_are_left_out() -> None:
    text = f"Le bureau {LONG} ; planifie les activités de la région ; et {LONG}."
    assert cut(text) == [
        f"Le bureau {LONG}",
        "planifie les activités de la région",
        f"et {LONG}.",
    ]


def test_semicolons_in_brackets_do_not() -> None:
    text = f"Le bureau ({LONG} ; {LONG}) suit « {LONG} ; {LONG} » de près."
    assert cut(text) == [text]


def test_short_fragments_join_their_neighbour() -> None:
    assert cut(f"Oui. Le bureau {LONG}.") == [f"Oui. Le bureau {LONG}."]
    assert cut(f"Le bureau {LONG}. Non.") == [f"Le bureau {LONG}. Non."]
    assert cut("Oui.") == ["Oui."]


def test_short_items_are_gathered_and_long_ones_stay_apart() -> None:
    text = f"- {LONG}\n- {LONG}\n- un\n- deux\n- trois\n- quatre\n- cinq\n- six\n- {LONG}"
    assert cut(text) == [LONG, LONG, "un\n- deux\n- trois\n- quatre", f"cinq\n- six\n- {LONG}"]


def test_rows_of_a_table_stay_apart_when_long() -> None:
    row = "Dakar | Sénégal | le bureau de la région"
    assert cut(f"{row}\n{row}\n{row}") == [row] * 3


def test_long_enumerations_after_a_colon_are_cut_at_commas() -> None:
    items = [
        f"la coordination numéro {n} des approches (bureaux, siège, pays) de la région"
        for n in range(8)
    ]
    text = "Le bureau exerce diverses fonctions : " + ", ".join(items) + "."
    found = cut(text)
    assert len(found) > 2
    assert all(part.count("(") == part.count(")") and len(part) < 350 for part in found)
    assert " ".join(found) == text


def test_long_sentences_without_colon_stay_whole_up_to_a_limit() -> None:
    text = "Le bureau suit " + ", ".join(f"le projet {n}" for n in range(40)) + "."
    assert 350 < len(text) < 600
    assert cut(text) == [text]


@pytest.mark.parametrize("piece", ["mot ", "mot, ", "x", "字", "😀", "e\u0301", "( ", "« "])
def test_one_enormous_sentence_is_cut(piece: str) -> None:
    text = (piece * 30_000).strip()
    found = cut(text)
    assert all(len(part) <= 600 for part in found)
    assert "".join("".join(found).split()) == "".join(text.split()) or not found


def test_a_long_quotation_left_open_or_huge_is_cut_all_the_same() -> None:
    text = "« " + "Une phrase assez longue pour tenir seule. " * 40 + "»"
    assert len(cut(text)) > 30


def test_noise_is_never_inside() -> None:
    text = f"Le bureau {LONG}. En savoir plus\n\nSuite courte"
    begin = text.index("En savoir")
    found = clauses(text, 0, len(text), "fr", [(begin, begin + len("En savoir plus"))])
    assert [text[a:b] for a, b in found] == [f"Le bureau {LONG}.", "Suite courte"]


ALPHABET = st.sampled_from(
    [*"aé.!?;:,()«»\"“”\n\t |-1’'—…。；؟؛字ทA", " M. ", " etc. ", "\n\n", "\n- ", " et "]
)
TEXT = st.lists(ALPHABET, max_size=300).map("".join)
LANGUAGE = st.sampled_from(LANGUAGES)


@given(TEXT, LANGUAGE, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=3))
def test_clauses_are_trimmed_ordered_apart_and_clean(
    text: str, language: str, noise: list[tuple[int, int]]
) -> None:
    noise = [(min(a, b), max(a, b)) for a, b in noise]
    found = clauses(text, 0, len(text), language, noise)
    assert all(0 <= a < b <= len(text) and text[a:b] == text[a:b].strip() for a, b in found)
    assert all(first[1] <= second[0] for first, second in pairwise(found))
    assert not any(
        a < stop and begin < b for a, b in found for begin, stop in noise if begin < stop
    )
    assert all(b - a <= 600 for a, b in found)


@given(TEXT, LANGUAGE)
def test_no_word_is_lost(text: str, language: str) -> None:
    kept = bytearray(len(text))
    for a, b in clauses(text, 0, len(text), language):
        kept[a:b] = b"\1" * (b - a)
    lost = "".join(c for c, inside in zip(text, kept, strict=True) if not inside)
    # List marks ("a) ", "1. ") are the only letters that may be left out.
    assert len([c for c in lost if c.isalnum()]) <= text.count("\n") + 1


# --- units -------------------------------------------------------------------------------


def test_text_without_headings_is_one_unit_under_the_title() -> None:
    units, passages = split(document(f"Le bureau {LONG}."))
    (unit,) = units
    assert (unit.heading, unit.path, unit.level) == ("Le titre", ("Le titre",), 0)
    assert unit.heading_start == unit.heading_end == 0
    assert [passage.unit for passage in passages] == [unit.id]


def test_an_empty_document_has_no_unit() -> None:
    assert split(document("")) == ([], [])
    assert split(document(" \n ")) == ([], [])


def test_paths_parents_and_bodies() -> None:
    text = "Un\n\nIntro.\n\nDeux\n\nTrois\n\nCorps trois.\n\nQuatre\n\nFin."
    units, passages = split(document(text, ("Un", 1), ("Deux", 2), ("Trois", 4), ("Quatre", 2)))
    assert [unit.path for unit in units] == [
        ("Un",),
        ("Un", "Deux"),
        ("Un", "Deux", "Trois"),
        ("Un", "Quatre"),
    ]
    by_id = {unit.id: unit for unit in units}
    assert [by_id[u.parent].heading if u.parent else None for u in units] == [
        None,
        "Un",
        "Deux",
        "Un",
    ]
    assert [text[u.start : u.end] for u in units] == ["Intro.", "", "Corps trois.", "Fin."]
    assert all(text[u.heading_start : u.heading_end] == u.heading for u in units)
    assert [by_id[p.unit].heading for p in passages] == ["Un", "Trois", "Quatre"]


def test_text_before_the_first_heading_is_above_all() -> None:
    units, _ = split(document("Avant.\n\nUn\n\nCorps.", ("Un", 1)))
    assert [unit.path for unit in units] == [("Le titre",), ("Le titre", "Un")]


def test_a_title_is_not_below_itself() -> None:
    units, _ = split(document("Avant.\n\nLe titre\n\nCorps.\n\nDeux", ("Le titre", 1), ("Deux", 2)))
    assert [unit.path for unit in units] == [("Le titre",), ("Le titre",), ("Le titre", "Deux")]
    assert units[0].id != units[1].id
    assert units[2].parent == units[1].id


def test_the_same_heading_twice_has_two_ids() -> None:
    text = "Un\n\nCorps.\n\nUn\n\nCorps."
    units, passages = split(document(text, ("Un", 2), ("Un", 2)))
    assert len({unit.id for unit in units}) == 2
    assert len({passage.id for passage in passages}) == 2


def test_ids_are_functions_of_content_and_place() -> None:
    text = "Un\n\nCorps.\n\nDeux\n\nCorps."
    first = split(document(text, ("Un", 2), ("Deux", 2)))
    assert split(document(text, ("Un", 2), ("Deux", 2))) == first
    # A unit added after the others changes none of their ids.
    longer = split(document(text + "\n\nTrois\n\nFin.", ("Un", 2), ("Deux", 2), ("Trois", 2)))
    assert longer[0][:2] == first[0]
    assert longer[1][:2] == first[1]


def test_headings_out_of_order_and_adjacent() -> None:
    text = "UnDeux"
    made = Document("x", "t", text, "0", "fr", (Heading("Deux", 2, 2, 6), Heading("Un", 1, 0, 2)))
    units, passages = split(made)
    assert [unit.path for unit in units] == [("Un",), ("Un", "Deux")]
    assert passages == []


@given(st.lists(st.tuples(TEXT, st.integers(1, 6)), max_size=6), TEXT)
def test_passages_are_slices_of_their_unit(parts: list[tuple[str, int]], before: str) -> None:
    text, headings = before, []
    for number, (body, level) in enumerate(parts):
        name = f"Titre {number}"
        headings.append(Heading(name, level, len(text), len(text) + len(name)))
        text += f"{name}\n\n{body}\n\n"
    units, passages = split(Document("d", "t", text, "0", "fr", tuple(headings)))
    by_id = {unit.id: unit for unit in units}
    assert len(by_id) == len(units)
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        unit = by_id[passage.unit]
        assert text[passage.start : passage.end] == passage.text
        assert unit.start <= passage.start < passage.end <= unit.end
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    assert all(unit.path[-1] == unit.heading for unit in units)


def test_the_version_is_a_number() -> None:
    assert CHUNKER_VERSION >= 1
