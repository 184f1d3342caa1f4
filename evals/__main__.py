"""The evaluation command: ``python -m evals run``, ``gate``, ``ablate``, ``public`` and others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from evals.questions import DEFAULT_FILE
from evals.runner import MECHANISMS, Plan

REPORTS = Path("reports")
Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    given = _parser().parse_args(arguments)
    command: Command = given.command
    return command(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals", description="How good are the answers?"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _command(commands, "run", "ask every question; write a JSON result and a page", _run)
    _plan_options(run)
    run.add_argument("--llm", default="", metavar="PROVIDER:MODEL", help="let it write answers too")
    run.add_argument("--no-baselines", dest="baselines", action="store_false")
    run.add_argument("--baselines", dest="baselines", action="store_true", default=True)
    gate = _command(commands, "gate", "ask the check half and compare with the bars", _gate)
    _plan_options(gate, split="check")
    gate.add_argument("--bars", type=Path, default=None, help="JSON file of bars")
    ablate = _command(commands, "ablate", "switch each mechanism off in turn", _ablate)
    _plan_options(ablate)
    ablate.add_argument(
        "--names", type=_mechanisms, default=(), help="mechanisms, separated by commas"
    )
    check = _command(commands, "check", "compare the question file with the document", _check)
    check.add_argument("--questions", type=Path, default=DEFAULT_FILE)
    check.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    public = _command(commands, "public", "measure on public sets (a folder you have)", _public)
    _model_options(public)
    public.add_argument("--data", type=Path, required=True, help="folder with the sets")
    public.add_argument("--sets", default="cnil,piaf,xquad,squad2", help="separated by commas")
    manual = _command(commands, "manual", "measure on Debian's handbook, many languages", _manual)
    _model_options(manual)
    manual.add_argument("--cache", type=Path, required=True, help="folder for the package")
    manual.add_argument("--questions", type=Path, help="questions about the French text")
    table = _command(commands, "table", "print the tables of the newest results", _table)
    table.add_argument("--report", type=Path, default=REPORTS, help="folder of the results")
    table.add_argument("--write", action="store_true", help="fill the tables of the README")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    function: Command,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=function)
    return parser


def _plan_options(parser: argparse.ArgumentParser, split: str = "all") -> None:
    parser.add_argument("--questions", type=Path, default=DEFAULT_FILE)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    parser.add_argument("--report", type=Path, default=REPORTS, help="folder of the results")
    parser.add_argument("--split", choices=("tune", "check", "all"), default=split)
    _without_option(parser)
    parser.add_argument(
        "--embedding-model",
        action="append",
        default=[],
        metavar="MODEL",
        help="may be given several times: the models then stand side by side",
    )


def _without_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without", action="append", default=[], choices=MECHANISMS, help="leave a mechanism out"
    )


def _mechanisms(names: str) -> list[str]:
    """Return the mechanisms named; raise ArgumentTypeError for what is none."""
    found = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in found if name not in MECHANISMS]:
        raise argparse.ArgumentTypeError(
            f"no mechanism {', '.join(unknown)}: choose from {', '.join(MECHANISMS)}"
        )
    return found


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", type=Path, default=REPORTS, help="folder of the results")
    parser.add_argument("--limit", type=int, help="questions per set and language")
    parser.add_argument("--no-baselines", dest="baselines", action="store_false")
    _without_option(parser)
    parser.add_argument("--embedding-model", metavar="MODEL")


def _run(given: argparse.Namespace) -> int:
    from evals.gate import GOALS, load_bars
    from evals.report import page
    from evals.results import save
    from evals.runner import run
    from evals.systems import note
    from evals.tables import run_table

    result = run(_plan(given))
    saved = save(result, given.report, "run")
    html = saved.with_suffix(".html")
    html.write_text(page(result, load_bars(GOALS)), encoding="utf-8")
    print(run_table(result))
    note(f"{saved}\n{html}")
    return 0


def _gate(given: argparse.Namespace) -> int:
    from evals.gate import DEFAULT_BARS, gate_table, load_bars, verdicts
    from evals.results import save
    from evals.runner import run

    result = run(_plan(given))
    save(result, given.report, "gate")
    half = "tune" if given.split == "tune" else "check"
    found = verdicts(result, load_bars(given.bars or DEFAULT_BARS), half)
    print(gate_table(found))
    return 0 if all(v.holds for v in found) else 1


def _ablate(given: argparse.Namespace) -> int:
    from evals.results import save
    from evals.runner import ablate
    from evals.tables import ablation_table

    result = ablate(_plan(given), given.names or MECHANISMS)
    save(result, given.report, "ablation")
    print(ablation_table(result))
    return 0


def _check(given: argparse.Namespace) -> int:
    from assistant.settings import load_settings
    from evals.questions import folder_units, load_questions, problems
    from evals.systems import note

    questions = load_questions(given.questions)
    units, skipped = folder_units(given.knowledge, load_settings().max_file_mb << 20)
    for line in skipped:
        note(f"skipped {line}")
    found = problems(questions, units)
    print("\n".join([*found, f"{len(questions)} questions, {len(found)} problems"]))
    return 1 if found else 0


def _public(given: argparse.Namespace) -> int:
    from evals.public import run_public
    from evals.results import save
    from evals.tables import public_table

    result = run_public(
        given.data,
        given.sets.split(","),
        limit=given.limit,
        with_baselines=given.baselines,
        without=frozenset(given.without),
        embedding_model=given.embedding_model,
    )
    save(result, given.report, "public")
    print(public_table(result))
    return 0


def _manual(given: argparse.Namespace) -> int:
    from evals.manual import run_manual
    from evals.results import save
    from evals.tables import public_table

    result = run_manual(
        given.cache,
        limit=given.limit,
        questions=given.questions,
        with_baselines=given.baselines,
        without=frozenset(given.without),
        embedding_model=given.embedding_model,
    )
    save(result, given.report, "manual")
    print(public_table(result))
    return 0


def _table(given: argparse.Namespace) -> int:
    from evals.tables import README, filled, tables

    found = tables(given.report)
    if given.write:
        README.write_text(filled(README.read_text(encoding="utf-8"), found), encoding="utf-8")
    else:
        print("\n\n".join(found.values()) or f"no results in {given.report}")
    return 0 if found else 1


def _plan(given: argparse.Namespace) -> Plan:
    return Plan(
        knowledge=given.knowledge,
        questions=given.questions,
        split=given.split,
        baselines=getattr(given, "baselines", False),
        models=tuple(given.embedding_model),
        llm=getattr(given, "llm", ""),
        without=frozenset(given.without),
    )


if __name__ == "__main__":
    from assistant.__main__ import main as guarded

    guarded(lambda: sys.exit(main()))
