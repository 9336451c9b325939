//! What came of a change whose caller has left: the account's next call about it is told, at whichever server, once.

use oncehub_mcp::sandbox::{self, Effect, Fault};
use serde_json::json;

use super::super::{Remote, until};
use super::{OTHER, Replicas};

const FLIES: &str = "cancelled by its client after its request had been sent";

/// A booking that can be canceled: its id, and its guest's address.
async fn booking(replicas: &Replicas) -> (String, String) {
    let coming = json!({"starts_after": "tomorrow", "status": "scheduled", "limit": 1});
    let listed = replicas.any().call(sandbox::KEY, "list_bookings", coming).await;
    let item = &listed["structuredContent"]["items"][0];
    let text = |name: &str| item[name].as_str().unwrap_or_else(|| panic!("{name}: {listed}")).to_owned();
    (text("id"), text("guest_email"))
}

/// What a look at a booking says beside it.
async fn note(server: &Remote, booking: &str) -> Option<String> {
    let looked = server.call(sandbox::KEY, "get_booking", json!({"booking_id": booking})).await;
    assert_eq!(looked["isError"], false, "{looked}");
    looked["structuredContent"]["note"].as_str().map(str::to_owned)
}

impl Replicas {
    /// Cancels a booking at the first server, as a caller who leaves while OnceHub holds the request.
    async fn left_behind(&self, booking: &str) {
        self.oncehub.fail(Fault::new(Effect::Hold).on("POST", "/cancel").times(1));
        let arguments = json!({"name": "cancel_booking", "arguments": {"booking_id": booking}});
        let sent = tokio::spawn(self.servers[0].modern(sandbox::KEY, "tools/call", arguments).send());
        until("OnceHub holds it", async || self.oncehub.held() == 1).await;
        sent.abort();
        until("the others are told", async || !self.notices().is_empty()).await;
    }

    /// What the store has for the account.
    fn notices(&self) -> Vec<String> {
        let mut store = self.store();
        let names: Vec<String> = redis::cmd("KEYS").arg("{oncehub-mcp}:notices:*").query(&mut store).unwrap();
        let of = |name: &String| -> Vec<String> {
            redis::cmd("ZRANGE").arg(name).arg(0).arg(-1).query(&mut self.store()).unwrap()
        };
        names.iter().flat_map(of).collect()
    }

    /// Lets OnceHub carry it out, and waits until the others know.
    async fn carried_out(&self) {
        self.oncehub.release();
        until("the others know the end", async || self.notices().iter().all(|notice| !notice.contains("null"))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_of_a_change_whose_caller_has_left_is_told_at_another_server_once_and_by_ids_alone() {
    let replicas = Replicas::over(super::RedisServer::with(&[]), 2, "never").await;
    let [one, other] = replicas.two();
    let (booking, guest) = booking(&replicas).await;
    // So that neither server has to ask who this is.
    one.know(OTHER).await;
    other.know(sandbox::KEY).await;
    assert_eq!(note(other, &booking).await, None);
    replicas.left_behind(&booking).await;
    let told = note(other, &booking).await.unwrap();
    assert!(told.contains(FLIES) && told.contains("still in flight") && told.contains(&booking), "{told}");
    replicas.carried_out().await;
    let kept = replicas.notices();
    assert!(kept.len() == 1 && kept[0].contains(&booking), "{kept:?}");
    assert!(
        !kept[0].contains('@') && !kept[0].contains(&guest) && !kept[0].to_lowercase().contains("guest"),
        "{kept:?}"
    );
    // Another account is not told, and neither is a call about something else.
    let stranger = other.call(OTHER, "get_booking", json!({"booking_id": booking})).await;
    assert!(!stranger.to_string().contains(FLIES), "{stranger}");
    let users = other.call(sandbox::KEY, "list_users", json!({})).await;
    assert!(!users.to_string().contains(FLIES), "{users}");
    let told = note(other, &booking).await.unwrap();
    let ended = format!(
        "It ended with a reply, not with an error. It was about {booking}: look there before changing anything"
    );
    assert!(told.contains(FLIES) && told.contains(&ended), "{told}");
    for server in [one, other] {
        assert_eq!(note(server, &booking).await, None, "once");
    }
    assert!(replicas.notices().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_that_made_the_change_tells_it_in_full_and_then_no_other_does() {
    let replicas = Replicas::over(super::RedisServer::with(&[]), 2, "never").await;
    let [one, other] = replicas.two();
    let (booking, _) = booking(&replicas).await;
    replicas.left_behind(&booking).await;
    replicas.carried_out().await;
    let told = note(one, &booking).await.unwrap();
    assert!(told.contains(FLIES) && told.contains("It ended with: Canceled."), "{told}");
    for server in [one, other] {
        assert_eq!(note(server, &booking).await, None, "once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_calls_at_once_at_several_servers_one_is_told() {
    let replicas = Replicas::over(super::RedisServer::with(&[]), 2, "never").await;
    let [one, other] = replicas.two();
    let (booking, _) = booking(&replicas).await;
    replicas.left_behind(&booking).await;
    replicas.carried_out().await;
    let looks = (0..8).map(|number| note(if number % 2 == 0 { one } else { other }, &booking));
    let told = futures::future::join_all(looks).await;
    assert_eq!(told.iter().flatten().count(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_leaves_word_of_what_it_has_finished() {
    let mut replicas = Replicas::over(super::RedisServer::with(&[]), 2, "never").await;
    let (booking, _) = booking(&replicas).await;
    replicas.left_behind(&booking).await;
    let stopping = replicas.servers.remove(0);
    stopping.terminate();
    let ready = format!("{}/readyz", stopping.url);
    until("it waits for the change alone", async || stopping.client.get(&ready).send().await.is_err()).await;
    replicas.oncehub.release();
    let (code, log) = stopping.wait();
    assert_eq!(code, Some(0), "{log}");
    let told = note(&replicas.servers[0], &booking).await.unwrap();
    assert!(told.contains("It ended with a reply, not with an error"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_the_server_that_made_the_change_tells_it_by_itself() {
    let mut replicas = Replicas::over(super::RedisServer::with(&[]), 2, "never").await;
    let (booking, _) = booking(&replicas).await;
    replicas.left_behind(&booking).await;
    replicas.redis.stop();
    replicas.all_say("oncehub_store_up 0").await;
    replicas.oncehub.release();
    let [one, other] = replicas.two();
    assert_eq!(note(other, &booking).await, None, "it cannot know");
    let mut told = note(one, &booking).await.unwrap();
    while told.contains("still in flight") {
        told = note(one, &booking).await.unwrap();
    }
    assert!(told.contains("It ended with: Canceled."), "{told}");
    assert_eq!(note(one, &booking).await, None, "once");
}
