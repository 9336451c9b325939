//! What the directory knows, when it reads, and when it forgets.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::actions::DefaultMe;
use crate::oncehub::{Key, KeySource};
use crate::sandbox::{Effect, Fault, KEY};
use crate::tools::tests::bench::{Bench, Setup};

/// How often the list of users has been read.
fn readings(bench: &Bench) -> usize {
    bench.sandbox.requests().iter().filter(|seen| seen.method == "GET" && seen.path == "/v2/users").count()
}

/// Waits until something is so, and fails if it never is.
async fn in_time(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it never came to that");
}

#[tokio::test]
async fn many_calls_cause_one_reading_and_a_warm_directory_none() {
    let bench = Bench::start().await;
    let ask = |name: &'static str| bench.call("get_scheduling_availability", json!({"user_id": name}));
    let names = ["Dana Reyes", "LEE WHITFORD", "priya@northlight.example"];
    for replied in join_all((0..60).map(|n| ask(names[n % 3]))).await {
        replied.text();
    }
    assert_eq!(readings(&bench), 1, "sixty calls at once");
    ask("Oliver Brandt").await.text();
    assert_eq!(readings(&bench), 1, "a name that is known needs no request");
}

#[tokio::test]
async fn that_nobody_is_called_so_is_only_said_of_what_has_just_been_read() {
    let bench = Bench::start().await;
    let get = |name: &'static str| bench.call("get_user", json!({"user_id": name}));
    get("Dana Reyes").await.text();
    // Somebody else changes the account.
    let added = json!({"email": "fresh@northlight.example", "first_name": "Fresh", "last_name": "Face"});
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{}/v2/users", bench.sandbox.url())).header("API-Key", KEY);
    assert!(request.body(added.to_string()).send().await.unwrap().status().is_success());
    assert!(get("fresh face").await.text().contains("fresh@northlight.example"));
    assert_eq!(readings(&bench), 2);
    assert_eq!(get("Nobody").await.error()["type"], "not_found");
    assert_eq!(readings(&bench), 3, "once more, and then it is certain");
}

#[tokio::test]
async fn our_own_changes_are_known_at_once() {
    let bench = Bench::start().await;
    let update = json!({"user_id": "Lee Whitford", "last_name": "Whitford-Shaw"});
    bench.call("update_user", update).await.text();
    bench.call("get_user", json!({"user_id": "Lee Whitford-Shaw"})).await.text();
    assert_eq!(readings(&bench), 2);
    let listed = bench.call("list_booking_calendars", json!({"host": "Lee Whitford-Shaw"})).await;
    assert_eq!(listed.structure()["items"][0]["host_name"], "Lee Whitford-Shaw");
    assert_eq!(readings(&bench), 2);
}

#[tokio::test]
async fn old_names_serve_while_they_are_renewed() {
    let mut setup = Setup::default();
    // Whatever is used is renewed.
    setup.settings.remember = Duration::ZERO;
    let bench = Bench::with(setup).await;
    let calendar = async || {
        let asked = json!({"name": "Intro call", "limit": 1});
        bench.call("list_booking_calendars", asked).await.structure()["items"][0].clone()
    };
    let host = bench.call("get_user", json!({"user_id": "Dana Reyes"})).await.structure()["id"].clone();
    let others = json!({"data": [{"id": host, "first_name": "Renamed", "last_name": "Person"}], "has_more": false});
    // Somebody else renames her, and OnceHub is slow to say so.
    bench.sandbox.fail(Fault::new(Effect::Hold).on("GET", "/v2/users").times(1));
    bench.sandbox.fail(Fault::new(Effect::Replace(others)).on("GET", "/v2/users"));
    assert_eq!(calendar().await["host_name"], "Dana Reyes", "what is known serves at once");
    in_time(async || bench.sandbox.held() > 0).await;
    assert_eq!(calendar().await["host_name"], "Dana Reyes");
    bench.sandbox.release();
    in_time(async || calendar().await["host_name"] == "Renamed Person").await;
}

#[tokio::test]
async fn a_list_reads_only_the_names_that_it_refers_to_and_the_next_one_none() {
    let bench = Bench::start().await;
    let list = async |asked: Value| {
        let before = bench.sandbox.requests().len();
        bench.call("list_bookings", asked).await.text();
        bench.sandbox.requests().len() - before
    };
    // None of these was made on a Classic page.
    let asked = json!({"starts_after": "2026-11-23", "starts_before": "2026-11-25"});
    assert_eq!(list(asked.clone()).await, 3, "bookings, users, calendars");
    assert_eq!(list(asked).await, 1, "the names are known");
}

#[tokio::test]
async fn what_one_key_has_shown_is_not_used_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, KEY).unwrap();
    let key = Key::new(KeySource::File(file.clone())).unwrap();
    let bench = Bench::with(Setup { key, ..Setup::default() }).await;
    bench.call("get_user", json!({"user_id": "Dana Reyes"})).await.text();
    std::fs::write(&file, "another-key").unwrap();
    bench.sandbox.set_keys(&["another-key"]);
    // The first call finds out that the key has changed, the second reads anew.
    bench.call("test_connection", json!({})).await.text();
    bench.call("get_user", json!({"user_id": "Dana Reyes"})).await.text();
    assert_eq!(readings(&bench), 2);
}

#[tokio::test]
async fn me_is_whom_the_operator_named_and_a_wrong_setting_is_called_one() {
    let with_me = async |me: Option<&str>| {
        let mut setup = Setup::default();
        setup.settings.me = me.map(str::to_owned);
        let bench = Bench::with(setup).await;
        bench.call("get_scheduling_availability", json!({"user_id": "me"})).await
    };
    assert_eq!(with_me(Some("dana@northlight.example")).await.structure()["user_name"], "Dana Reyes");
    for me in ["nobody@northlight.example", "Sam Taylor"].map(Some) {
        let failure = with_me(me).await;
        assert_eq!(failure.error()["type"], "configuration_error", "{me:?}");
        assert!(failure.failure().contains("ONCEHUB_MCP_USER"), "{}", failure.failure());
    }
}

#[tokio::test]
async fn a_me_that_is_me_or_an_id_that_no_user_has_names_nobody_in_reads_changes_and_the_connection_test() {
    for me in ["me", "Me ", "USR-NOBODYATALL", "USR-28B4A3VXXSQ6"] {
        let mut setup = Setup::default();
        setup.settings.me = Some(me.to_owned());
        let bench = Bench::with(setup).await;
        for (tool, arguments) in [
            ("get_user", json!({"user_id": "me"})),
            ("list_bookings", json!({"host": "me"})),
            ("list_booking_calendars", json!({"host": "me"})),
            ("update_user", json!({"user_id": "me", "first_name": "Maggie"})),
        ] {
            let failure = bench.call(tool, arguments).await;
            assert_eq!(failure.error()["type"], "configuration_error", "{me}: {tool}");
            assert!(failure.failure().contains("names nobody"), "{me}: {tool}: {}", failure.failure());
            assert!(failure.error()["hint"].as_str().unwrap().contains("X-MCP-User"), "{me}: {tool}");
        }
        assert_eq!(bench.requests("PATCH", "/users/USR-NOBODYATALL"), 0);
        let text = bench.call("test_connection", json!({})).await.text();
        assert!(text.lines().next_back().unwrap().contains("names nobody: "), "{me}: {text}");
    }
}

#[tokio::test]
async fn a_connection_test_says_once_that_nobody_is_me() {
    for (me, default, told) in [
        (
            Some("Nobody Atall"),
            DefaultMe::OfKey,
            "me: ONCEHUB_MCP_USER, which says who `me` is, names nobody: no user is called \"Nobody Atall\"",
        ),
        (None, DefaultMe::Nobody, "me: nobody has set who `me` is, and the key does not say it"),
    ] {
        let mut setup = Setup::default();
        (setup.settings.me, setup.settings.default_me) = (me.map(str::to_owned), default);
        let text = Bench::with(setup).await.call("test_connection", json!({})).await.text();
        assert_eq!(text.lines().next_back(), Some(told), "{text}");
    }
}

#[tokio::test]
async fn me_by_the_keys_account_serves_what_only_reads_and_a_change_has_to_name_the_user() {
    let bench = Bench::start().await;
    for _ in 0..2 {
        let mine = bench.call("get_scheduling_availability", json!({"user_id": "me"})).await;
        assert_eq!(mine.structure()["user_name"], "Margaret Holloway");
    }
    assert_eq!(bench.requests("GET", "/test"), 1, "whose key it is, is kept");
    let listed = bench.call("list_bookings", json!({"host": "me", "starts_after": "now"})).await;
    assert!(listed.text().contains(r#"host "Margaret Holloway" (USR-"#), "{}", listed.text());
    let refused = bench.call("update_user", json!({"user_id": "me", "first_name": "Maggie"})).await;
    assert_eq!(refused.error()["type"], "configuration_error");
    assert!(
        refused.failure().contains("margaret@northlight.example") && refused.failure().contains("pass the address")
    );
    let told = bench.call("test_connection", json!({})).await;
    let me = r#"me: margaret@northlight.example: "Margaret Holloway" (USR-"#;
    assert!(told.text().contains(me) && told.text().contains("as the key's account"), "{}", told.text());
    // Where several people share the key it says nothing, and neither does a wording that we do not know.
    let mut setup = Setup::default();
    setup.settings.default_me = DefaultMe::Nobody;
    let shared = Bench::with(setup).await.call("get_user", json!({"user_id": "me"})).await;
    assert!(shared.failure().contains("nobody has set who `me` is"), "{}", shared.failure());
    let bench = Bench::start().await;
    let odd = Fault::new(Effect::Replace(json!({"message": "The key is fine"}))).on("GET", "/test");
    let unknown = bench.call_with(odd, "get_user", json!({"user_id": "me"})).await;
    assert!(unknown.failure().contains("nobody has set who `me` is"), "{}", unknown.failure());
}
