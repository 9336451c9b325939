"""The server behind gateways, from standard input and output to HTTP and back."""

import asyncio
import json
import os
import pathlib
import re
import shlex
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters

from gateways import (
    LISTENING,
    MCP_PROXY,
    MCP_PROXY_VERSION,
    PATIENCE,
    READY,
    STARTED,
    SUPERGATEWAY,
    SUPERGATEWAY_VERSION,
    ends,
    free_port,
    gateway,
    listen,
)
from oncehub import held_oncehub
from scenarios import NO, YES, Person, only_a_yes_changes_anything, works_and_says_how_it_fails
from sessions import BINARY, CALLS, ERAS, READS, run, succeed

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "frameworks.md"
OLIVIA = {"contact_id": "olivia@marchetti.example"}
WAYS = LISTENING | STARTED
# Each gateway once in each direction, while somebody waits.
SOME = [
    ("supergateway stateful", "legacy"),
    ("supergateway to /mcp", "legacy"),
    ("mcp-proxy", "auto"),
    ("mcp-proxy to /mcp", "auto"),
]
EVERY = [(name, era) for name, way in WAYS.items() for era in way.eras]
# A list, what is found by a name, and a change.
TOOLS = ["list_bookings", "get_booking_time_slots", "schedule_meeting"]

CASES = EVERY if "ONCEHUB_NIGHTLY" in os.environ else SOME

# What a server is started with that asks nobody.
UNASKED = ["--confirm", "never"]


def where(holds):
    """Runs a test once for each way of which this holds."""
    return pytest.mark.parametrize(("name", "era"), [(name, era) for name, era in CASES if holds(WAYS[name])])


everywhere = where(lambda _: True)


@asynccontextmanager
async def held_gateway(account, name, folder, *settings):
    """A gateway, and the OnceHub behind its server, which holds a request back."""
    async with (
        held_oncehub(account) as (oncehub, environment),
        gateway(name, environment, folder, *settings) as through,
    ):
        yield oncehub, through


@everywhere
def test_tools_are_listed_and_work_and_say_how_they_fail(account, tmp_path, name, era):
    async def session():
        async with gateway(name, account, tmp_path) as through, through.client(era) as client:
            assert client.server_info.name == "oncehub-mcp"
            assert client.protocol_version in ERAS.values()
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert tools.keys() == CALLS.keys()
            assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == READS
            for tool in TOOLS:
                await works_and_says_how_it_fails(client, tool)

    run(session())


@everywhere
@pytest.mark.parametrize("answer", [YES, NO], ids=["yes", "no"])
def test_a_change_is_asked_about_or_it_is_said_why_not(account, tmp_path, name, era, answer):
    person = Person(answer)

    async def session():
        async with gateway(name, account, tmp_path) as through:
            async with through.client(era, elicitation_callback=person.ask) as client:
                if through.way.question == "asked":
                    await only_a_yes_changes_anything(client, "delete_contact", person)
                    return
                reply = await succeed(client, "delete_contact", **OLIVIA)
                assert person.questions == []
                if through.way.question == "refused":
                    assert reply["confirmed"] is False
                    assert "the client, or a gateway before it, answered the question with an error" in reply["note"]
                    assert (await succeed(client, "get_contact", **OLIVIA))["email"] == OLIVIA["contact_id"]
                else:
                    # It is as if the client could not ask.
                    assert reply["deleted"] is True and "confirmed" not in reply
                    assert (await succeed(client, "list_contacts", email=OLIVIA["contact_id"]))["items"] == []

    run(session())


@where(lambda way: way.question != "asked")
def test_where_nobody_can_be_asked_a_change_can_be_rejected(account, tmp_path, name, era):
    async def session():
        async with gateway(name, account, tmp_path, "--confirm", "always") as through:
            async with through.client(era, elicitation_callback=Person(YES).ask) as client:
                reply = (await client.call_tool("delete_contact", OLIVIA)).structured_content
                if through.way.question == "refused":
                    assert reply["confirmed"] is False
                else:
                    assert (reply["error"]["type"], reply["error"]["outcome"]) == ("not_confirmed", "not_done")
                assert (await succeed(client, "get_contact", **OLIVIA))["email"] == OLIVIA["contact_id"]

    run(session())


async def come(request):
    """Waits until OnceHub has a request."""
    await asyncio.wait_for(request.asked.wait(), PATIENCE)


# Where it is another call that is cancelled, the next test shows it.
@where(lambda way: way.cancels is not None)
def test_a_call_can_be_cancelled(account, tmp_path, name, era):
    async def session():
        async with held_gateway(account, name, tmp_path) as (oncehub, through):
            async with through.client(era) as client:
                request = oncehub.hold("GET /v2/teams")
                call = asyncio.create_task(client.call_tool("list_teams", {}))
                await come(request)
                call.cancel()
                if through.way.cancels:
                    await asyncio.wait_for(request.left.wait(), PATIENCE)
                assert (await succeed(client, "get_contact", **OLIVIA))["email"] == OLIVIA["contact_id"]
                assert request.left.is_set() == through.way.cancels
                oncehub.release()
                assert (await succeed(client, "list_teams"))["items"]

    run(session())


def test_supergateway_sends_each_reply_to_all_its_clients(account, tmp_path):
    """It knows by no number whose call a reply is for. So it is to be used for one client only."""

    async def session():
        async with gateway("supergateway sse", account, tmp_path) as through, httpx2.AsyncClient() as other:
            async with other.stream("GET", f"http://127.0.0.1:{through.port}/sse") as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == "event: endpoint"
                async with through.client("legacy") as client:
                    await succeed(client, "get_contact", **OLIVIA)
                async with asyncio.timeout(PATIENCE):
                    while OLIVIA["contact_id"] not in await anext(lines):
                        pass

    run(session())


@pytest.mark.parametrize("name", ["supergateway to /mcp", "supergateway to /sse, legacy"])
def test_supergateway_cancels_another_call(account, tmp_path, name):
    """It passes on the client's number of what is cancelled, and has given the call another one."""

    async def session():
        async with held_gateway(account, name, tmp_path) as (oncehub, through):
            async with through.client("legacy") as client:
                first, second = oncehub.hold("GET /v2/teams"), oncehub.hold("GET /v2/webhooks")
                cancelled = asyncio.create_task(client.call_tool("list_teams", {}))
                await come(first)
                hit = asyncio.create_task(client.call_tool("list_webhooks", {}))
                await come(second)
                cancelled.cancel()
                await asyncio.wait_for(second.left.wait(), PATIENCE)
                assert not first.left.is_set()
                hit.cancel()
                oncehub.release()

    run(session())


async def deletion(oncehub, client):
    """A call that deletes a contact, and the request that OnceHub has just got for it."""
    request = oncehub.hold("DELETE /v2/contacts/")
    call = asyncio.create_task(client.call_tool("delete_contact", OLIVIA))
    # A client may end with what it reaches, before anybody has looked at its calls.
    call.add_done_callback(lambda call: call.cancelled() or call.exception())
    await come(request)
    return call, request


async def tells_the_truth(through, era, request):
    """A new session finds the contact until OnceHub has deleted it, and not after that."""
    async with through.client(era) as client:
        assert (await succeed(client, "get_contact", **OLIVIA))["email"] == OLIVIA["contact_id"]
        request.released.set()
        await asyncio.wait_for(request.answered.wait(), PATIENCE)
        assert (await succeed(client, "list_contacts", email=OLIVIA["contact_id"]))["items"] == []


@everywhere
def test_a_server_that_is_killed_during_a_change(account, tmp_path, name, era):
    async def session():
        async with held_gateway(account, name, tmp_path, *UNASKED) as (oncehub, through):
            async with through.client(era) as client:
                call, request = await deletion(oncehub, client)
                through.kill_server()
                await asyncio.wait_for(request.left.wait(), PATIENCE)
                if through.way.killed is not None:
                    worked, words = await ends(call)
                    # Nothing that could be taken for an outcome.
                    assert not worked and through.way.killed in words and "done" not in words
                await through.restart_server()
                worked, words = await ends(client.call_tool("get_contact", OLIVIA))
                if through.way.after is None:
                    assert worked and OLIVIA["contact_id"] in words
                else:
                    # Some say nothing at all.
                    assert not worked and through.way.after in words and bool(through.way.after) == bool(words)
                # Where the gateway says nothing, only its caller's own patience ends a call.
                assert call.done() == (through.way.killed is not None)
                call.cancel()
            if name in LISTENING and not through.way.survives:
                await through.running.stop()
                await through.start()
            await tells_the_truth(through, era, request)

    run(session())


@everywhere
def test_a_gateway_that_is_killed_during_a_change(account, tmp_path, name, era):
    async def session():
        async with held_gateway(account, name, tmp_path, *UNASKED) as (oncehub, through):
            # Which of both, depends on what the client was waiting for besides.
            with pytest.raises((MCPError, ExceptionGroup)):
                async with through.client(era) as client:
                    call, request = await deletion(oncehub, client)
                    through.kill()
                    await call
            await through.start()
            async with through.client(era) as client:
                await succeed(client, "test_connection")
            # The server has lost its client, and still waits for the outcome of what it has sent.
            assert not request.left.is_set()
            await tells_the_truth(through, era, request)

    run(session())


def lines_of_the_page(name):
    """What the page has people type or paste for a gateway: the line of a shell, and the entry of a client."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n### {name}\n")[1].split("\n##")[0]
    [typed] = re.findall(r"```sh\n(.*)\n```", section)
    [entry] = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    entry = json.loads(entry)["mcpServers"]["oncehub"]
    return shlex.split(typed), [entry["command"], *entry["args"]]


@pytest.mark.parametrize(
    ("name", "installed", "program"),
    [
        ("supergateway", ["npx", "-y", f"supergateway@{SUPERGATEWAY_VERSION}"], SUPERGATEWAY),
        ("mcp-proxy", ["uvx", f"mcp-proxy@{MCP_PROXY_VERSION}"], MCP_PROXY),
    ],
)
def test_what_the_page_has_people_type_works(tmp_path, monkeypatch, name, installed, program):
    monkeypatch.setenv("PATH", f"{pathlib.Path(BINARY).parent}{os.pathsep}{os.environ['PATH']}")
    typed, pasted = lines_of_the_page(name)
    # Installed from the registry before, in that very version.
    assert typed[: len(installed)] == pasted[: len(installed)] == installed
    typed, pasted = program + typed[len(installed) :], program + pasted[len(installed) :]

    async def session():
        for _ in range(5):
            port = str(free_port())
            command = [port if word == "8000" else word for word in typed]
            running = await listen(command, {}, tmp_path / "log", READY[name])
            if running:
                break
        try:
            # What it listens at is where the other one connects to.
            url = f"http://127.0.0.1:{port}/mcp"
            command = [url if word == "https://mcp.example.com/mcp" else word for word in pasted]
            for way in (url, StdioServerParameters(command=command[0], args=command[1:])):
                async with Client(way, mode="legacy") as client:
                    assert (await succeed(client, "test_connection"))["account"] == "margaret@northlight.example"
        finally:
            await running.stop()

    run(session())
