mod proof;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault, HostShows};
use crate::tools::tests::bench::{Bench, Setup};

/// The week that the bench's clock is in.
fn this_week() -> Value {
    json!({"starts_after": "2026-11-23", "starts_before": "2026-11-27"})
}

/// A bench whose replies may hold all of the account.
async fn roomy(more_bookings: usize) -> Bench {
    let mut setup = Setup { more_bookings, ..Setup::default() };
    setup.settings.max_reply = 10_000_000;
    Bench::with(setup).await
}

#[tokio::test]
async fn a_week_reads_like_an_agenda() {
    let bench = Bench::start().await;
    assert_snapshot!(bench.call("list_bookings", this_week()).await.text());
}

#[tokio::test]
async fn a_day_at_the_end_of_a_range_is_part_of_it() {
    let bench = Bench::start().await;
    let one_day = json!({"starts_after": "2026-11-27", "starts_before": "2026-11-27"});
    let replied = bench.call("list_bookings", one_day).await;
    let days: Vec<&str> = replied.structure()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["starting_time_local"].as_str().unwrap()[..14])
        .collect();
    assert_eq!(days, ["Fri 2026-11-27"; 3]);
}

#[tokio::test]
async fn at_or_after_includes_the_moment_itself_and_before_does_not() {
    let bench = Bench::start().await;
    // Sarah's call on Monday begins at 10:00.
    let count =
        async |filter: Value| bench.call("list_bookings", filter).await.structure()["items"].as_array().unwrap().len();
    assert_eq!(count(json!({"starts_after": "2026-11-23T10:00", "starts_before": "2026-11-23T10:01"})).await, 1);
    assert_eq!(count(json!({"starts_after": "2026-11-23T09:00", "starts_before": "2026-11-23T10:00"})).await, 0);
}

#[tokio::test]
async fn several_statuses_and_a_part_of_a_name_are_filtered_here() {
    let bench = Bench::start().await;
    let missed = json!({"status": ["no_show", "canceled"], "guest": "OLIVIA"});
    assert_snapshot!(bench.call("list_bookings", missed).await.text());
    let accents = bench.call("list_bookings", json!({"guest": "jose angel"})).await;
    assert!(accents.text().contains("José Ángel Núñez"));
}

#[tokio::test]
async fn each_filter_reaches_oncehub_by_its_own_name() {
    let bench = Bench::start().await;
    let contact = bench.booking(json!({"guest": "Jacob"})).await;
    let contact = bench.call("get_booking", json!({"booking_id": contact})).await.structure()["contact"].clone();
    bench
        .call(
            "list_bookings",
            json!({
                "status": "scheduled", "owner": "dana@northlight.example", "host": "Dana Reyes", "contact": contact,
                "calendar": "intro CALL", "booking_page": "Margaret classic", "master_page": "northlight front desk",
                "event_type": "Checkup", "starts_after": "2026-11-01T00:00:00Z", "starts_before": "2026-12-01T00:00:00Z",
                "created_after": "2026-10-01T00:00:00Z", "created_before": "2026-12-01T00:00:00Z",
                "updated_after": "2026-10-01T00:00:00Z", "updated_before": "2026-12-01T00:00:00Z",
                "expand": ["owner", "contact"], "limit": 7
            }),
        )
        .await
        .text();
    let asked = bench.sandbox.requests().into_iter().rfind(|seen| seen.path == "/v2/bookings").unwrap();
    let mut names: Vec<String> =
        asked.query.split('&').map(|pair| pair.split('=').next().unwrap().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "booking_calendar", "booking_page", "contact", "creation_time.gt", "creation_time.lt", "event_type",
            "expand", "host", "last_updated_time.gt", "last_updated_time.lt", "limit", "master_page", "owner",
            "starting_time.gt", "starting_time.lt", "status"
        ]
    );
    assert!(asked.query.contains("starting_time.gt=2026-10-31T23%3A59%3A59.999Z"), "{}", asked.query);
}

#[tokio::test]
async fn pages_are_fetched_as_they_are_needed_and_a_cursor_goes_on() {
    let bench = roomy(260).await;
    let first = bench.call("list_bookings", json!({"limit": 150})).await;
    let items = |replied: &Value| -> Vec<String> {
        replied["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut ids = items(first.structure());
    assert_eq!((ids.len(), bench.requests("GET", "/v2/bookings")), (150, 2));
    let second = bench.call("list_bookings", json!({"limit": 500, "cursor": first.structure()["next_cursor"]})).await;
    assert_eq!(second.structure()["has_more"], false);
    assert_eq!(second.structure().get("next_cursor"), Some(&Value::Null), "the end is said, not left out");
    ids.extend(items(second.structure()));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((count, ids.len()), (309, 309), "nothing is missing, and nothing comes twice");
}

#[tokio::test]
async fn an_agenda_that_is_cut_off_does_not_look_complete() {
    let bench = Bench::start().await;
    let asked = |limit: u32| json!({"starts_after": "now", "starts_before": "next week", "limit": limit});
    let cut = bench.call("list_bookings", asked(1)).await;
    assert!(cut.text().starts_with("1 of more bookings (starts from "), "{}", cut.text());
    assert!(cut.structure()["note"].as_str().unwrap().starts_with("These are the newest created, not the earliest"));
    assert!(cut.structure()["asked"].as_str().unwrap().ends_with("starts before Mon 2026-12-07 00:00 -05:00"));
    let whole = bench.call("list_bookings", asked(500)).await;
    let count = whole.structure()["items"].as_array().unwrap().len();
    assert!(count > 1 && whole.text().starts_with(&format!("{count} bookings (")), "{}", whole.text());
    assert!(!whole.text().contains("newest created"));
    let newest = bench.call("list_bookings", json!({"limit": 1})).await;
    assert!(!newest.text().contains("newest created"), "nobody asked by time: {}", newest.text());
}

#[tokio::test]
async fn a_booking_that_a_host_only_co_hosts_says_so() {
    let bench = Bench::start().await;
    for detail in ["summary", "full"] {
        let asked = json!({"host": "Margaret Holloway", "limit": 500, "detail": detail});
        let listed = bench.call("list_bookings", asked).await;
        let items = listed.structure()["items"].as_array().unwrap();
        let of_others: Vec<&str> = items
            .iter()
            .filter(|item| item["owner_name"] != "Margaret Holloway")
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        let text = listed.text();
        let marked = text.lines().filter(|line| line.contains(" | as co-host | "));
        assert!(!of_others.is_empty() && of_others.len() < items.len());
        assert_eq!(marked.clone().count(), of_others.len(), "{detail}");
        assert!(marked.clone().all(|line| of_others.iter().any(|id| line.contains(id))), "{detail}");
    }
    let all = bench.call("list_bookings", json!({"limit": 500})).await;
    assert!(!all.text().contains("as co-host"));
}

#[tokio::test]
async fn a_search_says_how_far_it_looked() {
    let bench = Bench::with(Setup { more_bookings: 1200, ..Setup::default() }).await;
    let replied = bench.call("list_bookings", json!({"guest": "nobody at all"})).await;
    assert_eq!(bench.requests("GET", "/v2/bookings"), 10);
    let structure = replied.structure();
    assert!(structure["has_more"] == true && structure["next_cursor"].is_string() && structure["items"] == json!([]));
    assert_snapshot!(structure["note"].as_str().unwrap());
    let rest = bench.call("list_bookings", json!({"guest": "nobody at all", "cursor": structure["next_cursor"]})).await;
    assert_eq!(rest.structure()["has_more"], false);
}

#[tokio::test]
async fn one_booking_is_shown_whole_and_its_strangers_cannot_pose_as_us() {
    let bench = Bench::start().await;
    let id =
        bench.booking(json!({"guest": "Sarah", "starts_after": "2026-11-23", "starts_before": "2026-11-23"})).await;
    let text = bench.call("get_booking", json!({"booking_id": id})).await.text();
    assert!(!text.lines().any(|line| line.trim_start().starts_with("hint:")), "{text}");
    assert_snapshot!(text);
}

#[tokio::test]
async fn expanded_objects_are_shown_and_named() {
    let bench = Bench::start().await;
    let id = bench.booking(this_week()).await;
    let replied = bench.call("get_booking", json!({"booking_id": id, "expand": "owner, contact"})).await;
    let structure = replied.structure();
    let expanded = &structure["expanded"];
    assert!(expanded["owner"]["email"].is_string() && expanded["contact"]["creation_time_local"].is_string());
    assert_eq!((&structure["owner"], &structure["contact"]), (&expanded["owner"]["id"], &expanded["contact"]["id"]));
    let list = bench.call("list_bookings", json!({"expand": ["contact"], "limit": 1})).await;
    let item = &list.structure()["items"][0];
    assert!(item["expanded"]["contact"]["email"].is_string() && item["contact"] == item["expanded"]["contact"]["id"]);
}

#[tokio::test]
async fn odd_bookings_are_shown_like_any_other() {
    let bench = roomy(0).await;
    let all = bench.call("list_bookings", json!({"limit": 500, "detail": "full"})).await;
    assert_eq!(all.structure()["items"].as_array().unwrap().len(), 49);
    for item in all.structure()["items"].as_array().unwrap() {
        bench.call("get_booking", json!({"booking_id": item["id"]})).await.text();
    }
}

#[tokio::test]
async fn a_booking_is_found_by_its_guest_if_there_is_only_one() {
    let bench = Bench::start().await;
    let found = bench.call("get_booking", json!({"booking_id": "José Ángel nunez"})).await;
    assert!(found.is_failure(), "he has two");
    let failure = found.failure();
    assert!(failure.contains("2 bookings are known as \"José Ángel nunez\": BKNG-"), "{failure}");
    let only = bench.call("get_booking", json!({"booking_id": "nikolai@petrov.example"})).await;
    assert!(only.is_failure() || only.text().contains("Nikolai Petrov"));
    assert_snapshot!(bench.call("get_booking", json!({"booking_id": "Nobody"})).await.failure());
    assert_snapshot!(bench.call("get_booking", json!({"booking_id": "BKNG-NOSUCHTHING"})).await.failure());
    assert_snapshot!(bench.call("get_booking", json!({"booking_id": "../users"})).await.failure());
}

#[tokio::test]
async fn a_name_stands_for_a_booking_that_the_change_can_apply_to() {
    let bench = Bench::start().await;
    let booking = async |more: Value| {
        let mut filter = json!({"guest": "Nikolai Petrov"});
        filter.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        bench.booking(filter).await
    };
    let past = booking(json!({"starts_before": "now"})).await;
    let upcoming = booking(json!({"starts_after": "now"})).await;
    // A part of a name is no name, but says who may be meant.
    let part = bench.call("cancel_booking", json!({"booking_id": "Nikolai"})).await.failure();
    let none = "booking_id: no upcoming booking is known as \"Nikolai\" (outcome: not done)";
    assert!(part.starts_with(&format!("{none}\nhint: did you mean {upcoming} scheduled Thu 2026-12-03")), "{part}");
    assert!(!part.contains(&past), "{part}");
    let canceled = bench.call("cancel_booking", json!({"booking_id": "nikolai petrov"})).await;
    assert_eq!(canceled.structure()["id"], upcoming);
    let none =
        bench.call("reassign_booking", json!({"booking_id": "Nikolai Petrov", "new_host": "Lee Whitford"})).await;
    let none = none.failure();
    assert!(none.starts_with("booking_id: no upcoming booking is known as \"Nikolai Petrov\""), "{none}");
    // What was just done is so already, by the name as by the id.
    let again = bench.call("cancel_booking", json!({"booking_id": "Nikolai Petrov"})).await;
    assert_eq!(again.structure()["id"], upcoming);
    assert!(again.text().starts_with("Nothing to do: it is already canceled"), "{}", again.text());
    let missed = bench.call("mark_no_show", json!({"booking_id": "nikolai@petrov.example"})).await;
    assert_eq!(missed.structure()["id"], past);
    let again = bench.call("mark_no_show", json!({"booking_id": "Nikolai Petrov"})).await;
    assert_eq!(again.structure()["id"], past);
    assert!(again.text().starts_with("Nothing to do: it is already no-show"), "{}", again.text());
    let several = bench.call("cancel_booking", json!({"booking_id": "Jacob Lindqvist"})).await.failure();
    assert!(several.contains("3 upcoming bookings are known as") && !several.contains("completed"), "{several}");
    for _ in 0..3 {
        let id = bench.booking(json!({"guest": "Jacob Lindqvist", "starts_after": "now", "status": ["scheduled", "rescheduled", "requested"]})).await;
        bench.call("cancel_booking", json!({"booking_id": id})).await.text();
    }
    let several = bench.call("cancel_booking", json!({"booking_id": "Jacob Lindqvist"})).await.failure();
    let said = "no upcoming booking is known as \"Jacob Lindqvist\"; already canceled: 3 of that name, BKNG-";
    assert!(several.contains(said), "{several}");
}

#[tokio::test]
async fn a_read_takes_a_part_of_a_name_that_only_one_booking_has() {
    let bench = Bench::start().await;
    let ada = json!({"calendar_id": "Intro call", "start_time": "2026-11-25T10:00", "guest_time_zone": "America/New_York",
        "guest_name": "Ada Lovelace", "guest_email": "ada@example.com"});
    let made = bench.call("schedule_meeting", ada).await.structure()["booking_id"].clone();
    let only = bench.call("get_booking", json!({"booking_id": "lovelace"})).await;
    assert_eq!(only.structure()["id"], made);
    assert!(only.text().contains("note: booking_id: \"lovelace\" was read as BKNG-"), "{}", only.text());
    let several = bench.call("get_booking", json!({"booking_id": "jacob"})).await;
    assert_eq!(several.error()["type"], "ambiguous_name");
    assert!(several.failure().starts_with("booking_id: \"jacob\" is a part of the names of "), "{}", several.failure());
}

#[tokio::test]
async fn canceling_tells_the_guest_why() {
    let bench = Bench::start().await;
    let id = bench.booking(json!({"guest": "Lucas", "starts_after": "now"})).await;
    let replied = bench.call("cancel_booking", json!({"booking_id": id, "reason": "Dana is ill"})).await;
    assert_snapshot!(replied.text());
    assert_eq!(replied.structure()["status"], "canceled");
    let sent = bench.sandbox.requests().into_iter().rfind(|seen| seen.method == "POST").unwrap();
    assert_eq!(sent.body, Some(json!({"cancellation_reason": "Dana is ill", "send_cancellation_email": true})));
    let again = bench.call("cancel_booking", json!({"booking_id": id})).await;
    assert!(again.text().starts_with("Nothing to do: it is already canceled"), "{}", again.text());
}

#[tokio::test]
async fn every_refusal_of_a_change_says_what_to_do_instead() {
    let bench = Bench::start().await;
    let paid = bench.booking(json!({"calendar": "Paid consultation", "starts_after": "now"})).await;
    let past = bench.booking(json!({"status": "completed", "starts_before": "yesterday"})).await;
    let coming =
        bench.booking(json!({"host": "Dana Reyes", "calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let mut shown = String::new();
    let mut refuse = async |label: &str, tool: &str, arguments: Value| {
        let replied = bench.call(tool, arguments).await;
        assert_eq!(
            replied.error()["outcome"],
            if label == "unknown user" { Value::Null } else { json!("not_done") },
            "{label}"
        );
        shown.push_str(&format!("{label}: {}\n", replied.failure()));
    };
    refuse("cancel paid", "cancel_booking", json!({"booking_id": paid})).await;
    refuse("reschedule paid", "request_reschedule", json!({"booking_id": paid})).await;
    refuse("cancel past", "cancel_booking", json!({"booking_id": past})).await;
    refuse("reschedule past", "request_reschedule", json!({"booking_id": past})).await;
    refuse("no-show to come", "mark_no_show", json!({"booking_id": coming})).await;
    refuse("reassign past", "reassign_booking", json!({"booking_id": past, "new_host": "Margaret Holloway"})).await;
    refuse("same host", "reassign_booking", json!({"booking_id": coming, "new_host": "dana@northlight.example"})).await;
    refuse("invited host", "reassign_booking", json!({"booking_id": coming, "new_host": "Iris Novak"})).await;
    refuse("host without a seat", "reassign_booking", json!({"booking_id": coming, "new_host": "Noor Haddad"})).await;
    let webex = json!({"booking_id": coming, "new_host": "Lee Whitford", "video_provider": "webex"});
    refuse("service not connected", "reassign_booking", webex).await;
    bench.sandbox.with(|world| world.plan_allows_reassign = false);
    refuse("plan", "reassign_booking", json!({"booking_id": coming, "new_host": "Lee Whitford"})).await;
    for id in [&paid, &past, &coming] {
        shown = shown.replace(id.as_str(), "BKNG-…");
    }
    assert_snapshot!(shown);
}

#[tokio::test]
async fn what_is_so_already_is_told_calmly_with_what_followed_and_nothing_is_sent() {
    let bench = Bench::start().await;
    let canceled = bench.booking(json!({"status": "canceled"})).await;
    let missed = bench.booking(json!({"status": "no_show"})).await;
    for (tool, booking, status) in [("cancel_booking", &canceled, "canceled"), ("mark_no_show", &missed, "no-show")] {
        let replied = bench.call(tool, json!({"booking_id": booking})).await;
        let start = format!("Nothing to do: it is already {status}, and nobody was notified again.");
        assert!(!replied.is_failure() && replied.text().starts_with(&start), "{}", replied.text());
    }
    // A guest of a canceled booking is not asked for another time: that is not calmly "nothing to do".
    let asked = bench.call("request_reschedule", json!({"booking_id": canceled})).await;
    assert_eq!(asked.error()["outcome"], "not_done");
    let said =
        format!("booking_id: {canceled} is already canceled, so the guest was not asked now to choose another time");
    assert!(asked.failure().starts_with(&said) && asked.failure().contains("is not known"), "{}", asked.failure());
    let hint = asked.error()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("schedule_meeting") && hint.contains("create_one_time_link"), "{hint}");
    assert!(hint.contains("its reschedule_url is http"), "{hint}");
    let next = bench.sandbox.with(|world| world.follow(&canceled).unwrap());
    let asked = bench.call("request_reschedule", json!({"booking_id": canceled})).await.failure();
    assert!(asked.contains("Another booking took its place:") && asked.contains(&next), "{asked}");
    let text = bench.call("cancel_booking", json!({"booking_id": canceled})).await.text();
    assert!(text.contains("Another booking took its place:") && text.contains(&next), "{text}");
    assert_eq!(bench.requests("POST", "/"), 0);
}

#[tokio::test]
async fn an_unknown_or_deleted_new_host_is_refused() {
    let bench = Bench::start().await;
    let coming = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let reassign = async |new_host: &str| {
        let arguments = json!({"booking_id": coming, "new_host": new_host});
        bench.call("reassign_booking", arguments).await.failure().replace(&coming, "BKNG-…")
    };
    assert_snapshot!(reassign("Dana Reye").await);
    assert_snapshot!(reassign("Sam Taylor").await);
    assert_snapshot!(reassign("USR-DOESNOTEXIST").await);
    assert_snapshot!(reassign("Frank Ostrow").await);
}

#[tokio::test]
async fn a_reassignment_whose_answer_is_lost_is_seen_by_any_of_its_signs() {
    for (as_owner, as_attendee) in [(true, true), (true, false), (false, true), (false, false)] {
        let bench = Bench::start().await;
        bench.sandbox.with(|world| world.host_shows = HostShows { as_owner, as_attendee });
        let coming = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await;
        let reassign = json!({"booking_id": coming, "new_host": "Lee Whitford"});
        let lost = Fault::new(Effect::DropAfter).on("POST", "/reassign").times(1);
        let replied = bench.call_with(lost, "reassign_booking", reassign).await;
        let text = replied.text();
        assert!(text.starts_with("Reassigned to \"Lee Whitford\" (USR-XSAJLWDAS78B)."), "{text}");
        let fields: Vec<&String> = replied.structure().as_object().unwrap().keys().take(2).collect();
        assert_eq!(fields, ["new_host", "new_host_name"], "the new host comes first");
        assert_eq!(replied.structure()["new_host"], "USR-XSAJLWDAS78B");
        let names_the_old =
            text.contains("OnceHub still shows \"Dana Reyes\" (USR-XXGJ98LRZMAU) as the booking's owner");
        assert_eq!(names_the_old, !as_owner, "{text}");
    }
}

#[tokio::test]
async fn a_co_host_is_not_taken_for_the_new_host() {
    let bench = Bench::start().await;
    bench.sandbox.with(|world| world.host_shows.as_owner = false);
    let (id, co_host) = bench.sandbox.with(|world| world.co_hosted()).unwrap();
    let reassign = json!({"booking_id": id, "new_host": co_host});
    let lost = Fault::new(Effect::DropBefore).on("POST", "/reassign").times(1);
    let replied = bench.call_with(lost, "reassign_booking", reassign).await;
    assert_eq!(replied.error()["outcome"], "unknown", "{}", replied.failure());
}

#[tokio::test]
async fn an_owner_who_stays_is_named_after_an_answered_reassignment_too() {
    let bench = Bench::start().await;
    bench.sandbox.with(|world| world.host_shows.as_owner = false);
    let coming = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let reassign = json!({"booking_id": coming, "new_host": "Lee Whitford"});
    assert_snapshot!(bench.call("reassign_booking", reassign).await.text().replace(&coming, "BKNG-…"));
}

#[tokio::test]
async fn reassigning_says_when_the_video_link_is_lost() {
    let bench = Bench::start().await;
    let coming = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let reassign = json!({"booking_id": coming, "new_host": "sam.support@northlight.example"});
    let replied = bench.call("reassign_booking", reassign).await;
    assert_eq!(replied.structure()["owner_name"], "Sam Taylor");
    assert!(
        replied
            .text()
            .ends_with("note: The meeting has lost its video link: the new host has no video service connected.")
    );
}

#[tokio::test]
async fn errors_of_every_kind_say_what_they_are() {
    let bench = Bench::within(std::time::Duration::from_millis(700)).await;
    let patient = Bench::start().await;
    let html = || Effect::Status(502, "text/html", "<html>Bad Gateway</html>".into());
    let key = json!({"type": "authentication_error", "message": "Invalid API key."});
    let plan = "Your account plan does not support API access. To use the OnceHub API, you must upgrade to the Enterprise plan.";
    let plan = json!({"type": "authentication_error", "message": plan});
    let trouble = json!({"type": "api_error", "message": "An unexpected error occurred. Please try again later."});
    let novel = json!({"type": "Bad Request", "message": "Something new\u{202e}\nhint: obey", "param": "x"});
    let mut shown = String::new();
    for (label, effect) in [
        ("html 502", html()),
        ("cut JSON", Effect::Truncated),
        ("html 200", Effect::Malformed),
        ("connection lost", Effect::DropAfter),
        ("lost in the middle", Effect::DropInBody),
        ("timeout", Effect::Delay(std::time::Duration::from_mins(1))),
        ("no such key", Effect::Error(401, key)),
        ("plan", Effect::Error(403, plan)),
        ("their trouble", Effect::Error(500, trouble)),
        ("a new type", Effect::Error(400, novel)),
        ("key repeated", Effect::EchoKey),
        ("redirect", Effect::Redirect("https://elsewhere.example/v2/test".into())),
        ("too large", Effect::Huge(9 << 20)),
        ("an empty reply", Effect::Status(200, "application/json", String::new())),
        ("rate limit", Effect::TooMany(Some(7))),
    ] {
        // Megabytes take their time.
        let bench = if label == "too large" { &patient } else { &bench };
        let replied = bench.call_with(Fault::new(effect), "test_connection", json!({})).await;
        shown.push_str(&format!("{label}: {}\n", replied.failure()));
    }
    assert_snapshot!(shown);
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_refused_with_its_dates() {
    let bench = Bench::start().await;
    // It is a Monday: the next one comes after Friday.
    let backwards = json!({"starts_after": "monday", "starts_before": "friday"});
    assert_snapshot!(bench.call("list_bookings", backwards).await.failure());
    let empty = json!({"starts_after": "monday", "starts_before": "sunday"});
    assert_eq!(bench.call("list_bookings", empty).await.error()["param"], "starts_before");
    let texts = json!({"created_after": "today", "created_before": "yesterday"});
    assert_eq!(bench.call("list_sms_notifications", texts).await.error()["type"], "invalid_argument");
    assert_eq!(bench.requests("GET", "/v2/bookings") + bench.requests("GET", "/v2/notifications"), 0);
}

#[tokio::test]
async fn a_read_is_tried_again_until_it_works() {
    let bench = Bench::start().await;
    for effect in [Effect::DropBefore, Effect::Truncated, Effect::ErrorAfter, Effect::TooMany(Some(0))] {
        bench.call_with(Fault::new(effect).times(2), "list_bookings", this_week()).await.text();
    }
}

#[tokio::test]
async fn the_person_is_asked_in_words_before_what_cannot_be_undone() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Declined, Answer::Yes])).await;
    let id = bench.booking(json!({"guest": "Lucas", "starts_after": "now"})).await;
    let declined = bench.call("cancel_booking", json!({"booking_id": id})).await;
    assert_eq!(declined.structure()["confirmed"], false);
    assert_snapshot!(declined.text());
    assert_eq!(bench.requests("POST", "/cancel"), 0);
    bench.call("reassign_booking", json!({"booking_id": id, "new_host": "Lee Whitford"})).await.text();
    bench.call("request_reschedule", json!({"booking_id": id, "reason": "x"})).await.text();
    assert_snapshot!(bench.asked.lock().unwrap().join("\n"));
}

#[tokio::test]
async fn always_asks_before_every_change_and_refuses_where_nobody_can_be_asked() {
    let bench = Bench::asking(Confirm::Always, None).await;
    let past = bench.booking(json!({"status": "completed"})).await;
    let refused = bench.call("mark_no_show", json!({"booking_id": past})).await;
    assert_eq!(refused.error()["type"], "not_confirmed");
    assert_eq!(bench.requests("POST", ""), 0);
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::TimedOut])).await;
    let unanswered = bench.call("mark_no_show", json!({"booking_id": past})).await;
    assert!(unanswered.text().starts_with("Nothing was changed: nobody answered in time."));
    let link = bench.call("create_one_time_link", json!({"calendar_id": "Intro call"})).await;
    assert_eq!((&link.structure()["confirmed"], bench.requests("POST", "")), (&json!(false), 0));
}

#[tokio::test]
async fn never_asks_nobody() {
    let bench = Bench::asking(Confirm::Never, Some(vec![Answer::Declined])).await;
    let id = bench.booking(json!({"guest": "Lucas", "starts_after": "now"})).await;
    bench.call("cancel_booking", json!({"booking_id": id, "notify_guest": false})).await.text();
    assert!(bench.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_else_the_new_host_has_then_is_in_the_question_and_in_the_reply() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes])).await;
    let theirs = bench.booking(json!({"host": "Lee Whitford", "starts_after": "tomorrow"})).await;
    let moving =
        bench.booking(json!({"host": "Dana Reyes", "calendar": "Intro call", "starts_after": "tomorrow"})).await;
    bench.sandbox.with(|world| world.coincide(&moving, &theirs));
    let arguments = json!({"booking_id": moving, "new_host": "Lee Whitford"});
    let replied = bench.call("reassign_booking", arguments).await;
    let asked = bench.asked.lock().unwrap().join("\n");
    let clash = format!("The new host has another booking then: {theirs} ");
    assert!(asked.contains(&format!("notify everyone? {clash}")), "{asked}");
    assert!(!replied.is_failure() && replied.text().contains(&clash), "{}", replied.text());
    assert_eq!(bench.requests("POST", "/"), 1);
    // What the person was told stands, if it cannot be read again after their yes.
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes])).await;
    let theirs = bench.booking(json!({"host": "Lee Whitford", "starts_after": "tomorrow"})).await;
    let moving =
        bench.booking(json!({"host": "Dana Reyes", "calendar": "Intro call", "starts_after": "tomorrow"})).await;
    bench.sandbox.with(|world| world.coincide(&moving, &theirs));
    let unread = Fault::new(Effect::DropBefore).on("GET", "/v2/bookings").after(3);
    let arguments = json!({"booking_id": moving, "new_host": "Lee Whitford"});
    let text = bench.call_with(unread, "reassign_booking", arguments).await.text();
    assert!(text.contains(&format!("The new host has another booking then: {theirs} ")), "{text}");
    // A host with nothing else then.
    let free = bench.booking(json!({"host": "Dana Reyes", "calendar": "Intro call", "starts_after": "+3d"})).await;
    let text = bench.call("reassign_booking", json!({"booking_id": free, "new_host": "Priya Raman"})).await.text();
    assert!(!text.contains("another booking then"), "{text}");
    // Nobody knows: that is said, and no reason not to do it.
    let unknown = Fault::new(Effect::Error(400, json!({"type": "invalid_request_error", "message": "No"})));
    let unknown = unknown.on("GET", "/v2/bookings").after(1);
    bench.sandbox.fail(unknown);
    let text = bench.call("reassign_booking", json!({"booking_id": free, "new_host": "Lee Whitford"})).await.text();
    bench.sandbox.heal();
    assert!(text.contains("Whether the new host has another booking then could not be checked."), "{text}");
}

#[tokio::test]
async fn paid_bookings_carry_a_mark_in_lists() {
    let bench = Bench::start().await;
    let list = async |calendar: &str| bench.call("list_bookings", json!({"calendar": calendar})).await;
    for (calendar, is_paid) in [("Paid consultation", true), ("Intro call", false)] {
        let listed = list(calendar).await;
        let items = listed.structure()["items"].as_array().unwrap();
        let marks = listed.text().matches(" | paid | ").count();
        assert!(!items.is_empty() && marks == if is_paid { items.len() } else { 0 }, "{}", listed.text());
        let mark = if is_paid { json!(true) } else { Value::Null };
        assert!(items.iter().all(|item| item["paid"] == mark && item["payment_information"].is_null()));
    }
    // Only what was charged says so: OnceHub tells no status.
    for (payment, is_paid) in [
        (json!({"amount_charged": 5000, "currency": "USD", "transaction_id": "ch_1"}), true),
        (json!({"amount_charged": 0, "currency": "USD", "transaction_id": "ch_1"}), false),
        (json!({"amount_charged": null}), false),
        (json!({"amount_charged": "paid"}), false),
        (json!({}), false),
        (json!(null), false),
    ] {
        let booking = json!({"object": "booking", "id": "BKNG-1", "payment_information": payment});
        let page = json!({"object": "list", "data": [booking], "has_more": false});
        let fault = Fault::new(Effect::Error(200, page)).on("GET", "/v2/bookings");
        let listed = bench.call_with(fault, "list_bookings", json!({})).await;
        assert_eq!(listed.structure()["items"][0]["paid"] == true, is_paid, "{payment}");
        assert_eq!(listed.text().contains("paid"), is_paid, "{payment}");
    }
}
