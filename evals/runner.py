"""One run: the assistant and the baselines over the same questions, on a fresh index."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError
from evals.baselines import baselines, with_silence
from evals.questions import DEFAULT_FILE, Question, load_questions
from evals.results import Result, commit_of, digest_of, system_result
from evals.systems import System, ask_all, note, open_system, settings_for

MAIN = "assistant"
MECHANISMS = ("reader", "conversation", "outline", "lists", "names", "targets")
"""What ``assistant.build.open_assistant`` can leave out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run measures. The first model is the assistant's; more stand beside it, and the
    answers that the language model ``llm`` writes over the same index."""

    knowledge: Path = Path("knowledge")
    questions: Path = DEFAULT_FILE
    split: str = "all"
    baselines: bool = True
    models: tuple[str, ...] = ()
    llm: str = ""
    without: frozenset[str] = frozenset()


def chosen(questions: Sequence[Question], split: str) -> list[Question]:
    """Return the questions of one half, or all of them."""
    return [q for q in questions if split in ("all", q.half)]


def _asked(plan: Plan) -> list[Question]:
    questions = chosen(load_questions(plan.questions), plan.split)
    if not questions:
        raise AssistantError(f"no questions for split {plan.split!r} in {plan.questions}")
    return questions


def run(plan: Plan) -> Result:
    """Return the result of a run (see ``evals.results``); the index is made and thrown away.

    Raises AssistantError when there is nothing to ask.
    """
    questions = _asked(plan)
    note(f"{len(questions)} questions ({plan.split}) from {plan.questions}")
    systems: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="evals-") as folder:
        for number, model in enumerate(plan.models or ("",)):
            name = MAIN if number == 0 else f"{MAIN} ({model})"
            settings = settings_for(plan.knowledge, Path(folder) / str(number), model or None)
            system = open_system(settings, without=plan.without, name=name)
            systems[name] = system_result(ask_all(system, questions))
            if number == 0 and plan.llm:
                name = f"{MAIN}, written by {plan.llm}"
                settings = settings_for(plan.knowledge, settings.index, model or None, llm=plan.llm)
                writing = open_system(settings, without=plan.without, name=name)
                systems[name] = system_result(ask_all(writing, questions))
            if number == 0 and plan.baselines:
                others = baselines(system.assistant.corpus)
                systems.update(baseline_results(others, questions))
    return {**describe(plan), "questions": len(questions), "systems": systems}


def baseline_results(others: Sequence[System], questions: Sequence[Question]) -> dict[str, Result]:
    """Return the results of systems that need a threshold given to them."""
    return {
        system.name: system_result(with_silence(ask_all(system, questions))) for system in others
    }


def describe(plan: Plan) -> Result:
    """Return what a result was measured on."""
    return {
        "commit": commit_of(),
        "python": platform.python_version(),
        "model": (plan.models or ("as set",))[0],
        "without": sorted(plan.without),
        "split": plan.split,
        "knowledge": f"{plan.knowledge.name} {digest_of(plan.knowledge)}",
        "question_file": f"{plan.questions.name} {digest_of(plan.questions)}",
    }


def ablate(plan: Plan, mechanisms: Sequence[str]) -> Result:
    """Return a result whose systems are the assistant whole, then without each mechanism."""
    questions = _asked(plan)
    systems: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="evals-") as folder:
        settings = settings_for(
            plan.knowledge, Path(folder), plan.models[0] if plan.models else None
        )
        for mechanism in ("", *mechanisms):
            left_out = plan.without | ({mechanism} if mechanism else frozenset())
            name = f"without {mechanism}" if mechanism else MAIN
            system = open_system(settings, without=left_out, name=name)
            systems[name] = system_result(ask_all(system, questions))
    return {**describe(plan), "questions": len(questions), "systems": systems}
