"""Each of the tools through the Python SDK, in both protocol eras: it works, it fails, and both replies are as promised."""

import pytest
from mcp import Client

from scenarios import works_and_says_how_it_fails
from sessions import CALLS, run, server


@pytest.mark.parametrize("tool", CALLS)
def test_a_tool_works_and_says_how_it_fails(era, account, tool):
    async def session():
        async with Client(server(account=account), mode=era) as client:
            await works_and_says_how_it_fails(client, tool)

    run(session())
