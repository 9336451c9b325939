// The working hours, in a host that plays what it is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browse, failure, reply } from "./host.js";
import { HOSTILE, fits, isTame } from "./checks.js";
import { NOW } from "./fixtures.js";
import { account, hours, shown, weekly } from "./hours.js";
import { view } from "./join.js";

const html = view("availability");
let tab;
before(async () => (tab = await browse()));
after(() => tab.close());

async function open(options = {}, result = shown()) {
  const host = await tab.host({ html, now: NOW, tools: account(), ...options });
  await host.bring({ user_id: "dana" }, result);
  await host.view.getByRole("heading", { name: "Working hours" }).waitFor();
  return host;
}

test("the week as text, equal days in one line, and the dates to come", async () => {
  const host = await open();
  const lines = await host.view.locator("dl > div").allInnerTexts();
  assert.deepEqual(
    lines.map((line) => line.replace(/\s*\n\s*/g, " | ")),
    ["Monday to Friday | 9:00–17:00", "Saturday to Sunday | closed", "Wed 23 Dec | closed", "Thu 24 Dec | 9:00–11:00"],
  );
  await host.sees("New York");
  await host.axe();
  await host.close();
});

test("twelve hours where the reader has them", async () => {
  const host = await open({ context: { locale: "en-US" } });
  await host.sees("9:00 AM–5:00 PM");
  await host.close();
});

test("a day is changed: the difference is shown, only that day is sent, and what it does not show is kept", async () => {
  const host = await open();
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.axe();
  await host.press("Review");
  await host.sees("9:00–17:00 → 10:00–17:00");
  await host.axe();
  await host.yes("Save");
  await host.sees("Saved.");
  const locations = [{ type: "online_dynamic_link" }, { type: "in_person_by_host", id: "ADD-123456" }];
  assert.deepEqual(host.calls("update_scheduling_availability"), [
    {
      user_id: "USR-XXGJ98LRZMAU",
      weekly: [{ day: "Monday", working_hours: [{ start_time: "10:00", end_time: "17:00", locations }] }],
    },
  ]);
  assert.equal(host.calls("get_scheduling_availability").length, 1);
  await host.sees("These bookings lie outside now, and stand.");
  await host.sees("Ben Carter");
  assert.deepEqual(host.told(), [
    "update_scheduling_availability in the view: Saved. User USR-XXGJ98LRZMAU; 1 bookings outside.",
  ]);
  await host.axe();
  await host.press("Undo…");
  await host.yes("Restore");
  await host.sees("Restored.");
  await host.sees("Monday to Friday");
  await host.close();
});

test("dates: a day off, other hours, several at once, and as usual again", async () => {
  const host = await open();
  await host.press("Edit");
  await host.field("A date").fill("2026-12-28");
  await host.view.getByLabel(/^until/).fill("2026-12-29");
  await host.press("Day off");
  await host.field("A date").fill("2026-12-30");
  await host.press("Other hours");
  await host.view.locator("fieldset", { hasText: "Thu 24 Dec" }).getByRole("button", { name: "As usual" }).click();
  await host.press("Review");
  await host.sees("9:00–11:00 → as usual");
  await host.yes("Save");
  await host.sees("Saved.");
  const [{ weekly: week, overrides: dates }] = host.calls("update_scheduling_availability");
  assert.equal(week, undefined);
  assert.deepEqual(
    dates.map(({ date, working_hours, remove }) => [date, remove ?? working_hours.map((each) => each.start_time)]),
    [
      ["2026-12-24", true],
      ["2026-12-28", []],
      ["2026-12-29", []],
      ["2026-12-30", ["09:00"]],
    ],
  );
  await host.close();
});

test("hours are added, removed and copied", async () => {
  const host = await open();
  await host.press("Edit");
  const monday = host.view.locator("fieldset", { hasText: "Monday" });
  await host.field("Monday, to").fill("12:00");
  await monday.getByRole("button", { name: "Add hours" }).click();
  assert.equal(await host.field("Monday, from 2").inputValue(), "12:00");
  await host.field("Monday, from 2").fill("13:00");
  await host.field("Monday, to 2").fill("18:00");
  await monday.getByRole("button", { name: "Copy to weekdays" }).click();
  await host.view
    .locator("fieldset", { hasText: "Friday" })
    .getByRole("button", { name: "Remove Friday, 9:00 to 12:00" })
    .click();
  await host.press("Review");
  const lines = await host.view.locator("dl > div").allInnerTexts();
  assert.match(lines[0], /9:00–12:00, 13:00–18:00/);
  assert.match(lines[4], /Friday\s+9:00–17:00 → 13:00–18:00/);
  await host.close();
});

for (const [what, from, to, line] of [
  ["ends before it begins", "18:00", "17:00", "It ends before it begins"],
  ["empty", "", "17:00", "Give both times"],
  ["odd minutes", "09:10", "17:00", "quarter hours"],
])
  test(`a wrong stretch is told beside its fields: ${what}`, async () => {
    const host = await open();
    await host.press("Edit");
    await host.field("Monday, from").fill(from);
    await host.field("Monday, to").fill(to);
    await host.press("Review");
    await host.sees(line);
    assert.equal(await host.view.locator("[aria-invalid=true]").count(), 2);
    await host.axe();
    await host.close();
  });

test("an overlap is told, and nothing to save is said", async () => {
  const host = await open();
  await host.press("Edit");
  await host.press("Review");
  await host.view.getByRole("status").getByText("Nothing is changed so far.").waitFor();
  await host.view.locator("fieldset", { hasText: "Monday" }).getByRole("button", { name: "Add hours" }).click();
  await host.field("Monday, from 2").fill("16:00");
  await host.field("Monday, to 2").fill("18:00");
  await host.press("Review");
  await host.sees("It overlaps 9:00–17:00.");
  await host.close();
});

test("a lost answer is looked up, and never saved again", async () => {
  const tools = account();
  const save = tools.update_scheduling_availability;
  let args;
  tools.update_scheduling_availability = (asked) => ((args = asked), { rpc: { code: -32603, message: "broken" } });
  const host = await open({ tools });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.press("Review");
  await host.yes("Save");
  await host.sees("The answer was lost");
  await host.axe();
  await host.press("Look");
  await host.sees("They are not saved so far");
  save(args);
  await host.press("Look again");
  await host.sees("They are saved.");
  assert.equal(host.calls("update_scheduling_availability").length, 1);
  assert.match(host.told()[0], /outcome unknown for user USR-XXGJ98LRZMAU/);
  await host.close();
});

for (const [what, result, line] of [
  [
    "a refusal",
    failure({ type: "invalid_request_error", message: "No such thing", outcome: "not_done" }),
    "No such thing",
  ],
  ["a no", reply({ confirmed: false, note: "Nobody said yes" }), "Nobody said yes"],
  [
    "a client that cannot ask",
    failure({ type: "not_confirmed", message: "ask first", outcome: "not_done" }),
    "Ask the assistant to call update_scheduling_availability",
  ],
])
  test(`nothing is saved, and what was typed stays: ${what}`, async () => {
    const host = await open({ tools: { ...account(), update_scheduling_availability: () => result } });
    await host.press("Edit");
    await host.field("Monday, from").fill("10:00");
    await host.press("Review");
    await host.yes("Save");
    await host.sees("Nothing was saved.");
    await host.sees(line);
    assert.equal(await host.field("Monday, from").inputValue(), "10:00");
    await host.close();
  });

test("a reply that shows no hours proves nothing", async () => {
  const host = await open({ tools: { ...account(), update_scheduling_availability: () => reply({}) } });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.press("Review");
  await host.yes("Save");
  await host.sees("The answer was lost");
  assert.match(host.told()[0], /outcome unknown/);
  await host.close();
});

test("a day that nobody has edited may be as odd as it is, and other places are a change, too", async () => {
  const tools = account();
  tools.week.weekly[1].working_hours = [hours("09:10", "17:00")];
  const host = await open({ tools }, shown({ weekly: tools.week.weekly }));
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  tools.week.weekly = weekly();
  tools.week.weekly[0].working_hours[0].locations = [];
  await host.press("Review");
  await host.yes("Save");
  await host.sees("Somebody changed Monday meanwhile: nothing was saved.");
  await host.close();
});

test("what was edited is not forgotten without a question", async () => {
  const host = await open({ context: { availableDisplayModes: ["inline", "fullscreen"] } });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.press("Back");
  await host.sees("Leave without saving?");
  await host.sees("9:00–17:00 → 10:00–17:00");
  await host.press("Back");
  assert.equal(await host.field("Monday, from").inputValue(), "10:00");
  await host.press("Back");
  await host.yes("Leave");
  await host.sees("Monday to Friday");
  assert.deepEqual(
    host.sent("ui/request-display-mode").map(({ mode }) => mode),
    ["fullscreen", "inline"],
  );
  await host.close();
});

test("what was saved is not undone over somebody else's change", async () => {
  const tools = account();
  const host = await open({ tools });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.press("Review");
  await host.yes("Save");
  await host.press("Undo…");
  await host.sees("10:00–17:00 → 9:00–17:00");
  tools.week.weekly[0].working_hours = [hours("07:00", "08:00")];
  await host.yes("Restore");
  await host.sees("Somebody changed them meanwhile: nothing was restored.");
  assert.equal(host.calls("update_scheduling_availability").length, 1);
  await host.close();
});

test("without the right, or without calls, there is nothing to edit", async () => {
  for (const [options, result] of [
    [{}, shown({ can: { update: false } })],
    [{ can: {} }, shown()],
  ]) {
    const host = await open(options, result);
    assert.equal(await host.view.getByRole("button").count(), 0);
    await host.close();
  }
});

test("old hours are read again before they are edited", async () => {
  const tools = account();
  const host = await open({ tools });
  await host.page.clock.fastForward(130_000);
  tools.week.weekly[0].working_hours = [hours("07:00", "08:00")];
  await host.press("Edit");
  await host.field("Monday, from").waitFor();
  assert.equal(await host.field("Monday, from").inputValue(), "07:00");
  await host.close();
});

test("hours that no field can hold are kept, and odd data breaks nothing", async () => {
  const odd = weekly();
  odd[0].working_hours = [{ start_time: "20:00", end_time: "24:00" }];
  odd[1].working_hours = [null, { start_time: 7 }, "x"];
  odd.push(null, 7, { day: "Someday", working_hours: [] }, { day: 9 });
  const host = await open({}, shown({ weekly: odd, overrides: [null, { date: "soon" }, { date: "2026-12-24" }] }));
  await host.sees("20:00–24:00");
  await host.press("Edit");
  assert.equal(await host.view.locator("fieldset", { hasText: "Monday" }).getByText("24:00").count(), 1);
  await host.close();
  const empty = await open({}, shown({ weekly: [], overrides: [], user: null, time_zone: 7 }));
  await empty.sees("not told");
  await empty.close();
  const lost = await tab.host({ html, now: NOW, tools: account() });
  await lost.bring({ user_id: "dana" }, failure({ type: "rate_limit_error", message: "Try later" }));
  await lost.view.getByText("Try later").waitFor();
  await lost.view.getByRole("button", { name: "Try again" }).click();
  await lost.view.getByRole("heading", { name: "Working hours of Dana Reyes" }).waitFor();
  await lost.close();
});

test("all by keyboard", async () => {
  const host = await open();
  const tab_ = async (text) => {
    for (let at = 0; at < 80; at += 1) {
      await host.page.keyboard.press("Tab");
      if ((await host.frame().evaluate(() => document.activeElement?.textContent)) === text) return;
    }
    assert.fail(`no way to ${text}`);
  };
  await host.view.getByRole("button", { name: "Edit" }).focus();
  await host.page.keyboard.press("Enter");
  await host.field("Monday, from").focus();
  await host.page.keyboard.type("1030");
  await tab_("Review");
  await host.page.keyboard.press("Enter");
  await host.sees("9:00–17:00 → 10:30–17:00");
  await host.page.clock.fastForward(500);
  await tab_("Save");
  await host.page.keyboard.press("Enter");
  await host.sees("Saved.");
  await host.close();
});

test("hostile words are shown as text, cut, and nothing runs", async () => {
  for (const text of Object.values(HOSTILE)) {
    const odd = [
      {
        day: "Monday",
        working_hours: [{ start_time: text, end_time: text, locations: [{ type: text, value: text }] }],
      },
    ];
    const outside = [{ id: text, starting_time: "2026-11-30T14:00:00Z", guest: text }];
    const tools = account();
    tools.get_scheduling_availability = () => reply({ user_name: text, timezone: text, weekly: odd });
    tools.update_scheduling_availability = () =>
      reply({ user_name: text, weekly: odd, overrides: [off], outside_working_hours: outside });
    const off = { date: "2026-12-28", working_hours: [] };
    const user = { id: text, name: text };
    const host = await open({ width: 320, tools }, shown({ user, time_zone: text, weekly: odd }));
    await isTame(host);
    await fits(host);
    await host.press("Edit");
    await host.field("A date").fill("2026-12-28");
    await host.press("Day off");
    await isTame(host);
    await fits(host);
    await host.press("Review");
    await host.yes("Save");
    await host.sees("Saved.");
    await isTame(host);
    await fits(host);
    assert.deepEqual(host.told(), [
      "update_scheduling_availability in the view: Saved. User (unknown); 1 bookings outside.",
    ]);
    await host.close();
  }
});
