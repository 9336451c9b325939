// What goes wrong around a view: hosts that repeat themselves or do not answer, others who change the same meanwhile, and
// accounts of another size. A view then neither says what is not so, nor loses what was typed, nor stands still for good.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { account as agendaAccount } from "./bookings.js";
import { slots } from "./fixtures.js";
import { account as hoursAccount, hours, shown } from "./hours.js";
import { browse, failure, reply } from "./host.js";
import { VIEWS, openView } from "./views.js";

let tab;
before(async () => (tab = await browse()));
after(() => tab.close());

const open = (...options) => openView(tab, ...options);

test("a change that somebody else made to another day is neither sent back nor lost", async () => {
  const tools = hoursAccount();
  const host = await open("availability", { tools });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.press("Review");
  tools.week.weekly[1].working_hours = [hours("07:00", "08:00")];
  tools.week.overrides.splice(1, 1);
  await host.yes("Save");
  await host.sees("Saved.");
  const [{ weekly, overrides }] = host.calls("update_scheduling_availability");
  assert.deepEqual([weekly.map(({ day }) => day), overrides], [["Monday"], undefined]);
  await host.sees("7:00–8:00");
  await host.close();
});

test("where somebody else changed a day meanwhile, what was typed for the others stays", async () => {
  const tools = hoursAccount();
  const host = await open("availability", { tools });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.field("Friday, to").fill("15:00");
  await host.press("Review");
  tools.week.weekly[0].working_hours = [hours("08:00", "12:00")];
  await host.yes("Save");
  await host.sees("Somebody changed Monday meanwhile: nothing was saved.");
  assert.equal(await host.field("Monday, from").inputValue(), "08:00");
  assert.equal(await host.field("Friday, to").inputValue(), "15:00");
  assert.equal(host.calls("update_scheduling_availability").length, 0);
  await host.close();
});

test("hours that are being edited, asked about or not known stay when the host says the same once more", async () => {
  const tools = { update_scheduling_availability: () => ({ rpc: { code: -32603, message: "gone" } }) };
  const host = await open("availability", { tools });
  const again = () => host.bring({ user_id: "dana" }, shown());
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await again();
  assert.equal(await host.field("Monday, from").inputValue(), "10:00");
  await host.press("Review");
  await again();
  await host.yes("Save");
  await host.view.getByRole("heading", { name: "Not known" }).waitFor();
  await again();
  await host.view.getByRole("heading", { name: "Not known" }).waitFor();
  await host.close();
});

test("hours of which it is not known whether they were saved can be edited on after a while", async () => {
  const tools = { update_scheduling_availability: () => ({ rpc: { code: -32603, message: "gone" } }) };
  const host = await open("availability", { tools });
  await host.press("Edit");
  await host.field("Monday, from").fill("10:00");
  await host.press("Review");
  await host.yes("Save");
  await host.press("Look");
  await host.sees("They are not saved so far.");
  await host.pass(130_000);
  await host.press("Look again");
  await host.sees("They were not saved.");
  assert.equal(await host.field("Monday, from").inputValue(), "10:00");
  assert.equal(host.calls("update_scheduling_availability").length, 1);
  await host.close();
});

test("a reason that was typed stays after a refusal, a no, and a look elsewhere", async () => {
  const refused = failure({ type: "x", message: "Too late", outcome: "not_done" });
  const host = await open("agenda", { tools: { cancel_booking: () => refused } });
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.view.getByLabel("Reason").fill("We are closed");
  await host.view.getByLabel("E-mail the guest").uncheck();
  const isKept = async () => {
    assert.equal(await host.view.getByLabel("Reason").inputValue(), "We are closed");
    assert.equal(await host.view.getByLabel("E-mail the guest").isChecked(), false);
    await host.sees("The guest gets none");
  };
  await host.yes("Cancel booking");
  await host.sees("Nothing was changed. Too late");
  await host.press("Cancel…");
  await isKept();
  await host.press("Back");
  await host.line("Zoë").click();
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await isKept();
  // Another question begins with nothing.
  await host.press("Back");
  await host.press("Ask to reschedule…");
  assert.equal(await host.view.getByLabel("Reason").inputValue(), "");
  await host.close();
});

test("after a refusal, a booking is shown as it is now", async () => {
  const tools = agendaAccount();
  const cancel = tools.cancel_booking;
  const host = await open("agenda", {
    tools: {
      ...tools,
      cancel_booking: (args) => (
        cancel(args),
        failure({ type: "x", message: "It is canceled already", outcome: "not_done" })
      ),
    },
  });
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.yes("Cancel booking");
  await host.sees("It is canceled already");
  await host.view.getByRole("button", { name: /Jacob.*Canceled/ }).waitFor();
  assert.equal(await host.button("Cancel…").count(), 0);
  await host.close();
});

test("a host that does not answer about room takes no panel away", async () => {
  const host = await open("agenda", {
    context: { availableDisplayModes: ["inline", "fullscreen"] },
    mute: ["ui/request-display-mode"],
  });
  await host.press("Full screen");
  await host.line("Jacob").click();
  await host.press("Cancel…");
  await host.view.getByLabel("Reason").fill("We are closed");
  await host.pass(31_000);
  assert.equal(await host.view.getByLabel("Reason").inputValue(), "We are closed");
  await host.close();
});

test("a host that does not answer to a time or a link lets nobody wait for long", async () => {
  const mute = ["ui/update-model-context", "ui/open-link"];
  const host = await open("slots", { mute }, slots({ all: { can: { book: false } } }));
  await host.chip("10:30").click();
  await host.press("Use this time");
  await host.pass(6_000);
  await host.sees("Tell the assistant this time.");
  await host.close();
});

test("while a part of the agenda is read, nothing else is shown as that part", async () => {
  let go;
  const gate = new Promise((resolve) => (go = resolve));
  const host = await open("agenda", { tools: { list_bookings: async () => (await gate, reply({ items: [] })) } });
  await host.field("Past").check();
  await host.until(() => host.calls("list_bookings").length);
  await host.sees("Reading");
  assert.equal(await host.view.locator(".line").count(), 0);
  go();
  await host.sees("No bookings here.");
  await host.close();
});

test("a second try shows that it reads, is made once, and takes no choice away", async () => {
  for (const name of Object.keys(VIEWS)) {
    const { tool, args, result } = VIEWS[name];
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    const host = await open(name, { tools: { [tool]: async () => (await gate, result()) } }, null);
    await host.bring(args, failure({ type: "rate_limit_error", message: "Wait 30 s" }));
    await host.button("Try again").dblclick();
    await host.until(() => host.calls(tool).length);
    assert.ok(await host.view.locator("main").evaluate((node) => node.inert), name);
    go();
    await host.isShown();
    assert.equal(host.calls(tool).length, 1);
    await host.close();
  }
});

test("a result that comes before its input, in a host that calls no tools", async () => {
  for (const name of Object.keys(VIEWS)) {
    const { args, result } = VIEWS[name];
    const host = await open(name, { can: {} }, null);
    await host.until(() => host.sent("ui/notifications/initialized").length);
    await host.notify("tool-result", result());
    await host.notify("tool-input", { arguments: args });
    await host.pass(61_000);
    await host.isShown();
    await host.close();
  }
});

test("times that cannot be read leave those that are known", async () => {
  const error = failure({ type: "rate_limit_error", message: "Wait 30 s" });
  const tools = { get_booking_time_slots: () => error };
  const host = await open("slots", { tools }, slots({ all: { as_of: "2026-11-24T08:50:00Z" } }));
  await host.chip("10:30").click();
  await host.press("Continue");
  await host.sees("Wait 30 s");
  assert.ok(await host.chip("10:30").locator("input").isChecked());
  await host.press("Later days");
  await host.press("Later days");
  await host.sees("Wait 30 s");
  await host.view.locator("[data-date='2026-12-01'] .chip").first().waitFor({ state: "attached" });
  assert.equal(await host.view.locator("[data-date='2026-12-08']").count(), 0);
  await host.close();
});

test("a phone number that is not asked for any more is not sent", async () => {
  const locations = [
    { type: "guest_phone", label: "Phone call" },
    { type: "virtual", value: "google_meet", label: "google_meet" },
  ];
  const host = await open("slots", {}, slots({ calendar: { locations } }));
  await host.chip("10:30").click();
  await host.press("Continue");
  await host.view.getByLabel("Phone").fill("12");
  await host.view.getByLabel("Where").selectOption({ index: 1 });
  await host.press("Continue");
  await host.yes("Book");
  await host.view.getByRole("heading", { name: "Booked" }).waitFor();
  assert.equal(host.calls("schedule_meeting")[0].guest_phone, undefined);
  await host.close();
});

test("a clock that is behind the server's does not make old times fresh", async () => {
  const host = await open("slots", { now: "2026-11-24T07:00:00Z" });
  await host.chip("10:30").click();
  await host.press("Continue");
  await host.sees("Book this time?");
  assert.equal(host.calls("get_booking_time_slots").length, 1);
  await host.close();
});

test("of very many users, it is said that not all are listed", async () => {
  const list_users = ({ cursor = "0" }) =>
    reply({
      items: Array.from({ length: 100 }, (_, at) => ({
        id: `USR-${cursor}${at}`,
        first_name: `A${cursor}${at}`,
        status: "active",
      })),
      next_cursor: String(Number(cursor) + 1),
    });
  const host = await open("agenda", { tools: { list_users } });
  await host.line("Jacob").click();
  await host.press("Reassign…");
  await host.sees("There are more users than these");
  await host.close();
});

test("a list of users that does not end is not read for ever", async () => {
  const host = await open("agenda", { tools: { list_users: () => reply({ items: [], next_cursor: "again" }) } });
  await host.line("Jacob").click();
  await host.press("Reassign…");
  await host.sees("There is no other active user to take it.");
  await host.close();
});

test("dates that had no room in the reply are counted, and read before hours are edited", async () => {
  const all = Array.from({ length: 28 }, (_, at) => ({
    date: `2027-01-${String(at + 1).padStart(2, "0")}`,
    working_hours: [],
  }));
  const tools = hoursAccount();
  tools.week.overrides = all;
  const host = await open("availability", { tools }, shown({ overrides: all.slice(0, 6), more_overrides: 22 }));
  await host.sees("and 24 more");
  await host.press("Edit");
  await host.view.locator("fieldset", { hasText: "28 Jan 2027" }).waitFor();
  assert.equal(host.calls("get_scheduling_availability").length, 1);
  await host.close();
});

test("hours that are copied to other days leave them the places that they have", async () => {
  const tools = hoursAccount();
  const online = [{ type: "online_dynamic_link", value: "google_meet", id: null }];
  tools.week.weekly[1].working_hours = [{ ...hours("08:00", "12:00"), locations: online }];
  const host = await open("availability", { tools }, shown({ weekly: tools.week.weekly }));
  await host.press("Edit");
  await host.view.locator("[data-day=Monday]").getByRole("button", { name: "Copy to weekdays" }).click();
  await host.press("Review");
  await host.yes("Save");
  await host.sees("Saved.");
  const [{ weekly }] = host.calls("update_scheduling_availability");
  assert.deepEqual(weekly, [
    {
      day: "Tuesday",
      working_hours: [{ start_time: "09:00", end_time: "17:00", locations: [{ type: "online_dynamic_link" }] }],
    },
  ]);
  await host.close();
});

test("a review of nothing says so to those who see, too", async () => {
  const host = await open("availability");
  await host.press("Edit");
  await host.press("Review");
  await host.view.locator(".note").getByText("Nothing is changed so far.").waitFor();
  await host.close();
});
