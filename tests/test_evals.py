"""The evaluation around the measures: questions, judging, baselines, gate, page, sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.__main__ import app
from assistant.build import open_assistant
from assistant.errors import AssistantError
from assistant.types import Answer, Citation, Document, Hit, Passage, Unit
from evals import (
    baselines,
    gate,
    handbook,
    manual,
    public,
    public_sets,
    results,
    runner,
    systems,
    tables,
)
from evals.__main__ import main
from evals.outcomes import Found, Outcome, Quoted, judge
from evals.questions import (
    Question,
    dump_questions,
    half_of,
    load_questions,
    markdown_units,
    parse_question,
    problems,
)
from evals.report import page
from evals.results import digest_of, newest, row_of, save, value
from evals.rows import what_happened, wrong_rows

TEXT = "# Jardin\n\n## Roses\n\nLes roses sont rouges.\n\n## Lilas <b>\n\nLe lilas est mauve.\n"
EVIL = "<script>alert('x')</script>"


@dataclass(frozen=True)
class FakeCorpus:
    generation: str
    documents: dict[str, Document]
    units: dict[str, Unit]
    passages: tuple[Passage, ...]


def corpus_of(text: str, name: str = "jardin.md") -> FakeCorpus:
    """Return units of one passage each; the offsets are the Markdown's own."""
    units: dict[str, Unit] = {}
    passages = []
    for heading, body in markdown_units(text).items():
        if not body.strip():
            continue
        at = text.index(heading)
        start = text.index(body.strip())
        end = start + len(body.strip())
        unit = Unit(heading, name, heading, (heading,), 2, at, at + len(heading), start, end)
        units[heading] = unit
        passages.append(Passage(f"{heading}/0", name, heading, text[start:end], start, end))
    document = Document(name, "Jardin", text, "digest", "fr")
    return FakeCorpus("g1", {name: document}, units, tuple(passages))


@dataclass
class FakeAssistant:
    """Answers with the unit that shares most words; silent when there are none."""

    corpus: FakeCorpus
    quote_shift: int = 0
    asked: list[str] = field(default_factory=list)

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        self.asked.append(question)
        hits = self.search(question)
        if not hits or hits[0].score <= 0:
            return Answer(question, "abstained", "fr", "Rien.", 0.1, retrieved=hits)
        best = hits[0].passage
        assert best is not None
        text = f"{hits[0].unit.heading} [1]"
        start = best.start + self.quote_shift
        unit = hits[0].unit
        proof = Citation(1, unit.document, unit.id, unit.heading, unit.path, best.text, start,
                         best.end)  # fmt: skip
        return Answer(question, "answered", "fr", text, 0.9, (proof,), hits, understood=None)

    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]:
        yield self.ask(question, history)

    def search(self, query: str, top_k: int = 10) -> tuple[Hit, ...]:
        words = set(query.lower().replace("?", "").split())
        hits = [
            Hit(
                self.corpus.units[p.unit],
                p,
                float(len(words & set(p.text.lower().strip(".").split()))),
                {"words": 1.0},
            )
            for p in self.corpus.passages
        ]
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.unit.id)))[:top_k]


def asked(identifier: str = "q1", **changes: object) -> Question:
    base = Question(
        identifier,
        "De quelle couleur sont les roses ?",
        "fr",
        "fact",
        True,
        ("Roses",),
        ("rouges",),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


SILENT = Outcome(False, 0.1)
SET = [
    asked("q1"),
    asked("q2", question="Le lilas est comment ?", units=("Lilas <b>",), spans=("mauve",)),
    asked("q3", question="Prix du bitcoin", kind="unanswerable", answerable=False, units=(),
          spans=(), scope="far"),
    asked("q4", question=f"lilas {EVIL}", kind="unanswerable", answerable=False, units=(),
          spans=(), scope="near"),
    asked("q5", question="Quelles fleurs ?", kind="list", units=("Roses", "Lilas <b>"),
          spans=("rouges", "mauve")),
]  # fmt: skip


@pytest.fixture
def fake_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make the runner open the fake; return a question file."""

    def opened(settings: object, **options: object) -> systems.AssistantSystem:
        name = str(options.get("name", "assistant"))
        return systems.AssistantSystem(FakeAssistant(corpus_of(TEXT)), name)

    monkeypatch.setattr(runner, "open_system", opened)
    file = tmp_path / "questions.jsonl"
    file.write_text(dump_questions(SET), encoding="utf-8")
    monkeypatch.setattr(results, "DEFAULT_FILE", file)
    return file


# --- questions


def test_the_split_is_fixed() -> None:
    assert "".join(half_of(f"fr-{i:03d}")[0] for i in range(1, 21)) == "ttctcttctctttcttcctt"


def test_questions_survive_a_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(dump_questions(SET) + "\n", encoding="utf-8")
    assert load_questions(file) == SET


@pytest.mark.parametrize("line", ["{", '{"id": "x"}', '{"surprise": 1}', "[]", "3"])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(AssistantError, match=r"q\.jsonl, line 2"):
        load_questions(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    for name in ("nowhere", "latin.jsonl"):
        with pytest.raises(AssistantError, match=name):
            load_questions(tmp_path / name)


def test_check_reads_what_an_ingest_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knowledge, file = tmp_path / "k", tmp_path / "q.jsonl"
    for name in ("README.md", ".removed/old.md", "flowers.markdown"):
        (knowledge / name).parent.mkdir(parents=True, exist_ok=True)
        (knowledge / name).write_text(TEXT.replace("Roses", name), encoding="utf-8")
    rows = [asked(name, question=name, units=(name,)) for name in ("README.md", "old.md")]
    file.write_text(dump_questions([*rows, asked("c", units=("flowers.markdown",))]))
    assert main(["check", "--questions", str(file), "--knowledge", str(knowledge)]) == 1
    out = capsys.readouterr().out
    assert "README.md: no heading" in out and "old.md: no heading" in out
    assert "c: " not in out and "3 questions" in out


def test_problems_are_found() -> None:
    units = markdown_units(TEXT)
    assert problems(SET, units) == []
    bad = [
        asked("a", spans=("bleues",)),
        asked("b", units=("Tulipes",), question="Et les tulipes ?"),
        asked("b", kind="follow_up", question="Et elles ?"),
        asked("c", answerable=False, kind="unanswerable", question="Hein ?"),
        asked("d", kind="riddle", question=" "),
        asked("e", units=(), spans=(), question="Quoi ?"),
    ]
    found = " ".join(problems(bad, units))
    for expected in ("span not in its unit", "no heading 'Tulipes'", "used 2 times",
                     "without history", "with units or spans", "without scope", "riddle",
                     "empty question", "without units or spans"):  # fmt: skip
        assert expected in found


def test_the_same_question_twice_is_found() -> None:
    twice = [asked("a"), asked("b", question="de  quelle couleur sont les roses ?")]
    assert len(problems(twice, markdown_units(TEXT))) == 2


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        parse_question({"colour": "red"})


def test_the_projects_own_questions_fit_its_document() -> None:
    questions = load_questions()
    text = Path("knowledge/oim-bureau-executif.md").read_text(encoding="utf-8")
    assert problems(questions, markdown_units(text)) == []
    assert len(questions) >= 500
    silent = [q for q in questions if not q.answerable]
    assert len(silent) >= 80 and sum(q.scope == "near" for q in silent) >= len(silent) / 2


# --- judging


def test_a_right_answer() -> None:
    system = systems.AssistantSystem(FakeAssistant(corpus_of(TEXT)))
    row = judge(asked(), system.answer("Les roses sont rouges"))
    assert row.correct and not row.wrong
    assert row.scores["unit@1"] == row.scores["quote_first"] == row.scores["citation_exact"] == 1
    assert row.scores["answer_language"] == 1


def test_a_moved_quote_is_not_exact() -> None:
    system = systems.AssistantSystem(FakeAssistant(corpus_of(TEXT), quote_shift=1))
    assert judge(asked(), system.answer("Les roses sont rouges")).scores["citation_exact"] == 0


def test_silence_is_judged_both_ways() -> None:
    far = asked(answerable=False, kind="unanswerable", units=(), spans=(), scope="far")
    assert judge(far, SILENT).scores == {"silent": 1, "silent_far": 1, "seconds": 0}
    assert not judge(far, SILENT).wrong
    assert judge(far, Outcome(True, 0.9)).wrong
    missed = judge(asked(), SILENT)
    assert missed.wrong and missed.scores["quote_first"] == 0 and missed.scores["answered"] == 0


def test_what_a_silent_system_would_have_said_counts_on_the_curve() -> None:
    ready = Outcome(False, 0.4, ranked=(Found("Roses", "d", 1.0, "Les roses sont rouges."),))
    row = judge(asked(), ready)
    assert row.correct and row.wrong


def test_lists_want_the_whole_set() -> None:
    question = asked(kind="list", units=("A", "B"), spans=("x",))
    both = (Quoted("A", "d", "x"), Quoted("B", "d", "y"))
    assert judge(question, Outcome(True, 1, citations=both)).correct
    assert not judge(question, Outcome(True, 1, citations=both[:1])).correct
    more = (*both, Quoted("C", "d", "z"))
    assert judge(question, Outcome(True, 1, citations=more)).scores["set_exact"] == 0


def test_a_question_without_span_needs_the_unit_only() -> None:
    ranked = (Found("Roses", "d", 1.0),)
    row = judge(asked(spans=()), Outcome(True, 1, ranked))
    assert row.correct and "quote_first" not in row.scores


def test_a_crash_names_the_question() -> None:
    class Broken:
        name = "broken"

        def answer(self, question: str, history: Sequence[str] = ()) -> Outcome:
            raise KeyError(question)

    with pytest.raises(KeyError) as caught:
        systems.ask_all(Broken(), SET)
    assert "q1" in caught.value.__notes__[0]


# --- baselines


def test_bm25_folds_accents_and_elisions() -> None:
    corpus = corpus_of("# T\n\n## Été\n\nL’élève dort.\n\n## Hiver\n\nIl neige.\n")
    bm25 = baselines.Bm25(baselines.whole_units(corpus))
    assert bm25.answer("ELEVE dormir l'ete").ranked[0].unit == "Été"
    assert bm25.answer("zzz").confidence == 0
    assert bm25.answer("").ranked
    assert bm25.answer("et là ?", ["il neige ?"]).ranked[0].unit == "Hiver"


def test_split_covers_everything_in_bounded_slices() -> None:
    text = "mot " * 900 + "x" * 2500
    slices = baselines.split(text)
    assert slices[0][0] == 0 and slices[-1][1] == len(text)
    assert all(0 < end - start <= baselines.CHUNK for start, end in slices)
    assert all(b[0] <= a[1] and b[0] > a[0] for a, b in pairwise(slices))
    assert baselines.split("") == []


def test_chunks_belong_to_the_unit_they_mostly_stand_in() -> None:
    corpus = corpus_of(TEXT)
    (chunk,) = baselines.chunks_of(corpus, baselines.whole_units(corpus))
    assert chunk.unit.key in ("Roses", "Lilas <b>") and chunk.text == TEXT


def test_a_missing_extra_leaves_the_tutorial_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError("gone", name="sentence_transformers")

    monkeypatch.setattr(baselines, "Tutorial", missing)
    monkeypatch.setattr(baselines, "Dense", lambda units: baselines.Bm25(units))
    assert len(baselines.baselines(corpus_of(TEXT))) == 2
    assert "sentence_transformers is not installed" in capsys.readouterr().err


def test_baselines_get_their_threshold_from_tune() -> None:
    tune = [i for i in map(str, range(40)) if half_of(i) == "tune"][:10]
    check = [i for i in map(str, range(40)) if half_of(i) == "check"][:2]
    rows = [judge(asked(i), Outcome(True, 0.5 + n / 100)) for n, i in enumerate(tune)]
    rows += [judge(asked(i), Outcome(True, c)) for i, c in zip(check, (0.4, 0.9), strict=True)]
    assert [r.outcome.answered for r in baselines.with_silence(rows)][-2:] == [False, True]


# --- runs, gate, page


def test_a_run_from_the_command_line(fake_run: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    arguments = ["--questions", str(fake_run), "--report", str(tmp_path / "r"), "--knowledge"]
    (tmp_path / "k").mkdir()
    assert main(["run", *arguments, str(tmp_path / "k"), "--no-baselines"]) == 0
    out = capsys.readouterr().out
    assert "right unit first" in out
    result = newest(tmp_path / "r", "run")
    assert result is not None and set(result["systems"]) == {"assistant"}
    assert len(result["systems"]["assistant"]["rows"]) == len(SET)
    (html,) = (tmp_path / "r").glob("*.html")
    assert EVIL not in html.read_text(encoding="utf-8")
    assert main(["table", "--report", str(tmp_path / "r")]) == 0
    assert main(["table", "--report", str(tmp_path / "none")]) == 1


def test_the_gate_fails_below_a_bar(fake_run: Path, tmp_path: Path) -> None:
    (tmp_path / "k").mkdir()
    arguments = ["gate", "--questions", str(fake_run), "--report", str(tmp_path), "--split", "all",
                 "--knowledge", str(tmp_path / "k"), "--bars"]  # fmt: skip
    low, high = tmp_path / "low.json", tmp_path / "high.json"
    low.write_text('{"citation_exact": {"min": 1.0}}')
    high.write_text('{"citation_exact": {"min": 1.0}, "nothing": {"min": 0.5}}')
    assert main([*arguments, str(low)]) == 0
    assert main([*arguments, str(high)]) == 1


def test_models_and_mechanisms_side_by_side(fake_run: Path, tmp_path: Path) -> None:
    plan = runner.Plan(tmp_path, fake_run, baselines=False, models=("bundled", "other"))
    assert list(runner.run(plan)["systems"]) == ["assistant", "assistant (other)"]
    result = runner.ablate(plan, ["lists"])
    assert list(result["systems"]) == ["assistant", "without lists"]
    half = "check" if "check" in result["systems"]["assistant"]["summary"] else "tune"
    assert "without lists" in tables.ablation_table(result, half)


def test_no_questions_is_an_error(fake_run: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    with pytest.raises(AssistantError, match="no questions"):
        runner.run(runner.Plan(tmp_path, empty))


@pytest.mark.parametrize("words", [["run", "--without", "typo"], ["ablate", "--names", "typo"]])
def test_a_mechanism_that_is_none_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert "typo" in capsys.readouterr().err


def test_the_mechanisms_are_those_that_the_assistant_can_leave_out() -> None:
    named = re.findall(r"``(\w+)``", open_assistant.__doc__ or "")
    assert sorted(runner.MECHANISMS) == sorted(set(named) - {"without", "counted"})


def test_the_terminal_measures_the_folders_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Sequence[str]] = []
    monkeypatch.setattr("evals.__main__.main", lambda words: given.append(words) or 0)
    monkeypatch.setenv("ASSISTANT_KNOWLEDGE", "elsewhere")
    monkeypatch.setenv("ASSISTANT_REPORTS", "told")
    for more in ([], ["--report", "there"]):
        assert CliRunner().invoke(app, ["eval", *more]).exit_code == 0
    expected = ["run", "--knowledge", "elsewhere", "--report"]
    assert given == [[*expected, "told"], [*expected, "there"]]


def numbers(**values: float) -> dict[str, list[float]]:
    return {name.replace("_at_", "@"): [v, v, v, 20] for name, v in values.items()}


def test_verdicts() -> None:
    groups = {
        "all": numbers(unit_at_1=0.9, aurc=0.02),
        "language=fr": numbers(unit_at_1=0.95),
        "language=th": {"unit@1": [0.1, 0, 0.3, 3]},
    }
    result = {"systems": {"assistant": {"summary": {"check": groups}}}}
    bars = {
        "unit@1": {"min": 0.9},
        "aurc": {"max": 0.01},
        "language=*/unit@1": {"min": 0.9},
        "kind=list/set_exact": {"min": 0.5},
    }
    found = {v.name: v.holds for v in gate.verdicts(result, bars)}
    assert found == {
        "unit@1": True,
        "aurc": False,
        "language=fr/unit@1": True,
        "kind=list/set_exact": False,
    }
    shown = gate.gate_table(gate.verdicts(result, bars))
    assert "above the bar" in shown and "—" in shown


def test_bars_are_well_formed(tmp_path: Path) -> None:
    assert gate.load_bars() and gate.load_bars(gate.GOALS)
    bad = tmp_path / "bars.json"
    bad.write_text('{"unit@1": 0.9}')
    with pytest.raises(ValueError, match="unit@1"):
        gate.load_bars(bad)


def test_the_page_is_self_contained_and_escapes(fake_run: Path, tmp_path: Path) -> None:
    result = runner.run(runner.Plan(tmp_path, fake_run, baselines=False))
    html = page(result, {"unit@1": {"min": 0.5}, "nothing": {"max": 0.1}})
    assert EVIL not in html and "<b>" not in html.lower().replace("<body>", "")
    assert "http://" not in html and "https://" not in html
    assert "default-src 'none'" in html and "answered, though the text does not say" in html


def test_what_happened() -> None:
    row = row_of(judge(asked(), Outcome(True, 0.9, (Found("Roses", "d", 1.0),))))
    assert what_happened(row) == "right unit, other quote"
    assert what_happened({**row, "scores": {"unit@1": 0.0}}) == "other unit"
    assert what_happened({**row, "answered": False}).startswith("silent")
    assert what_happened({**row, "kind": "list"}).startswith("not the whole set")
    assert what_happened({**row, "wrong": False}) == ""
    assert "Every wrong row" in wrong_rows([])


def test_results_are_named_by_commit(tmp_path: Path) -> None:
    assert newest(tmp_path, "run") is None
    file = save({"commit": "abc", "systems": {}}, tmp_path / "new", "run")
    asked_of = {"commit": "abc", "systems": {}, "question_file": "words.jsonl 0123456789ab"}
    other = save(asked_of, tmp_path / "new", "run")
    assert other.name == "run-abc-questions-0123456789ab.json"
    assert newest(tmp_path / "new", "run") == {"commit": "abc", "systems": {}}
    with pytest.raises(AssistantError, match="cannot be written"):
        save({"commit": "abc"}, file, "run")
    assert file.name == "run-abc.json" and json.loads(file.read_text())["commit"] == "abc"
    assert value({"systems": {}}, "assistant", "check", "all", "unit@1") is None
    assert digest_of(tmp_path) == digest_of(tmp_path) != digest_of(file)


def test_tables_fill_their_place_only() -> None:
    text = "a <!-- table:run -->old<!-- end --> b <!-- table:public -->keep<!-- end -->"
    filled = tables.filled(text, {"run": "new", "manual": "nowhere"})
    assert "old" not in filled and "new" in filled and "keep" in filled and filled[0] == "a"
    assert "\\|" in tables.markdown(["a"], [["x|y"]])


# --- public sets and the manual


def write_sets(data: Path) -> str:
    titles = [t for t in (f"Title_{i}" for i in range(90)) if public_sets.held_out(t)][:2]
    paragraphs = [
        {"context": f"# Number {i}\nis red.", "qas": [
            {"id": f"a{i}", "question": f"What is {i}?", "answers": [{"text": "red"}]},
            {"id": f"b{i}", "question": f"Who is {i}?", "answers": [], "is_impossible": True}]}
        for i in range(6)
    ]  # fmt: skip
    squad = {"data": [{"title": t, "paragraphs": paragraphs} for t in (titles[0], "Title_x")]}
    for folder, name in (("squad2", "squad2-dev-half"), ("piaf", "piaf-v1.1")):
        (data / folder).mkdir()
        (data / folder / f"{name}.json").write_text(json.dumps(squad))
    (data / "xquad").mkdir()
    for p in paragraphs:
        p["qas"] = p["qas"][:1]
    for language in public_sets.XQUAD_LANGUAGES:
        (data / "xquad" / f"xquad.{language}.json").write_text(json.dumps(squad))
    entries = [f"Entrée {i}" for i in range(20)]
    (data / "cnil-faq" / "corpus").mkdir(parents=True)
    body = "\n\n".join(f"## {entry}\n\nTexte {i}.\n\n- liste" for i, entry in enumerate(entries))
    (data / "cnil-faq" / "corpus" / "net.md").write_text(f"# Net\n\n{body}\n")
    rows = [{"id": e, "question": e, "unit": e} for e in entries]
    (data / "cnil-faq" / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return titles[0]


def test_public_sets_are_read(tmp_path: Path) -> None:
    write_sets(tmp_path)
    held = {name: read(tmp_path) for name, read in public_sets.SETS.items()}
    assert [len(u.units) for u in held["squad2"].files] == [6, 6]
    assert held["squad2"].files[0].units[0] == ("§ 1", "Number 0 is red.")
    assert {q.scope for q in held["squad2"].questions} == {"", "near"}
    assert {q.language for q in held["xquad"].questions} == set(public_sets.XQUAD_LANGUAGES)
    assert all(q.spans == ("red",) for q in held["xquad"].questions)
    assert len(held["cnil"].questions) == 20
    assert held["cnil"].files[0].units[1] == ("Entrée 1", "Texte 1.\n\n- liste")


def test_gold_units_are_left_out_one_fold_at_a_time(tmp_path: Path) -> None:
    write_sets(tmp_path)
    held = public_sets.xquad(tmp_path)
    folds = list(public_sets.left_out(held.questions, held.folds))
    gone = [unit for units, _ in folds for unit in units]
    assert sorted(gone) == sorted({q.units[0] for q in held.questions})
    for units, about in folds:
        left = held.without(units)
        keys = {held.key(f"{f.name}.md", head) for f in left.files for head, _ in f.units}
        assert not keys & units and all(not q.answerable and not q.units for q in about)
        assert len({q.id for q in about} & {q.id for q in held.questions}) == 0


def test_a_first_unit_named_like_the_title_is_not_doubled(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("gone")
    public_sets.write([public_sets.File("p", "Titre", (("Titre", "un"), ("B", "deux")))], tmp_path)
    (file,) = tmp_path.glob("*.md")
    assert file.read_text() == "# Titre\n\nun\n\n## B\n\ndeux\n"


def test_baselines_do_not_rank_headings_without_text() -> None:
    corpus = corpus_of(TEXT)
    empty = replace(corpus.units["Roses"], id="x", heading="Vide", end=corpus.units["Roses"].start)
    units = baselines.whole_units(replace(corpus, units={**corpus.units, "x": empty}))
    assert [unit.heading for unit in units] == ["Roses", "Lilas <b>"]


def test_some_is_a_fixed_choice() -> None:
    questions = [asked(str(i)) for i in range(50)]
    few = public_sets.some(questions, 5)
    assert few == public_sets.some(questions, 5) and len(few) == 5
    assert public_sets.some(questions, None) == questions


def test_a_public_run_with_a_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sets(tmp_path)
    left: list[set[str]] = []

    def opened(settings, **options):  # type: ignore[no-untyped-def]
        (file,) = settings.knowledge.glob("*.md")
        text = file.read_text(encoding="utf-8")
        left.append(set(markdown_units(text)))
        return systems.AssistantSystem(FakeAssistant(corpus_of(text)), key=options["key"])

    monkeypatch.setattr(public, "open_system", opened)
    result = public.run_public(tmp_path, ["cnil"], with_baselines=False)
    (row,) = result["table"]
    assert row["set"] == "cnil" and {"unit@1", "silent", "auc"} <= set(row["numbers"])
    assert len(left) == 5 and all(len(later) < len(left[0]) for later in left[1:])
    assert "cnil" in tables.public_table(result)


HTML = """<html><head><title>no</title></head><body><ul class="docnav"><li>no</li></ul>
<div class="section"><h2 class="title"><a id="sect.a"></a>1.2. Titre <code>apt</code></h2>
<div class="para">Un<br/>texte &amp; plus.</div><pre class="screen">no</pre>
<h3 class="title"><a id="sect.b"></a>1.2.1. Autre</h3><p>Same words.</p></div></body></html>"""


def test_the_handbook_is_read(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "p.html").write_text(HTML, encoding="utf-8")
    (tmp_path / "fr" / "index.html").write_text(HTML, encoding="utf-8")
    pages = handbook.sections(tmp_path / "fr")
    assert [(s.anchor, s.title, s.text) for s in pages["p"]] == [
        ("sect.a", "Titre apt", ["Untexte & plus."]),
        ("sect.b", "Autre", ["Same words."]),
    ]
    english = {"p": [handbook.Section("sect.a", "Title apt"),
                     handbook.Section("sect.b", "Other", ["Same words."])]}  # fmt: skip
    french = handbook.translated(pages, english)
    assert [u for f in handbook.corpus(french) for u in f.units] == [
        ("Titre apt", "Untexte & plus.")
    ]
    german = {"p": [handbook.Section("sect.a", "Der Titel"), handbook.Section("sect.b", "Other")]}
    (query,) = handbook.queries(french, english, german, "de-DE")
    assert query.question == "Der Titel" and query.units == ("p.md#Titre apt",)
    assert handbook.queries(french, english, english, "de-DE") == []


@pytest.mark.parametrize(
    ("numbered", "plain"),
    [
        ("6.2.1. Initialisation", "Initialisation"),
        ("Chapitre 6. Outils", "Outils"),
        ("15장. 패키지", "패키지"),
        ("第 6 章 维护", "维护"),
        ("A. Annexe", "Annexe"),
        ("LVM", "LVM"),
    ],
)
def test_numbers_of_headings_go(numbered: str, plain: str) -> None:
    assert handbook._NUMBER.sub("", numbered) == plain


def test_nothing_to_fetch_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handbook.shutil, "which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="debian-handbook"):
        handbook.fetch(tmp_path)


def test_a_manual_run_with_a_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    html = tmp_path / "debian-handbook/usr/share/doc/debian-handbook/html"
    for language in (manual.CORPUS, *manual.LANGUAGES):
        (html / language).mkdir(parents=True)
        text = HTML.replace("Autre", f"Autre {language}").replace("Same", language)
        (html / language / "p.html").write_text(text, encoding="utf-8")
    questions = tmp_path / "q.jsonl"
    questions.write_text(dump_questions([asked(units=("Autre fr-FR",), spans=("words",))]))

    def opened(settings, **options):  # type: ignore[no-untyped-def]
        (file,) = settings.knowledge.glob("*.md")
        corpus = corpus_of(file.read_text(encoding="utf-8"), file.name)
        return systems.AssistantSystem(FakeAssistant(corpus), key=options["key"])

    monkeypatch.setattr(manual, "open_system", opened)
    result = manual.run_manual(tmp_path, limit=1, questions=questions, with_baselines=False)
    parts = [row["part"] for row in result["table"]]
    assert parts == ["mean of languages", *manual.LANGUAGES, "French questions"]
    assert "mean of languages" in tables.public_table(result)
