//! The sandbox over real HTTP, as a client sees it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::seed::people::{DANA, LEE, NOSEAT, OWNER, user};
use super::world::{World, zone};
use super::{Effect, Fault, KEY, Limits, Sandbox, Settings};

/// A Monday morning in New York.
const NOW: &str = "2026-11-23T14:20:00Z";

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
        let request = self.request(Method::POST, path).header("api-key", KEY).body(body.to_string());
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

    /// A booking to come that nobody paid for.
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
async fn filters_are_exclusive_and_a_host_may_be_a_co_host() {
    let bench = Bench::start().await;
    let all = bench.get("/bookings?limit=100").await;
    let rows = all.body["data"].as_array().unwrap().clone();
    let some = rows[rows.len() / 2]["starting_time"].as_str().unwrap();
    let later = bench.get(&format!("/bookings?limit=100&starting_time.gt={some}")).await;
    let earlier = bench.get(&format!("/bookings?limit=100&starting_time.lt={some}")).await;
    let at = rows.iter().filter(|row| row["starting_time"] == some).count();
    assert_eq!(later.ids().len() + at + earlier.ids().len(), rows.len());
    let owned: BTreeSet<String> =
        bench.get(&format!("/bookings?limit=100&owner={}", user(OWNER))).await.ids().into_iter().collect();
    let hosted: BTreeSet<String> =
        bench.get(&format!("/bookings?limit=100&host={}", user(OWNER))).await.ids().into_iter().collect();
    assert!(hosted.is_superset(&owned) && hosted.len() > owned.len());
    let canceled = bench.get("/bookings?limit=100&status=canceled").await;
    assert!(!canceled.ids().is_empty());
    assert!(canceled.body["data"].as_array().unwrap().iter().all(|row| row["status"] == "canceled"));
}

#[tokio::test]
async fn the_account_has_something_of_everything() {
    let bench = Bench::start().await;
    let all = bench.get("/bookings?limit=100").await.body["data"].as_array().unwrap().clone();
    let statuses: BTreeSet<&str> = all.iter().map(|row| row["status"].as_str().unwrap()).collect();
    let expected = ["canceled", "completed", "no_show", "requested", "rescheduled", "scheduled"];
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), expected);
    assert!(all.iter().any(|row| row["form_submission"].is_null()), "made without a form");
    assert!(all.iter().any(|row| row["in_trash"].is_null()), "with missing fields");
    assert!(all.iter().any(|row| row["payment_information"]["amount_charged"] == 12_000), "paid");
    assert!(all.iter().any(|row| row["booking_calendar"].is_null() && row["booking_page"].is_string()), "Classic");
    for owner in ["margaret", "dana", "lee", "priya", "oliver"] {
        let email = format!("{owner}@northlight.example");
        let person = bench.get(&format!("/users?email={email}")).await;
        let zone = person.body["data"][0]["timezone"].as_str().unwrap();
        assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{zone}");
    }
    assert_eq!(bench.sandbox.with(|world| world.double_bookings()), 0);
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
async fn slots_are_the_hosts_hours_less_what_is_booked() {
    let bench = Bench::start().await;
    let intro = bench.calendar("Intro call with Northlight");
    let slots = bench.slots(&intro, "2026-11-24T00:00:00Z", "2026-12-05T00:00:00Z").await;
    assert!(slots.len() > 80);
    for start in &slots {
        let here = start.to_zoned(zone("America/New_York"));
        assert!(!matches!(here.weekday(), Weekday::Saturday | Weekday::Sunday), "{here}");
        assert!((9..17).contains(&here.hour()), "{here}");
        let end = *start + SignedDuration::from_mins(30);
        bench.sandbox.with(|world| {
            let now = world.time();
            let mut hers = world.bookings.iter().filter(|booking| booking.is_hosted_by(&user(DANA)));
            assert!(!hers.any(|booking| booking.is_live(now) && booking.starts < end && *start < booking.ends()));
        });
    }
    // Her day off, and her short one.
    let december = bench.slots(&intro, "2026-12-16T00:00:00Z", "2026-12-20T00:00:00Z").await;
    let on = |day: i8| december.iter().filter(|start| start.to_zoned(zone("America/New_York")).day() == day).count();
    assert_eq!((on(16), on(17), on(18)), (16, 0, 4));
}

#[tokio::test]
async fn slots_keep_the_time_on_the_wall_when_the_clocks_change() {
    for (subject, place, now, change, wall) in [
        ("Intro call with Northlight", "America/New_York", "2027-03-08T12:00:00Z", "2027-03-14", "09:00"),
        ("Intro call with Northlight", "America/New_York", "2027-11-01T12:00:00Z", "2027-11-07", "09:00"),
        ("Quarterly review", "Europe/London", "2027-03-22T12:00:00Z", "2027-03-28", "09:00"),
        ("Quarterly review (Sydney)", "Australia/Sydney", "2027-03-29T12:00:00Z", "2027-04-04", "08:00"),
        ("Partnership talk", "Asia/Kolkata", "2027-03-22T12:00:00Z", "2027-03-28", "10:00"),
    ] {
        let bench = Bench::at(now, None).await;
        // Without what is booked, so that the first start of each day is the first of the hours.
        bench.sandbox.with(|world| world.bookings.clear());
        let calendar = bench.calendar(subject);
        let day = |days: i64| {
            let date: jiff::civil::Date = change.parse().unwrap();
            date.checked_add(jiff::Span::new().days(days)).unwrap().to_string()
        };
        let (from, to) = (format!("{}T00:00:00Z", day(-3)), format!("{}T00:00:00Z", day(4)));
        let slots = bench.slots(&calendar, &from, &to).await;
        let mut days = BTreeSet::new();
        for start in slots {
            let here = start.to_zoned(zone(place));
            if days.insert(here.date()) && here.date().to_string() > day(-3) {
                assert_eq!(here.strftime("%H:%M").to_string(), wall, "{here}");
            }
        }
        assert!(days.len() >= 4, "{subject}: {days:?}");
    }
}

#[tokio::test]
async fn slots_are_refused_with_a_reason() {
    let bench = Bench::start().await;
    let path = |subject: &str, query: &str| format!("/booking-calendars/{}/time-slots{query}", bench.calendar(subject));
    let intro = "Intro call with Northlight";
    for (path, refusal) in [
        (
            path(intro, "?start_time=2026-12-02&end_time=2026-12-01"),
            "400 invalid_request_error end_time: End time must be after the start time.",
        ),
        (
            path(intro, "?start_time=2026-11-01&end_time=2026-11-30"),
            "400 invalid_request_error start_time: Start time must not be in the past.",
        ),
        (
            path(intro, "?start_time=2026-12-01&end_time=2027-01-15"),
            "400 invalid_request_error end_time: The date range must not exceed 30 days.",
        ),
        (
            path("Onboarding", ""),
            "422 invalid_request_error id: Time slots cannot be retrieved from an unpublished booking calendar.",
        ),
        (
            path("Half an hour with Noor", ""),
            "402 invalid_request_error : Time slots cannot be retrieved when the host doesn't have a seat assigned.",
        ),
        (
            "/booking-calendars/BKC-NONE/time-slots".to_owned(),
            "404 invalid_request_error id: No such booking calendar: 'BKC-NONE'",
        ),
    ] {
        assert_eq!(bench.get(&path).await.refusal(), refusal);
    }
}

#[tokio::test]
async fn of_fifty_who_want_the_same_slot_one_gets_it() {
    let bench = Bench::start().await;
    let intro = bench.calendar("Intro call with Northlight");
    let start = bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await[0];
    let names: Vec<String> = (0..50).map(|number| format!("guest{number}")).collect();
    let all = futures::future::join_all(names.iter().map(|name| bench.schedule(&intro, start, name))).await;
    let booked: Vec<&Got> = all.iter().filter(|got| got.status == 200).collect();
    assert_eq!(booked.len(), 1);
    let taken = "400 invalid_request_error start_time: The selected start time is not available.";
    assert!(all.iter().filter(|got| got.status != 200).all(|got| got.refusal() == taken));
    assert_eq!(bench.sandbox.with(|world| world.double_bookings()), 0);
    let id = booked[0].body["id"].as_str().unwrap();
    assert_eq!(booked[0].body, json!({"id": id}), "OnceHub answers with nothing but the id");
    assert!(!bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await.contains(&start));
    assert_eq!(bench.post(&format!("/bookings/{id}/cancel"), json!({})).await.body["status"], "canceled");
    assert!(bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await.contains(&start));
}

#[tokio::test]
async fn a_team_takes_as_many_meetings_as_it_has_people() {
    let bench = Bench::start().await;
    let team = bench.calendar("Talk to an adviser");
    let (from, to) = ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z");
    // Working hours of New York and London overlap in the afternoon of London.
    let start: Timestamp = "2026-11-26T15:00:00Z".parse().unwrap();
    let mut hosts = BTreeSet::new();
    while bench.slots(&team, from, to).await.contains(&start) {
        let got = bench.schedule(&team, start, &format!("guest{}", hosts.len())).await;
        let booking = bench.get(&format!("/bookings/{}", got.body["id"].as_str().unwrap())).await;
        assert!(hosts.insert(booking.body["owner"].as_str().unwrap().to_owned()), "twice the same host");
    }
    assert!(hosts.len() >= 2);
}

#[tokio::test]
async fn a_booking_changes_once_and_only_as_its_status_allows() {
    let bench = Bench::start().await;
    let id = bench.coming();
    let early = bench.post(&format!("/bookings/{id}/no-show"), json!(null)).await;
    assert_eq!(
        early.refusal(),
        format!("409 invalid_request_error id: Cannot update booking status to no_show: '{id}'")
    );
    let done = bench.post(&format!("/bookings/{id}/cancel"), json!({"cancellation_reason": "ill"})).await.body;
    let about = &done["cancel_reschedule_information"];
    assert_eq!(
        (&done["status"], &about["reason"], &about["user_id"]),
        (&json!("canceled"), &json!("ill"), &done["owner"])
    );
    for again in ["cancel", "request-reschedule"] {
        let got = bench.post(&format!("/bookings/{id}/{again}"), json!({})).await;
        assert_eq!(got.refusal(), format!("409 invalid_request_error id: Booking cannot be cancelled: '{id}'"));
    }
    let paid = bench.booking(|world, booking| booking.payment.is_some() && booking.starts > world.time());
    for (action, words) in
        [("cancel", "cannot be canceled"), ("request-reschedule", "only be requested for reschedule")]
    {
        let refusal = bench.post(&format!("/bookings/{paid}/{action}"), json!({})).await.refusal();
        assert!(
            refusal.starts_with("422 invalid_request_error : Paid bookings") && refusal.contains(words),
            "{refusal}"
        );
    }
    let past = bench.booking(|world, booking| booking.status_at(world.time()) == "completed");
    assert_eq!(bench.post(&format!("/bookings/{past}/no-show"), json!(null)).await.body["status"], "no_show");
    assert_eq!(bench.post(&format!("/bookings/{past}/cancel"), json!({"nonsense": 1})).await.status, 400);
}

#[tokio::test]
async fn reassigning_is_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let id = bench.booking(|world, booking| {
        booking.starts > world.time()
            && booking.host == user(DANA)
            && booking.status == "scheduled"
            && booking.video.is_some()
    });
    let path = format!("/bookings/{id}/reassign");
    let past =
        bench.booking(|world, booking| booking.status_at(world.time()) == "completed" && booking.host == user(DANA));
    let zoom = json!({"type": "virtual", "value": "webex"});
    for (path, body, refusal) in [
        (&path, json!({}), "400 invalid_request_error new_host: Required fields are missing."),
        (&path, json!({"new_host": "USR-NONE"}), "404 invalid_request_error new_host: No such user: 'USR-NONE'"),
        (&path, json!({"new_host": user(8)}), "409 invalid_request_error new_host: User is inactive."),
        (
            &path,
            json!({"new_host": user(DANA)}),
            "409 invalid_request_error new_host: Booking cannot be reassigned to the same host.",
        ),
        (
            &path,
            json!({"new_host": user(NOSEAT)}),
            "409 invalid_request_error : Cannot reassign booking: The new host requires an assigned seat.",
        ),
        (
            &path,
            json!({"new_host": user(LEE), "location": zoom}),
            "409 invalid_request_error location.value: Invalid location: 'Webex' is not connected for this user. \
             Connected video conferencing options: google_meet.",
        ),
        (
            &format!("/bookings/{past}/reassign"),
            json!({"new_host": user(LEE)}),
            "409 invalid_request_error id: Booking cannot be reassigned in its current status.",
        ),
    ] {
        assert_eq!(bench.post(path, body).await.refusal(), refusal);
    }
    let done = bench.post(&path, json!({"new_host": user(LEE)})).await.body;
    assert_eq!(done["owner"], json!(user(LEE)));
    assert!(done["virtual_conferencing"]["join_url"].as_str().unwrap().contains("meet.google.com"), "{done}");
    bench.sandbox.with(|world| world.plan_allows_reassign = false);
    let refusal = bench.post(&path, json!({"new_host": user(DANA)})).await.refusal();
    assert_eq!(refusal, "409 invalid_request_error : Reassign is available on the Route plan and above.");
}

#[tokio::test]
async fn more_than_the_limit_allows_is_refused_and_not_counted() {
    let limits = Limits { per_key: (3, Duration::from_hours(1)), per_address: (4, Duration::from_hours(1)) };
    let bench = Bench::at(NOW, Some(limits)).await;
    bench.sandbox.set_keys(&[KEY, "second"]);
    for _ in 0..3 {
        assert_eq!(bench.get("/test").await.status, 200);
    }
    for _ in 0..3 {
        assert_eq!(bench.get("/test").await.refusal(), "429 rate_limit_error : Request rate limit exceeded");
    }
    let second = || async {
        let sent = bench.request(Method::GET, "/test").header("API-Key", "second").send().await;
        sent.unwrap().status().as_u16()
    };
    assert_eq!((second().await, second().await), (200, 429), "another key, the same address");
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
