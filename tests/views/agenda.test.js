// The agenda, in a host that plays what it is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browse, failure, reply } from "./host.js";
import { account, agenda, booking, bookings, whole } from "./bookings.js";
import { HOSTILE, fits, isTame } from "./checks.js";
import { NOW } from "./fixtures.js";
import { view } from "./join.js";

const html = view("agenda");
let tab;
before(async () => (tab = await browse()));
after(() => tab.close());

async function open(options = {}, result = agenda()) {
  const host = await tab.host({ html, now: NOW, tools: account(), ...options });
  await host.bring({}, result);
  await host.view.getByRole("heading", { name: "Bookings" }).waitFor();
  host.line = (name) => host.view.getByRole("button", { name: new RegExp(name) });
  return host;
}

test("bookings by day, in the zone that was asked for, and the earliest first", async () => {
  const host = await open();
  const days = await host.view.getByRole("heading", { level: 2 }).allTextContents();
  assert.deepEqual(days, ["Today, Tuesday 24 November", "Tomorrow, Wednesday 25 November", "Friday 27 November"]);
  const lines = await host.view.locator(".line").allInnerTexts();
  assert.match(lines[0], /^8:30\s+Nikolai Petrov/);
  assert.match(lines.join("\n"), /Zoë Adams\s+◔ Waits for approval\s+Partnership talk · Priya Raman/);
  await host.axe();
  await host.close();
});

test("a booking opens in place with its notes, answers and links, and closes", async () => {
  const host = await open();
  await host.line("Jacob").click();
  await host.sees("Bring the contract");
  await host.sees("Fjord Tools");
  await host.press("Join");
  await host.until(() => host.sent("ui/open-link").length);
  assert.deepEqual(host.sent("ui/open-link"), [{ url: "https://meet.google.com/vg38xhs9hvhx" }]);
  await host.axe();
  await host.line("Jacob").click();
  await host.view.getByText("Bring the contract").waitFor({ state: "detached" });
  await host.close();
});

test("a booking is canceled with a reason, and without an e-mail", async () => {
  const host = await open();
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.view.getByLabel("Reason").fill("We are closed");
  await host.view.getByLabel("E-mail the guest").uncheck();
  await host.sees("The guest gets none");
  await host.axe();
  await host.yes("Cancel booking");
  await host.sees("Canceled.");
  const [asked] = host.calls("cancel_booking");
  assert.deepEqual(asked, { booking_id: "BKNG-VG38XHS9HVHX", reason: "We are closed", notify_guest: false });
  assert.deepEqual(host.told(), [
    "cancel_booking in the view: done for BKNG-VG38XHS9HVHX, which begins at 2026-11-25T10:00:00Z.",
  ]);
  assert.match(await host.line("Jacob").innerText(), /✕ Canceled/);
  assert.equal(await host.view.getByRole("button", { name: "Cancel…" }).count(), 0);
  await host.close();
});

test("a booking is given to another active host", async () => {
  const host = await open();
  await host.line("Jacob").click();
  await host.press("Reassign…");
  await host.yes("Reassign");
  await host.sees("Choose who takes it.");
  const options = await host.view.getByLabel("New host").locator("option").allTextContents();
  assert.deepEqual(options, ["Choose a host", "Dana Reyes"]);
  await host.view.getByLabel("New host").selectOption("Dana Reyes");
  await host.press("Reassign");
  await host.sees("Reassigned.");
  assert.deepEqual(host.calls("reassign_booking"), [{ booking_id: "BKNG-VG38XHS9HVHX", new_host: "USR-XXGJ98LRZMAU" }]);
  assert.match(await host.line("Jacob").innerText(), /Dana Reyes/);
  await host.close();
});

test("a guest is asked to choose another time", async () => {
  const host = await open();
  await host.line("Jacob").click();
  await host.press("Ask to reschedule…");
  await host.yes("Ask the guest");
  await host.sees("Canceled, and the guest is asked to choose another time.");
  assert.deepEqual(host.calls("request_reschedule"), [{ booking_id: "BKNG-VG38XHS9HVHX" }]);
  await host.close();
});

test("what has begun can be marked as a no-show, and nothing else", async () => {
  const host = await open();
  await host.line("Nikolai").click();
  await host.view.getByRole("button", { name: "No-show…" }).waitFor();
  assert.equal(await host.view.getByRole("button", { name: /Cancel…|Reassign…/ }).count(), 0);
  await host.press("No-show…");
  await host.yes("Mark no-show");
  await host.sees("Marked as a no-show.");
  assert.deepEqual(host.calls("mark_no_show"), [{ booking_id: "BKNG-PAST11111111" }]);
  await host.close();
});

test("a no goes back, and nothing is sent", async () => {
  const host = await open();
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.frame().waitForFunction(() => document.activeElement?.textContent === "Cancel this booking?");
  await host.page.keyboard.press("Escape");
  await host.view.getByRole("button", { name: "Cancel…", exact: true }).waitFor();
  const focus = await host.frame().evaluate(() => document.activeElement?.textContent);
  assert.equal(focus, "Cancel…");
  assert.equal(host.calls("cancel_booking").length, 0);
  await host.close();
});

test("a lost answer is looked up, and the change never sent again", async () => {
  let looks = 0;
  const tools = account();
  const { cancel_booking, get_booking } = tools;
  tools.cancel_booking = () => ({ rpc: { code: -32603, message: "broken" } });
  tools.get_booking = (args) => (looks++ === 3 ? (cancel_booking(args), get_booking(args)) : get_booking(args));
  const host = await open({ tools });
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.yes("Cancel booking");
  await host.sees("The answer was lost");
  await host.axe();
  await host.press("Look");
  await host.sees("It has not happened so far");
  await host.line("Zoë").click();
  await host.line("Jacob").click();
  await host.sees("It has not happened so far");
  assert.equal(await host.view.getByRole("button", { name: "Cancel…" }).count(), 0);
  await host.press("Look");
  await host.sees("Canceled.");
  assert.equal(host.calls("cancel_booking").length, 1);
  assert.match(host.told()[0], /outcome unknown for BKNG-VG38XHS9HVHX/);
  await host.close();
});

/** hold makes a tool answer only when it is let go. */
function hold(answer) {
  let go;
  const gate = new Promise((resolve) => (go = resolve));
  return { tool: async (args) => (await gate, answer(args)), go };
}

for (const [what, answer, line] of [
  ["a success", (args) => account().cancel_booking(args), "Canceled."],
  ["a lost answer", () => ({ rpc: { code: -32000, message: "gateway timeout" } }), "The answer was lost"],
  [
    "a refusal",
    () => failure({ type: "x", message: "Too late", outcome: "not_done" }),
    "Nothing was changed. Too late",
  ],
])
  test(`while a change runs, nothing else works, and its outcome is seen: ${what}`, async () => {
    const { tool, go } = hold(answer);
    const host = await open({ tools: { ...account(), cancel_booking: tool } });
    await host.line("Jacob").click();
    await host.press("Cancel…");
    await host.yes("Cancel booking");
    await host.until(() => host.calls("cancel_booking").length);
    for (const name of ["Jacob", "Nikolai"]) {
      const { x, y } = await host.line(name).boundingBox();
      await host.page.mouse.click(x + 9, y + 9);
    }
    await host.page.keyboard.press("Escape");
    await host.sees("Canceling…");
    assert.equal(await host.line("Nikolai").getAttribute("aria-expanded"), "false");
    assert.equal(await host.line("Jacob").getAttribute("aria-expanded"), "true");
    go();
    await host.sees(line);
    assert.equal(host.calls("cancel_booking").length, 1);
    await host.close();
  });

test("an outcome is seen in an agenda that was brought anew meanwhile, even without that booking", async () => {
  const { tool, go } = hold(() => ({ rpc: { code: -32000, message: "gateway timeout" } }));
  const host = await open({ tools: { ...account(), cancel_booking: tool } });
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.yes("Cancel booking");
  await host.until(() => host.calls("cancel_booking").length);
  await host.bring({}, agenda({ items: bookings().filter(({ guest_name }) => guest_name !== "Jacob Lindqvist") }));
  await host.line("Jacob").waitFor({ state: "detached" });
  go();
  await host.sees("The answer was lost");
  await host.line("Jacob").waitFor();
  assert.deepEqual(host.told(), [
    "cancel_booking in the view: outcome unknown for BKNG-VG38XHS9HVHX. Look, do not repeat.",
  ]);
  await host.close();
});

for (const [what, result] of [
  ["nothing but words", { content: [{ type: "text", text: "The user declined this tool call." }] }],
  ["no id", reply({ status: "canceled" })],
  ["another booking", reply({ id: "BKNG-OTHER1111111", status: "canceled" })],
  ["the old status", reply(whole(bookings()[1]))],
])
  test(`a reply proves nothing with ${what}`, async () => {
    const host = await open({ tools: { ...account(), cancel_booking: () => result } });
    await host.line("Jacob").click();
    await host.press("Cancel…");
    await host.yes("Cancel booking");
    await host.sees("it may have happened, or not");
    assert.equal(await host.view.getByText("Canceled.", { exact: true }).count(), 0);
    assert.match(host.told().join(), /^cancel_booking in the view: outcome unknown/);
    await host.press("Look");
    await host.sees("It has not happened so far");
    await host.page.clock.fastForward(130_000);
    await host.press("Look");
    await host.sees("It has not happened.");
    await host.view.getByRole("button", { name: "Cancel…", exact: true }).waitFor();
    await host.close();
  });

test("after a lost answer, a canceled booking does not prove that the guest was asked", async () => {
  const tools = account();
  const { request_reschedule } = tools;
  tools.request_reschedule = (args) => (request_reschedule(args), { rpc: { code: -32000, message: "gone" } });
  const host = await open({ tools });
  await host.line("Jacob").click();
  await host.press("Ask to reschedule…");
  await host.yes("Ask the guest");
  await host.press("Look");
  const words = "It is canceled; whether the guest was asked for another time is not known.";
  await host.sees(words);
  assert.equal(await host.view.getByText("the guest is asked to choose").count(), 0);
  assert.equal(
    host.told()[1],
    `request_reschedule in the view: answer lost for BKNG-VG38XHS9HVHX, which begins at 2026-11-25T10:00:00Z. ${words}`,
  );
  await host.close();
});

for (const [what, result, line] of [
  [
    "a refusal",
    failure({ type: "invalid_request_error", message: "Paid bookings …", outcome: "not_done" }),
    "Paid bookings …",
  ],
  ["a no of the person", reply({ confirmed: false, note: "Nobody said yes" }), "Nobody said yes"],
  [
    "a client that cannot ask",
    failure({ type: "not_confirmed", message: "ask first", outcome: "not_done" }),
    "Ask the assistant to call cancel_booking",
  ],
])
  test(`nothing is changed: ${what}`, async () => {
    const host = await open({ tools: { ...account(), cancel_booking: () => result } });
    await host.line("Jacob").click();
    await host.press("Cancel…");
    await host.yes("Cancel booking");
    await host.sees("Nothing was changed.");
    await host.sees(line);
    await host.view.getByRole("button", { name: "Cancel…", exact: true }).waitFor();
    await host.close();
  });

test("what was read long ago is read again before a question, and a change meanwhile is told", async () => {
  const tools = account();
  const host = await open({ tools });
  await host.line("Jacob").click();
  await host.sees("Bring the contract");
  await host.page.clock.fastForward(130_000);
  tools.reassign_booking({ booking_id: "BKNG-VG38XHS9HVHX", new_host: "USR-XXGJ98LRZMAU" });
  await host.press("Cancel…");
  await host.sees("It was changed meanwhile");
  assert.equal(host.calls("cancel_booking").length, 0);
  await host.close();
});

test("a question that was open for long is read again before the change, and not done if it was changed", async () => {
  const tools = account();
  const host = await open({ tools });
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.sees("Cancel this booking?");
  await host.page.clock.fastForward(3_600_000);
  tools.reassign_booking({ booking_id: "BKNG-VG38XHS9HVHX", new_host: "USR-XXGJ98LRZMAU" });
  await host.press("Cancel booking");
  await host.sees("It was changed meanwhile: this is how it is now.");
  assert.equal(host.calls("cancel_booking").length, 0);
  assert.match(await host.line("Jacob").innerText(), /Dana Reyes/);
  await host.press("Cancel…");
  await host.yes("Cancel booking");
  await host.sees("Canceled.");
  await host.close();
});

test("what the tool did not bring is asked for again, and only it says what can be done", async () => {
  const none = { cancel: false, request_reschedule: false, reassign: false, mark_no_show: false };
  for (const [brought, buttons, reads] of [
    [agenda(), 3, 0],
    [agenda({ can: none }), 0, 0],
    [{ rpc: { code: -32602, message: "not for views" } }, 0, 1],
  ]) {
    const host = await tab.host({ html, now: NOW, tools: { ...account(), show_bookings: () => brought } });
    await host.bring({ host: "me" });
    await host.pass(4_500);
    await host.view.getByRole("button", { name: /Jacob/ }).click();
    await host.view.getByText("Bring the contract").waitFor();
    assert.equal(await host.view.getByRole("button", { name: /…$/ }).count(), buttons);
    assert.deepEqual(host.calls("show_bookings"), [{ host: "me" }]);
    assert.equal(host.calls("list_bookings").length, reads);
    await host.close();
  }
});

test("without the list of users, it is said why nobody can be chosen", async () => {
  const message = "this server does not offer 'list_users'";
  const host = await open({ tools: { ...account(), list_users: () => ({ rpc: { code: -32602, message } }) } });
  await host.line("Jacob").click();
  await host.press("Reassign…");
  await host.sees("Choosing a host needs list_users, which cannot be called here: ask the assistant.");
  await host.view.getByRole("button", { name: "Reassign…", exact: true }).waitFor();
  await host.close();
});

test("hosts of one name are told apart by their addresses", async () => {
  const dana = (id, email) => ({ id, first_name: "Dana", last_name: "Reyes", email, status: "active" });
  const others = [dana("USR-1", "dana@x.example"), dana("USR-2", "reyes@x.example")];
  const eve = { id: "USR-3", first_name: "Eve", email: "eve@x.example", status: "active" };
  const host = await open({ tools: { ...account(), list_users: () => reply({ items: [...others, eve] }) } });
  await host.line("Jacob").click();
  await host.press("Reassign…");
  const options = await host.view.getByLabel("New host").locator("option").allTextContents();
  assert.deepEqual(options, ["Choose a host", "Dana Reyes (dana@x.example)", "Dana Reyes (reyes@x.example)", "Eve"]);
  await host.close();
});

test("an answer that is told twice is shown once", async () => {
  const custom_fields = [
    { name: "Team size", value: 12 },
    { name: "Topics", value: ["Growth", "Pricing"] },
  ];
  const get_booking = ({ booking_id }) => {
    const row = whole(bookings().find(({ id }) => id === booking_id));
    return reply({ ...row, custom_fields });
  };
  const host = await open({ tools: { ...account(), get_booking } });
  await host.line("Jacob").click();
  await host.sees("Growth, Pricing");
  assert.equal(await host.view.getByText("Team size").count(), 1);
  await host.close();
});

test("a long time of day keeps its distance from the name", async () => {
  const row = booking({ id: "BKNG-NOON11111111", guest_name: "Ada", starting_time: "2026-11-25T12:00:00Z" });
  for (const width of [361, 400, 720]) {
    const host = await open({ width, context: { locale: "en-US" } }, agenda({ items: [row] }));
    const gap = await host.frame().evaluate(() => {
      const time = document.createRange();
      time.selectNodeContents(document.querySelector(".line time"));
      return document.querySelector(".line strong").getBoundingClientRect().left - time.getBoundingClientRect().right;
    });
    assert.ok(gap >= 8, `${gap} px at ${width}`);
    await host.close();
  }
});

test("without rights there are no buttons, and without calls only what was brought", async () => {
  const none = { cancel: false, request_reschedule: false, reassign: false, mark_no_show: false };
  const read = await open({}, agenda({ can: none }));
  await read.line("Jacob").click();
  await read.sees("Bring the contract");
  assert.equal(await read.view.getByRole("button", { name: /…$/ }).count(), 0);
  await read.close();
  const mute = await open({ can: { updateModelContext: {} } });
  await mute.line("Jacob").click();
  await mute.sees("jacob.lindqvist@fjord.example");
  assert.equal(await mute.view.getByRole("button", { name: /…$/ }).count(), 0);
  assert.equal(mute.messages.filter(({ method }) => method === "tools/call").length, 0);
  await mute.close();
});

test("the parts of the agenda are asked for, and say of which days they are", async () => {
  const host = await open();
  for (const [part, days] of [
    ["Coming", "Next 14 days"],
    ["Past", "Last 14 days"],
    ["Canceled", "14 days back and ahead"],
  ]) {
    await host.view.getByLabel(part, { exact: true }).check();
    await host.sees(`4 bookings · ${days} · Times in London`);
    await fits(host);
  }
  const [coming, , canceled] = host.calls("list_bookings");
  const minute = ({ starts_after, starts_before }) => [starts_after.slice(0, 16), starts_before.slice(0, 16)];
  assert.deepEqual(minute(coming), ["2026-11-24T09:00", "2026-12-08T09:00"]);
  assert.deepEqual(coming, {
    ...coming,
    host: "USR-XSAJLWDAS78B",
    time_zone: "Europe/London",
    status: ["requested", "scheduled", "rescheduled"],
    limit: 100,
  });
  assert.deepEqual(canceled.status, ["canceled"]);
  await host.view.getByLabel("As asked").check();
  await host.sees("4 bookings · Times in London");
  await host.close();
});

/** pages are bookings of which each page brings one, `count` of them in all. */
const pages =
  (count) =>
  ({ cursor = "0" }) => {
    const at = Number(cursor) + 1;
    const item = booking({
      id: `BKNG-PAGE${100 + at}`,
      guest_name: `Guest ${at}`,
      starting_time: "2026-11-24T10:00:00Z",
    });
    return reply({ items: [item], has_more: at < count, next_cursor: at < count ? String(at) : null });
  };

test("what is left is read before a day looks complete", async () => {
  const filters = { host: "USR-XSAJLWDAS78B", time_zone: "Europe/London" };
  let go;
  const gate = new Promise((resolve) => (go = resolve));
  const list_bookings = async (args) => (await gate, pages(3)(args));
  const host = await open({ tools: { ...account(), list_bookings } }, agenda({ next_cursor: "0" }));
  await host.sees("Reading…");
  go();
  await host.sees("7 bookings · Times in London");
  assert.deepEqual(
    host.calls("list_bookings"),
    ["0", "1", "2"].map((cursor) => ({ ...filters, limit: 100, cursor })),
  );
  assert.equal(await host.view.getByText(/may lack|Reading/).count(), 0);
  await host.close();
});

test("of more than a few pages, it is said that any day may lack some", async () => {
  const host = await open({ tools: { ...account(), list_bookings: pages(5) } }, agenda({ next_cursor: "0" }));
  await host.sees("More bookings than these: any day may lack some.");
  await host.sees("7 bookings so far · Times in London");
  assert.equal(host.calls("list_bookings").length, 3);
  await host.axe();
  await host.press("Look for more");
  await host.sees("9 bookings · Times in London");
  assert.equal(await host.view.getByText("may lack").count(), 0);
  await host.close();
  const mute = await open({ can: {} }, agenda({ next_cursor: "0" }));
  await mute.sees("More bookings than these: any day may lack some.");
  assert.equal(await mute.view.getByRole("button", { name: "Look for more" }).count(), 0);
  await mute.close();
});

test("a part that cannot be read shows why, and no number of bookings", async () => {
  const tools = account();
  const { list_bookings } = tools;
  tools.list_bookings = () => failure({ type: "rate_limit_error", message: "Wait 30 s" });
  const host = await open({ tools });
  await host.view.getByLabel("Coming").check();
  await host.sees("Wait 30 s");
  assert.equal(await host.view.getByText(/\d bookings?|No bookings/).count(), 0);
  await host.notify("host-context-changed", { locale: "en-US" });
  await host.sees("Wait 30 s");
  await host.axe();
  tools.list_bookings = list_bookings;
  await host.press("Try again");
  await host.line("Jacob").waitFor();
  assert.equal(await host.view.getByText("Wait 30 s").count(), 0);
  await host.close();
});

test("few are shown at first, and the rest on one press", async () => {
  const many = Array.from({ length: 12 }, (_, at) =>
    booking({
      id: `BKNG-MANY${100 + at}`,
      guest_name: `Guest ${at}`,
      starting_time: `2026-11-25T${String(8 + at).padStart(2, "0")}:00:00Z`,
    }),
  );
  const host = await open({}, agenda({ items: many }));
  assert.equal(await host.view.locator(".line").count(), 5);
  await host.until(() => host.sent("ui/notifications/size-changed").length);
  const tallest = Math.max(...host.sent("ui/notifications/size-changed").map(({ height }) => height));
  assert.ok(tallest <= 500, `${tallest} px`);
  await host.press("7 more");
  assert.equal(await host.view.locator(".line").count(), 12);
  await host.close();
});

test("an empty agenda, one that failed, and odd rows", async () => {
  const empty = await open({}, agenda({ items: [] }));
  await empty.sees("No bookings here.");
  await empty.close();
  const odd = await open(
    {},
    agenda({ items: [null, 7, { id: "BKNG-ODD111111111", starting_time: "soon", owner: 7, status: "new" }] }),
  );
  await odd.line("No name").first().waitFor();
  await odd.close();
  const lost = await tab.host({ html, now: NOW, tools: account() });
  await lost.bring({ host: "me" }, failure({ type: "rate_limit_error", message: "Try later" }));
  await lost.view.getByText("Try later").waitFor();
  await lost.view.getByRole("button", { name: "Try again" }).click();
  await lost.view.getByRole("heading", { name: "Bookings" }).waitFor();
  assert.deepEqual(lost.calls("show_bookings"), [{ host: "me" }]);
  assert.deepEqual(lost.calls("list_bookings"), [
    { starts_after: "today", starts_before: "+7d", host: "me", limit: 100 },
  ]);
  await lost.view.getByRole("button", { name: /Jacob/ }).click();
  await lost.view.getByText("Bring the contract").waitFor();
  assert.equal(await lost.view.getByRole("button", { name: /…$/ }).count(), 0);
  await lost.close();
});

test("all by keyboard: open, ask, cancel", async () => {
  const host = await open();
  await host.line("Jacob").focus();
  await host.page.keyboard.press("Enter");
  await host.view.getByRole("button", { name: "Cancel…", exact: true }).waitFor();
  for (let at = 0; at < 12; at += 1) {
    await host.page.keyboard.press("Tab");
    if ((await host.frame().evaluate(() => document.activeElement?.textContent)) === "Cancel…") break;
  }
  await host.page.keyboard.press("Enter");
  await host.sees("Cancel this booking?");
  await host.page.clock.fastForward(500);
  for (const _ of ["reason", "e-mail", "back", "cancel"]) await host.page.keyboard.press("Tab");
  await host.page.keyboard.press("Enter");
  await host.sees("Canceled.");
  await host.close();
});

test("hostile words are shown as text, cut, and nothing runs", async () => {
  for (const text of Object.values(HOSTILE)) {
    const row = booking({
      id: "BKNG-EVIL11111111",
      guest_name: text,
      guest_email: text,
      owner_name: text,
      subject: text,
      booking_calendar_name: text,
      starting_time: "2026-11-25T10:00:00Z",
    });
    const custom = [{ name: text, value: [text] }];
    const full = {
      ...row,
      location_description: text,
      customer_timezone: text,
      virtual_conferencing: { join_url: text },
      reschedule_url: `https://x.example/${encodeURIComponent(text)}`,
      form_submission: { note: text, company: text, phone: text, guests: [text], custom_fields: custom },
      custom_fields: [{ name: text, value: { deep: text } }],
      cancel_reschedule_information: { reason: text, actioned_by: text },
    };
    const tools = {
      get_booking: () => reply(full),
      list_users: () => reply({ items: [{ id: "USR-1", first_name: text, email: text, status: "active" }] }),
      reassign_booking: () => reply({ ...full, owner: "USR-1" }),
    };
    const host = await open({ width: 320, tools }, agenda({ items: [row], time_zone: text }));
    await isTame(host);
    await fits(host);
    await host.view.locator(".line").click();
    await host.view.getByText("Company").waitFor();
    await isTame(host);
    await fits(host);
    await host.press("Reassign…");
    await host.view.getByLabel("New host").selectOption({ index: 1 });
    await fits(host);
    await host.yes("Reassign");
    await host.sees("Reassigned.");
    await isTame(host);
    await fits(host);
    assert.deepEqual(host.told(), [
      "reassign_booking in the view: done for BKNG-EVIL11111111, which begins at 2026-11-25T10:00:00Z.",
    ]);
    await host.close();
  }
});
