//! Arguments as hosts bend them, and what they are taken for.

mod table;

use serde_json::{Value, json};

use crate::tools::arguments::straightened;
use crate::tools::tests::bench::Bench;
use crate::tools::tests::everything;

#[test]
fn what_hosts_bend_is_taken_for_what_is_meant() {
    let catalogue = everything();
    assert!(table::TAKEN.len() >= 15);
    for (what, tool, sent, meant) in table::TAKEN {
        let sent: Value = serde_json::from_str(sent).unwrap();
        let meant: Value = serde_json::from_str(meant).unwrap();
        let schema = &catalogue.get(tool).unwrap().input_schema;
        let taken = straightened(schema, sent.as_object().unwrap().clone());
        assert_eq!(Value::from(taken.unwrap()), meant, "a host that {what}");
    }
    for (tool, sent, problem) in table::REFUSED {
        let sent: Value = serde_json::from_str(sent).unwrap();
        let schema = &catalogue.get(tool).unwrap().input_schema;
        let refused = straightened(schema, sent.as_object().unwrap().clone()).unwrap_err().text();
        assert!(refused.starts_with(problem), "{refused}");
    }
}

#[tokio::test]
async fn bent_arguments_get_the_reply_of_straight_ones() {
    let bench = Bench::start().await;
    let straight = bench.call("list_bookings", json!({"status": ["canceled"]})).await.text();
    let bent = json!({
        "status": "[\"canceled\"]", "limit": 0, "guest": "null", "expand": {}, "time_zone": "", "toolCallId": "call_1"
    });
    assert_eq!(bench.call("list_bookings", bent).await.text(), straight);
    // Nothing that could be sent is left of it.
    let utm = json!({"calendar_id": "Intro call", "utm": {"source": "null"}, "custom_fields": {}, "co_hosts": [""]});
    bench.call("create_one_time_link", utm).await.text();
    let sent = bench.sandbox.requests();
    let link = sent.iter().find(|seen| seen.method == "POST" && seen.path.ends_with("one-time-links")).unwrap();
    assert!(link.body.as_ref().is_none_or(|body| *body == json!({})), "{:?}", link.body);
    let teams = bench.call("update_user", json!({"user_id": "Lee Whitford", "teams": [""]})).await;
    assert!(teams.any_text().contains("nothing to change"), "{}", teams.any_text());
    assert_eq!(bench.requests("PATCH", "/users"), 0);
}

#[tokio::test]
async fn a_location_without_a_value_travels_with_its_explicit_null() {
    for value in [Some(json!(null)), Some(json!("")), Some(json!("null")), None] {
        let bench = Bench::start().await;
        let mut asked = json!({
            "calendar_id": bench.calendar("Quarterly review (Sydney)").await, "start_time": "2026-11-25T08:00",
            "guest_time_zone": "Australia/Sydney", "guest_name": "Ada", "guest_email": "ada@example.com",
            "location_type": "virtual_static"
        });
        asked.as_object_mut().unwrap().extend(value.clone().map(|value| ("location_value".to_owned(), value)));
        bench.call("schedule_meeting", asked).await.text();
        let sent = bench.sandbox.requests();
        let sent = sent.iter().find(|seen| seen.path.ends_with("/schedule")).unwrap().body.clone().unwrap();
        assert_eq!(sent["location"], json!({"type": "virtual_static", "value": null}), "{value:?}");
    }
}
