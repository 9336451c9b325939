"""Each of the tools through the Python SDK, in both protocol eras: it works, it fails, and both replies are as promised."""

import pytest
from mcp import Client

from sessions import CALLS, fail, filled, like, run, server, succeed


@pytest.mark.parametrize("tool", CALLS)
def test_a_tool_works_and_says_how_it_fails(era, account, tool):
    async def session():
        async with Client(server(account=account), mode=era) as client:
            call = await filled(client, CALLS[tool])
            unknown = await fail(client, tool, **call["works"], no_such_argument=1)
            assert (unknown["type"], unknown["param"]) == ("invalid_argument", "no_such_argument")
            assert like(call["refused"], await fail(client, tool, **call["fails"])) == call["refused"]
            assert like(call["shows"], await succeed(client, tool, **call["works"])) == call["shows"]

    run(session())
