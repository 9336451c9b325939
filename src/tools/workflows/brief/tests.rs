use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, NOW, Setup};

const DANA: &str = "USR-XXGJ98LRZMAU";

async fn bench(history: usize) -> Bench {
    Bench::with(Setup { history, ..Setup::default() }).await
}

fn items(structure: &Value) -> &Vec<Value> {
    structure["items"].as_array().unwrap()
}

#[tokio::test]
async fn a_day_is_briefed_in_a_few_requests_and_hundred_tokens() {
    let bench = bench(1000).await;
    let asked = json!({"host": "Dana Reyes", "starts_after": "tomorrow", "starts_before": "+3d"});
    bench.call("brief_bookings", asked.clone()).await.text();
    bench.sandbox.forget_requests();
    let replied = bench.call("brief_bookings", asked).await;
    let requests: Vec<String> = bench.sandbox.forget_requests().into_iter().map(|seen| seen.path).collect();
    let count = items(replied.structure()).len();
    // The host's bookings in two lists, each contact's, one of text messages and the hours.
    assert!(count >= 3 && requests.len() <= count + 4, "{count}: {requests:?}");
    insta::assert_snapshot!(replied.text());
    let tokens = tiktoken_rs::o200k_base_singleton().encode_ordinary(&replied.text()).len();
    assert!(tokens <= 200 * count, "{tokens} for {count}");
    for item in items(replied.structure()) {
        for fact in [&item["id"], &item["contact"], &item["join_url"]] {
            assert!(fact.is_null() || replied.text().contains(fact.as_str().unwrap()), "{fact}");
        }
    }
}

#[tokio::test]
async fn the_history_of_a_guest_is_what_the_account_has() {
    let bench = bench(1000).await;
    let replied = bench.call("brief_bookings", json!({"host": DANA, "starts_before": "+6d", "limit": 30})).await;
    let all = bench.sandbox.with(|world| world.all_bookings());
    assert!(items(replied.structure()).len() > 5);
    for item in items(replied.structure()) {
        let theirs: Vec<&Value> = all
            .iter()
            .map(|(booking, _)| booking)
            .filter(|booking| {
                booking["contact"] == item["contact"] && booking["id"] != item["id"] && booking["in_trash"] != true
            })
            .collect();
        let count = |status: &str| theirs.iter().filter(|booking| booking["status"] == status).count();
        let history = &item["history"];
        assert_eq!(history["met"], count("completed"), "{item}");
        assert_eq!((&history["no_shows"], &history["canceled"]), (&json!(count("no_show")), &json!(count("canceled"))));
        let met = theirs.iter().filter(|booking| booking["status"] == "completed");
        let last = met.map(|booking| booking["starting_time"].as_str().unwrap()).max();
        assert_eq!(history["last_met"].as_str(), last);
        let is_live = |booking: &&&Value| {
            ["scheduled", "rescheduled", "requested"].contains(&booking["status"].as_str().unwrap())
        };
        let upcoming = theirs.iter().filter(is_live).filter(|booking| booking["starting_time"].as_str().unwrap() > NOW);
        assert_eq!(history["upcoming"], upcoming.count());
    }
}

/// A bench on which Dana has these bookings, and nobody any others.
async fn with(bookings: Vec<Value>) -> Bench {
    let bench = Bench::start().await;
    let list = json!({"data": bookings, "has_more": false});
    bench.sandbox.fail(Fault::new(Effect::Replace(list)).on("GET", "host="));
    bench.sandbox.fail(Fault::new(Effect::Replace(json!({"data": [], "has_more": false}))).on("GET", "/v2/bookings"));
    bench
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
fn booking(id: usize, starts: &str, more: Value) -> Value {
    let mut booking = json!({
        "id": format!("BKNG-{id:06}"), "object": "booking", "status": "scheduled", "starting_time": starts, "owner": DANA,
        "creation_time": "2026-11-01T00:00:00Z", "duration_minutes": 60, "location_description": "Room 1",
    });
    booking.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    booking
}

fn warnings(structure: &Value) -> Vec<String> {
    items(structure)
        .iter()
        .map(|item| serde_json::from_value::<Vec<String>>(item["warnings"].clone()).unwrap().join("; "))
        .collect()
}

#[tokio::test]
async fn what_is_odd_about_a_meeting_is_a_warning() {
    let bench = with(vec![
        booking(1, "2026-11-24T15:00:00Z", json!({})),
        // It touches the first and overlaps the third.
        booking(2, "2026-11-24T16:00:00Z", json!({"location_description": null})),
        booking(3, "2026-11-24T16:59:00Z", json!({"status": "requested", "contact": "CTC-000001"})),
        booking(4, "2026-11-24T16:30:00Z", json!({"status": "canceled"})),
        booking(5, "2026-11-25T02:00:00Z", json!({})),
        booking(6, "2026-11-24T18:00:00Z", json!({"in_trash": true})),
        booking(7, "2026-11-24T04:45:00Z", json!({})),
        booking(8, "2026-11-24T05:30:00Z", json!({})),
    ])
    .await;
    let sms = |status: &str, at: &str, to: &str| json!({"id": "SMS-1", "status": status, "creation_time": at, "recipient": to});
    let messages = json!({"data": [
        sms("failed", "2026-11-20T10:00:00Z", "CTC-000001"), sms("delivered", "2026-11-20T11:00:00Z", "CTC-000001"),
        sms("failed", "2026-10-20T10:00:00Z", "CTC-000001"), sms("rejected", "2026-11-20T10:00:00Z", "CTC-000002"),
    ]});
    bench.sandbox.fail(Fault::new(Effect::Replace(messages)).on("GET", "/notifications/sms"));
    let replied = bench.call("brief_bookings", json!({"host": DANA, "starts_after": "tomorrow"})).await;
    let outside = format!("is outside of the hours of {DANA} \"Dana Reyes\"");
    assert_eq!(
        warnings(replied.structure()),
        [
            // What began yesterday is no meeting of that day, but may last into it.
            &format!("overlaps BKNG-000007 (23:45-00:45+1d); {outside}"),
            "",
            "overlaps BKNG-000003 (11:59-12:59); has no link and no place",
            "overlaps BKNG-000002 (11:00-12:00); waits for approval, which only OnceHub's own pages can give; text \
             messages to the guest were not delivered: 1, the last of Fri 2026-11-20 05:00 -05:00",
            &outside,
        ]
    );
    assert!(replied.text().contains("warning: overlaps BKNG-000003"), "{}", replied.text());
}

#[tokio::test]
async fn one_meeting_is_briefed_by_its_id_also_when_it_is_over() {
    let bench = bench(0).await;
    let id = bench.booking(json!({"status": "completed", "calendar": "Strategy session"})).await;
    let replied = bench.call("brief_bookings", json!({"booking_id": id})).await;
    let item = &items(replied.structure())[0];
    assert_eq!((&item["id"], &item["history"]["met"]), (&json!(id), &item["history"]["met"]));
    assert!(item["warnings"][0] == "is completed" && item["contact_card"]["name"].is_string(), "{item}");
    assert!(item["answers"].as_array().unwrap().iter().any(|answer| answer["name"] == "Attachment"), "{item}");
    let missing = bench.call("brief_bookings", json!({"booking_id": "BKNG-NOSUCH"})).await;
    assert_eq!(missing.error()["status"], 404);
}

#[tokio::test]
async fn pages_go_on_after_the_last_meeting_shown_whatever_stopped_them() {
    let bench = bench(300).await;
    let mut setup = Setup::default();
    setup.settings.max_reply = 8_000;
    let small = Bench::on(std::sync::Arc::clone(&bench.sandbox), setup).await;
    let whole = bench.call("brief_bookings", json!({"host": DANA, "starts_before": "+6d", "limit": 30})).await;
    let ids = |structure: &Value| items(structure).iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    let all = ids(whole.structure());
    assert_eq!(whole.structure()["has_more"], false);
    for (bench, limit) in [(&bench, 2), (&small, 30)] {
        let (mut paged, mut asked) = (Vec::new(), json!({"host": DANA, "starts_before": "+6d", "limit": limit}));
        loop {
            let replied = bench.call("brief_bookings", asked.clone()).await;
            paged.extend(ids(replied.structure()));
            if replied.structure()["has_more"] == false {
                break;
            }
            asked["cursor"] = replied.structure()["next_cursor"].clone();
            assert_eq!(asked["cursor"], *paged.last().unwrap());
        }
        assert_eq!(paged, all, "{limit}");
    }
    let gone = bench.call("brief_bookings", json!({"host": DANA, "cursor": "BKNG-GONE01"})).await;
    assert!(gone.failure().contains("cursor: that booking is not among these any more"), "{}", gone.failure());
}

#[tokio::test]
async fn by_default_it_is_about_me_today_and_never_about_more_than_a_week() {
    let mut setup = Setup::default();
    setup.settings.me = Some("dana@northlight.example".into());
    let bench = Bench::with(setup).await;
    let today = bench.call("brief_bookings", json!({})).await;
    assert!(today.structure()["asked"].as_str().unwrap().starts_with("host \"Dana Reyes\""), "{}", today.text());
    assert!(
        items(today.structure())
            .iter()
            .all(|item| item["starting_time_local"].as_str().unwrap().contains("2026-11-23"))
    );
    let none = bench.call("brief_bookings", json!({"starts_after": "saturday"})).await;
    assert!(none.text().starts_with("No meetings to come (host "), "{}", none.text());
    let long = bench.call("brief_bookings", json!({"starts_before": "+9d"})).await;
    assert!(long.failure().contains("at most 7 days"), "{}", long.failure());
    let week = bench.call("brief_bookings", json!({"starts_after": "2026-10-29", "starts_before": "2026-11-04"})).await;
    assert!(!week.is_failure(), "the week of a clock change is a week");
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_rest_is_told() {
    let bench = bench(0).await;
    let asked = json!({"host": DANA, "starts_before": "+6d"});
    let refused = |message: &str, param: Value| {
        Effect::Error(400, json!({"type": "invalid_request_error", "message": message, "param": param}))
    };
    for (path, gap) in [
        ("contact=", "guests could not be read."),
        ("/notifications/sms", "Text messages could not be read: OnceHub refused: No."),
        ("/scheduling-availability", "The host's hours could not be read: OnceHub refused: No."),
    ] {
        let fault = Fault::new(refused("No.", Value::Null)).on("GET", path);
        let replied = bench.call_with(fault, "brief_bookings", asked.clone()).await;
        assert!(replied.structure()["note"].as_str().unwrap().contains(gap), "{}", replied.text());
        assert!(!items(replied.structure()).is_empty());
    }
    // OnceHub's documents do not agree on what can be expanded.
    let fault =
        Fault::new(refused("This property cannot be expanded: contact", "expand".into())).on("GET", "expand=contact");
    let replied = bench.call_with(fault, "brief_bookings", asked).await;
    assert!(
        items(replied.structure()).iter().all(|item| item["contact"].is_string() && item["contact_card"].is_null())
    );
}

#[tokio::test]
async fn what_the_last_meeting_of_a_range_overlaps_is_told_although_it_begins_after_it() {
    let bench = bench(0).await;
    // From half past eleven at night, and at a quarter past twelve.
    let [late, after] = [("2026-11-25T04:30:00Z", 60), ("2026-11-25T05:15:00Z", 30)].map(|(starts, minutes)| {
        let starts = starts.parse().unwrap();
        bench.sandbox.with(|world| {
            let (_, calendars) = world.people_and_calendars();
            world.book(DANA, &calendars[0], starts, minutes)
        })
    });
    let replied = bench.call("brief_bookings", json!({"host": DANA, "starts_after": "tomorrow"})).await;
    let last = items(replied.structure()).last().unwrap();
    assert_eq!(last["id"], late);
    assert!(last["warnings"][0].as_str().unwrap().starts_with(&format!("overlaps {after} (")), "{last}");
}

#[tokio::test]
async fn one_meeting_is_asked_for_by_its_id_alone() {
    let bench = bench(0).await;
    let id = bench.booking(json!({"status": "completed"})).await;
    for (argument, value) in [("host", DANA), ("starts_after", "today"), ("starts_before", "+2d")] {
        let refused = bench.call("brief_bookings", json!({"booking_id": id, argument: value})).await;
        assert_eq!(refused.error()["param"], argument);
        assert!(refused.failure().contains("cannot be combined with booking_id"), "{}", refused.failure());
    }
}
