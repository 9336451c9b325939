use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::Bench;

/// Somebody who is no contact any more: `Mara Stone`.
const DELETED: &str = "CTC-J8BTL4JT8BVA";
const JACOB: &str = "jacob.lindqvist@fjord.example";

fn newcomer() -> Value {
    json!({
        "first_name": "Ada", "last_name": "Okafor", "email": "ada@okafor.example", "mobile_phone": "+44 7911 123456",
        "status": "sales_qualified", "company": "Okafor & Daughters", "employees": "12", "owner": "Lee Whitford",
        "timezone": "europe/london", "terms_of_service": true, "custom_fields": {"Goal": "Grow", "Topics": ["Hiring"]}
    })
}

#[tokio::test]
async fn contacts_are_found_by_part_of_a_name_and_by_time() {
    let bench = Bench::start().await;
    assert_snapshot!(bench.call("list_contacts", json!({"limit": 3})).await.text());
    let found = bench.call("list_contacts", json!({"name": "nunez"})).await;
    assert_eq!(found.structure()["items"][0]["email"], "jose.nunez@sierra.example");
    let recent = json!({"created_after": "-7d", "created_before": "yesterday", "time_zone": "Asia/Tokyo"});
    assert_snapshot!(bench.call("list_contacts", recent).await.text());
    bench.call("update_contact", json!({"contact_id": JACOB, "city": "Malmö"})).await.text();
    let changed = bench.call("list_contacts", json!({"updated_after": "now"})).await;
    assert_eq!(changed.structure()["items"].as_array().unwrap().len(), 1);
    let nobody = bench.call("list_contacts", json!({"email": "x@y.example"})).await;
    assert_eq!(
        (nobody.text().as_str(), &nobody.structure()["items"]),
        ("No contacts (email \"x@y.example\")", &json!([]))
    );
}

#[tokio::test]
async fn a_contact_is_made_with_all_that_is_known_and_read_back_whole() {
    let bench = Bench::start().await;
    let made = bench.call("create_contact", newcomer()).await;
    let id = made.structure()["id"].as_str().unwrap();
    assert_snapshot!(made.text().replace(id, "CTC-…"));
    let sent = bench.sandbox.with(|world| world.as_sent(id)).unwrap();
    assert_eq!((&sent["terms_of_sevice"], &sent["mobile_phone"]), (&json!(true), &json!("+447911123456")));
    assert_snapshot!(bench.call("get_contact", json!({"contact_id": "Ada Okafor"})).await.text().replace(id, "CTC-…"));
    assert_snapshot!(bench.call("create_contact", newcomer()).await.failure());
    let mut same_phone = newcomer();
    same_phone["email"] = Value::Null;
    assert_eq!(bench.call("create_contact", same_phone).await.error()["param"], "mobile_phone");
}

#[tokio::test]
async fn what_oncehub_would_drop_without_a_word_is_refused_before_it_is_sent() {
    let bench = Bench::start().await;
    let bad = vec![
        ("status", json!("VIP")),
        ("email", json!("ada at okafor")),
        ("mobile_phone", json!("07911 123456")),
        ("phone", json!("12")),
        ("timezone", json!("London")),
        ("employees", json!("a dozen")),
        ("employees", json!(-1)),
        ("owner", json!("Nobody")),
        ("nickname", json!("A")),
        ("last_name", Value::Null),
    ];
    let mut told = bench.failures("create_contact", newcomer(), bad).await;
    let nameless = json!({"first_name": "Ada", "last_name": "Okafor"});
    told.push(bench.call("create_contact", nameless).await.failure());
    assert_snapshot!(told.join("\n\n"));
    assert_eq!(bench.requests("POST", "/contacts"), 0);
    let unknown = json!({"contact_id": JACOB, "custom_fields": {"Shoe size": 44}});
    assert_snapshot!(bench.call("update_contact", unknown).await.failure());
}

#[tokio::test]
async fn a_change_leaves_the_rest_as_it_is() {
    let bench = Bench::start().await;
    let update = async |more: Value| {
        let mut arguments = more;
        arguments["contact_id"] = JACOB.into();
        bench.call("update_contact", arguments).await
    };
    update(json!({"status": "Qualified", "custom_fields": {"Goal": "Grow", "Topics": ["Hiring"]}})).await.text();
    // OnceHub would have taken the missing status for none.
    let changed = update(json!({"job_title": "Buyer", "custom_fields": {"Goal": "Sell"}})).await;
    assert_snapshot!(changed.text());
    assert_eq!(changed.structure()["status"], "Qualified");
    let sent = changed.structure()["custom_fields"].as_array().unwrap().clone();
    assert!(sent.contains(&json!({"name": "Topics", "value": ["Hiring"]})), "{sent:?}");
    assert_snapshot!(update(json!({"job_title": "Buyer"})).await.text());
    assert_snapshot!(update(json!({})).await.failure());
    assert_snapshot!(update(json!({"email": "new@fjord.example"})).await.failure());
    let deleted = bench.call("update_contact", json!({"contact_id": DELETED, "city": "Rome"})).await;
    assert_snapshot!(deleted.failure());
}

#[tokio::test]
async fn a_contact_is_deleted_after_a_yes_and_stays_deleted() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Declined, Answer::Yes])).await;
    let delete = json!({"contact_id": JACOB});
    let declined = bench.call("delete_contact", delete.clone()).await;
    assert_eq!(declined.structure()["confirmed"], false);
    let deleted = bench.call("delete_contact", delete.clone()).await;
    assert_snapshot!(deleted.text());
    assert_snapshot!(bench.asked.lock().unwrap().first().unwrap());
    let id = deleted.structure()["id"].as_str().unwrap();
    assert_eq!(bench.call("get_contact", json!({"contact_id": id})).await.text(), format!("{id} | deleted"));
    assert_eq!(bench.call("delete_contact", delete).await.error()["type"], "not_found");
    assert_eq!(bench.call("delete_contact", json!({"contact_id": id})).await.error()["type"], "not_found");
    let shared = bench.call("delete_contact", json!({"contact_id": "Ben Carter"})).await;
    assert_snapshot!(shared.failure());
}

#[tokio::test]
async fn a_contact_who_is_there_already_is_named() {
    let bench = Bench::start().await;
    let jacob =
        bench.call("get_contact", json!({"contact_id": JACOB})).await.structure()["id"].as_str().unwrap().to_owned();
    let twice = json!({"first_name": "J", "last_name": "L", "email": "Jacob.Lindqvist@fjord.example"});
    let refused = bench.call("create_contact", twice.clone()).await;
    assert!(refused.failure().contains(&jacob), "{}", refused.failure());
    // When the refusal is lost, what was there before is not taken for what was asked for.
    let fault = Fault::new(Effect::DropAfter).on("POST", "/contacts").times(1);
    let lost = bench.call_with(fault, "create_contact", twice).await;
    assert_eq!(lost.error()["outcome"], "unknown");
    assert_snapshot!(lost.failure());
}

#[tokio::test]
async fn bookings_to_come_of_a_deleted_contact_are_named() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes])).await;
    let deleted = bench.call("delete_contact", json!({"contact_id": JACOB})).await;
    assert_snapshot!(deleted.text());
    assert_snapshot!(bench.asked.lock().unwrap().join("\n"));
}

#[tokio::test]
async fn a_part_of_a_name_is_answered_with_those_who_have_it() {
    let bench = Bench::start().await;
    assert_snapshot!(bench.call("update_contact", json!({"contact_id": "jacob", "city": "Oslo"})).await.failure());
    let typographic = bench.call("get_contact", json!({"contact_id": "Sarah O\u{2019}Brien"})).await;
    assert_eq!(typographic.structure()["email"], "sarah.obrien@cedar.example");
}

#[tokio::test]
async fn a_value_that_is_passed_empty_is_left_as_it_is_and_that_is_said() {
    let bench = Bench::start().await;
    let update = json!({"contact_id": JACOB, "company": "", "city": null, "job_title": "Buyer"});
    let replied = bench.call("update_contact", update).await;
    assert_eq!(replied.structure()["company"], "Fjord Tools");
    assert!(replied.text().ends_with("note: Left unchanged, because an empty value changes nothing: company, city."));
}

#[tokio::test]
async fn the_status_that_goes_along_is_the_one_after_the_question() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes])).await;
    let id =
        bench.call("get_contact", json!({"contact_id": JACOB})).await.structure()["id"].as_str().unwrap().to_owned();
    let mut meanwhile = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    meanwhile["status"] = "Disqualified".into();
    let path = format!("/contacts/{id}");
    bench.sandbox.fail(Fault::new(Effect::Replace(meanwhile)).on("GET", &path).after(1).times(1));
    bench.call("update_contact", json!({"contact_id": id, "city": "Oslo"})).await.text();
    bench.sandbox.heal();
    let sent = bench.sandbox.requests().into_iter().rfind(|seen| seen.method == "PATCH").unwrap();
    assert_eq!(sent.body.unwrap(), json!({"city": "Oslo", "status": "Disqualified"}));
}

#[tokio::test]
async fn a_change_that_looks_like_somebody_elses_is_not_claimed() {
    let bench = Bench::start().await;
    let id =
        bench.call("get_contact", json!({"contact_id": JACOB})).await.structure()["id"].as_str().unwrap().to_owned();
    let mut elsewhere = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    elsewhere["city"] = "Rome".into();
    bench.sandbox.fail(Fault::new(Effect::DropBefore).on("PATCH", "/contacts").times(1));
    bench.sandbox.fail(Fault::new(Effect::Replace(elsewhere)).on("GET", &format!("/contacts/{id}")).after(1));
    let unclear = bench.call("update_contact", json!({"contact_id": id, "city": "Oslo"})).await;
    bench.sandbox.heal();
    assert_eq!(unclear.error()["outcome"], "unknown");
    assert_snapshot!(unclear.failure());
}

#[tokio::test]
async fn a_deletion_may_be_answered_with_nothing() {
    let bench = Bench::start().await;
    let fault = Fault::new(Effect::Status(204, "application/json", String::new())).on("DELETE", "/contacts");
    let deleted = bench.call_with(fault, "delete_contact", json!({"contact_id": JACOB})).await;
    assert!(!deleted.text().contains("looked up"), "{}", deleted.text());
}
