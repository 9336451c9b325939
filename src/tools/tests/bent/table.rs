//! Arguments as hosts bend them: a row for each way. `docs/understood.md` shows the rows.

/// What a host does; the tool that is called; the arguments as they are sent; and as they are taken.
pub(crate) static TAKEN: &[(&str, &str, &str, &str)] = &[
    (
        "adds its own names (n8n)",
        "list_users",
        r#"{"toolCallId": "call_1", "sessionId": "s", "action": "sendMessage", "chatInput": "hi", "tool": "a"}"#,
        "{}",
    ),
    (
        "fills what is absent with empty texts and zeros (gateways)",
        "list_bookings",
        r#"{"guest": "", "host": " ", "starts_after": "", "limit": 0, "cursor": "", "detail": ""}"#,
        "{}",
    ),
    ("sends zero as a text", "list_teams", r#"{"limit": "0"}"#, "{}"),
    (
        "fills a number whose minimum is stated", "create_one_time_link",
        r#"{"calendar_id": "Intro call", "duration_minutes": 0}"#, r#"{"calendar_id": "Intro call"}"#,
    ),
    (
        "keeps a zero that can be meant", "update_contact", r#"{"contact_id": "ada@example.com", "employees": 0}"#,
        r#"{"contact_id": "ada@example.com", "employees": 0}"#,
    ),
    ("sends null for what is absent", "list_contacts", r#"{"name": null, "limit": null}"#, "{}"),
    (
        "sends the text null (Langflow)",
        "cancel_booking",
        r#"{"booking_id": "BKNG-1", "reason": "null", "notify_guest": "null"}"#,
        r#"{"booking_id": "BKNG-1"}"#,
    ),
    (
        "spells a name that looks like it",
        "create_contact",
        r#"{"first_name": "Ada", "last_name": "Null", "email": "ada@example.com"}"#,
        r#"{"first_name": "Ada", "last_name": "Null", "email": "ada@example.com"}"#,
    ),
    (
        "sends empty objects for absent ones (LangChain)",
        "create_one_time_link",
        r#"{"calendar_id": "Intro call", "utm": {}, "custom_fields": {}, "co_hosts": {}}"#,
        r#"{"calendar_id": "Intro call"}"#,
    ),
    (
        "fills an absent object's fields",
        "create_one_time_link",
        r#"{"calendar_id": "Intro call", "utm": {"source": "", "medium": null, "term": "null"}}"#,
        r#"{"calendar_id": "Intro call"}"#,
    ),
    (
        "fills an absent list with nothing", "update_user", r#"{"user_id": "me", "teams": [null, "", "null"]}"#,
        r#"{"user_id": "me"}"#,
    ),
    (
        "writes commas with nothing between them", "update_user", r#"{"user_id": "me", "teams": " , ,"}"#,
        r#"{"user_id": "me"}"#,
    ),
    (
        "sends an empty list that is meant", "update_user", r#"{"user_id": "me", "teams": []}"#,
        r#"{"user_id": "me", "teams": []}"#,
    ),
    ("writes lists as JSON texts", "list_bookings", r#"{"status": "[\"scheduled\"]"}"#, r#"{"status": ["scheduled"]}"#),
    (
        "writes lists with commas, and choices in its own way", "list_sms_notifications",
        r#"{"status": "Failed, rejected"}"#, r#"{"status": ["failed", "rejected"]}"#,
    ),
    ("sends one value for a list", "list_bookings", r#"{"expand": "owner"}"#, r#"{"expand": ["owner"]}"#),
    (
        "sends objects as JSON texts",
        "create_one_time_link",
        r#"{"calendar_id": "Intro call", "utm": "{\"source\": \"news\"}", "custom_fields": "{}"}"#,
        r#"{"calendar_id": "Intro call", "utm": {"source": "news"}}"#,
    ),
    (
        "sends every value as a text", "cancel_booking", r#"{"booking_id": 17, "notify_guest": "False"}"#,
        r#"{"booking_id": "17", "notify_guest": false}"#,
    ),
    (
        "writes hours as ranges",
        "update_scheduling_availability",
        r#"{"user_id": "me", "weekly": [{"day": "Monday", "working_hours": ["10:00–12:00", "1 pm to 4 pm"]}]}"#,
        r#"{"user_id": "me", "weekly": [{"day": "Monday", "working_hours": [
            {"start_time": "10:00", "end_time": "12:00"}, {"start_time": "1 pm", "end_time": "4 pm"}]}]}"#,
    ),
    (
        "writes hours with a comma too many",
        "update_scheduling_availability",
        r#"{"user_id": "me", "weekly": [{"day": "Monday", "working_hours": "9-12,,13-17,"}]}"#,
        r#"{"user_id": "me", "weekly": [{"day": "Monday", "working_hours": [
            {"start_time": "9", "end_time": "12"}, {"start_time": "13", "end_time": "17"}]}]}"#,
    ),
    ("sends whole numbers with a fraction", "list_users", r#"{"limit": 10.0}"#, r#"{"limit": 10}"#),
    (
        "keeps fields of any name as they are",
        "schedule_meeting",
        r#"{"calendar_id": "c", "start_time": "s", "guest_time_zone": "UTC", "guest_name": "Ada",
            "guest_email": "a@b.c", "location_type": "virtual_static", "location_value": null,
            "custom_fields": {"tool": "null", "Size": 0}}"#,
        r#"{"calendar_id": "c", "start_time": "s", "guest_time_zone": "UTC", "guest_name": "Ada",
            "guest_email": "a@b.c", "location_type": "virtual_static", "custom_fields": {"tool": "null", "Size": 0}}"#,
    ),
];

/// The tool that is called; its arguments; and what is wrong with them.
pub(crate) static REFUSED: &[(&str, &str, &str)] = &[
    ("list_users", r#"{"toolCallID": "call_1"}"#, "toolCallID: there is no such argument"),
    ("list_users", r#"{"session": "s"}"#, "session: there is no such argument"),
    ("cancel_booking", r#"{"booking_id": "null"}"#, "booking_id: is required"),
    ("cancel_booking", r#"{"booking_id": "", "tool": "x"}"#, "booking_id: is required"),
    ("list_users", r#"{"limit": -1}"#, "limit: must be 1 to 500, not -1"),
    ("create_webhook", r#"{"name": "a", "url": "https://a.example", "events": [""]}"#, "events: is required"),
    (
        "update_scheduling_availability",
        r#"{"user_id": "me", "weekly": [{"day": "Monday", "working_hours": [null]}]}"#,
        "weekly[0].working_hours: is required",
    ),
    (
        "update_scheduling_availability",
        r#"{"user_id": "me", "weekly": [{"day": "Monday", "working_hours": ","}]}"#,
        "weekly[0].working_hours: is required",
    ),
    ("update_scheduling_availability", r#"{"user_id": "me", "weekly": [{}]}"#, "weekly[0].day: is required"),
    (
        "update_scheduling_availability",
        r#"{"user_id": "me", "overrides": [{"date": "friday", "working_hours": [{"from": "9"}]}]}"#,
        "overrides[0].working_hours[0].from: there is no such argument",
    ),
    (
        "create_one_time_link", r#"{"calendar_id": "c", "utm": {"sources": "x"}}"#,
        "utm.sources: there is no such argument",
    ),
];
