"""The MCP server, spoken to by the official client: in the process, and over standard input."""

from __future__ import annotations

import asyncio
import builtins
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import page_fake
import pytest

from assistant.errors import IndexMissing, ModelMissing
from assistant.mcp import Tools, build
from assistant.records import answer_record
from assistant.types import Assistant

mcp = pytest.importorskip("mcp")

QUESTION = "Qui tient le registre national des optiques ?"
Call = tuple[str, dict[str, Any]]


def calls(opened: Callable[[], Assistant], *asked: Call) -> list[Any]:
    """Return the results of the calls, made one after the other by one client."""

    async def session() -> list[Any]:
        async with mcp.Client(build(opened)) as client:
            return [await client.call_tool(name, arguments) for name, arguments in asked]

    return asyncio.run(session())


def test_three_tools_say_what_they_do() -> None:
    async def listed() -> list[Any]:
        async with mcp.Client(build(page_fake.FakeAssistant)) as client:
            return list((await client.list_tools()).tools)

    tools = asyncio.run(listed())
    assert [tool.name for tool in tools] == ["ask", "search", "read_unit"]
    assert all(tool.description for tool in tools)


def test_ask_returns_the_record_of_the_terminal() -> None:
    (result,) = calls(page_fake.FakeAssistant, ("ask", {"question": QUESTION}))
    expected = json.loads(json.dumps(answer_record(page_fake.FakeAssistant().ask(QUESTION))))
    assert result.structured_content == expected
    assert json.loads(result.content[0].text) == expected


def test_what_search_finds_can_be_read() -> None:
    (found,) = calls(page_fake.FakeAssistant, ("search", {"query": "optiques", "top_k": 1}))
    (hit,) = found.structured_content["retrieved"]
    place = {"document": hit["document"], "path": hit["path"]}
    (unit,) = calls(page_fake.FakeAssistant, ("read_unit", place))
    read = unit.structured_content
    assert read["unit"] == hit["unit"]
    text = page_fake.lighthouse().documents[hit["document"]].text
    assert read["text"] == text[read["start"] : read["end"]] != ""


@pytest.mark.parametrize(
    "call",
    [
        ("read_unit", {"document": "manual.md", "path": []}),
        ("read_unit", {"document": "../../etc/passwd", "path": ["x"]}),
        ("search", {"query": "x", "top_k": 11}),
        ("ask", {}),
        ("ask", {"question": "x" * 100_001}),
    ],
)
def test_a_call_that_cannot_be_done_is_an_error_for_the_caller(call: Call) -> None:
    (result,) = calls(page_fake.FakeAssistant, call)
    assert result.is_error
    assert result.content[0].text


def test_an_index_that_comes_later_is_found() -> None:
    ready: list[Assistant] = []

    def opened() -> Assistant:
        if not ready:
            ready.append(page_fake.FakeAssistant())
            raise IndexMissing("There is no index: call `assistant ingest`")
        return ready[0]

    missing, there = calls(opened, *[("ask", {"question": QUESTION})] * 2)
    assert missing.is_error and "assistant ingest" in missing.content[0].text
    assert there.structured_content["status"] == "answered"


def test_a_wrong_path_leaves_the_assistant_open() -> None:
    ready = iter([page_fake.FakeAssistant()])
    wrong = ("read_unit", {"document": "manual.md", "path": []})
    _, after = calls(lambda: next(ready), wrong, ("ask", {"question": QUESTION}))
    assert after.structured_content["status"] == "answered"


def test_a_failure_elsewhere_takes_the_assistant_from_nobody() -> None:
    tools = Tools(page_fake.FakeAssistant)
    with tools._use():
        pass

    class Lock:
        """A lock that another call, which failed, comes after at once."""

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None:
            tools._assistant = None

    tools._lock = Lock()  # type: ignore[assignment]
    assert tools.ask(QUESTION)["status"] == "answered"


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true_import = builtins.__import__

    def refused(name: str, *more: Any) -> Any:
        if name == "mcp.server":
            raise ImportError("cannot import name 'MCPServer'", name=name)
        return true_import(name, *more)

    monkeypatch.setattr(builtins, "__import__", refused)
    with pytest.raises(ModelMissing, match=r"assistant\[mcp\]"):
        build(page_fake.FakeAssistant)


def test_the_command_speaks_over_standard_input(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    server = mcp.StdioServerParameters(
        command=sys.executable,
        args=["-m", "assistant", "mcp", "--index", str(tmp_path / "index")],
        env={"PYTHONPATH": str(root)},
        cwd=tmp_path,
    )

    async def session() -> Any:
        async with mcp.Client(server, read_timeout_seconds=120) as client:
            return await client.call_tool("ask", {"question": QUESTION})

    result = asyncio.run(session())
    assert result.is_error and "assistant ingest" in result.content[0].text


def test_the_command_speaks_over_http_on_this_machine_only(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "assistant", "mcp", "--index", "none", "--http", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as server:
        try:
            _wait_for(port)
            result = asyncio.run(_asked(f"http://127.0.0.1:{port}/mcp"))
            assert result.is_error and "assistant ingest" in result.content[0].text
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            headers = {"Host": "evil.example", "Content-Type": "application/json"}
            connection.request("POST", "/mcp", b"{}", headers)
            with connection.getresponse() as response:
                found = response.status, response.read()
            connection.close()
            assert found[0] == 421, found
        finally:
            server.terminate()


async def _asked(address: str) -> Any:
    async with mcp.Client(address, read_timeout_seconds=120) as client:
        return await client.call_tool("ask", {"question": QUESTION})


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
