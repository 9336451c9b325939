mod proof;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::oncehub::Object;
use crate::records::{Booking, Learnt, Told};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

fn guest() -> Value {
    json!({
        "calendar_id": "Intro call", "start_time": "2026-11-25T10:00", "guest_time_zone": "America/New_York",
        "guest_name": "Ada Okafor", "guest_email": "ada@okafor.example"
    })
}

/// The usual guest, with something else.
fn guest_with(more: Value) -> Value {
    let (Value::Object(mut guest), Value::Object(more)) = (guest(), more) else { unreachable!() };
    guest.extend(more);
    Value::Object(guest)
}

#[tokio::test]
async fn calendars_are_listed_with_their_hosts_by_name() {
    let bench = Bench::start().await;
    assert_snapshot!(bench.call("list_booking_calendars", json!({})).await.text());
    let team = bench.call("list_booking_calendars", json!({"host": "advisers"})).await;
    assert!(team.text().contains("Adviser on duty"));
    let mine = bench.call("list_booking_calendars", json!({"host": "lee@northlight.example", "name": "review"})).await;
    assert_eq!(mine.structure()["items"].as_array().unwrap().len(), 1);
    assert_snapshot!(bench.call("list_booking_calendars", json!({"host": "Leo"})).await.failure());
}

#[tokio::test]
async fn a_calendar_is_known_by_its_name_url_or_id() {
    let bench = Bench::start().await;
    let id = bench.calendar("Intro call with Northlight").await;
    for known_as in ["intro CALL", "https://oncehub.com/northlight-intro/", &id] {
        let replied = bench.call("get_booking_calendar", json!({"calendar_id": known_as})).await;
        assert_eq!(replied.structure()["id"], json!(id), "{known_as}");
    }
    assert_snapshot!(bench.call("get_booking_calendar", json!({"calendar_id": "Quarterly Review"})).await.failure());
    assert_snapshot!(bench.call("get_booking_calendar", json!({"calendar_id": "BKC-NOSUCHTHING"})).await.failure());
}

#[tokio::test]
async fn slots_are_shown_by_day_in_the_guests_zone() {
    let bench = Bench::start().await;
    let asked =
        json!({"calendar_id": "Intro call", "start_time": "tomorrow", "time_zone": "Asia/Kolkata", "limit": 40});
    assert_snapshot!(bench.call("get_booking_time_slots", asked).await.text());
    let office = json!({"calendar_id": "Office visit", "start_time": "tomorrow", "end_time": "tomorrow"});
    assert_snapshot!(bench.call("get_booking_time_slots", office).await.text());
}

#[tokio::test]
async fn a_range_that_cannot_be_is_refused_before_it_is_sent() {
    let bench = Bench::start().await;
    let refused = async |start: &str, end: &str| {
        let asked = json!({"calendar_id": "Intro call", "start_time": start, "end_time": end});
        bench.call("get_booking_time_slots", asked).await.failure()
    };
    assert!(refused("2026-12-01", "2026-11-30").await.starts_with("end_time: must be after start_time"));
    assert!(refused("2026-11-01", "2026-11-10").await.starts_with("end_time: this range is in the past"));
    assert!(refused("today", "+31d").await.starts_with("end_time: OnceHub returns free slots for at most 30 days"));
    assert!(refused("soonish", "").await.starts_with("start_time: 'soonish' is not a time; write 2026-12-01,"));
    assert_eq!(bench.requests("GET", "time-slots"), 0);
    // Today begins before now, and is meant from now on.
    bench.call("get_booking_time_slots", json!({"calendar_id": "Intro call", "start_time": "today"})).await.text();
}

#[tokio::test]
async fn calendars_that_cannot_be_booked_say_why() {
    let bench = Bench::start().await;
    let mut shown = String::new();
    for calendar in ["Onboarding (draft)", "Noor's clinic"] {
        let slots = bench.call("get_booking_time_slots", json!({"calendar_id": calendar})).await;
        let book = bench.call("schedule_meeting", guest_with(json!({"calendar_id": calendar}))).await;
        shown.push_str(&format!("{}\n{}\n", slots.failure(), book.failure()));
    }
    for calendar in ["Office visit", "Onboarding (draft)"] {
        let link = bench.call("create_one_time_link", json!({"calendar_id": calendar})).await.failure();
        let (before, after) = link.split_once("'BKC-").unwrap();
        shown.push_str(&format!("{before}'BKC-…{}\n", &after[12..]));
    }
    assert_snapshot!(shown);
}

#[tokio::test]
async fn a_slot_is_booked_once_and_the_next_caller_hears_what_is_free() {
    let bench = Bench::start().await;
    let booked = bench.call("schedule_meeting", guest()).await;
    let structure = booked.structure();
    assert_eq!(structure["booking_id"], structure["id"]);
    assert_eq!(structure["starting_time"], "2026-11-25T15:00:00Z");
    let id = structure["id"].as_str().unwrap();
    assert_snapshot!(booked.text().replace(id, "BKNG-…").replace(&id[5..], "…").replace(&id[5..].to_lowercase(), "…"));
    let late = bench.call("schedule_meeting", guest_with(json!({"guest_email": "ben@ruiz.example"}))).await;
    assert_snapshot!(late.failure());
    assert_eq!(late.error()["outcome"], "not_done");
}

#[tokio::test]
async fn the_first_slot_of_a_day_is_booked_in_two_calls_and_only_the_second_says_that_it_is() {
    let bench = Bench::start().await;
    let asked = json!({"calendar_id": "Intro call", "start_time": "tuesday", "end_time": "tuesday", "limit": 1});
    let free = bench.call("get_booking_time_slots", asked).await;
    assert!(!free.text().to_lowercase().contains("booked"), "{}", free.text());
    let start = free.structure()["items"][0]["start_time"].clone();
    let booked = bench.call("schedule_meeting", guest_with(json!({"start_time": start}))).await;
    assert!(booked.text().starts_with("Booked."), "{}", booked.text());
    assert_eq!(booked.structure()["starting_time"], start);
}

#[tokio::test]
async fn a_start_without_an_offset_is_read_in_the_guests_zone() {
    let bench = Bench::start().await;
    let booked = bench
        .call(
            "schedule_meeting",
            guest_with(json!({"guest_time_zone": "Europe/London", "start_time": "2026-11-25 15:00"})),
        )
        .await;
    assert_eq!(booked.structure()["starting_time_local"], "Wed 2026-11-25 15:00 +00:00");
    // Ours is New York: who meant its 15:00 has to see it.
    assert_eq!(booked.structure()["note"], "start_time: read as Europe/London time");
    for (start, is_said) in [("2026-11-26T15:07", true), ("2026-11-26T15:07Z", false)] {
        let taken = guest_with(json!({"guest_time_zone": "Europe/London", "start_time": start}));
        let refused = bench.call("schedule_meeting", taken).await.failure();
        assert_eq!(refused.contains("; start_time: read as Europe/London time"), is_said, "{refused}");
    }
}

#[tokio::test]
async fn a_start_in_words_is_told_as_understood() {
    let bench = Bench::start().await;
    let words = json!({"start_time": "wednesday at 10 am", "guest_time_zone": "Eastern Standard Time"});
    let booked = bench.call("schedule_meeting", guest_with(words)).await;
    assert_eq!(booked.structure()["note"], "start_time: understood as Wed 2026-11-25 10:00 -05:00");
    assert_eq!(booked.structure()["time_zone"], "America/New_York");
    let asked = json!({"calendar_id": "Intro call", "start_time": "tomorrow 9am", "end_time": "friday"});
    let slots = bench.call("get_booking_time_slots", asked).await;
    let both = "start_time: understood as Tue 2026-11-24 09:00 -05:00; end_time: understood as Fri 2026-11-27";
    assert_eq!(slots.structure()["note"], both);
}

#[tokio::test]
async fn a_start_that_is_past_is_told_with_todays_date() {
    let bench = Bench::start().await;
    let late = bench.call("schedule_meeting", guest_with(json!({"start_time": "2025-12-01T10:00"}))).await;
    let told = "start_time: Mon 2025-12-01 10:00 -05:00 is in the past: that is 357 days ago; today is Mon 2026-11-23";
    assert!(late.failure().starts_with(told), "{}", late.failure());
    let asked = json!({"calendar_id": "Intro call", "start_time": "2025-12-01", "end_time": "2025-12-05"});
    let none = bench.call("get_booking_time_slots", asked).await.failure();
    assert!(none.contains("nothing can be booked: that is 353 days ago; today is Mon 2026-11-23"), "{none}");
    assert_eq!(bench.requests("POST", "schedule") + bench.requests("GET", "time-slots"), 0);
    let asked = json!({"calendar_id": "Intro call", "start_time": "yesterday", "end_time": "tomorrow"});
    let rest = bench.call("get_booking_time_slots", asked).await;
    let left_out = "start_time: Sun 2026-11-22 00:00 -05:00 is in the past (that is 1 day ago; today is Mon 2026-11-23): \
                    the part before now was left out.";
    assert_eq!(rest.structure()["note"], left_out);
}

#[tokio::test]
async fn oncehub_is_sent_the_name_of_a_zone_for_an_offset() {
    let bench = Bench::start().await;
    let zoned = |zone: &str| guest_with(json!({"guest_time_zone": zone, "start_time": "2026-11-25T17:00"}));
    let booked = bench.call("schedule_meeting", zoned("UTC+2")).await;
    assert_eq!(booked.structure()["starting_time_local"], "Wed 2026-11-25 17:00 +02:00");
    assert_eq!(booked.structure()["customer_timezone"], "Etc/GMT-2");
    let refused = bench.call("schedule_meeting", zoned("+05:30")).await.failure();
    assert!(
        refused.starts_with("guest_time_zone: OnceHub takes the names of zones, and +05:30 is not one"),
        "{refused}"
    );
    assert!(refused.contains("Asia/Kolkata"), "{refused}");
}

#[tokio::test]
async fn what_is_wrong_with_a_booking_is_said_by_its_argument() {
    let bench = Bench::start().await;
    let failure = async |more: Value| bench.call("schedule_meeting", guest_with(more)).await.failure();
    for (more, expected) in [
        (json!({"start_time": "tomorrow"}), "start_time: is a day, not a time"),
        (json!({"guest_email": "ada"}), "guest_email: is not an e-mail address"),
        (json!({"guest_name": " "}), "guest_name: is required"),
        (
            json!({"guest_name": "", "guest_email": null}),
            "guest_name: is required, along with guest_email (outcome: not done)\nhint: call again with all of \
             them; ask the person for what you do not know",
        ),
        (json!({"guest_phone": "+49 (0)30 123456"}), "did you mean +4930123456?"),
        (
            json!({"guest_time_zone": "EST"}),
            "guest_time_zone: 'EST' can mean America/New_York or America/Panama: say which",
        ),
        (json!({"location_value": "zoom"}), "location_type: is required with location_value"),
        (json!({"location_type": "guest_phone"}), "location_value: is required for guest_phone"),
        (
            json!({"location_type": "virtual", "location_value": "webex"}),
            "The selected location is not available. (param location.value",
        ),
        (json!({"start_time": "2026-11-25T10:07"}), "The selected start time is not available."),
    ] {
        let text = failure(more).await;
        assert!(text.contains(expected), "{text}");
    }
    // OnceHub's own words for a form that is not complete.
    let missing =
        json!({"type": "invalid_request_error", "message": "Required fields are missing.", "param": "booking_form"});
    let fault = Fault::new(Effect::Error(400, missing)).on("POST", "/schedule");
    assert_snapshot!(bench.call_with(fault, "schedule_meeting", guest()).await.failure());
}

#[tokio::test]
async fn every_kind_of_location_reaches_oncehub_as_it_wants_it() {
    let bench = Bench::start().await;
    let sydney = bench.calendar("Quarterly review (Sydney)").await;
    let sent = async |more: Value| -> Value {
        bench.call("schedule_meeting", guest_with(more)).await.text();
        bench.sandbox.requests().into_iter().rfind(|seen| seen.method == "POST").unwrap().body.unwrap()["location"]
            .clone()
    };
    let office = |more: Value| {
        let mut arguments = json!({"calendar_id": "Office visit", "location_type": "physical"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    assert_eq!(sent(json!({})).await, Value::Null, "left to OnceHub");
    let by_text = office(json!({"location_value": "12 harbour street, New York", "start_time": "2026-11-25T12:00"}));
    assert_eq!(sent(by_text).await, json!({"type": "physical", "value": "ADD-7KQ2M9XW4T"}));
    let by_id = office(json!({"location_value": "ADD-3VB8N5RC6H", "start_time": "2026-11-25T15:00"}));
    assert_eq!(sent(by_id).await, json!({"type": "physical", "value": "ADD-3VB8N5RC6H"}));
    let static_link = json!({
        "calendar_id": sydney, "location_type": "virtual_static", "location_value": null,
        "start_time": "2026-11-25T08:00", "guest_time_zone": "Australia/Sydney"
    });
    assert_eq!(sent(static_link).await, json!({"type": "virtual_static", "value": null}));
    let phone = json!({
        "calendar_id": "Strategy session", "location_type": "guest_phone", "guest_phone": "+12025550195",
        "start_time": "2026-11-30T14:00"
    });
    assert_eq!(sent(phone).await, json!({"type": "guest_phone", "value": "+12025550195"}));
    let place = json!({
        "calendar_id": "At your place", "location_type": "in_person_by_guest", "location_value": "5 Mill Lane, Bath",
        "start_time": "2026-11-25T13:30", "guest_time_zone": "Europe/London"
    });
    assert_eq!(sent(place).await, json!({"type": "in_person_by_guest", "value": "5 Mill Lane, Bath"}));
    let which = bench.call("schedule_meeting", guest_with(office(json!({"start_time": "2026-11-25T12:45"})))).await;
    assert!(which.failure().contains("hint: pass one of these ids: ADD-3VB8N5RC6H"), "{}", which.failure());
}

#[tokio::test]
async fn answers_travel_under_their_exact_names() {
    let bench = Bench::start().await;
    let answers = json!({
        "calendar_id": "Strategy session", "start_time": "2026-11-30T13:00",
        "custom_fields": {"Topics": ["Growth", "Gossip"], "Company_Size": "11-50", "Nonsense": "x"}
    });
    let booked = bench.call("schedule_meeting", guest_with(answers)).await;
    let kept = &booked.structure()["form_submission"]["custom_fields"];
    assert_eq!(*kept, json!([{"name": "Topics", "value": ["Growth"]}, {"name": "Company_Size", "value": "11-50"}]));
}

#[tokio::test]
async fn an_approval_is_not_called_a_booking() {
    let bench = Bench::start().await;
    let asked = guest_with(
        json!({"calendar_id": "Partnership talk", "start_time": "2026-11-30T15:00", "guest_time_zone": "Asia/Kolkata"}),
    );
    assert!(bench.call("schedule_meeting", asked).await.text().starts_with("Requested: the host has to approve it"));
}

#[tokio::test]
async fn a_booking_that_cannot_be_read_back_is_still_one() {
    let bench = Bench::start().await;
    let fault =
        Fault::new(Effect::Error(404, json!({"type": "invalid_request_error", "message": "No such booking: 'x'"})));
    let booked = bench.call_with(fault.on("GET", "/v2/bookings/"), "schedule_meeting", guest()).await;
    assert!(booked.structure()["booking_id"].as_str().unwrap().starts_with("BKNG-"));
    assert!(booked.text().contains("Do not book it again."));
}

#[tokio::test]
async fn a_link_is_prefilled_and_names_hosts_by_their_address() {
    let bench = Bench::start().await;
    let asked = json!({
        "calendar_id": "Adviser on duty", "guest_name": "Sarah", "guest_email": "sarah@x.example", "host": "Lee Whitford",
        "co_hosts": ["Dana Reyes", "priya@northlight.example"], "duration_minutes": 30, "skip": "contact_info",
        "utm": {"source": "mail"}, "custom_fields": {"Goal": "talk"}, "hide_url_params": false
    });
    let made = bench.call("create_one_time_link", asked).await;
    assert!(made.structure()["url"].as_str().unwrap().starts_with("https://oncehub.com/."));
    let sent = bench.sandbox.requests().into_iter().rfind(|seen| seen.method == "POST").unwrap().body.unwrap();
    assert_eq!(
        sent,
        json!({
            "hide_url_params": false,
            "booking_form": {"Goal": "talk", "name": "Sarah", "email": "sarah@x.example"},
            "utm_params": {"source": "mail"},
            "booking_settings": {
                "host": "lee@northlight.example", "co_hosts": "dana@northlight.example,priya@northlight.example",
                "duration_minutes": 30, "skip": ["contact_info"]
            }
        })
    );
    let lost = Fault::new(Effect::DropAfter).on("POST", "one-time-links");
    let unknown = bench.call_with(lost, "create_one_time_link", json!({"calendar_id": "Adviser on duty"})).await;
    assert_eq!(unknown.error()["outcome"], "unknown");
    assert_snapshot!(unknown.failure());
}

#[tokio::test]
async fn the_weeks_in_which_clocks_change_keep_their_wall_times() {
    // New York leaves daylight time a week after London does.
    let bench = Bench::with(Setup { now: "2026-10-20T12:00:00Z", ..Setup::default() }).await;
    let asked = json!({
        "calendar_id": "Intro call", "start_time": "2026-10-23", "end_time": "2026-11-03", "time_zone": "Europe/London", "limit": 500
    });
    let text = bench.call("get_booking_time_slots", asked).await.text();
    // 9:00 in New York, where Dana works, is 14:00 in London, 13:00 between the two changes, then 14:00 again.
    let first_of = |day: &str| text.lines().find_map(|line| line.strip_prefix(day)).map(|line| line[11..16].to_owned());
    assert_eq!(first_of("Fri 2026-10-23").as_deref(), Some("14:00"));
    assert_eq!(first_of("Tue 2026-10-27").as_deref(), Some("13:00"));
    assert_eq!(first_of("Mon 2026-11-02").as_deref(), Some("14:00"));
}

/// What chrono and its own copy of the zone data make of an instant.
fn by_chrono(instant: &str, zone: &str) -> String {
    let zone: chrono_tz::Tz = zone.parse().unwrap();
    let at = chrono::DateTime::parse_from_rfc3339(instant).unwrap();
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %:z").to_string()
}

#[tokio::test]
async fn weekdays_and_wall_times_are_right_in_every_zone_around_every_change_of_clocks() {
    let zones = ["America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata"];
    // Before each change of the year in New York, London and Sydney; between some of them two are out of step.
    for now in ["2026-09-28", "2026-10-21", "2026-10-28", "2027-03-10", "2027-03-24", "2027-03-31"] {
        let now = format!("{now}T06:00:00Z");
        let bench = Bench::with(Setup { now: now.leak(), ..Setup::default() }).await;
        for zone in zones {
            for subject in
                ["Intro call with Northlight", "Quarterly review", "Quarterly review (Sydney)", "Partnership talk"]
            {
                let calendar = bench.calendar(subject).await;
                let asked = json!({"calendar_id": calendar, "end_time": "+9d", "time_zone": zone, "limit": 500});
                let replied = bench.call("get_booking_time_slots", asked).await;
                let slots = replied.structure()["items"].as_array().unwrap().clone();
                assert!(slots.len() > 30, "{subject}");
                for slot in slots {
                    let expected = by_chrono(slot["start_time"].as_str().unwrap(), zone);
                    assert_eq!(slot["start_time_local"], expected.as_str());
                    // In the text the day and its offset stand once, before the times.
                    let (day, rest) = expected.split_at(14);
                    let (clock, offset) = rest.trim().split_once(' ').unwrap();
                    let line = format!("\n{day} ({offset}): ");
                    let text = replied.text();
                    let line = text.split_once(line.as_str()).unwrap_or_else(|| panic!("{line}{text}")).1;
                    assert!(line.lines().next().unwrap().contains(clock), "{expected}: {text}");
                }
            }
            let asked = json!({"starts_after": "-10d", "starts_before": "+20d", "time_zone": zone, "limit": 100});
            for booking in bench.call("list_bookings", asked).await.structure()["items"].as_array().unwrap() {
                let expected = by_chrono(booking["starting_time"].as_str().unwrap(), zone);
                assert_eq!(booking["starting_time_local"], expected.as_str());
            }
        }
    }
}

#[tokio::test]
async fn a_guest_who_has_a_booking_on_the_calendar_already_is_booked_and_that_is_said() {
    let bench = Bench::start().await;
    let first = bench.call("schedule_meeting", guest()).await;
    assert!(!first.text().contains("already has a booking"), "{}", first.text());
    let id = first.structure()["booking_id"].as_str().unwrap().to_owned();
    let again = guest_with(json!({"start_time": "2026-11-25T11:00", "guest_email": "ADA@okafor.example"}));
    let second = bench.call("schedule_meeting", again).await;
    let note = format!("The guest already has a booking on this calendar: {id} ");
    assert!(!second.is_failure() && second.text().contains(&note), "{}", second.text());
}

#[tokio::test]
async fn a_few_slots_are_from_several_days_and_what_is_left_out_is_counted() {
    let bench = Bench::start().await;
    let ask = async |limit: usize| {
        let asked = json!({"calendar_id": "Intro call", "start_time": "tomorrow", "end_time": "+6d", "limit": limit});
        bench.call("get_booking_time_slots", asked).await.structure().clone()
    };
    let all: Vec<Value> = ask(500).await["items"].as_array().unwrap().clone();
    for limit in [1, 2, 3, 6, 25] {
        let shown = ask(limit).await;
        let items = shown["items"].as_array().unwrap();
        let days: std::collections::BTreeSet<&str> =
            items.iter().map(|item| &item["start_time_local"].as_str().unwrap()[..14]).collect();
        assert!(items.len() == limit && days.len() >= limit.min(3), "{limit}: {days:?}");
        assert!(items.iter().is_sorted_by_key(|item| item["start_time"].as_str().unwrap().to_owned()), "{limit}");
        assert!(items.iter().all(|item| all.contains(item)), "{limit}");
        let left_out: u64 = shown["left_out"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(left_out, (all.len() - limit) as u64, "{limit}");
        let next = all.iter().find(|item| !items.contains(item)).unwrap();
        assert_eq!(shown["next_start_time"], next["start_time"], "{limit}");
    }
    assert_eq!(ask(all.len()).await["left_out"], Value::Null);
}

#[tokio::test]
async fn next_start_time_leads_through_all_slots_in_order_and_to_their_end() {
    let bench = Bench::start().await;
    let starts = |replied: &Value| -> Vec<String> {
        let items = replied["items"].as_array().unwrap().iter();
        items.map(|item| item["start_time"].as_str().unwrap().to_owned()).collect()
    };
    let mut asked = json!({"calendar_id": "Intro call", "start_time": "tomorrow", "end_time": "+6d", "limit": 500});
    let all = starts(bench.call("get_booking_time_slots", asked.clone()).await.structure());
    for limit in [1, 6, 25] {
        asked["limit"] = limit.into();
        asked["start_time"] = "tomorrow".into();
        let (mut seen, mut shown, mut calls) = (std::collections::BTreeSet::new(), 0, 0);
        loop {
            let replied = bench.call("get_booking_time_slots", asked.clone()).await;
            let structure = replied.structure();
            shown += starts(structure).len();
            calls += 1;
            seen.extend(starts(structure));
            assert_eq!(structure["has_more"], structure["next_start_time"].is_string());
            let Some(next) = structure["next_start_time"].as_str() else { break };
            assert!(replied.text().contains(&format!("start_time {next}")), "{}", replied.text());
            asked["start_time"] = next.into();
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), all, "{limit}");
        // Only what the first choice showed may come twice.
        assert!(shown <= all.len() + limit && calls <= all.len().div_ceil(limit) + 1, "{limit}: {shown} in {calls}");
    }
}

#[tokio::test]
async fn a_week_as_an_end_ends_with_its_sunday_and_a_range_that_ends_now_says_when_that_is() {
    let bench = Bench::start().await;
    let asked = json!({"calendar_id": "Intro call", "start_time": "next week", "end_time": "next week"});
    let week = bench.call("get_booking_time_slots", asked).await;
    assert_eq!(week.structure()["asked"], "from Mon 2026-11-30 00:00 -05:00 to Mon 2026-12-07 00:00 -05:00");
    let understood = "end_time: understood as Mon 2026-11-30 to Sun 2026-12-06";
    assert!(week.structure()["note"].as_str().unwrap().contains(understood), "{}", week.text());
    // Of a week that has begun, what is still to come is meant.
    let asked = json!({"calendar_id": "Intro call", "start_time": "this week", "end_time": "this week"});
    let rest = bench.call("get_booking_time_slots", asked).await;
    assert!(!rest.text().contains("in the past"), "{}", rest.text());
    let asked = json!({"calendar_id": "Intro call", "end_time": "now"});
    let none = bench.call("get_booking_time_slots", asked).await.failure();
    assert!(none.contains("nothing can be booked: it is Mon 2026-11-23 09:20 -05:00 now"), "{none}");
}

#[tokio::test]
async fn an_empty_range_is_answered_with_the_next_free_start() {
    let bench = Bench::start().await;
    let weekend = json!({"calendar_id": "Intro call", "start_time": "saturday", "end_time": "saturday"});
    let replied = bench.call("get_booking_time_slots", weekend.clone()).await;
    assert_snapshot!(replied.text());
    // It costs one request more, and an answer that is not empty none.
    let requests = bench.requests("GET", "/time-slots");
    assert_eq!(requests, 2);
    let fault = Fault::new(Effect::Replace(json!([]))).on("GET", "/time-slots").after(1);
    let full = bench.call_with(fault, "get_booking_time_slots", weekend.clone()).await.text();
    assert!(full.contains("note: Nothing is free until ") && full.contains("OnceHub does not say which"), "{full}");
    let fault = Fault::new(Effect::DropBefore).on("GET", "/time-slots").after(1);
    let unknown = bench.call_with(fault, "get_booking_time_slots", weekend).await.text();
    assert!(unknown.contains("note: When it is free later could not be read"), "{unknown}");
}

#[tokio::test]
async fn what_a_form_asks_is_learnt_from_the_last_bookings_once() {
    let bench = Bench::start().await;
    let shown = bench.call("get_booking_calendar", json!({"calendar_id": "Strategy session"})).await;
    assert_snapshot!(shown.text());
    let form = shown.structure()["form"].as_array().unwrap();
    assert!(form.iter().all(|field| field["seen_in"].as_u64().unwrap() <= field["of"].as_u64().unwrap()), "{form:?}");
    let read = bench.requests("GET", "/v2/bookings");
    bench.call("get_booking_calendar", json!({"calendar_id": "Strategy session"})).await.text();
    assert_eq!(bench.requests("GET", "/v2/bookings"), read, "it is kept");
    // OnceHub says that something is missing, and not what.
    let missing =
        json!({"type": "invalid_request_error", "message": "Required fields are missing.", "param": "booking_form"});
    let fault = Fault::new(Effect::Error(400, missing)).on("POST", "/schedule");
    let slots =
        bench.call("get_booking_time_slots", json!({"calendar_id": "Strategy session"})).await.structure().clone();
    let guest = guest_with(json!({"calendar_id": "Strategy session", "start_time": slots["items"][0]["start_time"]}));
    let failure = bench.call_with(fault, "schedule_meeting", guest).await.failure();
    assert!(
        failure.contains(
            r#"hint: earlier bookings on this calendar answered "company" (5 of 5 bookings), "Company_Size" ("#
        ),
        "{failure}"
    );
}

#[tokio::test]
async fn what_is_not_known_of_a_form_is_not_said() {
    let read = async |page: Value| {
        let fault = Fault::new(Effect::Replace(page)).on("GET", "/v2/bookings");
        let bench = Bench::start().await;
        bench.call_with(fault, "get_booking_calendar", json!({"calendar_id": "Strategy session"})).await
    };
    let form = |form: Value| json!({"data": [{"id": "BKNG-000001", "form_submission": form}], "has_more": false});
    let none = read(json!({"data": [], "has_more": false})).await;
    assert!(none.text().ends_with("\nform: not known, no booking shows what it asks yet"), "{}", none.text());
    assert!(none.structure()["form"].is_null(), "{}", none.structure());
    let plain = read(form(json!({"name": "Ada", "email": "a@x.example", "phone": " ", "custom_fields": []}))).await;
    assert!(
        plain.text().ends_with("form: no more than name and e-mail, as its last bookings (1) show"),
        "{}",
        plain.text()
    );
    assert_eq!(plain.structure()["form"], json!([]));
    let full = json!({"email": "a@x.example", "phone": "+12025550195", "company": "Acme", "note": "Hi", "custom_fields": [
        {"name": "Topic", "value": "Growth"}]});
    let full = read(form(full)).await;
    for name in ["phone", "company", "note", "Topic"] {
        assert!(full.text().contains(&format!("{name:?} (1 of 1 bookings)")), "{name}: {}", full.text());
    }
    assert!(!full.text().contains("555") && !full.text().contains("Acme"), "what a guest wrote is theirs");
    let bench = Bench::start().await;
    let refused = Fault::new(Effect::Error(403, json!({"type": "x", "message": "No"}))).on("GET", "/v2/bookings");
    let unread = bench.call_with(refused, "get_booking_calendar", json!({"calendar_id": "Strategy session"})).await;
    let note = "What its form asks is not known: its last bookings could not be read.";
    assert_eq!(unread.structure()["note"], note);
    assert!(unread.text().ends_with(note) && unread.structure()["form"].is_null(), "{}", unread.text());
}

#[tokio::test]
async fn what_only_the_guest_knows_is_asked_for_not_guessed() {
    let bench = Bench::start().await;
    let mut without = guest();
    without.as_object_mut().unwrap().remove("guest_email");
    let failure = bench.call("schedule_meeting", without).await;
    let hint = "expected: Where the invitation goes; if you do not know it, ask the person: do not guess";
    assert_eq!(failure.error()["hint"], hint);
}

#[test]
fn an_answer_is_told_when_three_guests_gave_it_and_never_what_a_single_one_wrote() {
    let booking = |guest: &str, topic: Value| {
        let form = json!({"email": guest, "custom_fields": [{"name": "Topic", "value": topic}, {"name": "Empty", "value": ""}]});
        Told::<Booking>::from(Object::new(json!({"id": "BKNG-1", "form_submission": form})))
    };
    let bookings = [
        booking("a@x.example", json!("Growth")),
        booking("b@x.example", json!(["Growth", "My own story"])),
        booking("c@x.example", json!("Growth")),
        // The same guest three times is one guest.
        booking("d@x.example", json!("Secret")),
        booking("d@x.example", json!("Secret")),
        booking("d@x.example", json!("Secret")),
        Told::from(Object::new(json!({"id": "BKNG-2", "form_submission": null}))),
    ];
    let learnt = serde_json::to_value(Learnt::from(&bookings).fields).unwrap();
    assert_eq!(learnt, json!([{"name": "Topic", "seen_in": 6, "of": 6, "values": ["Growth"]}]));
}
