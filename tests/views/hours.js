// Working hours as the tools reply them in the tests: as the server does on its simulated account.
import { NOW } from "./fixtures.js";
import { reply } from "./host.js";

const PLACES = [
  { type: "online_dynamic_link", value: "google_meet", id: null },
  { type: "online_dynamic_link", value: "microsoft_teams", id: null },
  { type: "in_person_by_host", value: "1 High Street", id: "ADD-123456" },
];
/** hours are a stretch of a day, at all places. */
export const hours = (start_time, end_time) => ({ start_time, end_time, locations: PLACES });
const WORKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
/** weekly is a week of equal days and a free weekend. */
export const weekly = () => [
  ...WORKDAYS.map((day) => ({ day, working_hours: [hours("09:00", "17:00")] })),
  ...["Saturday", "Sunday"].map((day) => ({ day, working_hours: [] })),
];
/** overrides are the dates that differ; one is past. */
const overrides = () => [
  { date: "2026-11-01", working_hours: [] },
  { date: "2026-12-23", working_hours: [] },
  { date: "2026-12-24", working_hours: [hours("09:00", "11:00")] },
];

/** shown is what `show_availability` replies. */
export const shown = (changes = {}) =>
  reply({
    user: { id: "USR-XXGJ98LRZMAU", name: "Dana Reyes" },
    time_zone: "America/New_York",
    weekly: weekly(),
    overrides: overrides(),
    can: { update: true },
    as_of: NOW,
    ...changes,
  });

/** account is a user's hours that keep what is saved. */
export function account() {
  const week = { weekly: weekly(), overrides: overrides() };
  const user = { user_id: "USR-XXGJ98LRZMAU", user_name: "Dana Reyes", timezone: "America/New_York" };
  const put = (all, key, each) => {
    const at = all.findIndex((one) => one[key] === each[key]);
    if (each.remove) all.splice(at, 1);
    else if (at < 0) all.push(each);
    else all[at] = { ...all[at], ...each };
  };
  return {
    week,
    get_scheduling_availability: () => reply({ ...user, ...structuredClone(week) }),
    update_scheduling_availability: (args) => {
      args.weekly?.forEach((each) => put(week.weekly, "day", each));
      args.overrides?.forEach((each) => put(week.overrides, "date", each));
      const outside = [
        { id: "BKNG-4UVBCPLX9CLY", starting_time: "2026-11-30T14:00:00Z", guest: `"Ben Carter" "ben@maple.example"` },
      ];
      const undo = { user_id: user.user_id, weekly: [{ day: "Monday", working_hours: [hours("09:00", "17:00")] }] };
      return reply({ ...user, ...structuredClone(week), outside_working_hours: outside, undo });
    },
  };
}
