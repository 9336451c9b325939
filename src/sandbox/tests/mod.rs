//! The sandbox over real HTTP, as a client sees it.

mod availability;
mod booking_calendars;
mod bookings;
mod classic;
mod contacts;
mod notifications;
mod users;
mod webhooks;
mod world;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::World;
use super::{Effect, Fault, KEY, Limits, Sandbox, Settings};

/// A Monday morning in New York.
const NOW: &str = "2026-11-23T14:20:00Z";

/// Returns the body with one field replaced.
fn but(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

struct Bench {
    sandbox: Sandbox,
    http: reqwest::Client,
}

/// What came back.
struct Got {
    status: u16,
    link: Option<String>,
    request_id: Option<String>,
    body: Value,
}

impl Got {
    async fn read(response: reqwest::Response) -> Self {
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (status, link, request_id) = (response.status().as_u16(), header("link"), header("request-id"));
        Self { status, link, request_id, body: serde_json::from_str(&response.text().await.unwrap()).unwrap() }
    }

    /// `404 id: No such booking: 'X'`
    fn refusal(&self) -> String {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        format!("{} {} {}: {}", self.status, text("type"), text("param"), text("message"))
    }

    fn ids(&self) -> Vec<String> {
        self.body["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Bench {
    async fn start() -> Self {
        Self::at(NOW, None).await
    }

    async fn at(now: &str, limits: Option<Limits>) -> Self {
        let now: Timestamp = now.parse().unwrap();
        let settings = Settings { now: Arc::new(move || now), limits, ..Settings::default() };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox: Sandbox::start(settings).await.unwrap(), http }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}/v2{path}", self.sandbox.url()))
    }

    async fn get(&self, path: &str) -> Got {
        Got::read(self.request(Method::GET, path).header("API-Key", KEY).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Got {
        self.send(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Got {
        self.send(Method::PATCH, path, body).await
    }

    async fn delete(&self, path: &str) -> Got {
        Got::read(self.request(Method::DELETE, path).header("API-Key", KEY).send().await.unwrap()).await
    }

    /// Deletes an object, of which only the id is left.
    async fn delete_but_for_the_id(&self, collection: &str, noun: &str, id: &str) {
        let path = format!("{collection}/{id}");
        let got = self.delete(&path).await;
        assert_eq!((got.status, &got.body), (200, &json!({"id": id, "deleted": true})));
        assert_eq!(self.get(&path).await.body, json!({"id": id, "object": noun, "deleted": true}));
        assert!(!self.get(&format!("{collection}?limit=100")).await.ids().iter().any(|listed| listed == id));
        assert!(self.sandbox.with(|world| world.is_deleted(id)));
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Got {
        let request = self.request(method, path).header("api-key", KEY).body(body.to_string());
        Got::read(request.send().await.unwrap()).await
    }

    /// The id of the calendar with this subject.
    fn calendar(&self, subject: &str) -> String {
        self.sandbox.with(|world| world.calendars.iter().find(|known| known.subject == subject).unwrap().id.clone())
    }

    /// The id of the first booking for which this holds.
    fn booking(&self, holds: impl Fn(&World, &super::world::Booking) -> bool) -> String {
        self.sandbox.with(|world| world.bookings.iter().find(|booking| holds(world, booking)).unwrap().id.clone())
    }

    /// The id of an upcoming booking without a payment.
    fn coming(&self) -> String {
        self.booking(|world, booking| {
            booking.starts > world.time() && booking.status == "scheduled" && booking.payment.is_none()
        })
    }

    async fn slots(&self, calendar: &str, from: &str, to: &str) -> Vec<Timestamp> {
        let path = format!("/booking-calendars/{calendar}/time-slots?start_time={from}&end_time={to}");
        let got = self.get(&path).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let starts = got.body.as_array().unwrap().iter();
        starts.map(|slot| slot["start_time"].as_str().unwrap().parse().unwrap()).collect()
    }

    async fn schedule(&self, calendar: &str, start: Timestamp, guest: &str) -> Got {
        let body = json!({
            "start_time": start.to_string(), "guest_time_zone": "Europe/London",
            "booking_form": {"name": guest, "email": format!("{guest}@example.com")},
        });
        self.post(&format!("/booking-calendars/{calendar}/schedule"), body).await
    }
}

#[tokio::test]
async fn only_its_keys_open_it_and_every_answer_has_an_id() {
    let bench = Bench::start().await;
    for key in [None, Some("wrong"), Some("")] {
        let mut request = bench.request(Method::GET, "/test");
        if let Some(key) = key {
            request = request.header("API-Key", key);
        }
        let got = Got::read(request.send().await.unwrap()).await;
        assert_eq!(got.refusal(), "401 authentication_error : Invalid API key.");
        assert!(got.request_id.unwrap().starts_with("req_"));
    }
    let first = bench.get("/test").await;
    assert_eq!(first.body, json!({"message": "The API key is valid for account: margaret@northlight.example"}));
    assert_ne!(first.request_id, bench.get("/test").await.request_id);
    bench.sandbox.set_keys(&["another"]);
    assert_eq!(bench.get("/test").await.status, 401);
    bench.sandbox.set_keys(&[KEY]);
    bench.sandbox.with(|world| world.plan_allows_api = false);
    assert!(bench.get("/bookings").await.refusal().starts_with("403 authentication_error : Your account plan"));
}

#[tokio::test]
async fn a_list_is_walked_both_ways_by_its_cursors() {
    let bench = Bench::start().await;
    let all = bench.get("/bookings?limit=100").await;
    assert_eq!((all.body["has_more"].clone(), all.link.clone()), (json!(false), None));
    let created: Vec<&str> =
        all.body["data"].as_array().unwrap().iter().map(|row| row["creation_time"].as_str().unwrap()).collect();
    assert!(created.is_sorted_by(|newer, older| newer >= older), "newest first");
    let (mut seen, mut pages, mut path) = (Vec::new(), Vec::new(), "/bookings".to_owned());
    loop {
        let page = bench.get(&path).await;
        let ids = page.ids();
        assert!(ids.len() == 10 || page.body["has_more"] == false);
        let next = format!("after={}&limit=10>; rel=\"next\"", ids.last().unwrap());
        assert_eq!(page.link.as_deref().is_some_and(|link| link.contains(&next)), page.body["has_more"] == true);
        path = format!("/bookings?after={}", ids.last().unwrap());
        seen.extend(ids.clone());
        pages.push(ids);
        if page.body["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, all.ids(), "nothing twice, nothing left out");
    for page in pages.windows(2).rev() {
        let back = bench.get(&format!("/bookings?before={}", page[1][0])).await;
        assert_eq!(back.ids(), page[0]);
    }
}

#[tokio::test]
async fn what_a_list_does_not_understand_it_refuses() {
    let bench = Bench::start().await;
    let both = "before=BKNG-1&after=BKNG-2";
    for (query, refusal) in [
        ("limit=0", "limit: Out of range value: 0. Please provide a number between 1 and 100."),
        ("limit=500", "limit: Out of range value: 500. Please provide a number between 1 and 100."),
        ("limit=ten", "limit: Out of range value: ten. Please provide a number between 1 and 100."),
        (both, ": Received both before and after parameters. Please provide only one."),
        ("expand=invalid_property", "expand: This property cannot be expanded: invalid_property"),
        ("starting_time_from=2026-01-01", "starting_time_from: Received unknown parameter: starting_time_from"),
        ("creation_time.gt=2025-13-45T99:99:99Z", "creation_time.gt: Invalid date: 2025-13-45T99:99:99Z"),
        (
            "last_updated_time.gt=2026-02-01&last_updated_time.lt=2026-01-01",
            "last_updated_time.gt: last_updated_time.gt cannot be later than last_updated_time.lt",
        ),
    ] {
        let got = bench.get(&format!("/bookings?{query}")).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error {refusal}"), "{query}");
    }
    assert_eq!(bench.get("/bookings?after=BKNG-NONE").await.status, 400);
    assert_eq!(bench.get("/nonsense").await.status, 404);
}

#[tokio::test]
async fn what_has_been_deleted_is_in_no_list_and_redacted_elsewhere() {
    let bench = Bench::start().await;
    let (booking, contact) = bench.sandbox.with(|world| {
        world.contacts[0].deleted = true;
        let contact = world.contacts[0].id.clone();
        let booking = world.bookings.iter().find(|booking| booking.contact == contact).unwrap();
        (booking.id.clone(), contact)
    });
    let redacted = json!({"id": contact, "object": "contact", "deleted": true});
    assert_eq!(bench.get(&format!("/contacts/{contact}")).await.body, redacted);
    let expanded = bench.get(&format!("/bookings/{booking}?expand=contact,owner")).await.body;
    assert_eq!(expanded["contact"], redacted);
    assert!(expanded["owner"]["email"].is_string());
    assert!(!bench.get("/contacts?limit=100").await.ids().contains(&contact));
    assert_eq!(bench.get("/users?email=frank@northlight.example").await.ids(), Vec::<String>::new());
    bench.sandbox.with(|world| world.bookings.iter_mut().for_each(|known| known.deleted |= known.id == booking));
    assert_eq!(bench.get(&format!("/bookings/{booking}")).await.body["deleted"], true);
    assert_eq!(bench.post(&format!("/bookings/{booking}/cancel"), json!({})).await.status, 404);
}

#[tokio::test]
async fn more_than_the_limit_allows_is_refused_and_not_counted() {
    let limits = Limits { per_account: (3, Duration::from_hours(1)), per_address: (4, Duration::from_hours(1)) };
    let bench = Bench::at(NOW, Some(limits)).await;
    bench.sandbox.set_keys(&[KEY, "second"]);
    bench.sandbox.open_account("of-another", |_| {});
    for _ in 0..3 {
        assert_eq!(bench.get("/test").await.status, 200);
    }
    for _ in 0..3 {
        assert_eq!(bench.get("/test").await.refusal(), "429 rate_limit_error : Request rate limit exceeded");
    }
    let with = async |key: &str| {
        let sent = bench.request(Method::GET, "/test").header("API-Key", key).send().await;
        sent.unwrap().status().as_u16()
    };
    assert_eq!(with("second").await, 429, "another key, the same account");
    assert_eq!((with("of-another").await, with("of-another").await), (200, 429), "another account, the same address");
}

#[tokio::test]
async fn faults_say_whether_a_request_was_carried_out() {
    for (effect, done) in [
        (Effect::Status(503, "text/html", "<h1>sorry</h1>".into()), false),
        (Effect::TooMany(None), false),
        (Effect::DropBefore, false),
        (Effect::ErrorAfter, true),
        (Effect::DropAfter, true),
        (Effect::DropInBody, true),
        (Effect::Truncated, true),
        (Effect::Malformed, true),
    ] {
        let bench = Bench::start().await;
        let id = bench.coming();
        let named = format!("{effect:?}");
        bench.sandbox.fail(Fault::new(effect).on("POST", "/cancel").times(1));
        let request = bench.request(Method::POST, &format!("/bookings/{id}/cancel")).header("API-Key", KEY);
        let answered = match request.send().await {
            Ok(response) => {
                let fine = response.status().is_success();
                let body = response.text().await.unwrap_or_default();
                fine && serde_json::from_str::<Value>(&body).is_ok()
            }
            Err(_) => false,
        };
        assert!(!answered, "{named}");
        let status = bench.sandbox.with(|world| world.status_of(&id));
        assert_eq!(status == Some("canceled"), done, "{named}: {status:?}");
        // Once, and only for this operation.
        assert_eq!(bench.get(&format!("/bookings/{id}")).await.status, 200);
    }
}

#[tokio::test]
async fn it_listens_to_this_machine_alone() {
    let settings = Settings { listen: "0.0.0.0:0".parse().unwrap(), ..Settings::default() };
    assert_eq!(Sandbox::start(settings).await.err().unwrap().kind(), std::io::ErrorKind::InvalidInput);
}
