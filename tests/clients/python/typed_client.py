"""A small client whose types were generated from the tools' output schemas: pyright holds it against them, strictly.

`generated` is made by test_typed.py, a module for each tool.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, cast

from generated import cancel_booking, find_times, get_booking, get_booking_time_slots, list_bookings
from mcp import Client, StdioServerParameters


class Failed(Exception):
    """A call that failed, by its type and what to do."""

    def __init__(self, reply: dict[str, Any]) -> None:
        error = cast(get_booking.Failed, reply)["error"]
        self.type = error["type"]
        self.candidates = [candidate["id"] for candidate in error.get("candidates", [])]
        super().__init__(error["hint"])


async def call(oncehub: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    result = await oncehub.call_tool(tool, arguments)
    reply = cast(dict[str, Any], result.structured_content)
    if result.is_error:
        raise Failed(reply)
    return reply


async def every(oncehub: Client, tool: str, arguments: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Every item of any list."""
    while True:
        page = await call(oncehub, tool, arguments)
        for item in page["items"]:
            yield item
        if not page["has_more"]:
            return
        arguments = {**arguments, "cursor": page["next_cursor"]}


async def work(command: str) -> None:
    server = StdioServerParameters(command=command, args=["--sandbox", "--log", "error"])
    async with Client(server) as oncehub:
        page = cast(list_bookings.Done, await call(oncehub, "list_bookings", {"starts_after": "tomorrow", "limit": 3}))
        more: bool = page["has_more"]
        cursor: str | None = page["next_cursor"]
        for booking in page["items"]:
            host: str | None = booking.get("owner")
            guest: str | None = booking.get("guest_name")
            starts: str | None = booking.get("starting_time")
            print(host, guest, starts, page["time_zone"])
        print(more, cursor)

        booking = page["items"][0]
        whole = cast(get_booking.Done, await call(oncehub, "get_booking", {"booking_id": booking.get("id")}))
        print(whole["id"], whole.get("guest_name") == booking.get("guest_name"))

        calendar = {"calendar_id": "Intro call", "limit": 7}
        slots = cast(get_booking_time_slots.Done, await call(oncehub, "get_booking_time_slots", calendar))
        for slot in slots["items"]:
            # What is for people has its offset, too.
            local = datetime.strptime(slot["start_time_local"], "%a %Y-%m-%d %H:%M %z")
            assert local == datetime.fromisoformat(slot["start_time"])
        all_slots = [slot["start_time"] async for slot in every(oncehub, "get_booking_time_slots", calendar)]
        assert len(set(all_slots)) == len(all_slots) > len(slots["items"])

        found = cast(find_times.Done, await call(oncehub, "find_times", {"hosts": ["Dana Reyes"]}))
        requests: int = found["searched"]["requests"]
        print([option["calendars"][0]["id"] for option in found["options"]], requests)

        reply = cast(cancel_booking.Done | cancel_booking.Declined, await call(oncehub, "cancel_booking", {"booking_id": whole["id"]}))
        print(reply.get("confirmed"))

        try:
            await call(oncehub, "get_booking", {"booking_id": "José Ángel Núñez"})
        except Failed as failed:
            assert failed.type == "ambiguous_name" and len(failed.candidates) > 1


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
