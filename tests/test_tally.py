"""What the words of a corpus do: counted at ingest, and where an index does not hold it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Build, HashedWords
from corpora import corpus, lighthouses, manual

from assistant import tally
from assistant.mentions import find_mentions
from assistant.settings import Settings
from assistant.store import open_corpus


def test_a_snapshot_holds_what_its_texts_give(
    settings: Settings, build: Build, encoder: HashedWords
) -> None:
    build()
    corpus = open_corpus(settings.index, encoder.name)
    assert corpus.tally == tally.count(corpus.documents, corpus.units.values())
    assert corpus.tally == tally.tally_of(corpus)
    assert corpus.tally.languages == ("en", "fr")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for small in (lighthouses(), manual(), corpus(("fr", "# Rien"))):
        counted = tally.tally_of(small)
        tally.write(tmp_path, counted)
        assert tally.read(tmp_path) == counted


def test_an_index_without_a_tally_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tally.read(tmp_path) is None
    tally.write(tmp_path, tally.tally_of(lighthouses()))
    monkeypatch.setattr(tally, "VERSION", tally.VERSION + 1)
    assert tally.read(tmp_path) is None


def test_words_are_counted_as_they_stand() -> None:
    small = corpus(
        ("fr", "# Phare Nord\n\nLe phare. Au phare de Brest, la lampe.\n## Lampe\n\nUn.")
    )
    counted = tally.tally_of(small)
    assert counted.vocabulary["phare"] == 3
    assert counted.in_units["lamp"] == 2
    assert "brest" in counted.capital
    assert "un" not in counted.capital
    assert "lampe" in counted.small
    assert ("LDF", "lentilles de Fresnel") in [
        (short, long) for short, long in tally.tally_of(lighthouses()).pairs
    ]


def test_a_name_is_found_among_many_headings_that_share_a_word() -> None:
    parts = [f"# Division {i} des installations portuaires\n\nTexte {i}." for i in range(300)]
    small = corpus(("fr", "\n".join([*parts, "# Division des installations d'Ouessant\n\nIci."])))
    found = find_mentions("Que fait la division des installations d'Ouessant ?", small)
    assert [small.heading(m.unit) for m in found] == ["Division des installations d'Ouessant"]
    same = corpus(("fr", "\n".join(["# Installation électrique\n\nTexte."] * 300)))
    assert len(find_mentions("l'installation électrique", same)) == 300
