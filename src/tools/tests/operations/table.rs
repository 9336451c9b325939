//! The table itself, a function a noun.

use serde_json::{Value, json};

use crate::tools::tests::bench::Bench;
use crate::tools::tests::operations::{Documented, Operation, operation};

const PAGE: Documented = (400, "Out of range value: 500. Please provide a number between 1 and 100.", Some("limit"));
const CURSORS: Documented = (400, "Received both before and after parameters. Please provide only one.", None);
const PAGES: &[Documented] = &[PAGE, CURSORS];
const EXPAND: Documented = (400, "This property cannot be expanded: invalid_property", Some("expand"));
const DATE: Documented = (400, "Invalid date: 2025-13-45T99:99:99Z", Some("creation_time.gt"));
const CREATED: Documented = (400, "creation_time.gt cannot be later than creation_time.lt", Some("creation_time.gt"));
const UPDATED: Documented =
    (400, "last_updated_time.gt cannot be later than last_updated_time.lt", Some("last_updated_time.gt"));
const NO_BOOKING: Documented = (404, "No such booking: 'BKNG-1'", Some("id"));
const NO_CALENDAR: Documented = (404, "No such booking calendar: 'BKC-1'", Some("id"));
const NO_MASTER_PAGE: Documented = (404, "No such master page: 'MP-1'", Some("id"));
const NO_USER: Documented = (404, "No such user: 'USR-1'", Some("id"));
const NO_CONTACT: Documented = (404, "No such contact: 'CTC-1'", Some("id"));
const NO_WEBHOOK: Documented = (404, "No such webhook: 'WHK-1'", Some("id"));
const NOT_CANCELLABLE: Documented = (409, "Booking cannot be cancelled: 'BKNG-1'", Some("id"));
const ONE_FIELD: Documented = (400, "At least one field must be provided to update.", Some("body"));

/// What the arguments of the table are about.
pub(super) struct Ids {
    booking: String,
    other: String,
    third: String,
    past: String,
    calendar: String,
    slot: String,
    page: String,
    event_type: String,
    master_page: String,
    dana: String,
    lee: String,
    sam: String,
    advisers: String,
    contact: String,
    webhook: String,
}

impl Ids {
    pub(super) async fn of(bench: &Bench) -> Self {
        let slots = json!({"calendar_id": "Intro call", "start_time": "+2d"});
        let slots = bench.call("get_booking_time_slots", slots).await.structure().clone();
        let first = |list: &Value| list["items"][0]["id"].as_str().unwrap().to_owned();
        let listed = async |tool: &str, arguments: Value| first(bench.call(tool, arguments).await.structure());
        Self {
            booking: bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await,
            other: bench.booking(json!({"calendar": "Partnership talk", "starts_after": "tomorrow"})).await,
            third: bench
                .booking(json!({"calendar": "Strategy session", "starts_after": "tomorrow", "status": "scheduled"}))
                .await,
            past: bench.booking(json!({"status": "completed", "starts_before": "now"})).await,
            calendar: slots["calendar_id"].as_str().unwrap().to_owned(),
            slot: slots["items"][0]["start_time"].as_str().unwrap().to_owned(),
            page: listed("list_booking_pages", json!({})).await,
            event_type: listed("list_event_types", json!({})).await,
            master_page: listed("list_master_pages", json!({})).await,
            dana: listed("list_users", json!({"name": "Dana"})).await,
            lee: listed("list_users", json!({"name": "Lee"})).await,
            sam: listed("list_users", json!({"email": "sam.sales@northlight.example"})).await,
            advisers: bench.call("get_team", json!({"team_id": "Advisers"})).await.structure()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            contact: listed("list_contacts", json!({"name": "Jacob"})).await,
            webhook: listed("list_webhooks", json!({})).await,
        }
    }

    /// Each operation once; those that take something away come last.
    pub(super) fn operations(&self) -> Vec<Operation> {
        [
            self.bookings(),
            self.calendars(),
            self.classic(),
            self.users(),
            self.availability(),
            self.contacts(),
            self.webhooks(),
            self.deletions(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn bookings(&self) -> Vec<Operation> {
        let paid = |message: &'static str| (422, message, None);
        vec![
            operation("GET /test", "test_connection", json!({})),
            operation(
                "GET /bookings",
                "list_bookings",
                json!({
                    "status": ["scheduled"], "owner": "Dana Reyes", "host": "lee@northlight.example", "contact": self.contact,
                    "calendar": "Intro call", "booking_page": self.page, "master_page": self.master_page,
                    "event_type": self.event_type, "starts_after": "2026-11-01T00:00:00Z", "starts_before": "2026-12-01",
                    "created_after": "2026-10-01T00:00:00Z", "created_before": "2026-12-02T00:00:00Z",
                    "updated_after": "2026-10-01T00:00:00Z", "updated_before": "2026-12-02T00:00:00Z",
                    "expand": ["owner", "contact"], "limit": 7, "cursor": self.booking
                }),
            )
            .asks(&[
                ("status", "scheduled"),
                ("owner", &self.dana),
                ("host", &self.lee),
                ("contact", &self.contact),
                ("booking_calendar", &self.calendar),
                ("booking_page", &self.page),
                ("master_page", &self.master_page),
                ("event_type", &self.event_type),
                ("starting_time.gt", "2026-10-31T23:59:59.999Z"),
                // A date includes that day, in New York.
                ("starting_time.lt", "2026-12-02T05:00:00Z"),
                ("creation_time.gt", "2026-09-30T23:59:59.999Z"),
                ("creation_time.lt", "2026-12-02T00:00:00Z"),
                ("last_updated_time.gt", "2026-09-30T23:59:59.999Z"),
                ("last_updated_time.lt", "2026-12-02T00:00:00Z"),
                ("expand", "owner,contact"),
                ("limit", "7"),
                ("after", &self.booking),
            ])
            .fails(&[&[EXPAND, DATE, CREATED, UPDATED], PAGES]),
            operation("GET /bookings/{id}", "get_booking", json!({"booking_id": self.booking, "expand": ["owner"]}))
                .on(&self.booking)
                .asks(&[("expand", "owner")])
                .fails(&[&[NO_BOOKING]]),
            operation("POST /bookings/{id}/cancel", "cancel_booking", json!({"booking_id": self.booking, "reason": "Ill", "notify_guest": false}))
                .on(&self.booking)
                .sends(json!({"cancellation_reason": "Ill", "send_cancellation_email": false}))
                .fails(&[&[
                    NO_BOOKING,
                    NOT_CANCELLABLE,
                    paid(
                        "Paid bookings cannot be canceled through this endpoint. Please login to OnceHub and use the \
                         Activity Stream to cancel paid bookings.",
                    ),
                ]]),
            operation("POST /bookings/{id}/request-reschedule", "request_reschedule", json!({"booking_id": self.other, "reason": "Ill"}))
                .on(&self.other)
                .sends(json!({"reschedule_reason": "Ill"}))
                .fails(&[&[
                    NO_BOOKING,
                    NOT_CANCELLABLE,
                    paid(
                        "Paid bookings can only be requested for reschedule in your OnceHub account. Log in and use the \
                         activity stream to submit a reschedule request for this booking.",
                    ),
                ]]),
            operation(
                "POST /bookings/{id}/reassign",
                "reassign_booking",
                json!({"booking_id": self.third, "new_host": "Lee Whitford", "video_provider": "google_meet"}),
            )
            .on(&self.third)
            .sends(json!({"new_host": self.lee, "location": {"type": "virtual", "value": "google_meet"}}))
            .fails(&[&[
                NO_BOOKING,
                (404, "No such user: 'USR-XXXXXXXXXX'", Some("new_host")),
                (409, "User is inactive.", Some("new_host")),
                (409, "Reassign is available on the Route plan and above.", None),
                (409, "Booking cannot be reassigned to the same host.", Some("new_host")),
                (409, "Booking cannot be reassigned in its current status.", Some("id")),
                (
                    409,
                    "Invalid location: 'Webex' is not connected for this user. Connected video conferencing options: \
                     google_meet, microsoft_teams.",
                    Some("location.value"),
                ),
                (409, "Cannot reassign booking: The new host requires an assigned seat.", None),
                // An older branch of OnceHub's documents has other statuses: it is the message that counts.
                (422, "Booking cannot be reassigned to the same host.", Some("new_host")),
                (422, "location.type must be 'virtual'", Some("location.type")),
            ]]),
            operation("POST /bookings/{id}/no-show", "mark_no_show", json!({"booking_id": self.past}))
                .on(&self.past)
                .fails(&[&[NO_BOOKING, (409, "Cannot update booking status to no_show: 'BKNG-1'", Some("id"))]]),
        ]
    }

    fn calendars(&self) -> Vec<Operation> {
        vec![
            operation(
                "GET /booking-calendars",
                "list_booking_calendars",
                json!({"host": "Advisers", "limit": 5, "cursor": self.calendar}),
            )
            .asks(&[("host", &self.advisers), ("limit", "5"), ("after", &self.calendar)])
            .fails(&[PAGES]),
            operation("GET /booking-calendars/{id}", "get_booking_calendar", json!({"calendar_id": self.calendar}))
                .on(&self.calendar)
                .fails(&[&[NO_CALENDAR]]),
            operation(
                "GET /booking-calendars/{id}/time-slots",
                "get_booking_time_slots",
                json!({"calendar_id": self.calendar, "start_time": "2026-12-01", "end_time": "2026-12-03T12:00:00Z"}),
            )
            .on(&self.calendar)
            .asks(&[("start_time", "2026-12-01T05:00:00Z"), ("end_time", "2026-12-03T12:00:00Z")])
            .fails(&[&[
                NO_CALENDAR,
                (400, "End time must be after the start time.", Some("end_time")),
                (402, "Time slots cannot be retrieved when the host doesn't have a seat assigned.", None),
                (422, "Time slots cannot be retrieved from an unpublished booking calendar.", Some("id")),
            ]]),
            operation(
                "POST /booking-calendars/{id}/schedule",
                "schedule_meeting",
                json!({
                    "calendar_id": self.calendar, "start_time": self.slot, "guest_time_zone": "Europe/London",
                    "guest_name": "Ada", "guest_email": "ada@example.com", "guest_phone": "+44 20 7946 0018",
                    "location_type": "virtual", "location_value": "google_meet", "custom_fields": {"Topics": ["Growth"]}
                }),
            )
            .on(&self.calendar)
            .sends(json!({
                "start_time": self.slot, "guest_time_zone": "Europe/London",
                "booking_form": {
                    "Topics": ["Growth"], "name": "Ada", "email": "ada@example.com", "phone": "+442079460018"
                },
                "location": {"type": "virtual", "value": "google_meet"}
            }))
            .fails(&[&[
                NO_CALENDAR,
                (400, "Required fields are missing.", Some("booking_form")),
                (400, "The selected start time is not available.", Some("start_time")),
                (402, "Meeting cannot be scheduled when the host doesn't have a seat assigned.", None),
                (422, "Meeting cannot be scheduled on an unpublished booking calendar.", Some("id")),
            ]]),
            operation(
                "POST /booking-calendars/{id}/one-time-links",
                "create_one_time_link",
                json!({
                    "calendar_id": self.calendar, "guest_name": "Ada", "guest_email": "ada@example.com",
                    "guest_phone": "+442079460018", "custom_fields": {"Topics": "Growth"},
                    "utm": {"source": "s", "medium": "m", "campaign": "c", "term": "t", "content": "x"},
                    "host": "Dana Reyes", "co_hosts": ["Lee Whitford", "priya@northlight.example"],
                    "duration_minutes": 30, "skip": ["questions"], "hide_url_params": true
                }),
            )
            .on(&self.calendar)
            .sends(json!({
                "hide_url_params": true,
                "booking_form": {
                    "Topics": "Growth", "name": "Ada", "email": "ada@example.com", "phone": "+442079460018"
                },
                "utm_params": {"source": "s", "medium": "m", "campaign": "c", "term": "t", "content": "x"},
                "booking_settings": {
                    "host": "dana@northlight.example", "co_hosts": "lee@northlight.example,priya@northlight.example",
                    "duration_minutes": 30, "skip": ["questions"]
                }
            }))
            .fails(&[&[
                NO_CALENDAR,
                (400, "This booking calendar does not allow creation of one time links: 'BKC-1234'", Some("id")),
            ]]),
        ]
    }

    fn classic(&self) -> Vec<Operation> {
        vec![
            operation(
                "GET /booking-pages",
                "list_booking_pages",
                json!({
                    "master_page": self.master_page, "event_type": self.event_type, "user": "Lee Whitford", "limit": 3,
                    "cursor": self.page
                }),
            )
            .asks(&[
                ("master_page", &self.master_page),
                ("event_type", &self.event_type),
                ("user", &self.lee),
                ("limit", "3"),
                ("after", &self.page),
            ])
            .fails(&[PAGES]),
            operation("GET /booking-pages/{id}", "get_booking_page", json!({"booking_page_id": self.page}))
                .on(&self.page)
                .fails(&[&[(404, "No such booking page: 'BP-1'", Some("id"))]]),
            operation("GET /event-types", "list_event_types", json!({"limit": 3, "cursor": self.event_type}))
                .asks(&[("limit", "3"), ("after", &self.event_type)])
                .fails(&[PAGES]),
            operation("GET /event-types/{id}", "get_event_type", json!({"event_type_id": self.event_type}))
                .on(&self.event_type)
                .fails(&[&[(404, "No such event type: 'ET-1'", Some("id"))]]),
            operation("GET /master-pages", "list_master_pages", json!({"limit": 3, "cursor": self.master_page}))
                .asks(&[("limit", "3"), ("after", &self.master_page)]),
            operation("GET /master-pages/{id}", "get_master_page", json!({"master_page_id": self.master_page}))
                .on(&self.master_page)
                .fails(&[&[NO_MASTER_PAGE]]),
            operation(
                "POST /master-pages/{id}/one-time-links",
                "create_master_page_one_time_link",
                json!({"master_page_id": self.master_page}),
            )
            .on(&self.master_page)
            .fails(&[&[NO_MASTER_PAGE, (400, "This master page is deleted: 'BP-EHM6JU50Q3'", Some("id"))]]),
            operation(
                "GET /notifications/sms",
                "list_sms_notifications",
                json!({
                    "recipient": "dana@northlight.example", "recipient_type": "user",
                    "created_after": "2026-10-01T00:00:00Z", "created_before": "2026-12-02T00:00:00Z",
                    "expand": ["recipient"], "limit": 3, "cursor": "SMS-ABCDEFGH"
                }),
            )
            .asks(&[
                ("recipient", &self.dana),
                ("recipient_type", "user"),
                ("creation_time.gt", "2026-09-30T23:59:59.999Z"),
                ("creation_time.lt", "2026-12-02T00:00:00Z"),
                ("expand", "recipient"),
                ("limit", "3"),
                ("after", "SMS-ABCDEFGH"),
            ])
            .fails(&[&[EXPAND, DATE, CREATED, (400, "Invalid string: customer", Some("recipient_type"))], PAGES]),
        ]
    }

    fn users(&self) -> Vec<Operation> {
        vec![
            operation("GET /users", "list_users", json!({"email": "lee@northlight.example", "limit": 3, "cursor": self.lee}))
                .asks(&[("email", "lee@northlight.example"), ("limit", "3"), ("after", &self.lee)])
                .fails(&[PAGES]),
            operation("GET /users/{id}", "get_user", json!({"user_id": "Lee Whitford"})).on(&self.lee).fails(&[&[NO_USER]]),
            operation(
                "POST /users",
                "add_user",
                json!({
                    "email": "new@northlight.example", "first_name": "Nia", "last_name": "Okoro",
                    "role_name": "Team Manager", "teams": ["Advisers"]
                }),
            )
            .sends(json!({
                "email": "new@northlight.example", "first_name": "Nia", "last_name": "Okoro",
                "role_name": "Team Manager", "teams": [self.advisers]
            }))
            .fails(&[&[
                (400, "Required fields are missing.", Some("email")),
                (400, "Invalid first_name: '[123]'", Some("first_name")),
                (400, "Invalid last_name: '[123]'", Some("last_name")),
                (400, "Unsupported fields", Some("nickname")),
                (400, "Email already exists: 'new@northlight.example'", Some("email")),
                (400, "Invalid role name: 'Super Admin'", Some("role_name")),
                (400, "Invalid team(s): 'TM-INVALID1', 'TM-INVALID2'", Some("teams")),
                (
                    422,
                    "You have reached the user limit for your current plan. To add more users, please upgrade your account.",
                    None,
                ),
                (500, "An unexpected error occurred. Please try again later.", None),
            ]]),
            operation(
                "PATCH /users/{id}",
                "update_user",
                json!({
                    "user_id": "lee@northlight.example", "first_name": "Leigh", "last_name": "Whitford-Shaw",
                    "role_name": "administrator", "teams": []
                }),
            )
            .on(&self.lee)
            .sends(json!({
                "first_name": "Leigh", "last_name": "Whitford-Shaw", "role_name": "Administrator", "teams": []
            }))
            .fails(&[&[
                ONE_FIELD,
                (400, "Invalid first name: ''", Some("first_name")),
                (400, "Invalid last name: ''", Some("last_name")),
                (400, "Invalid role name: 'InvalidRole'", Some("role_name")),
                (400, "The 'Account Owner' role cannot be assigned directly via the API.", Some("role_name")),
                (400, "Must be an array of strings.", Some("teams")),
                (400, "Invalid team(s): 'TM-INVALID1'", Some("teams")),
                (400, "Unsupported field", Some("nickname")),
                (403, "Cannot update 'Account Owner' user.", None),
                NO_USER,
                (410, "User cannot be modified as they have been deleted: 'USR-A1B2C3'", Some("id")),
            ]]),
            operation("GET /teams", "list_teams", json!({"user": self.dana, "limit": 3, "cursor": self.advisers}))
                .asks(&[("user", &self.dana), ("limit", "3"), ("after", &self.advisers)])
                .fails(&[PAGES]),
            operation("GET /teams/{id}", "get_team", json!({"team_id": "Advisers"}))
                .on(&self.advisers)
                .fails(&[&[(404, "No such team: 'TM-1'", Some("id"))]]),
        ]
    }

    fn availability(&self) -> Vec<Operation> {
        let hours = |start: &str, end: &str, locations: Value| json!({"start_time": start, "end_time": end, "locations": locations});
        vec![
            operation(
                "GET /users/{id}/scheduling-availability",
                "get_scheduling_availability",
                json!({"user_id": self.dana}),
            )
            .on(&self.dana)
            .fails(&[&[
                NO_USER,
                (400, "Received unknown parameter: start_date", Some("start_date")),
                (
                    400,
                    "Invalid date format for overrides_start_time. Expected format: YYYY-MM-DD",
                    Some("overrides_start_time"),
                ),
            ]]),
            operation(
                "PATCH /users/{id}/scheduling-availability",
                "update_scheduling_availability",
                json!({
                    "user_id": self.dana,
                    "weekly": [
                        {"day": "thu", "working_hours": [
                            {"start_time": "1pm", "end_time": "17:00", "locations": [{"type": "phone_by_guest"}]},
                            {"start_time": "9:00", "end_time": "12:00"}
                        ]},
                        {"day": "Friday", "working_hours": []}
                    ],
                    "overrides": [
                        {"date": "2026-12-24", "working_hours": []},
                        {"date": "2026-12-17", "remove": true}
                    ]
                }),
            )
            .on(&self.dana)
            .sends(json!({
                "weekly": [
                    {"day": "Thursday", "working_hours": [
                        hours("09:00", "12:00", json!([{"type": "online_dynamic_link"}])),
                        hours("13:00", "17:00", json!([{"type": "phone_by_guest"}]))
                    ]},
                    {"day": "Friday", "working_hours": []}
                ],
                "overrides": [
                    {"date": "2026-12-24", "working_hours": []},
                    {"date": "2026-12-17", "working_hours": null}
                ]
            }))
            .fails(&[&[
                NO_USER,
                (400, "availability range is overlapping: '09:00-11:00'", Some("weekly.working_hours")),
                (400, "start time should be multiple of 15: '09:05'", Some("weekly.working_hours.start_time")),
                (400, "Date cannot be in the past: '2024-01-01'", Some("overrides.date")),
                (400, "Duplicate entry for day or date: 'Monday'", Some("weekly")),
                (
                    422,
                    "You can set either online_dynamic_link or online_static_link",
                    Some("weekly.working_hours.locations"),
                ),
            ]]),
        ]
    }

    fn contacts(&self) -> Vec<Operation> {
        let details = json!({
            "status": "Sales qualified", "company": "Acme", "company_size": "11-50", "employees": 12, "job_title": "Buyer",
            "salutation": "Ms.", "phone": "+44 20 7946 0018", "street_address": "1 High Street", "post_code": "N1 1AA",
            "city": "London", "state": "Greater London", "country": "United Kingdom", "timezone": "europe/london",
            "has_consent": true, "terms_of_service": true, "owner": "Dana Reyes", "custom_fields": {"Goal": "Sell"}
        });
        let on_the_wire = json!({
            "status": "Sales qualified", "company": "Acme", "company_size": "11-50", "employees": 12, "job_title": "Buyer",
            "salutation": "Ms.", "phone": "+442079460018", "street_address": "1 High Street", "post_code": "N1 1AA",
            "city": "London", "state": "Greater London", "country": "United Kingdom", "timezone": "Europe/London",
            // OnceHub's own spelling.
            "has_consent": true, "terms_of_sevice": true, "owner": self.dana, "custom_fields": [{"name": "Goal", "value": "Sell"}]
        });
        let with = |first: Value, all: &Value| {
            let mut fields = first.as_object().unwrap().clone();
            fields.extend(all.as_object().unwrap().clone());
            Value::from(fields)
        };
        let first_and_last = json!({"first_name": "Ada", "last_name": "Byron"});
        let all = json!({
            "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "mobile_phone": "+447911123456"
        });
        vec![
            operation(
                "GET /contacts",
                "list_contacts",
                json!({
                    "email": "jacob.lindqvist@fjord.example", "created_after": "2026-08-01T00:00:00Z",
                    "created_before": "2026-12-02T00:00:00Z", "updated_after": "2026-08-01T00:00:00Z",
                    "updated_before": "2026-12-02T00:00:00Z", "limit": 3, "cursor": self.contact
                }),
            )
            .asks(&[
                ("email", "jacob.lindqvist@fjord.example"),
                ("creation_time.gt", "2026-07-31T23:59:59.999Z"),
                ("creation_time.lt", "2026-12-02T00:00:00Z"),
                ("last_updated_time.gt", "2026-07-31T23:59:59.999Z"),
                ("last_updated_time.lt", "2026-12-02T00:00:00Z"),
                ("limit", "3"),
                ("after", &self.contact),
            ])
            .fails(&[&[DATE, CREATED, UPDATED], PAGES]),
            operation("GET /contacts/{id}", "get_contact", json!({"contact_id": self.contact}))
                .on(&self.contact)
                .fails(&[&[NO_CONTACT]]),
            operation("POST /contacts", "create_contact", with(all.clone(), &details))
                .sends(with(all, &on_the_wire))
                .fails(&[&[
                    (400, "At least one of 'email' or 'mobile_phone' is required.", Some("email")),
                    (400, "first_name is required", Some("first_name")),
                    (400, "last_name is required", Some("last_name")),
                    (400, "Invalid email format: 'john.doe@invalid'", Some("email")),
                    (400, "Invalid phone format: '+91999999'", Some("mobile_phone")),
                    (400, "Unsupported fields", Some("nickname")),
                    (409, "Contact already exists: 'ada@example.com'", Some("email")),
                    (409, "Contact already exists: '+12025550195'", Some("mobile_phone")),
                ]]),
            operation(
                "PATCH /contacts/{id}",
                "update_contact",
                with(with(json!({"contact_id": self.contact}), &first_and_last), &details),
            )
            .on(&self.contact)
            .sends(with(first_and_last, &on_the_wire))
            .fails(&[&[
                ONE_FIELD,
                (400, "Identifier fields (email, mobile_phone) cannot be updated via this endpoint", Some("email")),
                (
                    400,
                    "Identifier fields (email, mobile_phone) cannot be updated via this endpoint",
                    Some("mobile_phone"),
                ),
                (400, "Invalid phone format: '+91999999'", Some("phone")),
                (400, "Invalid timezone: 'Invalid/Timezone'", Some("timezone")),
                (400, "Custom field 'unknown_field' does not exist in field library", Some("custom_fields")),
                (400, "Unsupported field", Some("nickname")),
                NO_CONTACT,
                (500, "An internal error occurred while processing your request", None),
            ]]),
        ]
    }

    fn webhooks(&self) -> Vec<Operation> {
        let webhook = json!({
            "name": "New Bookings", "url": "https://hooks.example/new", "events": ["booking.scheduled", "conversation"]
        });
        vec![
            operation("POST /webhooks", "create_webhook", webhook.clone()).sends(webhook).fails(&[&[(
                409,
                "A webhook subscription with this name already exists: 'New Bookings'",
                Some("name"),
            )]]),
            operation("GET /webhooks", "list_webhooks", json!({"limit": 3, "cursor": self.webhook}))
                .asks(&[("limit", "3"), ("after", &self.webhook)])
                .fails(&[PAGES]),
            operation("GET /webhooks/{id}", "get_webhook", json!({"webhook_id": self.webhook}))
                .on(&self.webhook)
                .fails(&[&[NO_WEBHOOK]]),
        ]
    }

    fn deletions(&self) -> Vec<Operation> {
        vec![
            operation("DELETE /webhooks/{id}", "delete_webhook", json!({"webhook_id": self.webhook}))
                .on(&self.webhook)
                .fails(&[&[NO_WEBHOOK]]),
            operation("DELETE /contacts/{id}", "delete_contact", json!({"contact_id": self.contact}))
                .on(&self.contact)
                .fails(&[&[NO_CONTACT]]),
            operation("DELETE /users/{id}", "delete_user", json!({"user_id": "sam.sales@northlight.example"}))
                .on(&self.sam)
                .fails(&[&[NO_USER]]),
        ]
    }
}
