"""The texts and the drawing of the benchmark that grows."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from assistant import readers, units
from benchmarks import panels, scale
from benchmarks.scale_texts import LARGEST, Section, documents, questions, write

TEXT = "La description des installations portuaires se trouve en entier dans le registre"
SECTIONS = [
    Section(f"page{i // 3}", f"Titre {i}", tuple(f"{TEXT} {i} {j}." for j in range(40)))
    for i in range(12)
]


def test_documents_have_the_size_that_was_asked_for_and_a_bound() -> None:
    for size in (1, 100, 3000):
        made = list(documents(SECTIONS, size, 1))
        lengths = [sum(len(section.sentences) for section in document) for document in made]
        assert sum(lengths) == size
        assert max(lengths) <= LARGEST
        assert made == list(documents(SECTIONS, size, 1))
    real = {text for section in SECTIONS for text in section.sentences}
    assert {text for d in made for s in d for text in s.sentences} == real


def test_what_is_written_has_as_many_passages(tmp_path: Path) -> None:
    write(documents(SECTIONS, 700, 1), tmp_path / "texts")
    found = 0
    for path in readers.discover(tmp_path / "texts")[0]:
        document = readers.read(path, tmp_path / "texts", max_bytes=1 << 20)
        found += len(units.split(document)[1])
    assert found == 700


def test_questions_are_phrases_of_the_first_passages() -> None:
    few = [Section("p", "Titre", ("Les grands ports du Nord ouvrent chaque matin à six heures.",))]
    assert questions(few, 5, 100) == ["Qu'est-ce que les grands ports du Nord ouvrent chaque ?"]


def test_the_drawing_and_the_table_hold_every_size() -> None:
    result = dict.fromkeys(scale._COLUMNS, 1.5)
    results = [{**result, "passages": 10**power} for power in (2, 3, 4)]
    root = ElementTree.fromstring(scale.plot(results))
    assert len(root.findall(".//{*}polyline")) == 9
    assert len(root.findall(".//{*}circle")) == 9 * 4
    assert len(scale.table(results).splitlines()) == 7
    one = panels.draw("x", [panels.Panel("t", [panels.Line("a", [(10, 1)])])])
    assert "NaN" not in one
