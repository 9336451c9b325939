// What the tools reply in the tests: as the server does on its simulated account.
import { reply } from "./host.js";

/** The time that views see. */
export const NOW = "2026-11-24T09:00:00Z";

const day = 86_400_000;

/** starts are free starts from 09:00 to 16:30 in UTC on the weekdays of `days` days after NOW; fewer later in the week. */
export function starts(days = 14, from = NOW) {
  const all = [];
  for (let at = 0; at < days; at += 1) {
    const date = new Date(Date.parse(from) + at * day);
    if ([0, 6].includes(date.getUTCDay())) continue;
    const count = [0, 14, 9, 3, 13, 6][date.getUTCDay()];
    for (let half = 0; half < count; half += 1) {
      const time = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), 9, 30 + half * 30));
      all.push(time.toISOString().replace(".000", ""));
    }
  }
  return all;
}

/** slots is what `show_free_slots` replies. */
export function slots(changes = {}) {
  const days = Object.entries(Object.groupBy(changes.starts ?? starts(), (start) => start.slice(0, 10)));
  return reply({
    calendar: {
      id: "BKC-JL6T638VXVXA",
      name: "Intro call",
      minutes: 30,
      time_zone: "America/New_York",
      host: "Dana Reyes",
      questions: [],
      locations: [{ type: "virtual", value: "google_meet", label: "google_meet" }],
      ...changes.calendar,
    },
    time_zone: "Europe/London",
    guest: { name: "Ruth Okafor", email: "ruth@okafor.example" },
    days: days.map(([date, each]) => ({ date, starts: each })),
    more_from: "2026-12-08T00:00:00Z",
    can: { book: true },
    as_of: NOW,
    ...changes.all,
  });
}

/** free is what `get_booking_time_slots` replies. */
export const free = (all) =>
  reply({ items: all.map((start_time) => ({ start_time })), has_more: false, time_zone: "Europe/London" });

/** booking is what `schedule_meeting` replies. */
export const booking = ({ start_time, guest_name, guest_email }, changes = {}) =>
  reply({
    booking_id: "BKNG-DFRAGLC6Z32M",
    id: "BKNG-DFRAGLC6Z32M",
    subject: "Intro call with Northlight",
    status: "scheduled",
    starting_time: start_time,
    duration_minutes: 30,
    guest_name,
    guest_email,
    virtual_conferencing: { join_url: "https://meet.google.com/dfraglc6z32m" },
    ...changes,
  });
