"""The terminal command: ``assistant`` or ``python -m assistant``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.errors import AssistantError, SettingError

app = typer.Typer(
    name="assistant",
    help="Answers over an institution's documents, each one proved by a verbatim quote.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
feedback = typer.Typer(help="What readers said of answers.", no_args_is_help=True)
app.add_typer(feedback, name="feedback")
IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the index.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
BatchOption = Annotated[
    Path | None, typer.Option("--batch", help="File of questions, one JSON object a line.")
]


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or files.")] = None,
    index: IndexOption = None,
    rebuild: Annotated[bool, typer.Option(help="Read and embed everything anew.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print progress, report or error as JSON lines.")
    ] = False,
) -> None:
    """Bring the index to the state of the documents."""
    from assistant.ingest import ingest as run
    from assistant.records import ingest_record
    from assistant.render import progress, report

    settings = _settings(index=index)
    roots = paths or [settings.knowledge]
    if as_json:
        try:
            done = run(roots, settings, progress=_print_progress, rebuild=rebuild)
        except AssistantError as error:
            _print_json({"error": type(error).__name__, "detail": str(error)})
            raise typer.Exit(1) from error
        _print_json({"report": ingest_record(done)})
    else:
        with progress(settings.language) as shown:
            done = run(roots, settings, progress=shown, rebuild=rebuild)
        typer.echo(report(done, settings.language))
    if any(file.failed for file in done.skipped):
        raise typer.Exit(1)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    batch: BatchOption = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question, or each question of a file."""
    from assistant.build import open_assistant
    from assistant.records import answer_record

    settings = _settings(index=index)
    rows = _rows(question, batch, "question")
    assistant = open_assistant(settings)
    for row in rows:
        answer = assistant.ask(row["question"], _history(row))
        if batch or as_json:
            _print_json({"id": row.get("id"), **answer_record(answer)})
        else:
            from assistant.render import show_answer

            show_answer(answer)


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    batch: BatchOption = None,
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=10, help="Units listed.")] = 10,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the units that a query finds, best first."""
    from assistant.build import open_assistant
    from assistant.records import hit_record

    settings = _settings(index=index)
    rows = _rows(query, batch, "query")
    assistant = open_assistant(settings)
    for row in rows:
        hits = assistant.search(row.get("query") or row["question"], top_k)
        if batch or as_json:
            _print_json({"id": row.get("id"), "retrieved": [hit_record(hit) for hit in hits]})
        else:
            for hit in hits:
                typer.echo(f"{hit.score:8.3f}  {' > '.join(hit.unit.path)}  ({hit.unit.document})")


@app.command()
def show(
    document: Annotated[str, typer.Argument(help="The document, as citations name it.")],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a document as it was read."""
    from assistant.records import document_record
    from assistant.store import read_documents

    settings = _settings(index=index)
    documents, units = read_documents(settings.index)
    if document not in documents:
        known = ", ".join(sorted(documents)) or "none"
        raise AssistantError(f"{document} is not in {settings.index}; it holds: {known}")
    if as_json:
        own = [unit for unit in units if unit.document == document]
        _print_json(document_record(documents[document], own))
    else:
        typer.echo(documents[document].text)


@app.command(name="eval")
def evaluate(
    questions: Annotated[Path | None, typer.Option(help="File of questions.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    embedding_model: Annotated[str | None, typer.Option(help="Embedding model.")] = None,
    llm: Annotated[
        str | None, typer.Option(help="Language model that writes answers, beside the quotes.")
    ] = None,
) -> None:
    """Measure the assistant on a fixed question set, next to baselines."""
    try:
        from evals.__main__ import main as run
    except ImportError as error:
        raise AssistantError(
            f"The evaluation is part of the source folder, and needs the test extra "
            f"({error.name} is missing): run it there after `make install`"
        ) from error
    settings = _settings(reports=report)
    arguments = ["run", "--knowledge", str(settings.knowledge), "--report", str(settings.reports)]
    if questions:
        arguments += ["--questions", str(questions)]
    if embedding_model:
        arguments += ["--embedding-model", embedding_model]
    if llm:
        arguments += ["--llm", llm]
    raise typer.Exit(run(arguments))


@app.command()
def serve(
    index: IndexOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Open the page."""
    from assistant.ui import serve as run

    run(_settings(index=index, host=host, port=port))


@feedback.command()
def export(
    to: Annotated[Path | None, typer.Option("--to", help="File; without it, print.")] = None,
    unresolved: Annotated[
        bool, typer.Option(help="Also wrong answers, for a person to fill in what is right.")
    ] = False,
    index: IndexOption = None,
) -> None:
    """Write the feedback as questions that `assistant eval --questions FILE` reads."""
    from assistant.ui.feedback import kept
    from assistant.ui.verdicts import rows

    found = rows(kept(_settings(index=index)), unresolved)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    if to is None:
        sys.stdout.write(text)
        return
    try:
        to.write_text(text, "utf-8")
    except OSError as error:
        raise AssistantError(f"{to} cannot be written: {error.strerror}") from error


@app.command()
def password(name: Annotated[str, typer.Argument(help="The reader's name.")]) -> None:
    """Ask for a password and print the line for the file named in ASSISTANT_AUTH."""
    from assistant.ui.passwords import line

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        typer.echo(line(name, secret))
    except ValueError as error:
        raise AssistantError(f"No line was made: {error}") from error


@app.command()
def mcp(
    index: IndexOption = None,
    http: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of this machine, for HTTP at /mcp.")
    ] = None,
) -> None:
    """Serve programs that speak MCP, over standard input and output or over HTTP."""
    from assistant.mcp import serve as run

    settings = _settings(index=index)

    def opened() -> Any:
        from assistant.build import open_assistant

        return open_assistant(settings)

    run(opened, http)


@app.command()
def doctor(index: IndexOption = None) -> None:
    """Say what is installed, which model, which index, and what to mend."""
    from assistant.doctor import checks

    found = checks(_settings(index=index))
    for check in found:
        mark = "✓" if check.ok else "✗"
        typer.echo(
            f"{mark} {check.name}: {check.detail}" + (f" — {check.fix}" if check.fix else "")
        )
    if not all(check.ok for check in found):
        raise typer.Exit(1)


def _settings(**overrides: object) -> Any:
    from assistant.settings import load_settings

    return load_settings(**overrides)


def _rows(text: str | None, batch: Path | None, key: str) -> list[dict[str, Any]]:
    """Return the questions asked for, each a row; raise UsageError when there are none or two."""
    if (text is None) == (batch is None):
        raise typer.BadParameter(f"give either one {key} or --batch FILE")
    return [{key: text, "question": text}] if batch is None else list(_read_batch(batch))


def _read_batch(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"{path} could not be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise AssistantError(f"{path}, line {number}, is not JSON: {error.msg}") from error
        text = (row.get("question") or row.get("query")) if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(text, str | None):
            raise AssistantError(f"{path}, line {number}: an object with `question` is expected")
        yield {**row, "question": text or "", "query": text or ""}


def _history(row: dict[str, Any]) -> list[str]:
    return [turn for turn in row.get("history") or [] if isinstance(turn, str)]


def _print_progress(step: str, done: int, total: int) -> None:
    _print_json({"step": step, "done": done, "total": total})


def _print_json(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def _errors_for_people() -> Iterator[None]:
    """Print an error that a person can act on as one line, without a traceback."""
    try:
        yield
    except SettingError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except AssistantError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(141)


def main(run: Callable[[], Any] = app) -> None:
    """Run the command."""
    with _errors_for_people():
        run()


if __name__ == "__main__":
    main()
