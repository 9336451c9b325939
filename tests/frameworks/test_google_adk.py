"""The server's tools in Google's Agent Development Kit."""

import asyncio
from importlib.metadata import version

import pytest
from google.adk.features import FeatureName
from google.adk.features._feature_registry import temporary_feature_override
from google.adk.models import LlmRequest
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from mcp import StdioServerParameters
from mcp.types import ElicitResult

from conftest import CALLS, OLIVIA, QUESTION, SERVER, properties, tried


def run(test, **options):
    """Runs a test with the tools by their names."""

    async def session():
        connection = StdioConnectionParams(server_params=StdioServerParameters(**SERVER), timeout=60)
        toolset = McpToolset(connection_params=connection, **options)
        try:
            await test({tool.name: tool for tool in await toolset.get_tools()})
        finally:
            await toolset.close()

    asyncio.run(asyncio.wait_for(session(), 60))


async def call(tool, **arguments):
    return await tool.run_async(args=arguments, tool_context=None)


def declared(tools):
    """What Gemini would be sent, by the tools' names."""
    request = LlmRequest()
    request.append_tools(list(tools.values()))
    [declarations] = [tool.function_declarations for tool in request.config.tools]
    return {declaration.name: declaration for declaration in declarations}


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON Schema", "Gemini's schemas"])
def test_tools_load_and_their_schemas_convert(as_json):
    async def test(tools):
        assert tools.keys() == CALLS.keys()
        sent = {name: tool.raw_mcp_tool.model_dump(by_alias=True)["inputSchema"] for name, tool in tools.items()}
        with temporary_feature_override(FeatureName.JSON_SCHEMA_FOR_FUNC_DECL, as_json):
            declarations = declared(tools)
        assert all(declaration.description for declaration in declarations.values())
        if as_json:
            assert {name: declaration.parameters_json_schema for name, declaration in declarations.items()} == sent
            return
        parameters = {name: declaration.parameters for name, declaration in declarations.items()}
        converted = {name: schema.model_dump(exclude_none=True) for name, schema in parameters.items()}
        assert properties(converted) == properties(sent)
        for name, schema in sent.items():
            assert converted[name].get("required", []) == schema.get("required", [])
            for argument, value in schema.get("properties", {}).items():
                assert converted[name]["properties"][argument].get("enum") == value.get("enum")

    run(test)


def test_a_call_works_and_a_failure_is_seen():
    async def test(tools):
        done = await call(tools["list_bookings"], limit=2, status=["scheduled"])
        assert not done["isError"] and len(done["structuredContent"]["items"]) == 2
        for arguments in ({"contact_id": "nobody"}, {"contact_id": "nobody", "no_such_argument": 1}):
            failed = await call(tools["get_contact"], **arguments)
            assert failed["isError"] and failed["structuredContent"]["error"]["hint"]

    run(test)


def test_a_question_reaches_the_person():
    asked = []

    async def answer(_, params):
        asked.append(params.message)
        return ElicitResult(action="accept", content={"confirm": len(asked) > 1})

    async def test(tools):
        assert (await call(tools["delete_contact"], **OLIVIA))["structuredContent"]["confirmed"] is False
        assert (await call(tools["delete_contact"], **OLIVIA))["structuredContent"]["deleted"] is True
        assert len(asked) == 2 and all(question.startswith(QUESTION) for question in asked)

    run(test, elicitation_callback=answer)


def test_the_page_names_what_was_tried():
    framework, sdks = tried("google-adk")
    assert version("google-adk") == framework and version("mcp") in sdks


def test_the_example_of_the_page_runs(example):
    assert "margaret@northlight.example" in example("Google ADK")
