"""The server as the Python SDK sees it, in both protocol eras, on the simulated account."""

import json

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from sessions import CALLS, ERAS, READS, run, server, succeed


def test_it_introduces_itself_and_lists_its_tools(era):
    async def session():
        async with Client(server(), mode=era) as client:
            assert client.protocol_version == ERAS[era]
            assert (client.server_info.name, client.server_info.title) == ("oncehub-mcp", "OnceHub")
            assert "find_times" in client.instructions
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert tools.keys() == CALLS.keys()
            assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == READS

    run(session())


def test_a_days_work_with_bookings(era):
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
            assert whole["expanded"]["owner"]["first_name"] == "Dana"
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


def test_playbooks_are_prompts_with_completed_arguments_and_files_to_read(era):
    async def session():
        async with Client(server(), mode=era) as client:
            prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
            assert {argument.name for argument in prompts["follow_up_no_shows"].arguments} >= {"host", "calendar"}
            reference = PromptReference(type="ref/prompt", name="follow_up_no_shows")
            completed = await client.complete(reference, {"name": "host", "value": "dana"})
            assert completed.completion.values == ["Dana Reyes"]
            arguments = {"host": completed.completion.values[0], "calendar": "Intro\ncall"}
            [message] = (await client.get_prompt("follow_up_no_shows", arguments)).messages
            assert '- `host`: "Dana Reyes"' in message.content.text and '"Intro\\ncall"' in message.content.text
            with pytest.raises(MCPError, match="there is no prompt 'nothing'"):
                await client.get_prompt("nothing")
            [uri] = [str(one.uri) for one in (await client.list_resources()).resources if "no-shows" in one.name]
            [skill] = (await client.read_resource(uri)).contents
            assert skill.text.startswith("---\nname: follow-up-no-shows\n")

    run(session())


def test_records_are_resources_whose_ids_are_completed(era):
    async def session():
        async with Client(server(), mode=era) as client:
            templates = {one.name: one.uri_template for one in (await client.list_resource_templates()).resource_templates}
            assert templates == {"booking": "oncehub://bookings/{id}", "booking_calendar": "oncehub://calendars/{id}"}
            for template, tool, argument, typed in [
                ("booking", "get_booking", "booking_id", "bkng-"),
                ("booking_calendar", "get_booking_calendar", "calendar_id", "intro"),
            ]:
                reference = ResourceTemplateReference(type="ref/resource", uri=templates[template])
                completed = await client.complete(reference, {"name": "id", "value": typed})
                record = completed.completion.values[0]
                [contents] = (await client.read_resource(templates[template].replace("{id}", record))).contents
                assert contents.mime_type == "application/json"
                assert json.loads(contents.text) == await succeed(client, tool, **{argument: record})
            with pytest.raises(MCPError, match="OnceHub refused") as refused:
                await client.read_resource("oncehub://bookings/BKNG-NOSUCHTHING")
            assert refused.value.error.data["type"] == "not_found"

    run(session())
