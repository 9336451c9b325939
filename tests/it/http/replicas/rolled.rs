//! A rolling restart: each server is replaced by another while clients call, and all that they have open goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use oncehub_mcp::sandbox;
use serde_json::json;

use super::super::{Server, message, until};
use super::Replicas;
use super::sessions::{opened, particular};

impl Replicas {
    /// Replaces the oldest server, as an operator does: the new one comes first, and the proxy sends no more to the old
    /// one once that is not ready any more.
    async fn replace_oldest(&mut self) {
        self.add();
        let oldest = self.servers.remove(0);
        oldest.terminate();
        let ready = async |server: &Server| {
            server.client.get(format!("{}/readyz", server.url)).send().await.unwrap().status() == 200
        };
        until("it says that it leaves", async || !ready(&oldest).await).await;
        self.proxy.remove(&oldest.url);
        let (code, log) = tokio::task::spawn_blocking(move || oldest.wait()).await.unwrap();
        assert_eq!(code, Some(0), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_rolling_restart_sessions_plans_and_questions_go_on_and_no_call_is_lost() {
    let mut replicas = Replicas::start(2).await;
    let proxy = replicas.proxy.front.another();
    let opening = particular();
    let sessions = futures::future::join_all((0..6).map(|_| opened(&proxy, &opening))).await;
    let contact = super::contacts(&proxy).await.remove(0);
    let state = replicas.asked(&proxy, &contact).await;
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = async |session: &str| {
        while !is_over.load(Ordering::Relaxed) {
            let sent = proxy.in_session(sandbox::KEY, session, "list_teams", &json!({})).send().await.unwrap();
            assert_eq!(sent.status(), 200);
            let answer = message(sent).await;
            assert_eq!(answer["isError"], false, "{answer}");
            answered.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let restart = async {
        for _ in 0..2 {
            let before = answered.load(Ordering::Relaxed);
            until("calls are made", async || answered.load(Ordering::Relaxed) > before + 20).await;
            replicas.replace_oldest().await;
        }
        let before = answered.load(Ordering::Relaxed);
        until("calls are made", async || answered.load(Ordering::Relaxed) > before + 20).await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(restart, futures::future::join_all(sessions.iter().map(|session| client(session))));
    let done = super::yes(&proxy, &contact, &state).await;
    assert_eq!(done["isError"], false, "{done}");
}
