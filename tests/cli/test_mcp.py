"""`comity mcp` over real standard input and output, on behalf of a token: read-only, and silent once the token ends."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from comity import settings as configuration
from comity.access.policy import Scope
from comity.app import opened
from comity.cli.places import shell_user
from tests.cli.conftest import store_in

pytest.importorskip("mcp", reason="peer not installed: mcp")


def test_a_token_answers_over_stdio_and_no_more_once_it_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcp import Client, StdioServerParameters

    store_in(tmp_path, monkeypatch)
    with opened(configuration.load(), work=False) as office:
        who = shell_user(office)
        secret, token = office.accounts.make_token(who, label="mcp", scopes=frozenset({Scope.READ}), days=1)
        environment = {
            "COMITY_DATA": str(tmp_path / "data"),
            "COMITY_KEYS": str(tmp_path / "keys"),
            "COMITY_OFFLINE": "yes",
            "COMITY_MCP_TOKEN": secret,
        }
        server = StdioServerParameters(command=sys.executable, args=["-m", "comity", "mcp"], env=environment)
        said: list[Any] = []

        async def talk() -> None:
            async with Client(server) as client:
                tools = await client.list_tools()
                said.append(sorted(tool.name for tool in tools.tools))
                said.append(await _asked(client, "deadlines"))
                await anyio.to_thread.run_sync(office.accounts.revoke_token, who, token.id)
                said.append(await _asked(client, "deadlines"))

        anyio.run(talk)
    names, before, after = said
    assert names == ["case", "cases", "deadlines", "exposures", "plan"]
    assert before == {"found": True, "total": 0, "deadlines": []}
    assert after["found"] is False


async def _asked(client: Any, tool: str) -> Any:
    answer = await client.call_tool(tool, {})
    return json.loads(answer.content[0].text)
