"""What the tests stand on: sessions of the server through the Python SDK, on simulated accounts."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest
from mcp import MCPError, StdioServerParameters
from mcp_types import INVALID_PARAMS

BINARY = os.environ["ONCEHUB_MCP_BINARY"]
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
# Each tool: arguments with which it works and what it then shows, arguments with which it fails and how it then refuses. Tools
# that change something also have what their question says; some have the one list that they change, and other calls which an
# answer to their question must not open.
CALLS = json.loads((pathlib.Path(__file__).parents[1] / "calls.json").read_text(encoding="utf-8"))
READS = {tool for tool in CALLS if tool.startswith(("get_", "list_", "plan_", "test_", "find_", "brief_")) or tool == "booking_report"}
CHANGES = CALLS.keys() - READS


def server(*arguments, account=None):
    """The server, on an account of its own unless there is one already."""
    where = [] if account else ["--sandbox"]
    return StdioServerParameters(command=BINARY, args=[*where, "--log", "error", *arguments], env=account)


@contextlib.contextmanager
def simulated_account():
    command = [BINARY, "sandbox", "--listen", "127.0.0.1:0", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        said = sandbox.stdout.readline() + sandbox.stdout.readline()
        try:
            yield {**dict(re.findall(r"(ONCEHUB_API_\w+)=(\S+)", said)), "ONCEHUB_MCP_RATE_LIMIT": "off"}
        finally:
            sandbox.terminate()


def run(session):
    """Runs a session to its end; none takes anywhere near this long."""
    return asyncio.run(asyncio.wait_for(session, 120))


async def succeed(client, tool, /, **arguments):
    """The structured reply, which the SDK itself holds against the tool's output schema."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    assert result.content[0].text and result.structured_content is not None
    return result.structured_content


async def fail(client, tool, /, **arguments):
    """The error in the structured reply, which the SDK leaves unchecked."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.content[0].text
    assert result.content[0].text.splitlines()[-1].startswith("hint: ")
    schemas = {listed.name: listed.output_schema for listed in (await client.list_tools()).tools}
    jsonschema.validate(result.structured_content, schemas[tool])
    return result.structured_content["error"]


async def refuse(calling):
    """The words of a protocol error about the parameters of a call."""
    with pytest.raises(MCPError) as refused:
        await calling
    assert refused.value.code == INVALID_PARAMS
    return refused.value.message


async def filled(client, table):
    """Part of the table above, with what is in the account in place of $coming, $other, $guest, $past, $plan and
    $slot."""
    text = json.dumps(table)
    known = {}
    if re.search(r"\$(coming|other|guest|plan)", text):
        bookings = {"starts_after": "tomorrow", "status": ["scheduled"], "calendar": "Intro call", "limit": 2}
        coming, other = (await succeed(client, "list_bookings", **bookings))["items"]
        known |= {"$coming": coming["id"], "$other": other["id"], "$guest": coming["guest_name"]}
    if "$past" in text:
        known["$past"] = (await succeed(client, "list_bookings", status=["completed"], limit=1))["items"][0]["id"]
    if "$plan" in text:
        plan = {"change": "cancel", "booking_ids": [known["$coming"]], "reason": "ill"}
        known["$plan"] = (await succeed(client, "plan_changes", **plan))["plan"]
    if "$slot" in text:
        slots = await succeed(client, "get_booking_time_slots", calendar_id="Intro call", start_time="+2d", limit=1)
        known["$slot"] = slots["items"][0]["start_time"]
    for name, value in known.items():
        text = text.replace(name, value)
    return json.loads(text)


def like(expected, actual):
    """As much of `actual` as `expected` speaks of."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {name: like(value, actual.get(name)) for name, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [like(*pair) for pair in zip(expected, actual)]
    return actual


async def everything(client):
    """All that can be changed by what is asked about, read anew."""
    lists = {"bookings": {"detail": "full", "limit": 500}, "contacts": {"limit": 500}, "users": {}, "webhooks": {}}
    return {name: (await succeed(client, f"list_{name}", **limit))["items"] for name, limit in lists.items()}


def changed(before, after):
    return [name for name in before if before[name] != after[name]]
