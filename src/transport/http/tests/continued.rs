//! Going on with sessions of other servers.

use async_trait::async_trait;
use tokio::time::timeout;

use super::*;
use crate::store::{LookAt, Taken, Unavailable, Whereabouts};

/// A store in which another server has each of these sessions; of one `A`s the client is slow.
#[derive(Debug, Default)]
struct Elsewhere {
    taken: Mutex<Vec<String>>,
}

#[async_trait]
impl SharedSessions for Elsewhere {
    async fn keep_session(&self, _: &str, _: &str, _: &str, _: Whereabouts, _: Duration) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn take_session(&self, id: &str, _: &str, _: Duration) -> Result<Option<Taken>, Unavailable> {
        self.taken.lock().unwrap().push(id.to_owned());
        let mut said = initialize()["params"].clone();
        if id.starts_with('A') {
            said["clientInfo"]["name"] = "slow".into();
        }
        Ok(Some(Taken { is_alone: false, session: said.to_string() }))
    }

    async fn end_session(&self, _: &str, _: &str, _: Duration) -> Result<bool, Unavailable> {
        Ok(true)
    }

    async fn look_at_sessions(&self, sessions: &[LookAt]) -> Result<Vec<Whereabouts>, Unavailable> {
        Ok(vec![Whereabouts::Elsewhere; sessions.len()])
    }
}

impl Elsewhere {
    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

/// A server that shares this store, and knows the key `known`.
fn sharing(limits: Limits) -> (Bench, Arc<Elsewhere>) {
    let store = Arc::<Elsewhere>::default();
    let bench = Bench::sharing(limits, Some(Arc::clone(&store) as Arc<dyn SharedSessions>));
    bench.accept("known");
    (bench, store)
}

/// Asks something in a session.
async fn ping(bench: &Bench, session: &str) -> Result<Response, Refusal> {
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    bench.ask(Bench::request("known", 1, Some(session), &ping)).await
}

fn id(letter: char) -> String {
    letter.to_string().repeat(32)
}

#[tokio::test(start_paused = true)]
async fn a_session_is_taken_from_another_server_only_if_there_is_room_for_it() {
    for (limits, why) in [
        (Limits { sessions: 2, ..LIMITS }, "as many sessions"),
        (Limits { sessions_per_tenant: 2, ..LIMITS }, "too many sessions are open with this key"),
    ] {
        let (bench, store) = sharing(limits);
        let own = bench.use_one("known", 1).await.unwrap();
        let taken = || store.taken().into_iter().filter(|id| *id != own).collect::<Vec<_>>();
        // Of two at once there is room for one.
        let (first, second) = (id('b'), id('c'));
        let (one, other) = tokio::join!(timeout(QUICK, ping(&bench, &first)), timeout(QUICK, ping(&bench, &second)));
        assert_eq!(one.unwrap().unwrap().status(), StatusCode::OK);
        let told = reason(other.unwrap());
        assert!(told.contains(why), "{told}");
        assert_eq!(taken(), std::slice::from_ref(&first));
        assert_eq!(bench.count().await, 2);
        let mut delete = Bench::request("known", 1, Some(&own), &json!({}));
        *delete.method_mut() = http::Method::DELETE;
        bench.ask(delete).await.unwrap();
        ping(&bench, &second).await.unwrap();
        assert_eq!(taken(), [first, second]);
        assert_eq!(bench.count().await, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_gone_on_with_holds_up_no_other_and_leaves_its_room() {
    let (bench, store) = sharing(LIMITS);
    let (slow, fast) = (id('A'), id('b'));
    let slow_ones = async {
        let (one, other) =
            tokio::join!(timeout(LIMITS.idle, ping(&bench, &slow)), timeout(LIMITS.idle, ping(&bench, &slow)));
        for refused in [one, other] {
            let told = reason(refused.expect("it ends"));
            assert!(told.contains("could not go on with this session in time"), "{told}");
        }
    };
    let fast_one = async {
        while store.taken().is_empty() {
            tokio::task::yield_now().await;
        }
        let answered = timeout(QUICK, ping(&bench, &fast)).await.expect("it is held up");
        assert_eq!(answered.unwrap().status(), StatusCode::OK);
        assert_eq!(store.taken(), [slow.clone(), fast.clone()], "the second request of it waits for the first");
    };
    tokio::join!(slow_ones, fast_one);
    assert_eq!(bench.count().await, 1);
}

/// Less than anything here may be slow for.
const QUICK: Duration = Duration::from_secs(1);
