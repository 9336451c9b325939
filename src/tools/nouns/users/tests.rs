use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::tools::tests::bench::Bench;

/// Somebody who left: `Frank Ostrow`.
const DELETED: &str = "USR-28B4A3VXXSQ6";

fn newcomer() -> Value {
    json!({
        "email": "nia@northlight.example", "first_name": "Nia", "last_name": "Okoro", "role_name": "team manager",
        "teams": ["advisers", "Client support"]
    })
}

#[tokio::test]
async fn people_are_found_by_a_part_of_their_name_or_their_address() {
    let bench = Bench::start().await;
    assert_snapshot!(bench.call("list_users", json!({})).await.text());
    let some = bench.call("list_users", json!({"name": "TAY", "limit": 1})).await;
    assert_snapshot!(some.text());
    let cursor = some.structure()["next_cursor"].clone();
    let rest = bench.call("list_users", json!({"name": "tay", "cursor": cursor})).await;
    assert_eq!(rest.structure()["items"][0]["email"], "sam.sales@northlight.example");
    assert_eq!(rest.structure()["has_more"], false);
    let one = bench.call("list_users", json!({"email": "LEE@northlight.example"})).await;
    assert_eq!(one.structure()["items"][0]["team_names"], json!(["Advisers", "Client support"]));
    assert_snapshot!(bench.call("list_users", json!({"email": "nobody@x.example"})).await.text());
}

#[tokio::test]
async fn users_who_share_a_name_are_told_apart_and_one_who_left_is_known_by_their_id_alone() {
    let bench = Bench::start().await;
    for tool in ["get_user", "update_user", "delete_user", "get_scheduling_availability"] {
        let mut arguments = json!({"user_id": "sam TAYLOR"});
        if tool == "update_user" {
            arguments["first_name"] = "S".into();
        }
        let failure = bench.call(tool, arguments).await;
        assert_eq!(failure.error()["type"], "ambiguous_name", "{tool}");
        assert!(failure.failure().contains("sam.sales@") && failure.failure().contains("sam.support@"), "{tool}");
    }
    assert_snapshot!(bench.call("get_user", json!({"user_id": "Sam Taylor"})).await.failure());
    let gone = |tool: &'static str, more: Value| {
        let mut arguments = more;
        arguments["user_id"] = DELETED.into();
        bench.call(tool, arguments)
    };
    assert_eq!(gone("get_user", json!({})).await.text(), format!("{DELETED} | deleted"));
    assert_snapshot!(gone("update_user", json!({"first_name": "Frank"})).await.failure());
    assert_snapshot!(gone("delete_user", json!({})).await.failure());
    assert_snapshot!(gone("get_scheduling_availability", json!({})).await.failure());
    assert_eq!(bench.call("get_user", json!({"user_id": "Frank Ostrow"})).await.error()["type"], "not_found");
}

#[tokio::test]
async fn a_newcomer_can_be_named_at_once() {
    let bench = Bench::start().await;
    let unknown = bench.call("get_user", json!({"user_id": "Nia Okoro"})).await;
    assert_eq!(unknown.error()["type"], "not_found");
    let added = bench.call("add_user", newcomer()).await;
    let id = added.structure()["id"].as_str().unwrap();
    assert_snapshot!(added.text().replace(id, "USR-…"));
    assert_eq!(bench.sandbox.with(|world| world.users_with("nia@northlight.example")), [id]);
    let known = bench.call("get_user", json!({"user_id": "Nia Okoro"})).await;
    assert_eq!(known.structure()["id"], id, "what was known before is forgotten with the change");
    assert_snapshot!(bench.call("add_user", newcomer()).await.failure());
    bench.sandbox.with(|world| world.user_limit = 3);
    let mut another = newcomer();
    another["email"] = "other@northlight.example".into();
    assert_snapshot!(bench.call("add_user", another.clone()).await.failure());
    another["email"] = "Nia <nia@x.example>".into();
    assert_eq!(bench.call("add_user", another).await.error()["param"], "email");
}

#[tokio::test]
async fn a_change_says_what_was_before_and_what_is_now() {
    let bench = Bench::start().await;
    let change = json!({"user_id": "Lee Whitford", "first_name": "Leigh", "role_name": "Administrator", "teams": ["Partnerships"]});
    assert_snapshot!(bench.call("update_user", change.clone()).await.text());
    // The old name is forgotten.
    assert_eq!(bench.call("update_user", change).await.error()["type"], "not_found");
    let same = json!({"user_id": "Leigh Whitford", "first_name": "Leigh"});
    assert_snapshot!(bench.call("update_user", same).await.text());
    let none = bench.call("update_user", json!({"user_id": "leigh whitford", "teams": []})).await;
    assert_eq!(none.structure()["teams"], json!([]));
    let refused = async |change: Value| bench.call("update_user", change).await.failure();
    assert_snapshot!(refused(json!({"user_id": "Leigh Whitford"})).await);
    assert_snapshot!(refused(json!({"user_id": "Margaret Holloway", "last_name": "Hall"})).await);
    assert_snapshot!(refused(json!({"user_id": "Leigh Whitford", "role_name": "Account Owner"})).await);
    assert_snapshot!(refused(json!({"user_id": "Leigh Whitford", "teams": ["Advisors"]})).await);
    assert_snapshot!(refused(json!({"user_id": "Leigh Whitford", "email": "l@x.example"})).await);
}

#[tokio::test]
async fn a_user_who_is_deleted_leaves_their_bookings_behind_and_that_is_said() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Declined, Answer::Yes])).await;
    let delete = json!({"user_id": "dana@northlight.example"});
    let declined = bench.call("delete_user", delete.clone()).await;
    assert_eq!(declined.structure()["confirmed"], false);
    let deleted = bench.call("delete_user", delete.clone()).await;
    assert_snapshot!(deleted.text());
    assert_snapshot!(bench.asked.lock().unwrap().first().unwrap());
    let id = deleted.structure()["id"].as_str().unwrap();
    assert!(bench.sandbox.with(|world| world.is_deleted(id)));
    assert_eq!(bench.call("delete_user", delete).await.error()["type"], "not_found");
    let owner = bench.call("delete_user", json!({"user_id": "Margaret Holloway"})).await;
    assert_snapshot!(owner.failure());
}

#[tokio::test]
async fn somebody_is_invited_only_when_the_person_says_yes() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Dismissed, Answer::TimedOut, Answer::Yes])).await;
    for _ in 0..2 {
        assert_eq!(bench.call("add_user", newcomer()).await.structure()["confirmed"], false);
    }
    assert_eq!(bench.requests("POST", "/users"), 0);
    bench.call("add_user", newcomer()).await.text();
    assert_snapshot!(bench.asked.lock().unwrap().first().unwrap());
}
