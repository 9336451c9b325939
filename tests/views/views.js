// The three views with an account behind each, for tests of what holds for all of them.
import { account as bookings, agenda } from "./bookings.js";
import { NOW, booking, free, slots, starts } from "./fixtures.js";
import { account as hours, shown } from "./hours.js";
import { view } from "./join.js";

/** What opens each view: the tool, its arguments and its reply; what the view reads and changes, and its heading. */
export const VIEWS = {
  slots: {
    tool: "show_free_slots",
    args: { calendar_id: "Intro call" },
    result: slots,
    tools: () => ({ get_booking_time_slots: () => free(starts(30)), schedule_meeting: (asked) => booking(asked) }),
    heading: "Intro call",
  },
  agenda: { tool: "show_bookings", args: { host: "me" }, result: agenda, tools: bookings, heading: "Bookings" },
  availability: {
    tool: "show_availability",
    args: { user_id: "dana" },
    result: shown,
    tools: hours,
    heading: /^Working hours/,
  },
};

/** openView mounts a view with what its tool replied; with null, before it replies. */
export async function openView(tab, name, options = {}, result = VIEWS[name].result()) {
  const { tools, args } = VIEWS[name];
  const host = await tab.host({ html: view(name), now: NOW, ...options, tools: { ...tools(), ...options.tools } });
  /** Waits until the view shows what it is for. */
  host.isShown = () => host.view.getByRole("heading", { name: VIEWS[name].heading }).first().waitFor();
  /** A free time, of those that are to be seen. */
  host.chip = (time) => host.view.locator("fieldset .chip", { hasText: time }).filter({ visible: true }).first();
  /** A booking's line. */
  host.line = (guest) => host.view.getByRole("button", { name: new RegExp(guest) });
  if (!result) return host;
  await host.bring(args, result);
  await host.isShown();
  return host;
}
