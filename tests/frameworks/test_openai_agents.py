"""The server's tools in the OpenAI Agents SDK."""

import asyncio
import json
from importlib.metadata import version

import pytest
from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStdio
from agents.tool_context import ToolContext

from conftest import CALLS, OLIVIA, SERVER, properties, tried

# They take fields of any name, which strict schemas cannot have.
NEVER_STRICT = {"create_contact", "create_one_time_link", "schedule_meeting", "update_contact"}


def run(test, strict=False):
    """Runs a test with the tools of an agent by their names, and the schemas that the server has sent."""

    async def session():
        async with MCPServerStdio(params=SERVER, name="oncehub", client_session_timeout_seconds=60) as server:
            agent = Agent(name="test", mcp_servers=[server], mcp_config={"convert_schemas_to_strict": strict})
            tools = {tool.name: tool for tool in await agent.get_mcp_tools(RunContextWrapper(None))}
            sent = [tool.model_dump(by_alias=True) for tool in await server.list_tools()]
            await test(tools, {tool["name"]: tool["inputSchema"] for tool in sent})

    asyncio.run(asyncio.wait_for(session(), 60))


async def call(tool, **arguments):
    """The text that the model gets for a call."""
    text = json.dumps(arguments)
    context = ToolContext(context=None, tool_name=tool.name, tool_call_id="1", tool_arguments=text)
    return (await tool.on_invoke_tool(context, text))["text"]


@pytest.mark.parametrize("strict", [False, True])
def test_tools_load_and_their_schemas_convert(strict):
    async def test(tools, sent):
        assert tools.keys() == CALLS.keys()
        assert all(tool.description for tool in tools.values())
        converted = {name: tool.params_json_schema for name, tool in tools.items()}
        assert properties(converted) == properties(sent)
        became_strict = {name for name, tool in tools.items() if tool.strict_json_schema}
        assert became_strict == (CALLS.keys() - NEVER_STRICT if strict else set())
        for name, schema in converted.items():
            if name in became_strict:
                assert schema["required"] == list(schema["properties"]) and schema["additionalProperties"] is False
            else:
                assert schema.get("required", []) == sent[name].get("required", [])

    run(test, strict)


def test_a_call_works_and_a_failure_is_seen():
    async def test(tools, _):
        assert "2 bookings" in await call(tools["list_bookings"], limit=2, status=["scheduled"])
        for arguments in ({"contact_id": "nobody"}, {"contact_id": "nobody", "no_such_argument": 1}):
            assert "hint: " in await call(tools["get_contact"], **arguments)

    run(test)


def test_what_a_strict_schema_makes_a_model_fill_in_counts_as_absent():
    """Every argument is required, and no type has null."""
    nothing = {"string": "", "array": [], "integer": 0, "boolean": False}

    def filled(schema):
        fillers = {name: nothing[value["type"]] for name, value in schema["properties"].items() if "enum" not in value}
        choices = {name: value["enum"][0] for name, value in schema["properties"].items() if "enum" in value}
        return fillers | choices

    async def test(tools, _):
        for tool, arguments in [
            ("list_contacts", {"email": OLIVIA["contact_id"]}),
            ("list_bookings", {"calendar": "Intro call"}),
            ("get_booking_time_slots", {"calendar_id": "Intro call"}),
        ]:
            plain = await call(tools[tool], **arguments)
            everything = filled(tools[tool].params_json_schema) | arguments
            assert "hint: " not in plain and await call(tools[tool], **everything) == plain

    run(test, strict=True)


def test_nobody_is_asked_before_a_change():
    """The SDK has a question of its own (`require_approval`), and takes none of a server's."""

    async def test(tools, _):
        assert "Deleted" in await call(tools["delete_contact"], **OLIVIA)

    run(test)


def test_the_page_names_what_was_tried():
    framework, sdks = tried("openai-agents")
    assert version("openai-agents") == framework and version("mcp") in sdks


def test_the_example_of_the_page_runs(example):
    assert "margaret@northlight.example" in example("OpenAI Agents SDK")
