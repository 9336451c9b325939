//! What to do next about each error that OnceHub documents, by its message: one greppable table. Statuses are looked at last,
//! since OnceHub's own branches disagree on them.

use crate::oncehub::Rejection;

/// A part of OnceHub's message, and the next move.
const BY_MESSAGE: &[(&str, &str)] = &[
    // Keys and plans.
    (
        "Invalid API key",
        "the key is wrong or was deleted: make a new one in OnceHub (Settings, API & webhooks) and set ONCEHUB_API_KEY",
    ),
    ("Expired API key", "make a new key in OnceHub (Settings, API & webhooks) and set ONCEHUB_API_KEY"),
    ("account plan does not support", "the account's owner has to move it to a plan with API access; no retry helps"),
    // Lists.
    ("Out of range value", "limit is 1 to 500"),
    ("both before and after", "use only the cursor that the last reply gave"),
    ("cannot be later than", "exchange the two ends of the range"),
    ("Invalid date", "write it like 2026-12-01 or 2026-12-01T15:00"),
    (
        "cannot be expanded",
        "expand takes owner, contact and conversation; for Classic bookings also booking_page, master_page, event_type",
    ),
    ("unknown parameter", "this OnceHub does not know that filter: leave it out"),
    // Ids.
    ("No such booking calendar", "find the id with list_booking_calendars"),
    ("No such booking page", "find the page in OnceHub, or leave that filter out"),
    ("No such booking", "find the id with list_bookings"),
    ("No such user", "use the person's full name, e-mail address or id"),
    ("No such contact", "use the contact's e-mail address or id"),
    // What a booking's state does not allow.
    ("Booking cannot be cancelled", "only a booking that is still to come can be: read its status with get_booking"),
    ("Paid bookings", "a person has to do this in OnceHub's activity stream; the API cannot"),
    ("status to no_show", "only a booking whose time has come, and that was not canceled, can be: see get_booking"),
    ("cannot be reassigned in its current status", "only a booking that is still to come can be: see get_booking"),
    ("reassigned to the same host", "that person hosts it already: nothing to do, or choose another new_host"),
    ("User is inactive", "choose another new_host: this person has not accepted their invitation"),
    (
        "Reassign is available on",
        "the account's plan lacks reassignment: request_reschedule, or cancel and schedule anew",
    ),
    ("is not connected for this user", "leave video_provider out, or name one that the message lists"),
    ("new host requires an assigned seat", "choose another new_host, or have an administrator assign a seat"),
    ("location.type must be", "leave video_provider out"),
    // Calendars.
    ("End time must be after", "end_time has to be later than start_time"),
    ("host doesn't have a seat", "an administrator has to assign the host a seat; until then choose another calendar"),
    (
        "unpublished booking calendar",
        "somebody has to publish it in OnceHub; choose another from list_booking_calendars",
    ),
    ("Required fields are missing", "guest_name and guest_email must be given"),
    ("start time is not available", "pick a start from get_booking_time_slots"),
    (
        "location is not available",
        "pass a location_type that get_booking_time_slots shows for this calendar, with its location_value",
    ),
    ("Invalid cursor", "pass next_cursor of the last reply, or nothing to begin anew"),
    (
        "does not allow creation of one time links",
        "share the calendar's url from get_booking_calendar, or choose another calendar",
    ),
];

/// The next sensible move after a refusal.
pub(super) fn of(rejection: &Rejection) -> String {
    let by_message = BY_MESSAGE.iter().find(|(part, _)| rejection.message.contains(part));
    let hint = match (by_message, rejection.status) {
        (Some((_, hint)), _) => hint,
        (None, 401) => "check ONCEHUB_API_KEY; `oncehub-mcp check` tells what is wrong",
        (None, 402) => "something on the account has to be paid for or assigned first",
        (None, 403) => "the key may not do this; no retry helps",
        (None, 404 | 410) => "it may have been deleted: look it up again",
        (None, 409) => "its state does not allow it: read it again first",
        (None, 500..) => "the trouble is on OnceHub's side: try again in a minute",
        (None, _) if rejection.param.is_some() => "correct what the message names and call again",
        (None, _) => "correct the arguments and call again",
    };
    hint.to_owned()
}
