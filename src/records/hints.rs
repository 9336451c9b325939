//! What to do about each error that OnceHub documents, by its message: one greppable table. The status is considered
//! last, since OnceHub's own endpoints use it inconsistently. And what a caller can do about a server that somebody
//! else operates.

use crate::oncehub::Rejection;

/// Whom a hint is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// Who has started the server, and can change its settings.
    #[default]
    Operator,
    /// A caller of a hosted server, with a key of their own.
    KeyHolder,
    /// A caller of a hosted server, who has signed in to it with a key of their own.
    SignedIn,
    /// A caller of a hosted server, whom its identity provider has recognized: the key is the server's own.
    Recognized,
    /// A caller of a hosted server that has the key.
    Caller,
    /// A person at a page of a hosted server.
    Person,
}

/// What said who `me` is, if anything did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaidBy {
    /// The operator's setting.
    #[default]
    Setting,
    /// The simulated account.
    Sandbox,
    /// A header of the caller's.
    Header,
    /// The person, at sign-in.
    SignIn,
    /// The operator's map, of a person whom the identity provider has recognized.
    Map,
}

impl SaidBy {
    /// Returns its name, as a failure has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Setting | Self::Sandbox => "ONCEHUB_MCP_USER",
            Self::Header => "X-MCP-User",
            Self::SignIn => "what was filled in at sign-in",
            Self::Map => "this server's map of those who sign in",
        }
    }

    /// Returns why `me` is somebody, as a reply says it.
    pub fn why(self) -> &'static str {
        match self {
            Self::Setting => "as ONCEHUB_MCP_USER says",
            Self::Sandbox => "as the simulated account says",
            Self::Header => "as X-MCP-User says",
            Self::SignIn => "as was said at sign-in",
            Self::Map => "as this server's map says of the person who has signed in",
        }
    }
}

pub(super) const UNREACHABLE: &str =
    "nothing was sent; `oncehub-mcp check` says whether the network or ONCEHUB_API_URL is at fault";
pub(super) const TIMEOUT: &str = "try again, or ask for less; ONCEHUB_MCP_TIMEOUT sets how long a call may take";
pub(super) const UNEXPECTED: &str =
    "try again in a moment; if it persists, ONCEHUB_API_URL may point to something other than OnceHub's API";
const BAD_KEY: &str = "the key is wrong or was deleted: create a new one in OnceHub (Settings, API & webhooks) and set it as \
     ONCEHUB_API_KEY, or over HTTP as the API-Key header";
const EXPIRED_KEY: &str = "create a new key in OnceHub (Settings, API & webhooks) and set it as ONCEHUB_API_KEY, or over HTTP \
     as the API-Key header";
const CHECK_KEY: &str = "check ONCEHUB_API_KEY; `oncehub-mcp check` says what is wrong";

/// What to do when there is no key.
pub(super) const NO_KEY: &str = "set ONCEHUB_API_KEY (or ONCEHUB_API_KEY_FILE) in this server's environment and restart it, or \
     start it with --sandbox to try a simulated account";

/// Returns what this reader can do, in place of a hint for the operator.
pub(super) fn for_reader(hint: &str, reader: Reader) -> &str {
    match (hint, reader) {
        (_, Reader::Operator) => hint,
        (UNREACHABLE, _) => "nothing was sent: try again in a minute; if it persists, tell this server's operator",
        (TIMEOUT, _) => "try again, or ask for less",
        (UNEXPECTED, _) => "try again in a moment; if it persists, tell this server's operator",
        (BAD_KEY | EXPIRED_KEY | CHECK_KEY, Reader::KeyHolder) => {
            "create a new key in OnceHub (Settings, API & webhooks), and have the client send it as the API-Key header"
        }
        (BAD_KEY | EXPIRED_KEY | CHECK_KEY, Reader::SignedIn | Reader::Person) => {
            "the person has to connect again in their client, with a new key from OnceHub (Settings, API & webhooks)"
        }
        (BAD_KEY | EXPIRED_KEY | CHECK_KEY, Reader::Recognized) => "the key is this server's own: tell its operator",
        (BAD_KEY | EXPIRED_KEY | CHECK_KEY, Reader::Caller) => {
            "the key is this server's own: tell its operator, or have the client send one of yours as the API-Key header"
        }
        (NO_KEY, _) => "this server has no key: have the client send yours as the API-Key header, or tell its operator",
        _ => hint,
    }
}

/// Part of OnceHub's message, and the next step.
const BY_MESSAGE: &[(&str, &str)] = &[
    // Keys and plans.
    ("Invalid API key", BAD_KEY),
    ("Expired API key", EXPIRED_KEY),
    (
        "account plan does not support",
        "the account's owner has to move it to a plan with API access; retrying does not help",
    ),
    // Lists.
    ("Out of range value", "limit is 1 to 500"),
    ("both before and after", "use only the last reply's cursor"),
    ("cannot be later than", "swap the two ends of the range"),
    ("Invalid date", "write it like 2026-12-01 or 2026-12-01T15:00"),
    (
        "cannot be expanded",
        "expand takes owner, contact and conversation, for Classic bookings also booking_page, master_page and event_type; \
         for text messages recipient",
    ),
    ("unknown parameter", "this OnceHub does not know that filter: leave it out"),
    // Ids.
    ("No such booking calendar", "find the id with list_booking_calendars"),
    ("No such booking page", "find it with list_booking_pages"),
    ("No such booking", "find the id with list_bookings"),
    ("No such event type", "find it with list_event_types"),
    ("No such master page", "find it with list_master_pages"),
    ("No such user", "find the person with list_users"),
    ("No such team", "find it with list_teams"),
    ("No such contact", "find them with list_contacts, preferably by e-mail address"),
    ("No such webhook", "find it with list_webhooks"),
    // What a field may hold.
    ("Unsupported field", "leave out what param names"),
    ("At least one field", "pass at least one field to change"),
    ("Invalid email format", "give one bare address, like ada@example.com"),
    ("Invalid phone format", "give an international number that exists (E.164), like +12025550195"),
    ("Invalid timezone", "use an IANA zone such as Europe/London"),
    ("Invalid string", "recipient_type is contact or user"),
    // What a booking's state does not allow.
    ("Booking cannot be cancelled", "only an upcoming booking can be canceled: read its status with get_booking"),
    ("Paid bookings", "a person has to do this in OnceHub's activity stream; the API cannot"),
    (
        "status to no_show",
        "only a booking whose start has passed, and that was not canceled, can be marked: see get_booking",
    ),
    ("cannot be reassigned in its current status", "only an upcoming booking can be reassigned: see get_booking"),
    ("reassigned to the same host", "that person already hosts it: there is nothing to do, or choose another new_host"),
    ("User is inactive", "choose another new_host: this person has not accepted their invitation"),
    ("Reassign is available on", "the account's plan lacks reassignment: request_reschedule, or cancel and book again"),
    ("is not connected for this user", "leave video_provider out, or name one that the message lists"),
    ("new host requires an assigned seat", "choose another new_host, or have an administrator assign a seat"),
    ("location.type must be", "leave video_provider out"),
    // Calendars.
    ("End time must be after", "end_time has to be later than start_time"),
    ("host doesn't have a seat", "an administrator has to assign the host a seat; until then choose another calendar"),
    (
        "unpublished booking calendar",
        "somebody has to publish it in OnceHub; until then choose another from list_booking_calendars",
    ),
    ("Required fields are missing", "fill in what param names; a booking needs guest_name and guest_email"),
    ("start time is not available", "pick a start time from get_booking_time_slots"),
    (
        "location is not available",
        "pass a location_type that get_booking_time_slots shows for this calendar, with its location_value",
    ),
    ("Invalid cursor", "pass the last reply's next_cursor, or nothing to start over"),
    (
        "does not allow creation of one time links",
        "share the calendar's url from get_booking_calendar, or choose another calendar",
    ),
    ("master page is deleted", "choose another from list_master_pages"),
    // Users.
    ("Invalid first", "give a first name with at least one letter"),
    ("Invalid last", "give a last name with at least one letter"),
    (
        "Email already exists",
        "they are already in the account: list_users (email) shows them, update_user changes them",
    ),
    ("Invalid role name", "role_name is Administrator, Member or Team Manager"),
    ("Account Owner", "the account's ownership, and the owner's own entry, can only be changed in OnceHub itself"),
    ("Must be an array", "pass teams as a list of names or ids"),
    ("Invalid team", "find the teams with list_teams"),
    (
        "reached the user limit",
        "the plan has no room for another user: somebody has to be removed, or the plan upgraded; retrying does not help",
    ),
    ("as they have been deleted", "a deleted user cannot be restored: invite them again with add_user"),
    // Working hours.
    ("range is overlapping", "merge the overlapping ranges into one, or move one"),
    ("multiple of 15", "times must be on the quarter hour: 09:00, 09:15, 09:30, 09:45"),
    ("cannot be in the past", "choose a date from today on, in the user's zone"),
    ("Duplicate entry for day or date", "give all hours of a day or date in one entry"),
    ("either online_dynamic_link or", "choose one of the two for each range of hours"),
    ("Invalid date format", "write it like 2026-12-24"),
    // Contacts.
    ("'email' or 'mobile_phone' is required", "pass email or mobile_phone"),
    ("_name is required", "pass both first_name and last_name"),
    ("Contact already exists", "they already exist: list_contacts shows them, update_contact changes them"),
    ("Identifier fields", "leave them out: email and mobile_phone cannot be changed; for others create a new contact"),
    (
        "does not exist in field library",
        "name it exactly as OnceHub's field library does; get_contact shows those that are in use",
    ),
    // Webhooks.
    (
        "webhook subscription with this name",
        "choose another name, or delete the old one with delete_webhook: see list_webhooks",
    ),
];

/// Returns the next sensible step after a rejection.
pub(super) fn of(rejection: &Rejection) -> String {
    let by_message = BY_MESSAGE.iter().find(|(part, _)| rejection.message.contains(part));
    let hint = match (by_message, rejection.status) {
        (Some((_, hint)), _) => hint,
        (None, 401) => CHECK_KEY,
        (None, 402) => "something on the account has to be paid for or assigned first",
        (None, 403) => "this key is not allowed to do this; retrying does not help",
        (None, 404 | 410) => "it may have been deleted: look it up again",
        (None, 409) => "its state does not allow it: read it again first",
        (None, 500..) => "the problem is on OnceHub's side: try again in a minute",
        (None, _) if rejection.param.is_some() => "correct what the message names and call again",
        (None, _) => "correct the arguments and call again",
    };
    hint.to_owned()
}
