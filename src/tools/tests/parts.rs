//! A part of a name, which does for what is only read.

use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

#[tokio::test]
async fn what_only_reads_takes_a_part_that_one_name_has_and_says_what_it_was_read_as() {
    let bench = Bench::start().await;
    for (tool, argument, part, name) in [
        ("get_user", "user_id", "REYES", "Dana Reyes"),
        ("get_scheduling_availability", "user_id", "brandt", "Oliver Brandt"),
        ("list_bookings", "host", "whit", "Lee Whitford"),
        ("list_bookings", "calendar", "strategy", "Strategy session"),
        ("list_bookings", "contact", "marchetti", "Olivia Marchetti"),
        ("list_bookings", "event_type", "deep", "Deep dive"),
        ("list_booking_calendars", "host", "support", "Client support"),
        ("list_booking_pages", "user", "priya", "Priya Raman"),
        ("list_teams", "user", "holloway", "Margaret Holloway"),
        ("list_sms_notifications", "recipient", "reyes", "Dana Reyes"),
        ("list_sms_notifications", "recipient", "lindqvist", "Jacob Lindqvist"),
        ("get_booking_calendar", "calendar_id", "strategy", "Strategy session"),
        ("get_booking_time_slots", "calendar_id", "strategy", "Strategy session"),
        ("get_booking_page", "booking_page_id", "lee cl", "Lee classic"),
        ("get_master_page", "master_page_id", "front", "Northlight front desk"),
        ("get_event_type", "event_type_id", "check", "Checkup"),
        ("get_team", "team_id", "partner", "Partnerships"),
        ("get_contact", "contact_id", "nunez", "José Ángel Núñez"),
        ("get_webhook", "webhook_id", "feed", "Booking feed"),
    ] {
        let replied = bench.call(tool, json!({(argument): part})).await;
        let note = replied.structure()["note"].as_str().unwrap_or_default().to_owned();
        let read_as = format!("{argument}: \"{part}\" was read as \"{name}\" (");
        assert!(note.contains(&read_as) && replied.text().contains(&read_as), "{tool}: {note}");
        if let Some(id) = replied.structure()["id"].as_str() {
            assert!(note.contains(&format!("{read_as}{id})")), "{tool}: {note}");
        }
        // An exact name needs no word.
        let exact = bench.call(tool, json!({(argument): name})).await;
        assert!(!exact.text().contains("was read as"), "{tool}: {}", exact.text());
    }
}

#[tokio::test]
async fn a_part_that_several_names_have_is_ambiguous_and_one_of_an_address_or_an_id_is_none() {
    let bench = Bench::start().await;
    for (tool, argument, part, count) in [
        ("get_user", "user_id", "sam", 2),
        ("list_bookings", "host", "an", 3),
        ("get_contact", "contact_id", "carter", 2),
        ("list_sms_notifications", "recipient", "ben", 2),
        ("get_booking_calendar", "calendar_id", "review", 2),
    ] {
        let replied = bench.call(tool, json!({(argument): part})).await;
        assert_eq!(replied.error()["type"], "ambiguous_name", "{tool} {part}");
        let failure = replied.failure();
        assert!(
            failure.starts_with(&format!("{argument}: \"{part}\" is a part of the names of {count}: ")),
            "{failure}"
        );
    }
    for no_name in ["northlight", "dana@", "USR-", "oncehub.com/", "https://"] {
        let failure = bench.call("get_user", json!({"user_id": no_name})).await;
        assert_eq!(failure.error()["type"], "not_found", "{no_name}: {}", failure.failure());
    }
    let failure = bench.call("get_contact", json!({"contact_id": "fjord.example"})).await;
    assert_eq!(failure.error()["type"], "not_found", "{}", failure.failure());
}

#[tokio::test]
async fn an_exact_name_beats_a_part_of_another_noun() {
    let bench = Bench::start().await;
    let users =
        json!({"data": [{"id": "USR-000001", "first_name": "Ann", "last_name": "Advisers"}], "has_more": false});
    bench.sandbox.fail(Fault::new(Effect::Replace(users)).on("GET", "/v2/users").times(1));
    let listed = bench.call("list_booking_calendars", json!({"host": "advisers"})).await;
    let asked = listed.structure()["asked"].as_str().unwrap();
    assert!(asked.contains("host \"Advisers\" (TM-") && listed.structure()["note"].is_null(), "{asked}");
    let listed = bench.call("list_booking_calendars", json!({"host": "advise"})).await;
    assert_eq!(listed.error()["type"], "ambiguous_name", "in the names of both nouns");
    bench.sandbox.heal();
    // A colleague whose name has a part that is the whole name of a contact.
    let users =
        json!({"data": [{"id": "USR-000001", "first_name": "Tom", "last_name": "Ashcroft-Lee"}], "has_more": false});
    let fault = Fault::new(Effect::Replace(users)).on("GET", "/v2/users").times(1);
    let fresh = Bench::start().await;
    let listed = fresh.call_with(fault, "list_sms_notifications", json!({"recipient": "Tom Ashcroft"})).await;
    let asked = listed.structure()["asked"].as_str().unwrap();
    assert!(asked.contains("recipient contact \"Tom Ashcroft\" (CTC-"), "{asked}");
}

#[tokio::test]
async fn a_part_among_more_than_were_read_is_refused_with_a_suggestion() {
    let bench = Bench::start().await;
    let contacts: Vec<Value> = (0..100)
        .map(|n| json!({"object": "contact", "id": format!("CTC-{n:06}"), "first_name": format!("Guest {n}x"), "last_name": "G"}))
        .collect();
    let page = |page: usize| {
        let mut contacts = contacts.clone();
        contacts.iter_mut().for_each(|it| it["id"] = format!("CTC-{page}-{}", it["id"].as_str().unwrap()).into());
        contacts
            .iter_mut()
            .for_each(|it| it["first_name"] = format!("{page}-{}", it["first_name"].as_str().unwrap()).into());
        json!({"data": contacts, "has_more": true})
    };
    for number in 0..10 {
        bench.sandbox.fail(Fault::new(Effect::Replace(page(number))).on("GET", "/v2/contacts").times(1));
    }
    let failure = bench.call("get_contact", json!({"contact_id": "3-Guest 17x"})).await;
    assert_eq!(failure.error()["type"], "not_found");
    assert!(failure.failure().contains("none of the newest 1,000 contacts"), "{}", failure.failure());
    assert!(failure.failure().contains("did you mean \"3-Guest 17x G\" (CTC-3-CTC-000017)"), "{}", failure.failure());
}

#[tokio::test]
async fn a_change_takes_no_part_and_names_who_may_be_meant() {
    let bench = Bench::start().await;
    for (tool, arguments, candidate) in [
        ("update_user", json!({"user_id": "reyes", "first_name": "D"}), "dana@northlight.example"),
        ("update_contact", json!({"contact_id": "marchetti", "city": "Rome"}), "olivia@marchetti.example"),
        ("delete_webhook", json!({"webhook_id": "feed"}), "\"Booking feed\""),
        ("create_master_page_one_time_link", json!({"master_page_id": "front"}), "\"Northlight front desk\""),
    ] {
        let refused = bench.call(tool, arguments).await;
        assert_eq!(refused.error()["type"], "not_found", "{tool}");
        let hint = refused.error()["hint"].as_str().unwrap().to_owned();
        assert!(hint.starts_with("did you mean ") && hint.contains(candidate), "{tool}: {hint}");
    }
    let sent = bench.sandbox.requests().into_iter().filter(|seen| seen.method != "GET").count();
    assert_eq!(sent, 0);
    // Who `me` is, is not guessed.
    let mut setup = Setup::default();
    setup.settings.me = Some("Reyes".to_owned());
    let me = Bench::with(setup).await.call("get_user", json!({"user_id": "me"})).await;
    assert_eq!(me.error()["type"], "configuration_error");
    assert!(me.failure().contains("names nobody"), "{}", me.failure());
}

#[tokio::test]
async fn a_part_that_is_known_costs_no_second_reading() {
    let bench = Bench::start().await;
    bench.call("get_team", json!({"team_id": "Advisers"})).await.text();
    bench.call("get_team", json!({"team_id": "client sup"})).await.text();
    let readings = bench.sandbox.requests().into_iter().filter(|seen| seen.path == "/v2/teams").count();
    assert_eq!(readings, 1);
}

#[tokio::test]
async fn a_surname_in_capitals_is_no_id() {
    let bench = Bench::start().await;
    bench.call("update_user", json!({"user_id": "Lee Whitford", "last_name": "DUPONT-MOREAU"})).await.text();
    let replied = bench.call("list_teams", json!({"user": "DUPONT-MOREAU"})).await;
    assert!(
        replied.text().contains("user: \"DUPONT-MOREAU\" was read as \"Lee DUPONT-MOREAU\" ("),
        "{}",
        replied.text()
    );
    assert!(!replied.structure()["items"].as_array().unwrap().is_empty());
    let unsure = bench.call("delete_user", json!({"user_id": "DUPONT-MOREAU"})).await;
    assert!(unsure.failure().contains("did you mean"), "{}", unsure.failure());
}
