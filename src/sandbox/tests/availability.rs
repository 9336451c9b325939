//! `/users/{id}/scheduling-availability`.

use jiff::civil::Weekday;
use serde_json::{Value, json};

use super::Bench;
use crate::sandbox::seed::people::{DANA, DELETED, HARBOUR_STREET, LEE, OLIVER, OWNER, PRIYA, SAM_SALES, user};
use crate::sandbox::world::zone;

fn path(index: usize) -> String {
    format!("/users/{}/scheduling-availability", user(index))
}

/// Working hours from nine to eleven, at these locations.
fn slot(locations: &Value) -> Value {
    json!({"start_time": "09:00", "end_time": "11:00", "locations": locations})
}

fn row(kind: &str, value: Option<&str>, id: Option<&str>) -> Value {
    json!({"type": kind, "value": value, "id": id})
}

/// The working hours of Mondays.
fn mondays(schedule: &Value) -> &Value {
    &schedule["weekly"][0]["working_hours"]
}

#[tokio::test]
async fn a_schedule_has_all_days_and_what_differs_from_them() {
    let bench = Bench::start().await;
    let got = bench.get(&path(DANA)).await.body;
    assert_eq!(got.as_object().unwrap().keys().collect::<Vec<_>>(), ["object", "timezone", "weekly", "overrides"]);
    assert_eq!((&got["object"], &got["timezone"]), (&json!("schedule"), &json!("America/New_York")));
    let days: Vec<&str> = got["weekly"].as_array().unwrap().iter().map(|row| row["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]);
    assert_eq!(got["weekly"][6]["working_hours"], json!([]));
    // A row for each video service that she has connected: more than a change may have.
    let links = [
        row("online_dynamic_link", Some("google_meet"), None),
        row("online_dynamic_link", Some("microsoft_teams"), None),
    ];
    let day = json!([{"start_time": "09:00", "end_time": "17:00", "locations": links}]);
    assert_eq!(mondays(&got), &day);
    let overrides = json!([
        {"date": "2026-12-17", "day": "Thursday", "working_hours": []},
        {"date": "2026-12-18", "day": "Friday", "working_hours": [
            {"start_time": "09:00", "end_time": "11:00", "locations": links},
        ]},
    ]);
    assert_eq!(got["overrides"], overrides);
    assert_eq!(bench.sandbox.with(|world| world.schedule_as_sent(&user(DANA))), Some(got));
    for (query, dates) in [
        ("overrides_start_time=2026-12-18", vec!["2026-12-18"]),
        ("overrides_end_time=2026-12-17", vec!["2026-12-17"]),
        ("overrides_start_time=2027-01-01", vec![]),
    ] {
        let got = bench.get(&format!("{}?{query}", path(DANA))).await.body;
        let shown: Vec<&Value> = got["overrides"].as_array().unwrap().iter().map(|row| &row["date"]).collect();
        assert_eq!(shown, dates, "{query}");
    }
}

#[tokio::test]
async fn everybody_takes_meetings_somewhere_else() {
    let bench = Bench::start().await;
    let meet = row("online_dynamic_link", Some("google_meet"), None);
    let (address_id, address) = HARBOUR_STREET;
    for (index, expected) in [
        (OWNER, json!([{"start_time": "09:00", "end_time": "17:00", "locations": []}])),
        (
            LEE,
            json!([
                {"start_time": "09:00", "end_time": "12:30", "locations": [meet]},
                {"start_time": "13:30", "end_time": "17:30", "locations": [
                    meet, row("in_person_by_guest", None, None),
                ]},
            ]),
        ),
        (
            PRIYA,
            json!([{"start_time": "10:00", "end_time": "19:00", "locations": [row("phone_by_guest", None, None)]}]),
        ),
        (
            OLIVER,
            json!([{"start_time": "08:00", "end_time": "16:00", "locations": [
                row("online_static_link", Some("https://video.example.com/oliver"), None),
            ]}]),
        ),
        (
            SAM_SALES,
            json!([{"start_time": "09:00", "end_time": "17:00", "locations": [
                row("in_person_by_host", Some(address), Some(address_id)),
            ]}]),
        ),
    ] {
        assert_eq!(mondays(&bench.get(&path(index)).await.body), &expected, "{index}");
    }
    // No video service is connected: still one link, without a provider.
    let got = bench.get(&path(6)).await.body;
    assert_eq!(mondays(&got)[0]["locations"], json!([row("online_dynamic_link", None, None)]));
    let made = bench
        .post("/users", json!({"email": "rosa@northlight.example", "first_name": "Rosa", "last_name": "Lind"}))
        .await;
    let got = bench.get(&format!("/users/{}/scheduling-availability", made.body["id"].as_str().unwrap())).await.body;
    assert_eq!(mondays(&got), &json!([{"start_time": "09:00", "end_time": "17:00", "locations": []}]));
}

#[tokio::test]
async fn a_change_replaces_whole_days_and_dates_and_leaves_the_others() {
    let bench = Bench::start().await;
    let before = bench.get(&path(DANA)).await.body;
    let (address_id, address) = HARBOUR_STREET;
    let locations = json!([
        // OnceHub sets the value itself.
        {"type": "online_dynamic_link", "value": "webex"}, {"type": "phone_by_guest", "id": null},
        {"type": "in_person_by_host", "id": address_id, "value": "somewhere"}, {"type": "in_person_by_guest"},
    ]);
    let shown = json!([
        row("online_dynamic_link", Some("google_meet"), None),
        row("online_dynamic_link", Some("microsoft_teams"), None),
        row("phone_by_guest", None, None),
        row("in_person_by_host", Some(address), Some(address_id)),
        row("in_person_by_guest", None, None),
    ]);
    let late = json!({"start_time": "14:15", "end_time": "23:45", "locations": []});
    let change = json!({
        "weekly": [
            {"day": "Saturday", "working_hours": [late, slot(&locations)]}, {"day": "Tuesday", "working_hours": []},
        ],
        "overrides": [
            {"date": "2027-02-01", "working_hours": []},
            {"date": "2026-12-17", "working_hours": null},
            {"date": "2026-12-18", "working_hours": [slot(&json!([{"type": "online_static_link", "value": "https://x.example"}]))]},
            {"date": "2026-11-23", "working_hours": [late]},
            {"date": "2027-03-01", "working_hours": null},
        ],
    });
    let got = bench.patch(&path(DANA), change).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let mut expected = before;
    expected["weekly"][5]["working_hours"] = json!([slot(&shown), late]);
    expected["weekly"][1]["working_hours"] = json!([]);
    let link = row("online_static_link", Some("https://x.example"), None);
    expected["overrides"] = json!([
        {"date": "2026-11-23", "day": "Monday", "working_hours": [late]},
        {"date": "2026-12-18", "day": "Friday", "working_hours": [slot(&json!([link]))]},
        {"date": "2027-02-01", "day": "Monday", "working_hours": []},
    ]);
    assert_eq!(got.body, expected);
    assert_eq!(bench.get(&path(DANA)).await.body, expected);
    // Free slots follow.
    let intro = bench.calendar("Intro call with Northlight");
    let slots = bench.slots(&intro, "2026-11-24T00:00:00Z", "2026-12-20T00:00:00Z").await;
    let here: Vec<_> = slots.iter().map(|start| start.to_zoned(zone("America/New_York"))).collect();
    assert!(here.iter().any(|start| start.weekday() == Weekday::Saturday && start.hour() == 9));
    assert!(here.iter().all(|start| start.weekday() != Weekday::Tuesday));
    assert!(here.iter().any(|start| start.date().to_string() == "2026-12-17"), "no longer off");
}

#[tokio::test]
async fn what_the_past_is_depends_on_where_the_user_is() {
    // Monday evening in New York, Tuesday in India.
    let bench = Bench::at("2026-11-24T01:00:00Z", None).await;
    let change = json!({"overrides": [{"date": "2026-11-23", "working_hours": []}]});
    assert_eq!(bench.patch(&path(DANA), change.clone()).await.status, 200);
    let refusal = "400 invalid_request_error overrides.date: Date cannot be in the past: '2026-11-23'";
    assert_eq!(bench.patch(&path(PRIYA), change).await.refusal(), refusal);
}

#[tokio::test]
async fn a_schedule_is_refused_with_a_reason() {
    let bench = Bench::start().await;
    let format = "Expected format: YYYY-MM-DD";
    for (query, refusal) in [
        ("start_date=2026-12-01", "start_date: Received unknown parameter: start_date".to_owned()),
        (
            "overrides_start_time=01.12.2026",
            format!("overrides_start_time: Invalid date format for overrides_start_time. {format}"),
        ),
        (
            "overrides_end_time=2026-12-01T00:00:00Z",
            format!("overrides_end_time: Invalid date format for overrides_end_time. {format}"),
        ),
    ] {
        let got = bench.get(&format!("{}?{query}", path(DANA))).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error {refusal}"));
    }
    let change = json!({"weekly": [{"day": "Monday", "working_hours": []}]});
    for id in ["USR-NONE".to_owned(), user(DELETED[0])] {
        let path = format!("/users/{id}/scheduling-availability");
        let refusal = format!("404 invalid_request_error id: No such user: '{id}'");
        assert_eq!(bench.get(&path).await.refusal(), refusal);
        assert_eq!(bench.patch(&path, change.clone()).await.refusal(), refusal);
        assert_eq!(bench.sandbox.with(|world| world.schedule_as_sent(&id)), None);
    }
}

/// Refuses each of these for a day of the week and for a date, and changes nothing.
async fn refused(hours: Value, refusal: &str) {
    let bench = Bench::start().await;
    let before = bench.get(&path(DANA)).await.body;
    let fine = json!({"day": "Monday", "working_hours": []});
    let (status, refusal) = refusal.split_once(' ').unwrap();
    for (root, body) in [
        ("weekly", json!({"weekly": [fine, {"day": "Friday", "working_hours": hours}]})),
        ("overrides", json!({"weekly": [fine], "overrides": [{"date": "2026-12-24", "working_hours": hours}]})),
    ] {
        let got = bench.patch(&path(DANA), body.clone()).await;
        let refusal = refusal.replacen("ROOT", root, 1);
        assert_eq!(got.refusal(), format!("{status} invalid_request_error {refusal}"), "{body}");
    }
    assert_eq!(bench.get(&path(DANA)).await.body, before, "all or nothing");
}

#[tokio::test]
async fn hours_are_refused_in_every_documented_way() {
    let at = |start: &str, end: &str| json!({"start_time": start, "end_time": end, "locations": []});
    let missing = "Required fields are missing.";
    for (hours, refusal) in [
        (
            json!([at("08:00", "10:00"), at("12:00", "13:00"), at("09:00", "11:00")]),
            "400 ROOT.working_hours: availability range is overlapping: '09:00-11:00'",
        ),
        (
            json!([at("10:00", "12:00"), at("09:00", "11:00")]),
            "400 ROOT.working_hours: availability range is overlapping: '09:00-11:00'",
        ),
        (
            json!([at("08:00", "12:00"), at("09:00", "10:00")]),
            "400 ROOT.working_hours: availability range is overlapping: '09:00-10:00'",
        ),
        (
            json!([at("09:05", "10:00")]),
            "400 ROOT.working_hours.start_time: start time should be multiple of 15: '09:05'",
        ),
        (json!([at("09:00", "10:01")]), "400 ROOT.working_hours.end_time: end time should be multiple of 15: '10:01'"),
        (
            json!([at("09:00", "09:00")]),
            "400 ROOT.working_hours.end_time: end time should be after start time: '09:00'",
        ),
        (
            json!([at("22:00", "06:00")]),
            "400 ROOT.working_hours.end_time: end time should be after start time: '06:00'",
        ),
        (json!([at("9:00", "10:00")]), "400 ROOT.working_hours.start_time: Invalid time format: '9:00'"),
        (json!([at("09:00:00", "10:00")]), "400 ROOT.working_hours.start_time: Invalid time format: '09:00:00'"),
        (json!([at("09:00", "24:00")]), "400 ROOT.working_hours.end_time: Invalid time format: '24:00'"),
        (json!([at("+9:00", "10:00")]), "400 ROOT.working_hours.start_time: Invalid time format: '+9:00'"),
        (json!([at("09:00", "10:60")]), "400 ROOT.working_hours.end_time: Invalid time format: '10:60'"),
        (json!([{"end_time": "10:00", "locations": []}]), &format!("400 ROOT.working_hours.start_time: {missing}")),
        (json!([{"start_time": "10:00", "locations": []}]), &format!("400 ROOT.working_hours.end_time: {missing}")),
        (
            json!([{"start_time": "10:00", "end_time": "11:00"}]),
            &format!("400 ROOT.working_hours.locations: {missing}"),
        ),
        (json!("none"), "400 ROOT.working_hours: Must be an array of objects."),
        (json!(["09:00-10:00"]), "400 ROOT.working_hours: Must be an array of objects."),
        (
            json!([{"start_time": "10:00", "end_time": "11:00", "locations": [], "note": "x"}]),
            "400 note: Received unknown parameter: note",
        ),
    ] {
        refused(hours, refusal).await;
    }
    // One stretch may begin where another ends.
    let bench = Bench::start().await;
    let hours = json!([at("10:00", "11:00"), at("11:00", "12:00"), at("09:00", "10:00")]);
    let got = bench.patch(&path(DANA), json!({"weekly": [{"day": "Monday", "working_hours": hours}]})).await;
    assert_eq!(mondays(&got.body), &json!([at("09:00", "10:00"), at("10:00", "11:00"), at("11:00", "12:00")]));
}

#[tokio::test]
async fn places_are_refused_in_every_documented_way() {
    let link = json!({"type": "online_dynamic_link"});
    let room = json!({"type": "online_static_link", "value": "https://x.example"});
    let missing = "Required fields are missing.";
    for (locations, refusal) in [
        (
            json!([link, {"type": "phone_by_guest"}, room]),
            "422 ROOT.working_hours.locations: You can set either online_dynamic_link or online_static_link",
        ),
        // What a schedule shows of Dana cannot be sent back as it is.
        (
            json!([
                row("online_dynamic_link", Some("google_meet"), None),
                row("online_dynamic_link", Some("microsoft_teams"), None),
            ]),
            "400 ROOT.working_hours.locations: Duplicate location type: 'online_dynamic_link'",
        ),
        (
            json!([{"type": "phone_by_guest"}, link, {"type": "phone_by_guest"}]),
            "400 ROOT.working_hours.locations: Duplicate location type: 'phone_by_guest'",
        ),
        (
            json!([{"type": "in_person_by_host", "value": HARBOUR_STREET.1}]),
            &format!("400 ROOT.working_hours.locations.id: {missing}"),
        ),
        (
            json!([{"type": "in_person_by_host", "id": "ADD-NONE"}]),
            "400 ROOT.working_hours.locations.id: Invalid id: 'ADD-NONE'",
        ),
        (
            json!([{"type": "online_static_link", "value": " "}]),
            &format!("400 ROOT.working_hours.locations.value: {missing}"),
        ),
        // The words of calendars are not those of schedules.
        (
            json!([{"type": "virtual", "value": "zoom"}]),
            "400 ROOT.working_hours.locations.type: Invalid location type: 'virtual'",
        ),
        (json!([{"value": "zoom"}]), "400 ROOT.working_hours.locations.type: Invalid location type: ''"),
        (json!("zoom"), "400 ROOT.working_hours.locations: Must be an array of objects."),
        (json!(null), &format!("400 ROOT.working_hours.locations: {missing}")),
        (json!([{"type": "phone_by_guest", "phone": "+1"}]), "400 phone: Received unknown parameter: phone"),
    ] {
        refused(json!([slot(&locations)]), refusal).await;
    }
}

#[tokio::test]
async fn days_and_dates_are_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let before = bench.get(&path(DANA)).await.body;
    let fine = json!({"day": "Monday", "working_hours": []});
    let off = json!({"date": "2026-12-24", "working_hours": []});
    let format = "overrides.date: Invalid date format for date. Expected format: YYYY-MM-DD";
    for (body, refusal) in [
        (json!({}), "body: At least one field must be provided to update."),
        (json!({"weekly": [fine], "timezone": "UTC"}), "timezone: Received unknown parameter: timezone"),
        (json!({"weekly": fine}), "weekly: Must be an array of objects."),
        (json!({"overrides": null}), "overrides: Must be an array of objects."),
        (json!({"weekly": [fine, fine]}), "weekly: Duplicate entry for day or date: 'Monday'"),
        (
            json!({"weekly": [fine], "overrides": [off, off]}),
            "overrides: Duplicate entry for day or date: '2026-12-24'",
        ),
        (json!({"weekly": [fine, {"day": "friday", "working_hours": []}]}), "weekly.day: Invalid day: 'friday'"),
        (json!({"weekly": [{"day": "Fri", "working_hours": []}]}), "weekly.day: Invalid day: 'Fri'"),
        (json!({"weekly": [{"working_hours": []}]}), "weekly.day: Invalid day: ''"),
        (
            json!({"weekly": [fine, {"day": "Friday", "working_hours": null}]}),
            "weekly.working_hours: working_hours cannot be null",
        ),
        (json!({"weekly": [{"day": "Friday"}]}), "weekly.working_hours: Required fields are missing."),
        (
            json!({"weekly": [fine], "overrides": [{"date": "2024-01-01", "working_hours": null}]}),
            "overrides.date: Date cannot be in the past: '2024-01-01'",
        ),
        (
            json!({"overrides": [{"date": "2026-11-22", "working_hours": []}]}),
            "overrides.date: Date cannot be in the past: '2026-11-22'",
        ),
        (json!({"overrides": [{"working_hours": []}]}), "overrides.date: Required fields are missing."),
        (json!({"overrides": [{"date": "2026-12-24"}]}), "overrides.working_hours: Required fields are missing."),
        (json!({"overrides": [{"date": "24/12/2026", "working_hours": []}]}), format),
        (json!({"overrides": [{"date": "2026-02-30", "working_hours": []}]}), format),
        (json!({"overrides": [{"date": "2026-12-24T00:00:00Z", "working_hours": []}]}), format),
        // OnceHub derives the day from the date, and rejects it in a request.
        (
            json!({"overrides": [{"date": "2026-12-24", "day": "Thursday", "working_hours": []}]}),
            "day: Received unknown parameter: day",
        ),
    ] {
        let got = bench.patch(&path(DANA), body.clone()).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error {refusal}"), "{body}");
    }
    assert_eq!(bench.get(&path(DANA)).await.body, before, "all or nothing");
}
