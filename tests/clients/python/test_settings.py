"""What an operator sets: which tools are offered, and when a person is asked."""

import mcp_types as types
import pytest
from mcp import Client

from sessions import CALLS, CHANGES, READS, changed, everything, fail, filled, refuse, run, server, succeed

# Whatever is offered, the connection can be tested.
TEAMS = {"test_connection", "list_teams", "get_team"}
USERS = {
    "list_users",
    "get_user",
    "add_user",
    "update_user",
    "delete_user",
    "get_scheduling_availability",
    "update_scheduling_availability",
}
OFFERED = {
    "--read-only": READS,
    "--toolsets users,teams": USERS | TEAMS,
    "--toolsets users,teams --read-only": (USERS | TEAMS) & READS,
    "--toolsets teams --tools get_user --exclude-tools get_team": {"test_connection", "list_teams", "get_user"},
    "--exclude-tools delete_contact,delete_user": CALLS.keys() - {"delete_contact", "delete_user"},
}


@pytest.mark.parametrize("settings", OFFERED)
def test_a_tool_that_is_not_offered_cannot_be_called(era, account, settings):
    async def session():
        async with Client(server(account=account), mode=era) as client:
            calls = await filled(client, CALLS)
            before = await everything(client)
            async with Client(server(*settings.split(), account=account), mode=era) as limited:
                assert {tool.name for tool in (await limited.list_tools()).tools} == OFFERED[settings]
                for tool in CALLS.keys() - OFFERED[settings]:
                    refused = await refuse(limited.call_tool(tool, calls[tool]["works"]))
                    assert refused.startswith(f"this server does not offer '{tool}'")
            assert changed(before, await everything(client)) == []

    run(session())


def test_a_client_that_cannot_ask_changes_nothing_where_always_is_asked(era, account):
    async def session():
        async with Client(server("--confirm", "always", account=account), mode=era) as client:
            calls = await filled(client, CALLS)
            before = await everything(client)
            for tool in CHANGES:
                refused = await fail(client, tool, **calls[tool]["works"])
                assert (refused["type"], refused["outcome"]) == ("not_confirmed", "not_done")
            assert changed(before, await everything(client)) == []

    run(session())


def test_every_change_is_asked_about_where_always_is_asked(era, account):
    questions = []

    async def decline(_, params):
        questions.append(params.message)
        return types.ElicitResult(action="decline")

    async def session():
        always = server("--confirm", "always", account=account)
        async with Client(always, mode=era, elicitation_callback=decline) as client:
            calls = await filled(client, CALLS)
            before = await everything(client)
            for tool in CHANGES:
                assert (await succeed(client, tool, **calls[tool]["works"]))["confirmed"] is False
                question = questions.pop()
                assert [part for part in calls[tool]["asks"] if part not in question] == [], question
            assert questions == []
            assert changed(before, await everything(client)) == []

    run(session())


def test_nobody_is_asked_where_never_is_asked(era, account):
    async def nobody(_, params):
        raise AssertionError(params.message)

    async def session():
        never = server("--confirm", "never", account=account)
        async with Client(never, mode=era, elicitation_callback=nobody) as client:
            assert (await succeed(client, "delete_contact", **CALLS["delete_contact"]["works"]))["deleted"]

    run(session())
