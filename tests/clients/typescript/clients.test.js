// The server as both TypeScript SDKs see it, in both protocol eras, on the simulated account.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClassicClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as ClassicTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const server = { command: process.env.ONCEHUB_MCP_BINARY, args: ["--sandbox", "--log", "error"] };
const about = { name: "client-tests", version: "1.0.0" };
const capabilities = { elicitation: { form: {} } };

const clients = {
  "sdk, 2025-11-25": async (answer) => {
    const client = new ClassicClient(about, { capabilities });
    client.setRequestHandler(ElicitRequestSchema, answer);
    await client.connect(new ClassicTransport(server));
    return client;
  },
  "client, 2025-11-25": async (answer) => {
    const client = new ModernClient(about, { capabilities });
    client.setRequestHandler("elicitation/create", answer);
    await client.connect(new ModernTransport(server));
    return client;
  },
  "client, 2026-07-28": async (answer) => {
    const client = new ModernClient(about, { capabilities, versionNegotiation: { mode: "auto" } });
    client.setRequestHandler("elicitation/create", answer);
    await client.connect(new ModernTransport(server));
    return client;
  },
};

for (const [name, connect] of Object.entries(clients)) {
  test(`${name}: every tool works in a day's work`, { timeout: 120_000 }, async () => {
    const questions = [];
    const client = await connect(async (request) => {
      questions.push(request.params.message);
      return { action: "accept", content: { confirm: true } };
    });
    try {
      const { tools } = await client.listTools();
      assert.equal(tools.length, 12);
      assert.equal(client.getServerVersion()?.name, "oncehub-mcp");

      // The SDK itself holds each structured reply against the tool's output schema.
      const call = async (tool, args = {}) => {
        const result = await client.callTool({ name: tool, arguments: args });
        assert.ok(!result.isError, result.content[0].text);
        return result.structuredContent;
      };
      await call("test_connection");
      const calendars = await call("list_booking_calendars", { name: "intro" });
      const calendar_id = calendars.items[0].id;
      await call("get_booking_calendar", { calendar_id });
      const slots = await call("get_booking_time_slots", { calendar_id, time_zone: "Europe/London" });
      const booked = [];
      for (const slot of slots.items.slice(1, 3)) {
        const guest = { guest_name: "Ada", guest_email: "ada@example.com", guest_time_zone: "Europe/London" };
        const meeting = await call("schedule_meeting", { calendar_id, start_time: slot.start_time, ...guest });
        booked.push(meeting.booking_id);
      }
      const mine = await call("list_bookings", { guest: "@example.com", starts_after: "now" });
      assert.deepEqual(new Set(mine.items.map((item) => item.id)), new Set(booked));
      await call("get_booking", { booking_id: booked[0] });
      const moved = await call("reassign_booking", { booking_id: booked[0], new_host: "Lee Whitford" });
      assert.equal(moved.owner_name, "Lee Whitford");
      assert.equal((await call("request_reschedule", { booking_id: booked[0] })).status, "canceled");
      assert.equal((await call("cancel_booking", { booking_id: booked[1] })).status, "canceled");
      const past = await call("list_bookings", { status: ["completed"], limit: 1 });
      assert.equal((await call("mark_no_show", { booking_id: past.items[0].id })).status, "no_show");
      assert.match((await call("create_one_time_link", { calendar_id })).url, /^https:/);
      assert.equal(questions.length, 3, questions.join("\n"));

      // A failure of every tool has to pass the same check.
      for (const { name, inputSchema } of tools) {
        const wrong = Object.fromEntries((inputSchema.required ?? []).map((argument) => [argument, "nonsense/.."]));
        const refused = await client.callTool({ name, arguments: { ...wrong, no_such_argument: 1 } });
        assert.ok(refused.isError);
        assert.equal(refused.structuredContent.error.type, "invalid_argument");
      }
      const missing = await client.callTool({ name: "get_booking", arguments: { booking_id: "BKNG-NOSUCHTHING" } });
      assert.ok(missing.isError);
      assert.equal(missing.structuredContent.error.status, 404);
    } finally {
      await client.close();
    }
  });
}
