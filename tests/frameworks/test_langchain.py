"""The server's tools in LangChain."""

import asyncio
from importlib.metadata import version

from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp.types import ElicitResult

from conftest import CALLS, OLIVIA, QUESTION, SERVER, properties, tried


def run(test, **options):
    """Runs a test with the tools by their names, and the schemas that the server has sent."""

    async def session():
        client = MultiServerMCPClient({"oncehub": {"transport": "stdio", **SERVER}}, **options)
        # Without a session each call starts a server, and has a simulated account of its own.
        async with client.session("oncehub") as session:
            tools = {tool.name: tool for tool in await load_mcp_tools(session)}
            await test(tools, {tool.name: tool.inputSchema for tool in (await session.list_tools()).tools})

    asyncio.run(asyncio.wait_for(session(), 60))


async def call(tool, **arguments):
    """A call as an agent makes it."""
    return await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})


def test_tools_load_and_their_schemas_convert():
    async def test(tools, sent):
        assert tools.keys() == CALLS.keys()
        assert {name: tool.args_schema for name, tool in tools.items()} == sent
        converted = {name: convert_to_openai_tool(tool)["function"] for name, tool in tools.items()}
        assert all(tool["description"] for tool in converted.values())
        assert properties({name: tool["parameters"] for name, tool in converted.items()}) == properties(sent)

    run(test)


def test_a_call_works_and_a_failure_is_seen():
    async def test(tools, _):
        done = await call(tools["list_bookings"], limit=2, status=["scheduled"])
        assert done.status == "success" and "2 bookings" in done.content[0]["text"]
        assert len(done.artifact["structured_content"]["items"]) == 2
        for arguments in ({"contact_id": "nobody"}, {"contact_id": "nobody", "no_such_argument": 1}):
            failed = await call(tools["get_contact"], **arguments)
            assert failed.status == "error" and "hint: " in failed.content[0]["text"]

    run(test)


def test_a_question_reaches_the_person():
    asked = []

    async def answer(_, params, context):
        asked.append((params.message, context.tool_name))
        return ElicitResult(action="accept", content={"confirm": len(asked) > 1})

    async def test(tools, _):
        assert "Nothing was changed" in (await call(tools["delete_contact"], **OLIVIA)).content[0]["text"]
        assert "Deleted" in (await call(tools["delete_contact"], **OLIVIA)).content[0]["text"]
        assert len(asked) == 2 and all(question.startswith(QUESTION) for question, _ in asked)

    run(test, callbacks=Callbacks(on_elicitation=answer))


def test_the_page_names_what_was_tried():
    framework, sdks = tried("langchain-mcp-adapters")
    assert version("langchain-mcp-adapters") == framework and version("mcp") in sdks


def test_the_example_of_the_page_runs(example):
    printed = example("LangChain")
    assert "margaret@northlight.example" in printed
