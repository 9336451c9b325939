// The server as both TypeScript SDKs see it, in both protocol eras, on the simulated account.

import assert from "node:assert/strict";
import { test } from "node:test";

import { worksAndSaysHowItFails } from "./scenarios.js";
import { calls, clients, session, succeed } from "./sessions.js";

const yes = async () => ({ action: "accept", content: { confirm: true } });

for (const [name, connect] of Object.entries(clients)) {
  test(`${name}: a day's work with bookings`, { timeout: 120_000 }, async () => {
    const questions = [];
    const client = await connect(async (request) => {
      questions.push(request.params.message);
      return yes();
    });
    try {
      const { tools } = await client.listTools();
      assert.deepEqual(new Set(tools.map((tool) => tool.name)), new Set(Object.keys(calls)));
      assert.equal(client.getServerVersion()?.name, "oncehub-mcp");
      assert.ok(name.endsWith(client.getNegotiatedProtocolVersion?.() ?? "2025-11-25"));

      const call = (tool, args) => succeed(client, tool, args);
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
    } finally {
      await client.close();
    }
  });

  test(`${name}: playbooks are prompts with completed arguments, and files to read`, { timeout: 60_000 }, () =>
    session(connect, yes, async (client) => {
      const prompt = "follow_up_no_shows";
      const { prompts } = await client.listPrompts();
      assert.ok(prompts.find((one) => one.name === prompt).arguments.some((argument) => argument.name === "host"));
      const ref = { type: "ref/prompt", name: prompt };
      const { completion } = await client.complete({ ref, argument: { name: "host", value: "dana" } });
      assert.deepEqual(completion.values, ["Dana Reyes"]);
      const { messages } = await client.getPrompt({ name: prompt, arguments: { host: completion.values[0] } });
      assert.match(messages[0].content.text, /- `host`: "Dana Reyes"/);
      await assert.rejects(client.getPrompt({ name: "nothing" }), /there is no prompt 'nothing'/);
      const uri = "skill://follow-up-no-shows/SKILL.md";
      assert.ok((await client.listResources()).resources.some((resource) => resource.uri === uri));
      const { contents } = await client.readResource({ uri });
      assert.ok(contents[0].text.startsWith("---\nname: follow-up-no-shows\n"));
    }));

  test(`${name}: records are resources whose ids are completed`, { timeout: 60_000 }, () =>
    session(connect, yes, async (client) => {
      const { resourceTemplates } = await client.listResourceTemplates();
      const uris = resourceTemplates.map((template) => template.uriTemplate);
      assert.deepEqual(uris, ["oncehub://bookings/{id}", "oncehub://calendars/{id}"]);
      const ref = { type: "ref/resource", uri: uris[1] };
      const { completion } = await client.complete({ ref, argument: { name: "id", value: "intro" } });
      const calendar_id = completion.values[0];
      const { contents } = await client.readResource({ uri: `oncehub://calendars/${calendar_id}` });
      const calendar = await succeed(client, "get_booking_calendar", { calendar_id });
      assert.deepEqual([contents.length, contents[0].mimeType], [1, "application/json"]);
      assert.deepEqual(JSON.parse(contents[0].text), calendar);
      const missing = client.readResource({ uri: "oncehub://bookings/BKNG-NOSUCHTHING" });
      await assert.rejects(missing, /OnceHub refused: No such booking/);
    }));

  for (const tool of Object.keys(calls)) {
    test(`${name}: ${tool} works, and says how it fails`, { timeout: 60_000 }, () =>
      session(connect, yes, (client) => worksAndSaysHowItFails(client, tool)));
  }
}
