//! All operations of the API: which tool stands for each, what it puts on the wire, and the errors that OnceHub documents for
//! it. Two tests read the table: the one below, and `documented_errors`.

mod table;

use serde_json::Value;

use crate::tools::tests::bench::{Bench, Setup};
use table::Ids;

/// Method, path and tool of every operation of the API v2.
pub(super) const ALL: [(&str, &str, &str); 38] = [
    ("GET", "/test", "test_connection"),
    ("GET", "/bookings", "list_bookings"),
    ("GET", "/bookings/{id}", "get_booking"),
    ("POST", "/bookings/{id}/cancel", "cancel_booking"),
    ("POST", "/bookings/{id}/request-reschedule", "request_reschedule"),
    ("POST", "/bookings/{id}/reassign", "reassign_booking"),
    ("POST", "/bookings/{id}/no-show", "mark_no_show"),
    ("GET", "/booking-calendars", "list_booking_calendars"),
    ("GET", "/booking-calendars/{id}", "get_booking_calendar"),
    ("GET", "/booking-calendars/{id}/time-slots", "get_booking_time_slots"),
    ("POST", "/booking-calendars/{id}/schedule", "schedule_meeting"),
    ("POST", "/booking-calendars/{id}/one-time-links", "create_one_time_link"),
    ("GET", "/booking-pages", "list_booking_pages"),
    ("GET", "/booking-pages/{id}", "get_booking_page"),
    ("GET", "/event-types", "list_event_types"),
    ("GET", "/event-types/{id}", "get_event_type"),
    ("GET", "/master-pages", "list_master_pages"),
    ("GET", "/master-pages/{id}", "get_master_page"),
    ("POST", "/master-pages/{id}/one-time-links", "create_master_page_one_time_link"),
    ("GET", "/notifications/sms", "list_sms_notifications"),
    ("GET", "/users", "list_users"),
    ("POST", "/users", "add_user"),
    ("GET", "/users/{id}", "get_user"),
    ("PATCH", "/users/{id}", "update_user"),
    ("DELETE", "/users/{id}", "delete_user"),
    ("GET", "/users/{id}/scheduling-availability", "get_scheduling_availability"),
    ("PATCH", "/users/{id}/scheduling-availability", "update_scheduling_availability"),
    ("GET", "/teams", "list_teams"),
    ("GET", "/teams/{id}", "get_team"),
    ("GET", "/contacts", "list_contacts"),
    ("POST", "/contacts", "create_contact"),
    ("GET", "/contacts/{id}", "get_contact"),
    ("PATCH", "/contacts/{id}", "update_contact"),
    ("DELETE", "/contacts/{id}", "delete_contact"),
    ("POST", "/webhooks", "create_webhook"),
    ("GET", "/webhooks", "list_webhooks"),
    ("GET", "/webhooks/{id}", "get_webhook"),
    ("DELETE", "/webhooks/{id}", "delete_webhook"),
];

/// A documented error: status, message, and what it is about.
pub(super) type Documented = (u16, &'static str, Option<&'static str>);

/// A tool with all of its arguments, what they become on the wire, and the operation's own errors.
pub(super) struct Operation {
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
    /// What `{id}` in the path becomes.
    id: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    pub(super) errors: Vec<Documented>,
}

impl Operation {
    pub(super) fn method(&self) -> &'static str {
        self.known().0
    }

    /// Below `/v2`.
    pub(super) fn path(&self) -> String {
        self.known().1.replace("{id}", &self.id)
    }

    /// The body of its request.
    pub(super) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    fn known(&self) -> (&'static str, &'static str, &'static str) {
        *ALL.iter().find(|(.., tool)| *tool == self.tool).expect("no such tool")
    }

    fn on(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    fn asks(mut self, query: &[(&'static str, &str)]) -> Self {
        self.query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self
    }

    fn sends(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    fn fails(mut self, errors: &[&[Documented]]) -> Self {
        self.errors = errors.concat();
        self
    }
}

fn operation(tool: &'static str, arguments: Value) -> Operation {
    Operation { tool, arguments, id: String::new(), query: Vec::new(), body: None, errors: Vec::new() }
}

/// An account, and the table for it.
pub(super) async fn table(setup: Setup) -> (Bench, Vec<Operation>) {
    let bench = Bench::with(setup).await;
    let operations = Ids::of(&bench).await.operations();
    assert_eq!(operations.len(), ALL.len(), "an operation is not in the table");
    (bench, operations)
}

#[tokio::test]
async fn each_operation_goes_over_the_wire_as_documented() {
    let (bench, operations) = table(Setup::default()).await;
    for operation in operations {
        let before = bench.sandbox.requests().len();
        bench.call(operation.tool, operation.arguments.clone()).await;
        let path = format!("/v2{}", operation.path());
        let seen = bench.sandbox.requests().split_off(before);
        let of_it = |seen: &&crate::sandbox::Seen| seen.method == operation.method() && seen.path == path;
        // Before it directories are read, after it sometimes the object: what was asked for has all of the query.
        let requests: Vec<_> = seen.iter().filter(of_it).collect();
        let query = |seen: &crate::sandbox::Seen| -> Vec<(String, String)> {
            let mut pairs: Vec<_> = url::form_urlencoded::parse(seen.query.as_bytes()).into_owned().collect();
            pairs.sort();
            pairs
        };
        let mut expected: Vec<_> =
            operation.query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        expected.sort();
        let found = requests.iter().find(|seen| query(seen) == expected && seen.body == operation.body);
        assert!(
            found.is_some(),
            "{}: not on the wire: {} {path} {expected:?} {:?}, but {seen:#?}",
            operation.tool,
            operation.method(),
            operation.body
        );
    }
}
