//! `/contacts`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Bench, NOW, but};
use crate::sandbox::seed::guests::{GUESTS, contact};
use crate::sandbox::seed::people::{DANA, DELETED, LEE, OWNER, user};

fn newcomer() -> Value {
    json!({"email": "Rosa@lind.example", "first_name": "Rosa", "last_name": "Lind"})
}

#[tokio::test]
async fn a_contact_is_made_of_what_was_said() {
    let bench = Bench::start().await;
    let got = bench.post("/contacts", newcomer()).await;
    let id = got.body["id"].as_str().unwrap().to_owned();
    let expected = json!({
        "object": "contact", "id": id, "creation_time": NOW, "last_updated_time": NOW, "last_interacted_time": null,
        "owner": user(OWNER), "status": null, "city": null, "company_size": null, "company": null, "country": null,
        "email": "Rosa@lind.example", "employees": 0, "first_name": "Rosa", "has_consent": false, "job_title": null,
        "last_name": "Lind", "mobile_phone": null, "phone": null, "post_code": null, "salutation": null, "state": null,
        "street_address": null, "terms_of_sevice": false, "timezone": "America/New_York", "custom_fields": [],
    });
    assert_eq!((got.status, &got.body), (201, &expected));
    assert_eq!(bench.get(&format!("/contacts/{id}")).await.body, expected);
    assert_eq!(bench.get("/contacts?email=rosa@LIND.example").await.ids(), [id.as_str()]);
    assert_eq!(bench.sandbox.with(|world| world.contacts_known_as("ROSA@lind.example")), [id.as_str()]);
    assert_eq!(bench.sandbox.with(|world| world.as_sent(&id)), Some(expected));
    let whole = json!({
        "mobile_phone": "+442079460001", "first_name": "Kai", "last_name": "Lind", "owner": user(LEE),
        "status": "Sales qualified", "city": "Leeds", "company_size": "11-50", "company": "Lind & Co", "country": "UK",
        "employees": 12, "has_consent": true, "job_title": "Buyer", "phone": "+442079460002", "post_code": "LS1 1AA",
        "salutation": "Mr", "state": "Yorkshire", "street_address": "1 Quay", "terms_of_sevice": true,
        "timezone": "Europe/London", "custom_fields": [{"name": "Goal", "value": ["a", 1]}],
    });
    let got = bench.post("/contacts", whole.clone()).await;
    assert_eq!(got.status, 201);
    for (name, value) in whole.as_object().unwrap() {
        assert_eq!(got.body[name], *value, "{name}");
    }
    assert_eq!(got.body["email"], Value::Null);
    let known = bench.sandbox.with(|world| world.contacts_known_as("+442079460001"));
    assert_eq!(known, [got.body["id"].as_str().unwrap().to_owned()]);
}

#[tokio::test]
async fn a_new_contact_is_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let nobody = "400 email: At least one of 'email' or 'mobile_phone' is required.";
    for (body, refusal) in [
        (json!({"first_name": "Rosa", "last_name": "Lind"}), nobody),
        (but(newcomer(), "email", json!(null)), nobody),
        (but(newcomer(), "email", json!("")), nobody),
        (json!({"email": "rosa@lind.example", "last_name": "Lind"}), "400 first_name: first_name is required"),
        (but(newcomer(), "first_name", json!(" ")), "400 first_name: first_name is required"),
        (json!({"email": "rosa@lind.example", "first_name": "Rosa"}), "400 last_name: last_name is required"),
        (but(newcomer(), "email", json!("rosa@lind")), "400 email: Invalid email format: 'rosa@lind'"),
        (but(newcomer(), "mobile_phone", json!("+91999999")), "400 mobile_phone: Invalid phone format: '+91999999'"),
        (but(newcomer(), "phone", json!("020 7946 0000")), "400 phone: Invalid phone format: '020 7946 0000'"),
        (but(newcomer(), "phone", json!("+1234567890123456")), "400 phone: Invalid phone format: '+1234567890123456'"),
        (but(newcomer(), "terms_of_service", json!(true)), "400 terms_of_service: Unsupported fields"),
        (but(newcomer(), "id", json!("CTC-1")), "400 id: Unsupported fields"),
        (but(newcomer(), "timezone", json!("Mars/Olympus")), "400 timezone: Invalid timezone: 'Mars/Olympus'"),
        (but(newcomer(), "owner", json!("USR-NONE")), "400 owner: Invalid owner: 'USR-NONE'"),
        (
            but(newcomer(), "owner", json!(user(DELETED[0]))),
            &format!("400 owner: Invalid owner: '{}'", user(DELETED[0])),
        ),
        (but(newcomer(), "employees", json!("ten")), "400 employees: Invalid integer: 'ten'"),
        (but(newcomer(), "has_consent", json!("yes")), "400 has_consent: Invalid boolean: 'yes'"),
        (but(newcomer(), "city", json!(1)), "400 city: Invalid string: '1'"),
        (
            but(newcomer(), "custom_fields", json!([{"name": "goal", "value": "x"}])),
            "400 custom_fields: Custom field 'goal' does not exist in field library",
        ),
        (but(newcomer(), "custom_fields", json!({"Goal": "x"})), "400 custom_fields: Must be an array of objects."),
        (
            but(newcomer(), "email", json!("TOM@ashcroft.example")),
            "409 email: Contact already exists: 'TOM@ashcroft.example'",
        ),
        (
            but(newcomer(), "mobile_phone", json!("+46701234567")),
            "409 mobile_phone: Contact already exists: '+46701234567'",
        ),
    ] {
        let got = bench.post("/contacts", body.clone()).await;
        assert_eq!(got.refusal(), refusal.replacen(' ', " invalid_request_error ", 1), "{body}");
    }
    assert_eq!(bench.get("/contacts?limit=100").await.ids().len(), 20);
}

#[tokio::test]
async fn a_status_that_is_none_of_the_four_is_none() {
    let bench = Bench::start().await;
    let path = format!("/contacts/{}", contact(3));
    for status in ["Qualified", "Sales qualified", "Marketing qualified", "Disqualified"] {
        assert_eq!(bench.patch(&path, json!({"status": status})).await.body["status"], status);
    }
    for status in [json!("qualified"), json!("Lead"), json!(3), json!(null)] {
        bench.patch(&path, json!({"status": "Qualified"})).await;
        assert_eq!(bench.patch(&path, json!({"status": status})).await.body["status"], Value::Null);
    }
    let got = bench.post("/contacts", but(newcomer(), "status", json!("Lead"))).await;
    assert_eq!((got.status, &got.body["status"]), (201, &Value::Null));
    // Leaving it out clears it, unless OnceHub is kinder than its documentation.
    for (clears, kept) in [(true, Value::Null), (false, json!("Qualified"))] {
        bench.sandbox.with(|world| world.patch_clears_status = clears);
        bench.patch(&path, json!({"status": "Qualified"})).await;
        assert_eq!(bench.patch(&path, json!({"city": "Oslo"})).await.body["status"], kept);
    }
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_says_when_it_was() {
    let bench = Bench::start().await;
    let id = contact(5);
    let path = format!("/contacts/{id}");
    let before = bench.get(&path).await.body;
    assert_ne!(before["last_updated_time"], NOW);
    let change = json!({"city": "Queens", "phone": "+12125550143", "owner": user(LEE), "company": null});
    let got = bench.patch(&path, change.clone()).await;
    assert_eq!(got.status, 200);
    for (name, value) in before.as_object().unwrap() {
        let expected = if name == "last_updated_time" { &json!(NOW) } else { change.get(name).unwrap_or(value) };
        assert_eq!(got.body[name], *expected, "{name}");
    }
    assert_eq!(bench.get(&path).await.body, got.body);
    // Lists are filtered by when a contact was changed, not by when it was made.
    let now: Timestamp = NOW.parse().unwrap();
    let lately = now - SignedDuration::from_mins(1);
    assert_eq!(bench.get(&format!("/contacts?last_updated_time.gt={lately}")).await.ids(), [id.as_str()]);
    assert!(bench.get(&format!("/contacts?creation_time.gt={lately}")).await.ids().is_empty());
    assert!(!bench.get(&format!("/contacts?limit=100&last_updated_time.lt={now}")).await.ids().contains(&id));
    assert!(bench.get(&format!("/contacts?limit=100&creation_time.lt={now}")).await.ids().contains(&id));
    let wrong = "/contacts?last_updated_time.gt=2026-02-01&last_updated_time.lt=2026-01-01";
    assert_eq!(
        bench.get(wrong).await.refusal(),
        "400 invalid_request_error last_updated_time.gt: last_updated_time.gt cannot be later than last_updated_time.lt"
    );
}

#[tokio::test]
async fn custom_fields_are_merged_by_their_exact_names() {
    let bench = Bench::start().await;
    let path = format!("/contacts/{}", contact(0));
    let write = async |fields: Value| bench.patch(&path, json!({"custom_fields": fields})).await.body;
    write(json!([{"name": "Goal", "value": "Grow"}, {"name": "Topics", "value": ["Hiring"]}])).await;
    let got = write(json!([{"name": "Referral source", "value": true}, {"name": "Goal", "value": null}])).await;
    let expected = json!([
        {"name": "Goal", "value": null}, {"name": "Topics", "value": ["Hiring"]},
        {"name": "Referral source", "value": true},
    ]);
    assert_eq!(got["custom_fields"], expected);
    bench.sandbox.with(|world| world.custom_fields.push("goal".into()));
    let got = write(json!([{"name": "goal", "value": 1}])).await;
    assert_eq!(got["custom_fields"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_change_of_a_contact_is_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let path = format!("/contacts/{}", contact(1));
    let before = bench.get(&path).await.body;
    let identifiers = "Identifier fields (email, mobile_phone) cannot be updated via this endpoint";
    for (body, refusal) in [
        (json!({}), "body: At least one field must be provided to update.".to_owned()),
        (json!({"email": "new@marchetti.example"}), format!("email: {identifiers}")),
        (json!({"city": "Rome", "mobile_phone": "+390612345678"}), format!("mobile_phone: {identifiers}")),
        (json!({"city": "Rome", "phone": "+91999999"}), "phone: Invalid phone format: '+91999999'".into()),
        (json!({"timezone": "Invalid/Timezone"}), "timezone: Invalid timezone: 'Invalid/Timezone'".into()),
        (json!({"timezone": null}), "timezone: Invalid timezone: ''".into()),
        (
            json!({"city": "Rome", "custom_fields": [{"name": "Goal", "value": 1}, {"name": "unknown_field"}]}),
            "custom_fields: Custom field 'unknown_field' does not exist in field library".into(),
        ),
        (json!({"city": "Rome", "creation_time": NOW}), "creation_time: Unsupported field".into()),
        (json!({"owner": "USR-NONE"}), "owner: Invalid owner: 'USR-NONE'".into()),
        (json!({"last_name": ""}), "last_name: last_name is required".into()),
    ] {
        let got = bench.patch(&path, body.clone()).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error {refusal}"), "{body}");
    }
    assert_eq!(bench.get(&path).await.body, before, "all or nothing");
    let missing = bench.patch("/contacts/CTC-NONE", json!({"city": "Rome"})).await;
    assert_eq!(missing.refusal(), "404 invalid_request_error id: No such contact: 'CTC-NONE'");
}

#[tokio::test]
async fn a_deleted_contact_is_gone_but_for_the_id() {
    let bench = Bench::start().await;
    let id = contact(8);
    let path = format!("/contacts/{id}");
    bench.delete_but_for_the_id("/contacts", "contact", &id).await;
    assert!(bench.sandbox.with(|world| world.contacts_known_as("tom@ashcroft.example")).is_empty());
    let refusal = format!("404 invalid_request_error id: No such contact: '{id}'");
    assert_eq!(bench.delete(&path).await.refusal(), refusal);
    assert_eq!(bench.patch(&path, json!({"city": "Leeds"})).await.refusal(), refusal);
    // A contact who comes back gets a new id.
    let again = bench.post("/contacts", but(newcomer(), "email", json!("tom@ashcroft.example"))).await;
    assert_eq!(again.status, 201);
    assert_ne!(again.body["id"], json!(id));
    for index in [GUESTS.len(), GUESTS.len() + 1] {
        assert_eq!(bench.get(&format!("/contacts/{}", contact(index))).await.body["deleted"], true);
    }
}

#[tokio::test]
async fn a_guest_who_books_becomes_a_contact_of_the_host() {
    let bench = Bench::start().await;
    let intro = bench.calendar("Intro call with Northlight");
    let start = bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await[0];
    assert_eq!(bench.schedule(&intro, start, "rosa").await.status, 200);
    let ids = bench.sandbox.with(|world| world.contacts_known_as("rosa@example.com"));
    let made = bench.get(&format!("/contacts/{}", ids[0])).await.body;
    assert_eq!((&made["owner"], &made["timezone"]), (&json!(user(DANA)), &json!("Europe/London")));
    assert_eq!((&made["first_name"], &made["last_name"]), (&json!("rosa"), &Value::Null));
}
