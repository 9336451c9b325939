//! What strangers chose, over all tools: wherever it turns up, it stands in quotation marks.

use serde_json::{Map, Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};
use crate::tools::tests::fuzz::true_replies;
use crate::tools::tests::operations::table;

/// A single word, as a stranger might choose one to pose as one of ours.
const WORD: &str = "Zqobey";

/// What a stranger can choose, wherever a reply of OnceHub's has it.
const CHOSEN: &[&str] = &[
    "attendees", "city", "company", "company_size", "country", "customer_timezone", "delivered_to", "email",
    "first_name", "guests", "job_title", "last_name", "location_description", "message_body", "mobile_phone", "note",
    "phone", "post_code", "reason", "salutation", "state", "street_address", "timezone",
];

/// Puts the word into everything that a stranger can choose.
fn mark(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // Colleagues are invited by their addresses, and have a zone of OnceHub's choice.
            let is_colleague = fields.get("object").and_then(Value::as_str) == Some("user");
            for (name, value) in fields.iter_mut() {
                match name.as_str() {
                    "custom_fields" => {
                        *value = json!([
                            {"name": WORD, "value": WORD}, {"name": WORD, "value": [WORD]},
                            {"name": WORD, "value": {WORD: WORD, "status": WORD}, "id": WORD}
                        ]);
                    }
                    "utm_params" => *value = json!({"source": WORD, "medium": WORD, WORD: WORD}),
                    "cancel_reschedule_information" => *value = json!({"reason": WORD, "actioned_by": "customer"}),
                    "form_submission" => {
                        mark(value);
                        if let Value::Object(form) = value {
                            form.extend([("name".to_owned(), WORD.into()), (WORD.to_owned(), WORD.into())]);
                        }
                    }
                    name if !is_colleague && CHOSEN.contains(&name) => {
                        let chosen = if name == "email" { "zqobey@evil.example" } else { WORD };
                        *value = if value.is_array() { json!([chosen]) } else { chosen.into() };
                    }
                    _ => mark(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mark),
        _ => {}
    }
}

/// The lines of a text that have the word outside of quotation marks.
fn bare_lines(text: &str) -> Vec<String> {
    let outside = |line: &str| {
        let (mut bare, mut quoted, mut escaped) = (String::new(), false, false);
        for c in line.chars() {
            match c {
                '"' if !escaped => quoted = !quoted,
                c if !quoted => bare.push(c),
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        bare.to_lowercase()
    };
    text.lines().filter(|line| outside(line).contains("zqobey")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_strangers_single_word_is_quoted_in_every_reply_and_every_question() {
    let mut setup = Setup { answers: Some(vec![Answer::Yes]), ..Setup::default() };
    setup.settings.confirm = Confirm::Always;
    let (bench, operations) = table(setup).await;
    let (mut seen, mut bare) = (Vec::new(), Vec::new());
    let replies = true_replies().await;
    for (operation, reply) in operations.iter().zip(replies) {
        let mut reply = reply.clone();
        mark(&mut reply);
        if operation.tool == "list_bookings" {
            let mut contact = json!({"id": "CTC-1", "first_name": "", "email": "", "city": "", "custom_fields": [], "owner": "USR-1"});
            mark(&mut contact);
            reply["data"][0]["contact"] = contact;
        }
        let path = operation.path();
        // What a write reads before it asks has the word, too.
        if operation.method != "GET" && !path.ends_with("availability") {
            let at = operations
                .iter()
                .position(|get| get.method == "GET" && path.contains(&get.path()) && get.path().len() > 10);
            if let Some(at) = at {
                let mut before = replies[at].clone();
                mark(&mut before);
                bench.sandbox.fail(Fault::new(Effect::Error(200, before)).on("GET", &operations[at].path()));
            }
        }
        if operation.tool == "schedule_meeting" {
            // It is read back.
            let at = operations.iter().position(|other| other.tool == "get_booking").unwrap();
            let mut booking = replies[at].clone();
            mark(&mut booking);
            bench.sandbox.fail(Fault::new(Effect::Error(200, booking)).on("GET", "/v2/bookings/"));
        }
        bench.sandbox.fail(Fault::new(Effect::Error(200, reply)).on(operation.method, &path));
        let mut arguments = operation.arguments.as_object().cloned().unwrap_or_else(Map::new);
        for (name, value) in &mut arguments {
            match name.as_str() {
                "guest_name" | "first_name" | "last_name" | "company" | "reason" | "city" => *value = WORD.into(),
                "guest_email" => *value = "zqobey@evil.example".into(),
                _ => {}
            }
        }
        let replied = bench.call(operation.tool, arguments.into()).await;
        bench.sandbox.heal();
        let text = if replied.is_failure() { replied.failure() } else { replied.text() };
        if text.to_lowercase().contains("zqobey") {
            seen.push(operation.tool);
        }
        bare.extend(bare_lines(&text).into_iter().map(|line| format!("{}: {line}", operation.tool)));
    }
    let asked = bench.asked.lock().unwrap().join("\n");
    bare.extend(bare_lines(&asked));
    assert!(bare.is_empty(), "{bare:#?}");
    assert!(asked.contains(WORD), "the questions, too");
    for tool in [
        "list_bookings", "get_booking", "cancel_booking", "schedule_meeting", "list_contacts", "get_contact",
        "update_contact", "create_contact", "list_sms_notifications",
    ] {
        assert!(seen.contains(&tool), "{tool} does not show it at all: {seen:?}");
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_seen_is_refused_by_its_argument_before_anything_is_sent() {
    let bench = Bench::start().await;
    let booking = json!({"calendar_id": "Intro call", "start_time": "2026-12-01T15:00", "guest_time_zone": "Europe/London",
        "guest_email": "ada@example.com"});
    for (tool, arguments, argument) in [
        ("schedule_meeting", booking, "guest_name"),
        ("create_contact", json!({"last_name": "Lovelace", "email": "ada@example.com"}), "first_name"),
        ("add_user", json!({"first_name": "Ada", "email": "ada@example.com"}), "last_name"),
        ("create_webhook", json!({"url": "https://example.com", "events": ["booking"]}), "name"),
        ("get_user", json!({}), "user_id"),
    ] {
        for unseen in ["\u{200b}", " \u{3164}\u{fe0f} ", "\u{2800}", "\u{e0041}\u{e0042}"] {
            let mut arguments = arguments.clone();
            arguments[argument] = unseen.into();
            let error = bench.call(tool, arguments).await.error().clone();
            assert_eq!((&error["type"], &error["param"]), (&json!("invalid_argument"), &json!(argument)), "{tool}");
        }
    }
    let inside = json!({"user_id": "Lee Whitford", "teams": ["Advisers", "\u{200d}"]});
    assert_eq!(bench.call("update_user", inside).await.error()["param"], "teams[1]");
    assert_eq!(bench.requests("POST", "") + bench.requests("PATCH", ""), 0);
}

#[tokio::test]
async fn a_name_with_an_emoji_or_a_joiner_reaches_oncehub_unchanged_and_is_found_without_it() {
    let bench = Bench::start().await;
    let (first, last) = ("Noor 👩🏽\u{200d}💻❤\u{fe0f}", "علی\u{200c}رضا");
    let made = json!({"first_name": first, "last_name": last, "email": "noor@example.com"});
    let made = bench.call("create_contact", made).await;
    let sent = bench.sandbox.requests().into_iter().find(|seen| seen.method == "POST").unwrap().body.unwrap();
    assert_eq!((&sent["first_name"], &sent["last_name"]), (&json!(first), &json!(last)));
    assert_eq!((&made.structure()["first_name"], &made.structure()["last_name"]), (&json!(first), &json!(last)));
    assert!(made.text().contains(&format!("\"{first} {last}\"")), "{}", made.text());
    let found = bench.call("get_contact", json!({"contact_id": "noor 👩🏽💻❤ علیرضا"})).await;
    assert_eq!(found.structure()["id"], made.structure()["id"]);
}
