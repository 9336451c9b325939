//! What a program relies on, in every tool: what its schemas promise, lists that one loop reads, and a no that is the same
//! everywhere.

use std::collections::BTreeSet;

use rmcp::model::Tool;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::tools::tests::bench::{Bench, Setup};
use crate::tools::tests::everything;
use crate::tools::tests::operations::table;

fn output(tool: &Tool) -> Value {
    tool.output_schema.as_deref().unwrap().clone().into()
}

fn names(required: &Value) -> BTreeSet<&str> {
    required["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn a_schema_says_what_is_always_there() {
    for tool in &everything().listed(false) {
        let schema = output(tool);
        let choices = schema["anyOf"].as_array().unwrap();
        let changes = tool.annotations.as_ref().unwrap().read_only_hint == Some(false);
        assert_eq!(choices.len(), if changes { 4 } else { 2 }, "{}", tool.name);
        for name in choices.iter().flat_map(names) {
            assert!(schema["properties"][name].is_object(), "{}: {name}", tool.name);
        }
        assert_eq!(names(choices.last().unwrap()), ["error"].into());
        assert_eq!(names(&schema["properties"]["error"]), ["type", "message", "hint"].into());
        if schema["properties"]["has_more"].is_object() {
            let always = names(&choices[0]);
            assert!(["items", "has_more", "next_cursor", "time_zone"].iter().all(|name| always.contains(name)));
            assert!(schema["properties"]["items"]["description"].is_string(), "{}: its order", tool.name);
        }
        if tool.name.starts_with("get_") && tool.name != "get_booking_time_slots" {
            let id = if tool.name == "get_scheduling_availability" { "user_id" } else { "id" };
            assert!(names(&choices[0]).contains(id), "{}", tool.name);
        }
    }
    let schema = output(everything().get("list_bookings").unwrap());
    let booking = &schema["properties"]["items"]["items"];
    assert_eq!(booking["properties"]["starting_time"]["format"], "date-time");
    assert!(booking.get("required").is_none(), "OnceHub may leave anything out");
    assert!(booking["properties"]["status"]["enum"].is_null(), "OnceHub may have others");
}

/// Every item of a list, page after page, as a program reads any of them.
async fn all(bench: &Bench, tool: &str, mut arguments: Value) -> Vec<Value> {
    let mut items = Vec::new();
    for _ in 0..200 {
        let replied = bench.call(tool, arguments.clone()).await;
        let page = replied.structure();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return items;
        }
        assert!(page["next_cursor"].is_string(), "{tool}: {page}");
        arguments["cursor"] = page["next_cursor"].clone();
    }
    panic!("{tool} does not end");
}

#[tokio::test]
async fn one_loop_reads_every_list_to_its_end() {
    let mut setup = Setup { more_bookings: 12, ..Setup::default() };
    setup.settings.me = Some("dana@northlight.example".into());
    let bench = Bench::with(setup).await;
    let mut read = 0;
    for tool in everything().list() {
        if output(tool)["properties"]["has_more"].is_null() {
            continue;
        }
        let arguments = match &*tool.name {
            "get_booking_time_slots" => json!({"calendar_id": "Intro call", "end_time": "+6d"}),
            "list_changes" => json!({"since": "-90d"}),
            "brief_bookings" => json!({"starts_before": "+6d"}),
            _ => json!({}),
        };
        let with = |limit: u32| {
            let mut arguments = arguments.clone();
            arguments["limit"] = limit.into();
            arguments
        };
        let most = if tool.name == "brief_bookings" { 30 } else { 500 };
        let key = |item: &Value| item.get("id").unwrap_or(&item["start_time"]).as_str().unwrap().to_owned();
        let keys = |items: Vec<Value>| items.iter().map(key).collect::<Vec<_>>();
        let whole = keys(all(&bench, &tool.name, with(most)).await);
        assert!(!whole.is_empty(), "{}", tool.name);
        for limit in [1, 7, 25] {
            let mut paged = keys(all(&bench, &tool.name, with(limit)).await);
            if tool.name == "get_booking_time_slots" {
                // The first page is a choice from several days.
                paged.sort_unstable();
            }
            assert_eq!(paged, whole, "{} by {limit}", tool.name);
        }
        read += 1;
    }
    assert!(read >= 13, "{read}");
}

#[tokio::test]
async fn a_no_is_the_same_for_every_change_and_a_yes_is_told() {
    let setup = |answer: Answer| {
        let mut setup = Setup { answers: Some(vec![answer]), ..Setup::default() };
        setup.settings.confirm = Confirm::Always;
        setup
    };
    let mut refused = 0;
    let (bench, operations) = table(setup(Answer::Declined)).await;
    for operation in operations.iter().filter(|operation| operation.method != "GET") {
        let replied = bench.call(operation.tool, operation.arguments.clone()).await;
        let fields: BTreeSet<&String> = replied.structure().as_object().unwrap().keys().collect();
        let expected = ["confirmed", "question", "note"].map(str::to_owned);
        assert_eq!(fields, expected.iter().collect(), "{}", operation.tool);
        assert_eq!(replied.structure()["confirmed"], false, "{}", operation.tool);
        let question = bench.asked.lock().unwrap().last().unwrap().clone();
        assert_eq!(replied.structure()["question"], question, "{}", operation.tool);
        refused += 1;
    }
    assert!(refused > 14, "{refused}");
    assert!(bench.sandbox.requests().iter().all(|seen| seen.method == "GET"));
    let bench = Bench::with(setup(Answer::Yes)).await;
    let delete = json!({"contact_id": "tom@ashcroft.example"});
    assert_eq!(bench.call("delete_contact", delete.clone()).await.structure()["confirmed"], true);
    // Where nobody was asked, nobody has agreed.
    let bench = Bench::start().await;
    assert_eq!(bench.call("delete_contact", delete).await.structure().get("confirmed"), None);
}

#[tokio::test]
async fn a_failure_names_what_may_have_been_meant_and_the_argument_of_ours() {
    let bench = Bench::start().await;
    let error = async |tool: &str, arguments: Value| bench.call(tool, arguments).await.error().clone();
    let several = error("get_booking", json!({"booking_id": "José Ángel nunez"})).await;
    let candidates = several["candidates"].as_array().unwrap();
    assert_eq!((several["type"].as_str(), candidates.len()), (Some("ambiguous_name"), 2));
    for candidate in candidates {
        let (id, described) = (candidate["id"].as_str().unwrap(), candidate["described"].as_str().unwrap());
        assert!(described.contains(id) && several["message"].as_str().unwrap().contains(described), "{several}");
        assert_eq!(candidate["name"], "José Ángel Núñez");
        assert_eq!(bench.call("get_booking", json!({"booking_id": id})).await.structure()["id"], id);
    }
    let meant = error("update_user", json!({"user_id": "Dana", "first_name": "D"})).await;
    assert_eq!((meant["type"].as_str(), &meant["candidates"][0]["name"]), (Some("not_found"), &json!("Dana Reyes")));
    let parts = error("list_bookings", json!({"host": "sam"})).await;
    assert!(parts["candidates"].as_array().unwrap().len() > 1, "{parts}");
    // OnceHub's name of it, and ours.
    let unknown = error("get_booking", json!({"booking_id": "BKNG-NOSUCHTHING"})).await;
    assert_eq!(
        (&unknown["type"], &unknown["param"], &unknown["argument"]),
        (&json!("not_found"), &json!("id"), &json!("booking_id"))
    );
    let cursor = error("list_users", json!({"cursor": "USR-NOSUCHTHING"})).await;
    assert_eq!((&cursor["param"], &cursor["argument"]), (&json!("after"), &json!("cursor")));
    let ours = error("list_users", json!({"limit": "many"})).await;
    assert_eq!((&ours["param"], &ours["argument"]), (&json!("limit"), &json!("limit")));
}

#[tokio::test]
async fn a_start_that_is_taken_comes_with_the_nearest_that_are_free() {
    let bench = Bench::start().await;
    let asked = |at: &str| {
        json!({"calendar_id": "Intro call", "start_time": at, "guest_time_zone": "America/New_York",
            "guest_name": "Ada", "guest_email": "ada@example.com"})
    };
    let taken = bench.call("schedule_meeting", asked("2026-11-29T03:00")).await;
    let nearest = taken.error()["nearest"].as_array().unwrap().clone();
    assert_eq!(nearest.len(), 5);
    let id =
        bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow", "status": ["scheduled"]})).await;
    let moved = bench.call("move_booking", json!({"booking_id": id, "start_time": "2026-11-29T03:00"})).await;
    assert!(!moved.error()["nearest"].as_array().unwrap().is_empty());
    bench.call("schedule_meeting", asked(nearest[0].as_str().unwrap())).await.text();
}

#[tokio::test]
async fn the_same_fact_has_the_same_name_and_type_in_a_list_as_in_one_booking() {
    let mut roomy = Setup::default();
    roomy.settings.max_reply = 1_000_000;
    let bench = Bench::with(roomy).await;
    for expand in [json!([]), json!(["owner", "contact"])] {
        let list = bench.call("list_bookings", json!({"limit": 500, "expand": expand})).await;
        for item in list.structure()["items"].as_array().unwrap() {
            let one = bench.call("get_booking", json!({"booking_id": item["id"], "expand": expand})).await;
            let whole = one.structure();
            for (field, value) in item.as_object().unwrap() {
                assert_eq!(value, &whole[field], "{field} of {}", item["id"]);
            }
        }
    }
}
