// The pictures of the documentation that show bookings and hours: UPDATE=1 takes them. Those of free times are with their tests.
import { after, before, test } from "node:test";
import { agenda, bookings, whole } from "./bookings.js";
import { picture } from "./checks.js";
import { NOW } from "./fixtures.js";
import { browse, reply } from "./host.js";
import { view } from "./join.js";

let tab;
before(async () => (tab = await browse()));
after(() => tab.close());

/** take opens a view, works in it, and takes its picture. */
async function take(name, of, result, options, work) {
  const host = await tab.host({ html: view(of), now: NOW, ...options });
  await host.bring({}, result);
  await work?.(host.view);
  await picture(host, name);
  await host.close();
}

const tools = { get_booking: ({ booking_id }) => reply(whole(bookings().find(({ id }) => id === booking_id))) };

test("the agenda, with a booking open, and on a phone in the dark", async () => {
  await take("agenda-wide", "agenda", agenda(), { width: 720, tools }, async (shown) => {
    await shown.getByRole("button", { name: /Jacob/ }).click();
    await shown.getByText("Bring the contract").waitFor();
  });
  const dark = { width: 320, context: { theme: "dark", locale: "en-US" } };
  await take("agenda-dark", "agenda", agenda(), dark, (shown) => shown.getByText("Jacob").first().waitFor());
});

test("working hours", async () => {
  const hours = (start_time, end_time) => ({ start_time, end_time, locations: [] });
  const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
  const result = reply({
    user: { id: "USR-XXGJ98LRZMAU", name: "Dana Reyes" },
    time_zone: "America/New_York",
    weekly: [
      ...days.map((day) => ({ day, working_hours: [hours("09:00", "12:00"), hours("13:00", "17:00")] })),
      ...["Saturday", "Sunday"].map((day) => ({ day, working_hours: [] })),
    ],
    overrides: [
      { date: "2026-12-23", working_hours: [] },
      { date: "2026-12-24", working_hours: [hours("09:00", "11:00")] },
    ],
    can: { update: true },
    as_of: NOW,
  });
  await take("hours", "availability", result, { width: 400 }, (shown) =>
    shown.getByText("Dana Reyes").first().waitFor(),
  );
});
