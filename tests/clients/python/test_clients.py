"""The server as the Python SDK sees it, in both protocol eras, on the simulated account."""

import asyncio
import os
import sys

import jsonschema
import mcp_types as types
import pytest
from mcp import Client, MCPError, StdioServerParameters

BINARY = os.environ["ONCEHUB_MCP_BINARY"]
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
READS = {
    "test_connection",
    "list_bookings",
    "get_booking",
    "list_booking_calendars",
    "get_booking_calendar",
    "get_booking_time_slots",
}
CHANGES = {
    "cancel_booking",
    "request_reschedule",
    "reassign_booking",
    "mark_no_show",
    "schedule_meeting",
    "create_one_time_link",
}


def server(*arguments):
    return StdioServerParameters(command=BINARY, args=["--sandbox", "--log", "error", *arguments])


@pytest.fixture(params=ERAS)
def era(request):
    return request.param


def run(session):
    """Runs a session to its end; none takes anywhere near this long."""
    return asyncio.run(asyncio.wait_for(session, 120))


async def succeed(client, tool, /, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    schemas = {listed.name: listed.output_schema for listed in (await client.list_tools()).tools}
    jsonschema.validate(result.structured_content, schemas[tool])
    assert result.content[0].text
    return result.structured_content


def test_it_introduces_itself_and_lists_its_tools(era):
    async def session():
        async with Client(server(), mode=era) as client:
            assert client.protocol_version == ERAS[era]
            assert (client.server_info.name, client.server_info.title) == ("oncehub-mcp", "OnceHub")
            assert "get_booking_time_slots" in client.instructions
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == READS | CHANGES
            assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == READS

    run(session())


def test_every_tool_works_in_a_days_work(era):
    async def session():
        async with Client(server("--rate-limit", "5/1s"), mode=era) as client:
            await succeed(client, "test_connection")
            calendars = await succeed(client, "list_booking_calendars", name="intro")
            calendar = calendars["items"][0]["id"]
            await succeed(client, "get_booking_calendar", calendar_id=calendar)
            slots = await succeed(client, "get_booking_time_slots", calendar_id=calendar, time_zone="Europe/London")
            booked = []
            for number, slot in enumerate(slots["items"][1:3]):
                guest = {"guest_name": f"Ada {number}", "guest_email": f"ada{number}@example.com"}
                meeting = await succeed(
                    client,
                    "schedule_meeting",
                    calendar_id=calendar,
                    start_time=slot["start_time"],
                    guest_time_zone="Europe/London",
                    **guest,
                )
                booked.append(meeting["booking_id"])
            mine = await succeed(client, "list_bookings", guest="@example.com", starts_after="now")
            assert {item["id"] for item in mine["items"]} == set(booked)
            whole = await succeed(client, "get_booking", booking_id=booked[0], expand=["owner"])
            assert whole["owner"]["first_name"] == "Dana"
            moved = await succeed(client, "reassign_booking", booking_id=booked[0], new_host="Lee Whitford")
            assert moved["owner_name"] == "Lee Whitford"
            assert (await succeed(client, "request_reschedule", booking_id=booked[0]))["status"] == "canceled"
            assert (await succeed(client, "cancel_booking", booking_id=booked[1], reason="ill"))["status"] == "canceled"
            past = await succeed(client, "list_bookings", status=["completed"], limit=1)
            missed = await succeed(client, "mark_no_show", booking_id=past["items"][0]["id"])
            assert missed["status"] == "no_show"
            link = await succeed(client, "create_one_time_link", calendar_id=calendar, guest_name="Sarah")
            assert link["url"].startswith("https://")

    run(session())


def test_a_failure_is_a_result_that_says_what_to_do(era):
    async def session():
        async with Client(server(), mode=era) as client:
            missing = await client.call_tool("get_booking", {"booking_id": "BKNG-NOSUCHTHING"})
            error = missing.structured_content["error"]
            assert missing.is_error and (error["status"], error["param"]) == (404, "id")
            assert error["request_id"].startswith("req_") and "list_bookings" in error["hint"]
            assert missing.content[0].text.splitlines()[-1].startswith("hint: ")
            unknown = await client.call_tool("list_bookings", {"starting_at": "today"})
            assert unknown.is_error and unknown.structured_content["error"]["type"] == "invalid_argument"
            with pytest.raises(MCPError, match="did you mean list_bookings"):
                await client.call_tool("list_booking", {})

    run(session())


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (types.ElicitResult(action="accept", content={"confirm": True}), "canceled"),
        (types.ElicitResult(action="accept", content={"confirm": False}), "scheduled"),
        (types.ElicitResult(action="decline"), "scheduled"),
        (types.ElicitResult(action="cancel"), "scheduled"),
    ],
    ids=["yes", "no", "declined", "dismissed"],
)
def test_the_person_is_asked_before_a_booking_is_canceled(era, answer, status):
    asked = []

    async def ask(_, params):
        asked.append(params.message)
        return answer

    async def session():
        async with Client(server(), mode=era, elicitation_callback=ask) as client:
            coming = await succeed(client, "list_bookings", starts_after="tomorrow", status="scheduled", calendar="Intro call")
            after = await succeed(client, "cancel_booking", booking_id=coming["items"][0]["id"], reason="ill")
            assert after["status"] == status

    run(session())
    assert len(asked) == 1
    assert asked[0].startswith('Cancel "Intro call with Northlight" with "') and asked[0].endswith('email the guest this reason: "ill"?')


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
