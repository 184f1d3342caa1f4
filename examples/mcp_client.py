"""The MCP server through the official client (`pip install "assistant[mcp]"`)."""

from __future__ import annotations

import asyncio
import sys

from mcp import Client, StdioServerParameters

question = sys.argv[1] if len(sys.argv) > 1 else "Qui gère la plateforme de gestion des crises ?"


async def main() -> None:
    """Start the server, list its tools, ask."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "assistant", "mcp", *sys.argv[2:]]
    )
    async with Client(server) as client:
        print([tool.name for tool in (await client.list_tools()).tools])
        result = await client.call_tool("ask", {"question": question})
        print((result.structured_content or {})["answer"])


asyncio.run(main())
