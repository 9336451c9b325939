//! The client against an upstream that the tests write themselves: headers, rotation of the key, what is never followed.

use std::time::Duration;

use oncehub_mcp::oncehub::{
    Budget, Cause, Client, Key, KeySource, Object, Outcome, Page, Settings, account, api_root, booking_calendars,
    bookings,
};
use oncehub_mcp::sandbox::{self, Effect, Fault, Sandbox};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn client(url: &str, key: Key) -> Client {
    Client::new(Settings { url: api_root(url).unwrap(), key, budget: Budget::new(&[]), reply_limit: 1 << 20 })
}

fn given(key: &str) -> Key {
    Key::new(KeySource::Given(key.into())).unwrap()
}

#[tokio::test]
async fn the_key_travels_in_its_header_and_the_version_in_the_path() {
    let upstream = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/test"))
        .and(header("API-Key", "k-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"message": "fine"})))
        .mount(&upstream)
        .await;
    for url in [
        upstream.uri(),
        format!("{}/", upstream.uri()),
        format!("{}/v2", upstream.uri()),
        format!("{}/v2/", upstream.uri()),
    ] {
        let answer = client(&url, given("k-1")).send(&account::Test {}).await.unwrap();
        assert_eq!(answer.text("message"), Some("fine"));
    }
    let asked = upstream.received_requests().await.unwrap();
    let agent = asked[0].headers.get("user-agent").unwrap().to_str().unwrap();
    assert!(agent.starts_with("oncehub-mcp/"));
    assert!(!asked[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_key_goes_to_no_other_origin() {
    let elsewhere = MockServer::start().await;
    let upstream = MockServer::start().await;
    let link = format!("<{}/bookings?after=BKNG-2&limit=2>; rel=\"next\"", elsewhere.uri());
    let page = json!({"object": "list", "data": [{"id": "BKNG-1"}, {"id": "BKNG-2"}]});
    Mock::given(path("/v2/bookings"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page).insert_header("Link", link))
        .up_to_n_times(1)
        .mount(&upstream)
        .await;
    let last = json!({"object": "list", "data": [{"id": "BKNG-3"}], "has_more": false});
    Mock::given(path("/v2/bookings"))
        .respond_with(ResponseTemplate::new(200).set_body_json(last))
        .mount(&upstream)
        .await;
    let redirect = ResponseTemplate::new(307).insert_header("Location", format!("{}/v2/test", elsewhere.uri()));
    Mock::given(path("/v2/test")).respond_with(redirect).mount(&upstream).await;

    let client = client(&upstream.uri(), given("k-1"));
    let page: Page<Object> = client.list(&bookings::All::default(), 50).await.unwrap();
    assert_eq!(page.items.len(), 3, "the next page is asked for at our own address");
    let redirected = client.send(&account::Test {}).await.unwrap_err();
    assert!(redirected.to_string().contains("it redirects to 127.0.0.1, where the key is not sent"), "{redirected}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_rotated_key_needs_no_restart() {
    let sandbox = Sandbox::start(sandbox::Settings::default()).await.unwrap();
    sandbox.set_keys(&["old-key"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "old-key\n").unwrap();
    let client = client(&sandbox.url(), Key::new(KeySource::File(file.path().into())).unwrap());
    client.send(&account::Test {}).await.unwrap();
    sandbox.set_keys(&["new-key"]);
    let refused = client.send(&account::Test {}).await.unwrap_err();
    assert_eq!(refused.rejection().unwrap().status, 401, "the file still holds the old one");
    std::fs::write(file.path(), "new-key").unwrap();
    // A write too: a 401 means that nothing was carried out.
    let id = sandbox_booking(&sandbox, &client).await;
    client.send(&bookings::Cancel { id, reason: None, notify_guest: false }).await.unwrap();
}

async fn sandbox_booking(sandbox: &Sandbox, client: &Client) -> oncehub_mcp::oncehub::Id {
    let coming = bookings::All { status: Some("scheduled".into()), ..bookings::All::default() };
    let page: Page<Object> = client.list(&coming, 100).await.unwrap();
    let free = page
        .items
        .iter()
        .find(|booking| booking.get("payment_information").is_none_or(|paid| !paid.is_object()))
        .unwrap();
    let _ = sandbox;
    free.text("id").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_compressed_reply_is_read() {
    let upstream = MockServer::start().await;
    // `{"message":"zipped"}`
    let zipped: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 77, 45, 46, 78, 76, 79, 85, 178, 82, 170, 202, 44, 40, 72, 77,
        81, 170, 5, 0, 160, 65, 26, 22, 20, 0, 0, 0,
    ];
    let reply =
        ResponseTemplate::new(200).insert_header("Content-Encoding", "gzip").set_body_raw(zipped, "application/json");
    Mock::given(header("accept-encoding", "gzip")).respond_with(reply).mount(&upstream).await;
    let answer = client(&upstream.uri(), given("k")).send(&account::Test {}).await.unwrap();
    assert_eq!(answer.text("message"), Some("zipped"));
}

#[tokio::test]
async fn an_address_that_could_leak_the_key_is_refused() {
    for (url, reason) in [
        ("http://api.oncehub.com", "https"),
        ("ftp://localhost", "neither https nor http"),
        ("api.oncehub.com", "not an absolute URL"),
        ("https://user:secret@api.oncehub.com", "user or password"),
        ("https://api.oncehub.com/v2?key=secret", "query"),
        ("", "not an absolute URL"),
        ("http://localhost.evil.example", "https"),
        ("http://127.0.0.1.evil.example", "https"),
    ] {
        let error = api_root(url).unwrap_err().to_string();
        assert!(error.contains(reason), "{url}: {error}");
        assert!(!error.contains("user:secret"), "{error}");
    }
    assert_eq!(api_root("http://[::1]:8077").unwrap().as_str(), "http://[::1]:8077/v2");
    assert_eq!(api_root("https://gateway.example/oncehub/v2/").unwrap().as_str(), "https://gateway.example/oncehub/v2");
}

#[tokio::test]
async fn a_write_is_never_sent_again_by_itself() {
    let sandbox = Sandbox::start(sandbox::Settings { limits: None, ..sandbox::Settings::default() }).await.unwrap();
    let client = client(&sandbox.url(), given(sandbox::KEY));
    let id = sandbox_booking(&sandbox, &client).await;
    for effect in [Effect::DropBefore, Effect::DropAfter, Effect::Truncated, Effect::ErrorAfter] {
        let label = format!("{effect:?}");
        let before = sandbox.requests().len();
        sandbox.fail(Fault::new(effect).on("POST", "/cancel"));
        let failed = client.send(&bookings::Cancel { id: id.clone(), reason: None, notify_guest: false }).await;
        sandbox.heal();
        assert_eq!(failed.unwrap_err().outcome, Outcome::Unknown, "{label}");
        assert_eq!(sandbox.requests().len() - before, 1, "{label}");
    }
}

#[tokio::test]
async fn the_last_of_many_refusals_makes_the_account_pause_too() {
    let upstream = MockServer::start().await;
    let refused = |seconds: &str| ResponseTemplate::new(429).insert_header("Retry-After", seconds);
    Mock::given(method("GET")).respond_with(refused("0")).up_to_n_times(7).mount(&upstream).await;
    Mock::given(method("GET")).respond_with(refused("30")).mount(&upstream).await;
    let client = client(&upstream.uri(), given("k-1"));
    let gave_up = client.send(&account::Test {}).await.unwrap_err();
    assert!(matches!(gave_up.cause, Cause::RateLimited { .. }), "{gave_up}");
    let held_up = client.without_waiting().send(&account::Test {}).await.unwrap_err();
    let Cause::RateLimited { retry_after, .. } = held_up.cause else { panic!("{held_up}") };
    assert!(retry_after > Duration::from_secs(20), "{retry_after:?}");
    assert_eq!(upstream.received_requests().await.unwrap().len(), 8);
}

#[tokio::test]
async fn nothing_listening_is_no_connection_and_nothing_done() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let deadline = tokio::time::Instant::now() + Duration::from_millis(400);
    let client = client(&url, given("k")).until(deadline);
    let link = booking_calendars::CreateOneTimeLink {
        id: "BKC-1".parse().unwrap(),
        hide_url_params: None,
        booking_form: serde_json::Map::default(),
        utm: serde_json::Map::default(),
        booking_settings: booking_calendars::BookingSettings::default(),
    };
    let error = client.send(&link).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable(_)) && error.outcome == Outcome::NotDone, "{error:?}");
}
