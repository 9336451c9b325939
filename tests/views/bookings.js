// Bookings as the tools reply them in the tests: as the server does on its simulated account.
import { NOW } from "./fixtures.js";
import { reply } from "./host.js";

/** booking is a row of `list_bookings`. */
export const booking = (values) => ({
  status: "scheduled",
  duration_minutes: 30,
  owner: "USR-XSAJLWDAS78B",
  owner_name: "Lee Whitford",
  booking_calendar_name: "Intro call",
  ...values,
});

/** bookings are some rows, as a list has them: newest created first. */
export const bookings = () => [
  booking({
    id: "BKNG-ZKE9FHEL3W6Q",
    status: "requested",
    starting_time: "2026-11-27T07:00:00Z",
    owner: "USR-27UZP6853UZR",
    owner_name: "Priya Raman",
    guest_name: "Zoë Adams",
    guest_email: "zoe.adams@quill.example",
    booking_calendar_name: "Partnership talk",
  }),
  booking({
    id: "BKNG-VG38XHS9HVHX",
    starting_time: "2026-11-25T10:00:00Z",
    duration_minutes: 45,
    guest_name: "Jacob Lindqvist",
    guest_email: "jacob.lindqvist@fjord.example",
    booking_calendar_name: "Quarterly review",
  }),
  booking({
    id: "BKNG-S7HHVQ5JDLPX",
    status: "canceled",
    starting_time: "2026-11-25T15:00:00Z",
    guest_name: "Tom Ashcroft",
    guest_email: "tom@ashcroft.example",
  }),
  booking({
    id: "BKNG-PAST11111111",
    starting_time: "2026-11-24T08:30:00Z",
    guest_name: "Nikolai Petrov",
    guest_email: "nikolai@petrov.example",
  }),
];

/** whole is a booking as `get_booking` replies it. */
export const whole = (row) => ({
  subject: row.booking_calendar_name,
  customer_timezone: "Europe/Stockholm",
  virtual_conferencing: { join_url: `https://meet.google.com/${row.id.slice(5).toLowerCase()}` },
  form_submission: {
    name: row.guest_name,
    email: row.guest_email,
    phone: "+46701234567",
    company: "Fjord Tools",
    note: "Bring the contract",
    guests: [],
    custom_fields: [{ name: "Team size", value: 12 }],
  },
  reschedule_url: "https://oncehub.com/booking/1/reschedule",
  ...row,
});

/** agenda is what `show_bookings` replies. */
export const agenda = (changes = {}) =>
  reply({
    items: bookings(),
    time_zone: "Europe/London",
    filters: { host: "USR-XSAJLWDAS78B", time_zone: "Europe/London" },
    can: { cancel: true, request_reschedule: true, reassign: true, mark_no_show: true },
    as_of: NOW,
    ...changes,
  });

/** users is what `list_users` replies. */
const users = () =>
  reply({
    items: [
      { id: "USR-XSAJLWDAS78B", first_name: "Lee", last_name: "Whitford", email: "lee@x.example", status: "active" },
      { id: "USR-XXGJ98LRZMAU", first_name: "Dana", last_name: "Reyes", email: "dana@x.example", status: "active" },
      { id: "USR-FGMFVTHPXHCU", first_name: "Iris", last_name: "Novak", email: "iris@x.example", status: "invited" },
    ],
    has_more: false,
  });

/** account is one of few bookings: what the view changes is what it reads next. */
export function account(rows = bookings()) {
  const known = new Map(rows.map((row) => [row.id, row]));
  /** change puts new values into a booking, and replies with the whole of it. */
  const change =
    (values) =>
    ({ booking_id, ...args }) => {
      known.set(booking_id, { ...known.get(booking_id), ...values(args) });
      return reply({ ...whole(known.get(booking_id)), confirmed: true });
    };
  return {
    list_bookings: () => reply({ items: [...known.values()], has_more: false, next_cursor: null }),
    get_booking: ({ booking_id }) => reply(whole(known.get(booking_id))),
    list_users: users,
    cancel_booking: change(({ reason }) => ({
      status: "canceled",
      cancel_reschedule_information: { reason, actioned_by: "user" },
    })),
    request_reschedule: change(() => ({ status: "canceled" })),
    reassign_booking: change(({ new_host }) => ({ owner: new_host, owner_name: "Dana Reyes" })),
    mark_no_show: change(() => ({ status: "no_show" })),
  };
}
