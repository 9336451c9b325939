"""The server as the Python SDK sees it over HTTP: on each path, in both protocol eras, with a key that each request brings."""

import asyncio
import contextlib
import json
import pathlib
import re

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.sse import sse_client

from over_http import WAYS, Key, served, silent_oncehub, streamable
from scenarios import NO, YES, Person, only_a_yes_changes_anything, works_and_says_how_it_fails
from sessions import CALLS, ERAS, READS, refuse, run, simulated_account, succeed
from test_settings import OFFERED

# All tools work at /mcp; that the other ways carry them too shows in some.
SOME = ["get_booking_time_slots", "schedule_meeting", "cancel_booking"]
EVERYWHERE = [(way, tool) for way in WAYS for tool in CALLS if way == "/mcp" or tool in SOME]
TOM = {"contact_id": "tom@ashcroft.example"}
# What the vendor has its customers copy.
VENDOR = pathlib.Path(__file__).parents[1] / "vendor.json"


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture(scope="module")
def shared():
    """A server for tests that only read."""
    with simulated_account() as account, served(account) as server:
        yield server


@pytest.mark.parametrize("header", ["API-Key", "Authorization"])
def test_it_introduces_itself_and_lists_its_tools(shared, way, era, header):
    async def session():
        key = Key(shared.key, header)
        async with shared.client(way, era, key) as client:
            assert client.protocol_version == ERAS[era]
            assert (client.server_info.name, client.server_info.title) == ("oncehub-mcp", "OnceHub")
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert tools.keys() == CALLS.keys()
            assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == READS
            assert (await succeed(client, "test_connection"))["account"] == "margaret@northlight.example"
        assert {answer for answer in key.answers if answer >= 300} == set()

    run(session())


@pytest.mark.parametrize("transport", [streamable, sse_client])
def test_the_vendors_own_configuration_works_unchanged(shared, era, transport):
    text = VENDOR.read_text(encoding="utf-8").replace("http://HOST", shared.url).replace("KEY", shared.key)
    told = json.loads(text)["mcpServers"]["oncehub"]

    async def session():
        async with Client(transport(told["url"], headers=told["headers"]), mode=era) as client:
            assert (await succeed(client, "test_connection"))["account"] == "margaret@northlight.example"

    run(session())


@pytest.mark.parametrize(("way", "tool"), EVERYWHERE)
def test_a_tool_works_and_says_how_it_fails(account, era, way, tool):
    async def session():
        async with server.client(way, era) as client:
            await works_and_says_how_it_fails(client, tool)

    with served(account) as server:
        run(session())


@pytest.mark.parametrize("answer", [YES, NO], ids=["yes", "no"])
def test_only_a_yes_changes_anything(account, way, era, answer):
    person = Person(answer)

    async def session():
        async with server.client(way, era, elicitation_callback=person.ask) as client:
            await only_a_yes_changes_anything(client, "delete_contact", person)

    with served(account) as server:
        run(session())


def test_a_long_call_tells_how_far_it_is_and_what_it_waits_for(account, way, era):
    async def session():
        steps = []

        async def progress(*step):
            steps.append(step)

        async with server.client(way, era) as client:
            reply = await client.call_tool("find_times", {"hosts": ["Dana Reyes"]}, progress_callback=progress)
            assert reply.structured_content["complete"]
        assert len(steps) >= 2
        assert all(one[0] < other[0] for one, other in zip(steps, steps[1:]))
        assert "waiting for OnceHub's rate limit" in [said for _, _, said in steps]

    # This takes a few requests. With one every two seconds, every other step at least finds the call between two.
    with served({**account, "ONCEHUB_MCP_RATE_LIMIT": "1/2s"}) as server:
        run(session())


@contextlib.asynccontextmanager
async def before_a_silent_oncehub():
    async with silent_oncehub() as (oncehub, account):
        with served(account) as server:
            yield server, oncehub


async def unanswered(client, oncehub):
    """A call that has reached OnceHub."""
    call = asyncio.create_task(client.call_tool("list_webhooks", {}))
    await oncehub.asked.wait()
    return call


def test_a_call_that_is_cancelled_is_dropped_on_the_way_to_oncehub(way, era):
    async def session():
        async with before_a_silent_oncehub() as (server, oncehub), server.client(way, era) as client:
            call = await unanswered(client, oncehub)
            call.cancel()
            await asyncio.wait_for(oncehub.left.wait(), 10)
            assert {tool.name for tool in (await client.list_tools()).tools} == CALLS.keys()

    run(session())


@pytest.mark.parametrize("way", ["/mcp", "/sse, streamed"])
def test_a_client_that_leaves_takes_its_calls_with_it(way, era):
    async def session():
        async with before_a_silent_oncehub() as (server, oncehub):
            async with server.client(way, era) as client:
                call = await unanswered(client, oncehub)
            with pytest.raises(MCPError):
                await call
            await asyncio.wait_for(oncehub.left.wait(), 10)

    run(session())


@pytest.mark.parametrize("settings", OFFERED)
@pytest.mark.parametrize("way", ["/mcp", "/sse, streamed"])
def test_headers_narrow_what_is_offered(shared, way, era, settings):
    names = {"read-only": "X-MCP-Readonly", "toolsets": "X-MCP-Toolsets"}
    names |= {"tools": "X-MCP-Tools", "exclude-tools": "X-MCP-Exclude-Tools"}
    flags = re.findall(r"--(\S+)(?: ([a-z]\S+))?", settings)
    headers = {names[flag]: value or "true" for flag, value in flags}

    async def session():
        async with shared.client(way, era, headers=headers) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == OFFERED[settings]
            for tool in CALLS.keys() - OFFERED[settings]:
                refused = await refuse(client.call_tool(tool, {}))
                assert refused.startswith(f"this server does not offer '{tool}'")

    run(session())


def test_headers_never_widen_what_is_offered(account, way, era):
    async def session():
        async with server.client(way, era, headers={"X-MCP-Readonly": "false"}) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == READS

    with served(account, "--read-only") as server:
        run(session())


@pytest.mark.parametrize("way", ["/mcp", "/sse, posted"])
def test_a_session_answers_only_the_key_that_opened_it(account, way):
    async def session():
        key = Key(server.key)
        async with server.client(way, "legacy", key) as client:
            for other, answer, words in [("other", 404, "no such session with this key"), (None, 401, "send a OnceHub API key")]:
                key.key = other
                with pytest.raises(MCPError, match=words):
                    await client.call_tool("delete_contact", TOM)
                assert answer in key.answers
                key.key = server.key
                await succeed(client, "get_contact", **TOM)

    with served(account, "--confirm", "never") as server:
        run(session())


def test_a_stream_takes_messages_of_the_key_that_opened_it_only(account, era):
    opened = []
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete_contact", "arguments": TOM}}

    async def session():
        async with server.client("/sse, streamed", era, opened=opened.append) as client, httpx2.AsyncClient() as others:
            await succeed(client, "get_contact", **TOM)
            [mine] = opened
            for headers, id, answer in [
                ({"API-Key": "other"}, mine, 404),
                ({"Authorization": "Bearer other"}, mine, 404),
                ({}, mine, 401),
                ({"API-Key": server.key}, mine[::-1], 404),
            ]:
                refused = await others.post(f"{server.url}/message?sessionId={id}", json=call, headers=headers)
                assert refused.status_code == answer, refused.text
                assert refused.json()["error"]["message"]
            await succeed(client, "get_contact", **TOM)

    with served(account, "--confirm", "never") as server:
        run(session())


def test_nobody_is_served_without_a_key(shared, way, era):
    async def session():
        key = Key(None)
        with pytest.raises((MCPError, httpx2.HTTPStatusError, ExceptionGroup)):
            async with shared.client(way, era, key):
                raise AssertionError("it was let in")
        assert set(key.answers) == {401}

    run(session())


@pytest.mark.parametrize("head", ["Mcp-Session-Id: none", "Authorization: Basic none", "Origin: https://elsewhere.example"])
def test_a_refusal_leaves_the_connection_fit_for_the_next_request(shared, head):
    """Clients send a request's head first and its body after it, and keep the connection unless they are told not to."""
    lines = ["POST /mcp HTTP/1.1", "Host: 127.0.0.1", head, "Content-Type: application/json", "Content-Length: 2"]
    if not head.startswith("Authorization"):
        lines.append(f"API-Key: {shared.key}")

    async def answered(reader):
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(re.search(r"content-length: (\d+)", answer)[1]))
        return answer

    async def session():
        reader, writer = await asyncio.open_connection("127.0.0.1", shared.url.rpartition(":")[2])
        writer.write("\r\n".join([*lines, "", ""]).encode())
        # A server may wait for the body before it answers, or answer first and say that the connection ends.
        first = asyncio.create_task(answered(reader))
        await asyncio.wait([first], timeout=0.3)
        writer.write(b"{}")
        if "connection: close" not in await first:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert "200 ok" in await answered(reader)
        writer.close()

    run(session())


def test_a_wrong_key_is_refused_by_oncehub_in_words(shared, way, era):
    async def session():
        async with shared.client(way, era, Key("wrong")) as client:
            refused = (await client.call_tool("test_connection", {})).structured_content["error"]
            assert (refused["type"], refused["status"]) == ("authentication_error", 401)
            assert "API-Key" in refused["hint"]

    run(session())


def test_a_simulated_account_needs_no_key(era):
    async def session():
        async with Client(f"{server.url}/mcp", mode=era) as client:
            assert (await succeed(client, "test_connection"))["account"] == "margaret@northlight.example"

    with served({}, "--sandbox") as server:
        run(session())
