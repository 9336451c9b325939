//! What the views are shown.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::agenda::LEFT_OUT;
use super::{LONGEST, MOST};
use crate::apps::View;
use crate::sandbox::{Effect, Fault};
use crate::tools::Catalogue;
use crate::tools::tests::bench::{Bench, NOW, Replied};

/// The size of a reply, as a client gets it.
fn size(replied: &Replied) -> usize {
    serde_json::to_string(replied.structure()).unwrap().len() + replied.text().len()
}

#[tokio::test]
async fn the_free_times_are_those_of_the_calendar_by_day() {
    let bench = Bench::start().await;
    let asked = json!({"calendar_id": "Intro call", "time_zone": "Europe/London", "guest_name": " Ada Okafor "});
    let replied = bench.call("show_free_slots", asked).await;
    let shown = replied.structure();
    assert_eq!(shown["calendar"]["name"], "Intro call");
    assert_eq!((&shown["calendar"]["minutes"], &shown["time_zone"]), (&json!(30), &json!("Europe/London")));
    assert!(shown["calendar"]["host"].is_string() && shown["calendar"]["time_zone"].is_string(), "{shown}");
    assert_eq!((&shown["guest"], &shown["can"]), (&json!({"name": "Ada Okafor"}), &json!({"book": true})));
    assert_eq!(shown["as_of"], NOW);
    let days = shown["days"].as_array().unwrap();
    let starts: Vec<&Value> = days.iter().flat_map(|day| day["starts"].as_array().unwrap()).collect();
    let all = bench
        .call("get_booking_time_slots", json!({"calendar_id": "Intro call", "end_time": "+29d", "limit": 500}))
        .await;
    let all: Vec<&Value> =
        all.structure()["items"].as_array().unwrap().iter().map(|item| &item["start_time"]).collect();
    assert!(starts.len() > 50 && starts.len() <= 200, "{}", starts.len());
    assert_eq!(starts, all[..starts.len()]);
    // It goes on where it ends, which is where a day does.
    assert_eq!(&shown["more_from"], all[starts.len()]);
    let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let date =
        |at: &Value| at.as_str().unwrap().parse::<Timestamp>().unwrap().to_zoned(zone.clone()).date().to_string();
    for day in days {
        assert!(day["starts"].as_array().unwrap().iter().all(|start| date(start) == day["date"]), "{day}");
    }
    assert_ne!(date(&shown["more_from"]), days.last().unwrap()["date"]);
    assert!(
        replied.text().starts_with(&format!("{} free slots on \"Intro call\"", starts.len())),
        "{}",
        replied.text()
    );
    // What it says can be chosen can be booked.
    let booked = json!({
        "calendar_id": shown["calendar"]["id"], "start_time": starts[0], "guest_time_zone": shown["time_zone"],
        "guest_name": "Ada Okafor", "guest_email": "ada@example.com",
        "location_type": shown["calendar"]["locations"][0]["type"],
        "location_value": shown["calendar"]["locations"][0]["value"],
    });
    assert_eq!(bench.call("schedule_meeting", booked).await.structure()["status"], "scheduled");
}

#[tokio::test]
async fn what_is_asked_is_what_guests_have_answered() {
    let bench = Bench::start().await;
    let replied = bench.call("show_free_slots", json!({"calendar_id": "Intro call"})).await;
    let calendar = &replied.structure()["calendar"];
    let known = bench.call("get_booking_calendar", json!({"calendar_id": "Intro call"})).await;
    let names: Vec<&Value> = known.structure()["form"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    let asked: Vec<&Value> = calendar["questions"].as_array().unwrap().iter().map(|asked| &asked["name"]).collect();
    assert_eq!(asked, names.iter().copied().filter(|name| *name != "phone").collect::<Vec<_>>());
    assert_eq!(calendar["phone"].is_string(), names.iter().any(|name| *name == "phone"), "{calendar}");
    // Without its last bookings, it is still shown.
    let fault = Fault::new(Effect::Error(403, json!({"type": "permission_error", "message": "No."})));
    let bench = Bench::start().await;
    let replied =
        bench.call_with(fault.on("GET", "/bookings"), "show_free_slots", json!({"calendar_id": "Intro call"})).await;
    assert_eq!(replied.structure()["calendar"]["questions"], json!([]));
}

#[tokio::test]
async fn a_calendar_without_free_times_is_no_failure() {
    let bench = Bench::start().await;
    let none = Fault::new(Effect::Replace(json!([]))).on("GET", "/time-slots");
    let replied = bench.call_with(none, "show_free_slots", json!({"calendar_id": "Intro call"})).await;
    assert_eq!(replied.structure()["days"], json!([]));
    assert!(replied.text().starts_with("No free slots on"), "{}", replied.text());
    assert!(replied.structure()["more_from"].as_str().unwrap() > NOW);
}

#[tokio::test]
async fn an_agenda_can_be_read_again() {
    let bench = Bench::start().await;
    for asked in [
        json!({}),
        json!({"host": "me", "starts_after": "monday"}),
        json!({"host": "Dana Reyes", "starts_after": "-7d", "starts_before": "today", "status": "completed"}),
        json!({"guest": "a", "time_zone": "Asia/Tokyo"}),
    ] {
        let replied = bench.call("show_bookings", asked.clone()).await;
        let shown = replied.structure();
        let again = bench.call("list_bookings", shown["filters"].clone()).await;
        let ids =
            |items: &Value| -> Vec<Value> { items.as_array().unwrap().iter().map(|item| item["id"].clone()).collect() };
        let (ids, all) = (ids(&shown["items"]), ids(&again.structure()["items"]));
        assert!(!ids.is_empty() && ids == all[..ids.len()], "{asked}: {ids:?} {all:?}");
        assert_eq!(
            shown["next_cursor"].is_null(),
            ids.len() == all.len() && again.structure()["next_cursor"].is_null()
        );
        assert_eq!(
            shown["can"],
            json!({"cancel": true, "request_reschedule": true, "reassign": true, "mark_no_show": true})
        );
        for id in ids {
            assert!(replied.text().contains(id.as_str().unwrap()), "{}", replied.text());
        }
        // Rows are those of a list, but for what no person looks for.
        for (row, whole) in
            shown["items"].as_array().unwrap().iter().zip(again.structure()["items"].as_array().unwrap())
        {
            let mut whole = whole.clone();
            whole
                .as_object_mut()
                .unwrap()
                .retain(|name, _| row.get(name).is_some() || !LEFT_OUT.contains(&name.as_str()));
            assert_eq!(*row, whole);
        }
    }
}

#[tokio::test]
async fn an_agenda_is_of_the_week_to_come() {
    let bench = Bench::start().await;
    let filters = |replied: &Replied| replied.structure()["filters"].clone();
    let week = filters(&bench.call("show_bookings", json!({})).await);
    assert_eq!(
        week,
        json!({"starts_after": "2026-11-23T05:00:00Z", "starts_before": "2026-11-30T05:00:00Z", "time_zone": "America/New_York"})
    );
    let later = filters(&bench.call("show_bookings", json!({"starts_after": "2026-12-01"})).await);
    assert_eq!(later["starts_before"], "2026-12-08T05:00:00Z");
    let unknown = bench.call("show_bookings", json!({"status": "booked"})).await.failure();
    assert!(unknown.contains("no_show"), "{unknown}");
    let past = filters(&bench.call("show_bookings", json!({"starts_before": "yesterday"})).await);
    assert_eq!((&past["starts_after"], &past["starts_before"]), (&Value::Null, &json!("2026-11-23T05:00:00Z")));
}

#[tokio::test]
async fn working_hours_are_those_that_can_be_changed() {
    let bench = Bench::start().await;
    let replied = bench.call("show_availability", json!({"user_id": "Dana Reyes"})).await;
    let read = bench.call("get_scheduling_availability", json!({"user_id": "Dana Reyes"})).await;
    let (shown, read) = (replied.structure(), read.structure());
    assert_eq!(shown["user"], json!({"id": read["user_id"], "name": "Dana Reyes"}));
    assert_eq!(
        (&shown["weekly"], &shown["overrides"], &shown["time_zone"]),
        (&read["weekly"], &read["overrides"], &read["timezone"])
    );
    assert_eq!((&shown["can"], &shown["as_of"]), (&json!({"update": true}), &json!(NOW)));
}

#[tokio::test]
async fn of_very_many_dates_the_next_ones_are_shown_and_the_others_counted() {
    let bench = Bench::start().await;
    let today: Date = NOW[..10].parse().unwrap();
    let date = |days: usize| (today - 365.days() + i64::try_from(days).unwrap().days()).to_string();
    // The latest first, and of a year that is over, too.
    let row = |days| json!({"date": date(days), "working_hours": []});
    let dates: Vec<Value> = (0..965).rev().map(row).chain([json!({"date": 7})]).collect();
    let schedule = json!({"timezone": "UTC", "weekly": [{"day": "Monday", "working_hours": []}], "overrides": dates});
    bench.sandbox.fail(Fault::new(Effect::Replace(schedule)).on("GET", "/scheduling-availability"));
    let replied = bench.call("show_availability", json!({"user_id": "Dana Reyes"})).await;
    let (shown, text) = (replied.structure(), replied.text());
    assert!(size(&replied) <= MOST, "{}", size(&replied));
    let told: Vec<&Value> = shown["overrides"].as_array().unwrap().iter().map(|row| &row["date"]).collect();
    let next: Vec<Value> = (365..).map(|days| json!(date(days))).take(told.len()).collect();
    assert!(told.len() > 20 && told == next.iter().collect::<Vec<_>>(), "{told:?}");
    assert_eq!(shown["more_overrides"], json!(600 - told.len()));
    let (over, last, beyond) = (date(364), date(364 + told.len()), date(365 + told.len()));
    assert!(text.contains(&format!("{last} off")) && !text.contains(&beyond) && !text.contains(&over), "{text}");
    assert!(text.contains(&format!("{} later dates had no room here", 600 - told.len())), "{text}");
}

#[tokio::test]
async fn every_reply_is_small_whatever_the_account_has() {
    let calls = [
        ("show_free_slots", json!({"calendar_id": "Intro call"})),
        ("show_bookings", json!({"starts_before": "+365d"})),
        ("show_availability", json!({"user_id": "Dana Reyes"})),
    ];
    let bench = Bench::with(crate::tools::tests::bench::Setup { more_bookings: 200, ..Default::default() }).await;
    let mut usual = Vec::new();
    for (tool, asked) in &calls {
        let replied = bench.call(tool, asked.clone()).await;
        assert!(size(&replied) <= MOST, "{tool}: {}", size(&replied));
        usual.push(size(&replied));
    }
    assert!(usual.iter().all(|size| *size > 1000), "{usual:?}");
    let long = "<img src=x onerror=alert(1)>\u{202e}\u{1f4a3}".repeat(100);
    let form = json!({"name": long, "email": format!("{long}@example.com"), "note": long, "custom_fields": [{"name": long, "value": long}]});
    let booking = |id: usize| {
        json!({
            "object": "booking", "id": format!("BKNG-{id}"), "subject": long, "status": "scheduled", "form_submission": form,
            "starting_time": "2026-11-24T15:00:00Z", "duration_minutes": 30, "location_description": long, "owner": "USR-1",
            "booking_calendar": "BKC-1", long.clone(): long,
        })
    };
    let bookings: Vec<Value> = (0..100).map(booking).collect();
    let bookings = json!({"object": "list", "data": bookings, "has_more": false});
    let places: Vec<Value> =
        (0..5).map(|id| json!({"type": "physical", "id": format!("ADD-{id}"), "value": long})).collect();
    let slots: Vec<Value> = (0..300)
        .map(|minute| {
            let at = Timestamp::from_second(1_795_500_000 + 60 * minute).unwrap();
            json!({"start_time": at.to_string(), "locations": places})
        })
        .collect();
    let hours: Vec<Value> = (0..6)
        .map(|hour| json!({"start_time": format!("{hour:02}:00"), "end_time": format!("{hour:02}:30"), "locations": places}))
        .collect();
    let dates: Vec<Value> =
        (1..29).map(|day| json!({"date": format!("2026-12-{day:02}"), "working_hours": hours})).collect();
    let schedule =
        json!({"timezone": "Europe/London", "weekly": [{"day": "Monday", "working_hours": hours}], "overrides": dates});
    for (path, reply) in
        [("/bookings", bookings), ("/time-slots", json!(slots)), ("/scheduling-availability", schedule)]
    {
        bench.sandbox.fail(Fault::new(Effect::Replace(reply)).on("GET", path));
    }
    for (tool, asked) in &calls {
        let replied = bench.call(tool, asked.clone()).await;
        assert!(size(&replied) <= MOST && size(&replied) > 1000, "{tool}: {}", size(&replied));
        assert!(!replied.text().contains('\u{202e}'), "{tool}");
    }
    let hours = bench.call("show_availability", json!({"user_id": "Dana Reyes"})).await;
    let (dates, left) = (&hours.structure()["overrides"], &hours.structure()["more_overrides"]);
    let count = dates.as_array().unwrap().len();
    assert!(count > 0 && *left == json!(28 - count), "{count} and {left}");
    let shown = bench.call("show_bookings", json!({})).await;
    let rows = shown.structure()["items"].as_array().unwrap().clone();
    assert!(!rows.is_empty() && shown.structure()["next_cursor"].is_string(), "{}", shown.structure());
    for text in rows.iter().flat_map(|row| row.as_object().unwrap().values()).filter_map(Value::as_str) {
        assert!(text.chars().count() <= LONGEST + 1, "{text}");
    }
}

#[test]
fn a_view_has_its_tool_and_calls_only_what_there_is() {
    let catalogue = Catalogue::new(&crate::tools::Selection::default()).unwrap();
    for view in View::all() {
        let tool = catalogue.get(view.opened_by()).unwrap();
        assert_eq!(tool.meta.as_ref(), Some(&view.of_tool()));
        assert!(Catalogue::opens_view(&tool.name));
        let ui = &tool.meta.as_ref().unwrap()["ui"];
        assert_eq!((&ui["resourceUri"], &ui["visibility"]), (&json!(view.uri()), &json!(["model", "app"])));
        let hints = tool.annotations.as_ref().unwrap();
        assert_eq!((hints.read_only_hint, hints.idempotent_hint), (Some(true), Some(true)));
        let schema = serde_json::to_string(&tool.output_schema).unwrap();
        assert!(!["anyOf", "oneOf", "allOf", "null"].iter().any(|word| schema.contains(word)), "{schema}");
        for called in view.calls().iter().filter(|called| **called != view.opened_by()) {
            let listed = catalogue.listed(true);
            let called = listed.iter().find(|tool| tool.name == *called).unwrap_or_else(|| panic!("no {called}"));
            assert_eq!(called.meta, None, "a view may call {}", called.name);
        }
    }
}

#[test]
fn only_a_client_with_views_is_told_of_them() {
    let catalogue = Catalogue::new(&crate::tools::Selection::default()).unwrap();
    let (without, with) = (catalogue.listed(false), catalogue.listed(true));
    assert!(without.iter().all(|tool| tool.meta.is_none() && !Catalogue::opens_view(&tool.name)));
    assert_eq!(with.len(), without.len() + 3);
    let names = |tools: &[rmcp::model::Tool]| tools.iter().map(|tool| tool.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&with)[..without.len()], names(&without));
    // What no view calls is for the model alone.
    let delete = with.iter().find(|tool| tool.name == "delete_user").unwrap();
    assert_eq!(delete.meta.as_ref().unwrap()["ui"], json!({"visibility": ["model"]}));
}
