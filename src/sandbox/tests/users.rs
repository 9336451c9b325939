//! `/users`.

use serde_json::{Value, json};

use super::{Bench, but};
use crate::sandbox::seed::people::{DANA, DELETED, LEE, OWNER, team, user};

fn newcomer() -> Value {
    json!({"email": "Rosa.Lind@northlight.example", "first_name": "Rosa", "last_name": "Lind"})
}

#[tokio::test]
async fn somebody_is_invited_with_what_was_said_and_no_more() {
    let bench = Bench::start().await;
    let got = bench.post("/users", newcomer()).await;
    let id = got.body["id"].as_str().unwrap().to_owned();
    let expected = json!({
        "object": "user", "id": id, "first_name": "Rosa", "last_name": "Lind", "email": "Rosa.Lind@northlight.example",
        "status": "invited", "role_name": "Member", "timezone": "America/New_York", "teams": [],
    });
    assert_eq!((got.status, &got.body), (200, &expected));
    assert_eq!(bench.get(&format!("/users/{id}")).await.body, expected);
    assert_eq!(bench.get("/users").await.ids()[0], id, "newest first");
    assert_eq!(bench.sandbox.with(|world| world.users_with("rosa.lind@NORTHLIGHT.example")), [id.as_str()]);
    assert_eq!(bench.sandbox.with(|world| world.as_sent(&id)), Some(expected));
    let whole = json!({
        "email": "kai@northlight.example", "first_name": " Kai ", "last_name": "Lind", "role_name": "Team Manager",
        "teams": [team(1), team(0), team(1)],
    });
    let got = bench.post("/users", whole).await.body;
    assert_eq!((&got["role_name"], &got["first_name"]), (&json!("Team Manager"), &json!("Kai")));
    assert_eq!(got["teams"], json!([team(1), team(0)]), "each once");
    // A user who has not accepted yet cannot be booked.
    assert!(!bench.sandbox.with(|world| world.user(&id).unwrap().can_host()));
}

#[tokio::test]
async fn an_invitation_is_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let required = "email: Required fields are missing.";
    for (body, refusal) in [
        (json!({}), required),
        (but(newcomer(), "email", json!(null)), required),
        (json!({"email": "rosa@northlight.example", "last_name": "Lind"}), required),
        (json!({"email": "rosa@northlight.example", "first_name": "Rosa"}), required),
        (but(newcomer(), "first_name", json!("  ")), "first_name: Invalid first_name: '  '"),
        (but(newcomer(), "first_name", json!(5)), "first_name: Invalid first_name: '5'"),
        (but(newcomer(), "last_name", json!("")), "last_name: Invalid last_name: ''"),
        (but(newcomer(), "last_name", json!("Li[/*n*/]d")), "last_name: Invalid last_name: 'Li[/*n*/]d'"),
        (but(newcomer(), "email", json!("rosa@northlight")), "email: Invalid email format: 'rosa@northlight'"),
        (
            but(newcomer(), "email", json!("rosa at northlight.example")),
            "email: Invalid email format: 'rosa at \
            northlight.example'",
        ),
        (but(newcomer(), "status", json!("active")), "status: Unsupported fields"),
        (but(newcomer(), "timezone", json!("UTC")), "timezone: Unsupported fields"),
        (
            but(newcomer(), "email", json!("DANA@northlight.example")),
            "email: Email already exists: 'DANA@northlight.example'",
        ),
        (but(newcomer(), "role_name", json!("Super Admin")), "role_name: Invalid role name: 'Super Admin'"),
        (but(newcomer(), "role_name", json!("member")), "role_name: Invalid role name: 'member'"),
        (but(newcomer(), "role_name", json!("Account Owner")), "role_name: Invalid role name: 'Account Owner'"),
        (but(newcomer(), "teams", json!(team(0))), "teams: Must be an array of strings."),
        (
            but(newcomer(), "teams", json!(["TM-NONE1", team(0), "TM-NONE2"])),
            "teams: Invalid team(s): 'TM-NONE1', 'TM-NONE2'",
        ),
    ] {
        let got = bench.post("/users", body.clone()).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error {refusal}"), "{body}");
    }
    assert_eq!(bench.sandbox.with(|world| world.users.iter().filter(|user| !user.deleted).count()), 9);
}

#[tokio::test]
async fn the_plan_limits_how_many_there_are_and_deleted_ones_do_not_count() {
    let bench = Bench::start().await;
    bench.sandbox.with(|world| world.user_limit = 9);
    let full = "422 invalid_request_error : You have reached the user limit for your current plan. To add more users, \
                please upgrade your account.";
    assert_eq!(bench.post("/users", newcomer()).await.refusal(), full);
    assert_eq!(bench.delete(&format!("/users/{}", user(LEE))).await.status, 200);
    assert_eq!(bench.post("/users", newcomer()).await.status, 200);
    assert_eq!(bench.post("/users", but(newcomer(), "email", json!("kai@northlight.example"))).await.refusal(), full);
}

#[tokio::test]
async fn a_user_changes_in_what_was_said_and_teams_are_replaced() {
    let bench = Bench::start().await;
    let path = format!("/users/{}", user(LEE));
    let before = bench.get(&path).await.body;
    let teams = bench.patch(&path, json!({"teams": [team(2)]})).await;
    assert_eq!((teams.status, &teams.body), (200, &but(before, "teams", json!([team(2)]))));
    assert_eq!(bench.get(&format!("/teams?user={}", user(LEE))).await.ids(), [team(2)]);
    let body = json!({"first_name": "Leigh", "last_name": "Whit", "role_name": "Administrator"});
    bench.patch(&path, body).await;
    let after = bench.get(&path).await.body;
    assert_eq!((&after["first_name"], &after["last_name"]), (&json!("Leigh"), &json!("Whit")));
    assert_eq!((&after["role_name"], &after["teams"]), (&json!("Administrator"), &json!([team(2)])));
    assert_eq!(bench.patch(&path, json!({"teams": []})).await.body["teams"], json!([]));
}

#[tokio::test]
async fn a_change_of_a_user_is_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let (dana, owner, frank) = (user(DANA), user(OWNER), user(DELETED[0]));
    let before = bench.get(&format!("/users/{dana}")).await.body;
    for (id, body, refusal) in [
        (&dana, json!({}), "400 invalid_request_error body: At least one field must be provided to update."),
        (&dana, json!({"first_name": ""}), "400 invalid_request_error first_name: Invalid first name: ''"),
        (&dana, json!({"last_name": 7}), "400 invalid_request_error last_name: Invalid last name: '7'"),
        (
            &dana,
            json!({"last_name": "Ray", "role_name": "InvalidRole"}),
            "400 invalid_request_error role_name: Invalid role name: 'InvalidRole'",
        ),
        (
            &dana,
            json!({"role_name": "Account Owner"}),
            "400 invalid_request_error role_name: The 'Account Owner' role cannot be assigned directly via the API.",
        ),
        (&dana, json!({"teams": "TM-1"}), "400 invalid_request_error teams: Must be an array of strings."),
        (&dana, json!({"teams": [1]}), "400 invalid_request_error teams: Must be an array of strings."),
        (
            &dana,
            json!({"first_name": "Dan", "teams": ["TM-1", "TM-2"]}),
            "400 invalid_request_error teams: Invalid team(s): 'TM-1', 'TM-2'",
        ),
        (&dana, json!({"email": "d@northlight.example"}), "400 invalid_request_error email: Unsupported field"),
        (&dana, json!({"status": "active"}), "400 invalid_request_error status: Unsupported field"),
        (&owner, json!({"first_name": "Meg"}), "403 invalid_request_error : Cannot update 'Account Owner' user."),
        (
            &frank,
            json!({"first_name": "Fran"}),
            &format!("410 invalid_request_error id: User cannot be modified as they have been deleted: '{frank}'"),
        ),
        (&"USR-NONE".to_owned(), json!({"first_name": "No"}), "404 invalid_request_error id: No such user: 'USR-NONE'"),
    ] {
        let got = bench.patch(&format!("/users/{id}"), body.clone()).await;
        assert_eq!(got.refusal(), refusal, "{body}");
    }
    assert_eq!(bench.get(&format!("/users/{dana}")).await.body, before, "all or nothing");
}

#[tokio::test]
async fn a_deleted_user_is_gone_but_for_the_id() {
    let bench = Bench::start().await;
    let id = user(LEE);
    bench.delete_but_for_the_id("/users", "user", &id).await;
    assert!(bench.sandbox.with(|world| world.users_with("lee@northlight.example")).is_empty());
    // The address can be given to somebody else.
    assert_eq!(bench.post("/users", but(newcomer(), "email", json!("lee@northlight.example"))).await.status, 200);
    for (id, refusal) in [
        (id, format!("404 invalid_request_error id: No such user: '{}'", user(LEE))),
        ("USR-NONE".into(), "404 invalid_request_error id: No such user: 'USR-NONE'".into()),
        (user(OWNER), "403 invalid_request_error : Cannot delete 'Account Owner' user.".into()),
    ] {
        assert_eq!(bench.delete(&format!("/users/{id}")).await.refusal(), refusal);
    }
    for index in DELETED {
        let id = user(*index);
        assert_eq!(bench.get(&format!("/users/{id}")).await.body["deleted"], true);
        assert_eq!(bench.delete(&format!("/users/{id}")).await.status, 404);
    }
}
