// The views as `oncehub-mcp demo --web` shows them, on the simulated account. Another client reads back what was changed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { browse } from "./host.js";

const binary = process.env.ONCEHUB_MCP_BINARY ?? new URL("../../target/debug/oncehub-mcp", import.meta.url).pathname;
let tab, server, address, client;

before(async () => {
  tab = await browse();
  server = spawn(binary, ["--log", "error", "--time-zone", "America/New_York", "demo", "--web"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {},
  });
  const [said] = await once(createInterface({ input: server.stdout }), "line");
  address = new URL(said.match(/http:\S+/)[0]);
  const headers = { Authorization: `Bearer ${address.hash.slice(1)}` };
  client = new Client({ name: "reader", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", address), { requestInit: { headers } }));
});
after(async () => {
  await client?.close();
  server?.kill();
  await tab.close();
});

/** read calls a tool as another client. */
async function read(name, args) {
  const { structuredContent, isError } = await client.callTool({ name, arguments: args });
  assert.ok(!isError, JSON.stringify(structuredContent));
  return structuredContent;
}

/** visit opens the page at an address, and works there; nothing may leave the machine or go wrong. */
async function visit(url, work) {
  const context = await tab.browser.newContext({
    locale: "en-GB",
    timezoneId: "Europe/London",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on(
    "console",
    (entry) => entry.type() === "error" && !entry.text().includes(" 401 ") && wrong.push(entry.text()),
  );
  page.on("request", (request) => request.url().startsWith(address.origin) || wrong.push(request.url()));
  await page.goto(url.href);
  await work(page);
  await context.close();
  assert.deepEqual(wrong, []);
}

/** show opens a view on the page, and works in it. */
function show(view, args, work) {
  const url = new URL(address);
  url.search = new URLSearchParams({ view, theme: "light", width: "720", args: JSON.stringify(args) });
  return visit(url, (page) => {
    const frame = page.frameLocator(`iframe[data-view=${view}]`);
    const press = (name) => frame.getByRole("button", { name, exact: true }).click();
    const sees = (text) => frame.getByText(text).first().waitFor();
    return work({ page, frame, press, sees });
  });
}

/** soon is a minute after an instant: an end that still has it. */
const soon = (instant) => new Date(Date.parse(instant) + 60_000).toISOString();

test("a time is picked and booked", async () => {
  const guest = { guest_name: "Ada Okafor", guest_email: "ada.okafor@example.com" };
  let start;
  await show("slots", { calendar_id: "Intro call", time_zone: "Europe/London", ...guest }, async ({ frame, press }) => {
    const chip = frame.locator("fieldset .chip").filter({ visible: true }).first();
    start = await chip.locator("time").getAttribute("datetime");
    await chip.click();
    await press("Continue");
    await press("Book");
    await frame.getByRole("heading", { name: "Booked" }).waitFor();
  });
  const { items } = await read("list_bookings", {
    guest: guest.guest_email,
    starts_after: start,
    starts_before: soon(start),
  });
  assert.deepEqual(
    items.map(({ starting_time, guest_name, status }) => [starting_time, guest_name, status]),
    [[start, "Ada Okafor", "scheduled"]],
  );
});

test("a link that a view opens is where the person sees it", async () => {
  const ada = { guest_name: "Ada Join", guest_email: "ada.join@example.com" };
  await show("slots", { calendar_id: "Intro call", ...ada }, async ({ page, frame, press }) => {
    await page.setViewportSize({ width: 800, height: 500 });
    await press("Full screen");
    await frame.locator("fieldset .chip").filter({ visible: true }).last().click();
    await press("Continue");
    await press("Book");
    await press("Join");
    const link = page.locator("#told a");
    await link.waitFor();
    const { y, height } = await link.boundingBox();
    assert.ok(y >= 0 && y + height <= 500, `${y}`);
    assert.ok(await link.evaluate((node) => node === document.activeElement));
    assert.equal(await page.locator("#view.fullscreen").count(), 0);
  });
});

test("of two prompts, the later one is shown, and no other frame", async () => {
  await show("slots", { calendar_id: "Intro call" }, async ({ page }) => {
    await page.evaluate(() => {
      for (const name of ["agenda", "availability"]) document.querySelector(`[data-show=${name}]`).click();
    });
    await page.frameLocator("iframe[data-view=availability]").getByText("Working hours of").waitFor();
    assert.equal(await page.locator("iframe").count(), 1);
  });
});

test("without its token, or with an old one, the page says which address to open, and then works", async () => {
  for (const hash of ["", "0123456789abcdef0123456789abcdef"]) {
    const url = new URL(address);
    url.hash = hash;
    await visit(url, async (page) => {
      await page.getByRole("alert").getByText("Open the whole address that the terminal printed").waitFor();
      await page.goto(address.href);
      await page.frameLocator("iframe").getByText("Intro call").first().waitFor();
    });
  }
});

test("a time that is taken while the person looks is not booked twice", async () => {
  const asked = {
    calendar_id: "Intro call",
    time_zone: "Europe/London",
    guest_name: "Bo Lind",
    guest_email: "bo@example.com",
  };
  await show("slots", asked, async ({ frame, press, sees }) => {
    const chip = frame.locator("fieldset .chip").filter({ visible: true }).last();
    const start_time = await chip.locator("time").getAttribute("datetime");
    await chip.click();
    await press("Continue");
    const other = { guest_name: "Cy Moss", guest_email: "cy@example.com", guest_time_zone: "Europe/London" };
    await read("schedule_meeting", { calendar_id: "Intro call", start_time, ...other });
    await press("Book");
    await sees("That time is not free any more.");
    const { items } = await read("list_bookings", {
      calendar: "Intro call",
      starts_after: start_time,
      starts_before: soon(start_time),
    });
    assert.deepEqual(
      items.filter(({ status }) => status === "scheduled").map(({ guest_name }) => guest_name),
      ["Cy Moss"],
    );
  });
});

/** booking finds one that only one guest has in its hour, and opens the agenda at it. */
async function booking(filters, fits, work) {
  const { items } = await read("list_bookings", { ...filters, limit: 100 });
  const row = items.find((item) => item.guest_email && item.booking_calendar && fits(item));
  const { id, starting_time, guest_email } = row;
  const args = { guest: guest_email, starts_after: starting_time, starts_before: soon(starting_time) };
  await show("agenda", args, async (page) => {
    await page.frame.locator(".line").first().click();
    await work(page, row);
  });
  return read("get_booking", { booking_id: id });
}

const coming = { status: "scheduled", starts_after: "+1d", starts_before: "+14d" };

test("a booking is canceled, without an e-mail", async () => {
  const now = await booking(
    coming,
    () => true,
    async ({ frame, press, sees }) => {
      await press("Cancel…");
      await frame.getByLabel("Reason").fill("We are closed");
      await frame.getByLabel("E-mail the guest").uncheck();
      await press("Cancel booking");
      await sees("Canceled.");
    },
  );
  assert.equal(now.status, "canceled");
});

test("a booking is given to another host", async () => {
  let before;
  const now = await booking(
    coming,
    ({ owner_name }) => owner_name === "Dana Reyes",
    async ({ frame, press, sees }, row) => {
      before = row.owner;
      await press("Reassign…");
      await frame.locator("select").last().selectOption({ label: "Lee Whitford" });
      await press("Reassign");
      await sees("Reassigned.");
    },
  );
  assert.notEqual(now.owner, before);
  assert.equal(now.owner_name, "Lee Whitford");
});

test("what is past is marked as a no-show", async () => {
  const past = { starts_after: "-14d", starts_before: "-1d" };
  const now = await booking(
    past,
    ({ status }) => status === "completed",
    async ({ press, sees }) => {
      await press("No-show…");
      await press("Mark no-show");
      await sees("Marked as a no-show.");
    },
  );
  assert.equal(now.status, "no_show");
});

test("hours are changed, and put back", async () => {
  const hours = async () => {
    const { weekly } = await read("get_scheduling_availability", { user_id: "Dana Reyes" });
    return weekly[0].working_hours.map(({ start_time, end_time }) => `${start_time}-${end_time}`);
  };
  const were = await hours();
  await show("availability", { user_id: "Dana Reyes" }, async ({ frame, press, sees }) => {
    await press("Edit");
    await frame.getByLabel("Monday, from").first().fill("10:00");
    await press("Review");
    await press("Save");
    await sees("Saved.");
    assert.deepEqual(await hours(), ["10:00-17:00"]);
    await press("Undo…");
    await press("Restore");
    await sees("Restored.");
  });
  assert.deepEqual(await hours(), were);
});
