//! `/booking-pages`, `/event-types` and `/master-pages`.

use serde_json::json;

use super::{Bench, NOW};
use crate::sandbox::seed::classic::{event_type, master_page, page};
use crate::sandbox::seed::people::{OWNER, PRIYA, user};

#[tokio::test]
async fn booking_pages_are_filtered_by_whose_they_are_and_what_they_belong_to() {
    let bench = Bench::start().await;
    for (query, expected) in [
        (String::new(), vec![4, 3, 2, 1, 0]),
        (format!("user={}", user(OWNER)), vec![4, 0]),
        (format!("master_page={}", master_page(1)), vec![3, 2]),
        (format!("event_type={}", event_type(0)), vec![3, 1, 0]),
        (format!("event_type={}&master_page={}", event_type(0), master_page(1)), vec![3]),
        (format!("event_type={}&user={}", event_type(2), user(OWNER)), vec![4]),
        ("user=USR-NONE".to_owned(), vec![]),
        ("master_page=MP-NONE".to_owned(), vec![]),
        ("event_type=ET-NONE".to_owned(), vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().map(page).collect();
        assert_eq!(bench.get(&format!("/booking-pages?{query}")).await.ids(), expected, "{query}");
    }
    let whole = json!({
        "object": "booking_page", "id": page(2), "name": "Priya classic", "label": "Meet Priya",
        "url": "https://go.oncehub.com/priya-classic", "active": false, "timezone": "Asia/Kolkata",
    });
    assert_eq!(bench.get(&format!("/booking-pages/{}", page(2))).await.body, whole);
    assert_eq!(bench.get(&format!("/booking-pages?user={}", user(PRIYA))).await.body["data"], json!([whole]));
}

#[tokio::test]
async fn classic_things_that_are_not_there_are_refused() {
    let bench = Bench::start().await;
    for (path, noun) in
        [("booking-pages", "booking page"), ("event-types", "event type"), ("master-pages", "master page")]
    {
        let got = bench.get(&format!("/{path}/X-NONE")).await;
        assert_eq!(got.refusal(), format!("404 invalid_request_error id: No such {noun}: 'X-NONE'"));
        let many = bench.get(&format!("/{path}?limit=101")).await.refusal();
        assert!(many.starts_with("400 invalid_request_error limit: Out of range value: 101."), "{many}");
        let odd = bench.get(&format!("/{path}?status=active")).await.refusal();
        assert_eq!(odd, "400 invalid_request_error status: Received unknown parameter: status");
    }
    let kind = bench.get(&format!("/event-types/{}", event_type(2))).await.body;
    let expected = json!({"object": "event_type", "id": event_type(2), "name": "Workshop", "description": ""});
    assert_eq!(kind, expected);
    assert_eq!(bench.get("/event-types").await.ids(), [event_type(2), event_type(1), event_type(0)]);
}

#[tokio::test]
async fn master_pages_give_links_as_long_as_they_are_there() {
    let bench = Bench::start().await;
    assert_eq!(bench.get("/master-pages?limit=10").await.ids(), [master_page(1), master_page(0)]);
    assert!(master_page(0).starts_with("BP-") && master_page(1).starts_with("MP-"));
    let mut links = Vec::new();
    for id in [master_page(0), master_page(1), master_page(0)] {
        let got = bench.post(&format!("/master-pages/{id}/one-time-links"), json!(null)).await;
        let link = got.body["id"].as_str().unwrap().to_owned();
        assert!(!link.contains('-'), "{link}");
        let url = format!("https://go.oncehub.com/.{link}");
        assert_eq!((got.status, got.body), (200, json!({"id": link, "url": url, "creation_time": NOW})));
        assert!(!links.contains(&link));
        links.push(link);
    }
    for id in [master_page(2), master_page(3)] {
        let redacted = json!({"id": id, "object": "master_page", "deleted": true});
        assert_eq!(bench.get(&format!("/master-pages/{id}")).await.body, redacted);
        assert!(bench.sandbox.with(|world| world.is_deleted(&id)));
        let got = bench.post(&format!("/master-pages/{id}/one-time-links"), json!(null)).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error id: This master page is deleted: '{id}'"));
    }
    let got = bench.post("/master-pages/MP-NONE/one-time-links", json!(null)).await;
    assert_eq!(got.refusal(), "404 invalid_request_error id: No such master page: 'MP-NONE'");
}
