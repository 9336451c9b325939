//! What is told of changes whose callers left.

use std::collections::HashSet;

use async_trait::async_trait;
use rmcp::ErrorData;
use rmcp::model::CallToolResponse;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::*;
use crate::oncehub::bookings::Cancel;
use crate::sandbox::{Effect, Fault};
use crate::store::{Notice, Unavailable};
use crate::tools::running::Running;
use crate::tools::tests::bench::Bench;

/// The notices of one account.
#[derive(Debug)]
struct Board {
    left: Mutex<Vec<Notice>>,
    taken: Mutex<HashSet<String>>,
    /// How many may still be left before the store is slow.
    swift: Semaphore,
}

impl Board {
    fn new(swift: usize) -> Arc<Self> {
        Arc::new(Self { left: Mutex::default(), taken: Mutex::default(), swift: Semaphore::new(swift) })
    }
}

#[async_trait]
impl Notices for Board {
    async fn leave(&self, _: &str, notice: &Notice, _: Duration) -> Result<(), Unavailable> {
        self.swift.acquire().await.unwrap().forget();
        let mut left = self.left.lock();
        left.retain(|other| other.id != notice.id);
        left.push(notice.clone());
        Ok(())
    }

    async fn left(&self, _: &str) -> Result<Vec<Notice>, Unavailable> {
        Ok(self.left.lock().clone())
    }

    async fn take(&self, _: &str, id: &str, _: Duration) -> Result<bool, Unavailable> {
        self.left.lock().retain(|other| other.id != id);
        Ok(self.taken.lock().insert(id.to_owned()))
    }
}

/// A server on which a booking is being canceled, by a caller who has left.
struct Left {
    bench: Bench,
    board: Arc<Board>,
    booking: String,
    unclaimed: Unclaimed,
    changes: TaskTracker,
}

impl Left {
    /// `ended` is how the call ends once OnceHub has answered.
    async fn with(
        board: Arc<Board>,
        ended: impl FnOnce() -> Result<CallToolResponse, ErrorData> + Send + 'static,
    ) -> Self {
        let (bench, changes) = (Bench::start().await, TaskTracker::new());
        let booking = bench.booking(json!({"starts_after": "tomorrow", "status": "scheduled"})).await;
        let unclaimed = Unclaimed::default().shared_by(Some(Arc::clone(&board) as Arc<dyn Notices>));
        let ledger = Ledger::tracked_by(&changes);
        let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
        let oncehub = bench.tools.client().for_call(deadline, ledger.clone());
        let cancel = Cancel { id: booking.parse().unwrap(), reason: None, notify_guest: false };
        bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/cancel"));
        let (caller, client) = (oncehub.clone(), oncehub);
        let call = async move {
            caller.send(&cancel).await.unwrap();
            ended()
        };
        let running = Running::start("cancel_booking", client, ledger, unclaimed.clone(), call);
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(running);
        Self { bench, board, booking, unclaimed, changes }
    }

    /// What a call about the booking is told here.
    async fn told(&self) -> Vec<String> {
        let arguments = json!({"booking_id": self.booking}).as_object().cloned().unwrap();
        self.unclaimed.concerning(self.bench.tools.client(), &arguments, &CallToolResult::success(vec![])).await
    }

    /// What it is told at another server.
    async fn told_elsewhere(&self) -> Vec<String> {
        let other = Shared(Arc::clone(&self.board) as Arc<dyn Notices>);
        other.of_others(self.bench.tools.client(), &[self.booking.to_lowercase()], &[]).await
    }

    /// Lets OnceHub cancel the booking, and waits until the others have been told.
    async fn ends(&self) {
        self.bench.sandbox.release();
        self.changes.close();
        self.changes.wait().await;
    }
}

#[tokio::test]
async fn a_change_whose_call_ends_without_a_result_is_over_and_its_outcome_is_unknown() {
    let panics: fn() -> Result<CallToolResponse, ErrorData> = || panic!("a bug");
    let refuses: fn() -> Result<CallToolResponse, ErrorData> = || Err(ErrorData::internal_error("a bug", None));
    for ends in [panics, refuses] {
        let left = Left::with(Board::new(2), ends).await;
        let told = left.told().await;
        assert!(told.len() == 1 && told[0].contains("still in flight"), "{told:?}");
        left.ends().await;
        let told = left.told().await;
        assert!(told.len() == 1 && told[0].contains(UNKNOWN), "{told:?}");
        assert!(left.told().await.is_empty() && left.told_elsewhere().await.is_empty(), "once");
        let left = Left::with(Board::new(2), ends).await;
        left.ends().await;
        let told = left.told_elsewhere().await;
        assert!(told.len() == 1 && told[0].contains(UNKNOWN) && told[0].contains(&left.booking), "{told:?}");
        assert!(left.told_elsewhere().await.is_empty() && left.told().await.is_empty(), "once");
    }
}

#[tokio::test]
async fn a_change_counts_as_in_flight_until_the_other_servers_know_its_end() {
    let left = Left::with(Board::new(1), || Ok(CallToolResult::success(vec![]).into())).await;
    left.bench.sandbox.release();
    // Its own outcome is known here, and the store is slow to take it.
    while left.told().await.iter().any(|told| told.contains("still in flight")) {
        tokio::task::yield_now().await;
    }
    left.changes.close();
    assert!(!left.changes.is_empty());
    left.board.swift.add_permits(1);
    left.changes.wait().await;
    let word = left.board.left.lock().pop().unwrap().text;
    assert!(word.contains("Replied"), "{word}");
}

#[test]
fn a_change_concerns_what_it_names_and_nothing_that_contains_its_name() {
    for (about, text, is_concerned) in [
        ("BKNG-1", "BKNG-1", true),
        ("BKNG-1", "Canceled BKNG-1.", true),
        ("BKNG-1", "(BKNG-1), BKNG-2", true),
        ("BKNG-1", "https://app.oncehub.com/bookings/BKNG-1?tab=notes", true),
        ("BKNG-1", "https://app.oncehub.com/?booking=BKNG-1&tab=notes", true),
        ("BKNG-1", "予約BKNG-1は", true),
        ("BKNG-1", "BKNG-12", false),
        ("BKNG-1", "XBKNG-1", false),
        ("BKNG-1", "BKNG-1-2", false),
        ("BKNG-1", "BKNG-12, then BKNG-1", true),
        ("sarah", "sarah@example.com", false),
        ("ann@example.com", "Ann@Example.com", true),
        ("ann@example.com", "Ann Lee <ann@example.com>, at ten", true),
        ("ann@example.com", "It was sent to 'ann@example.com'.", true),
        ("ann@example.com", "mailto:ann@example.com", true),
        ("ann@example.com", "joann@example.com", false),
        ("ann@example.com", "jo.ann@example.com", false),
        ("ann@example.com", "jo+ann@example.com", false),
        ("ann@example.com", "jo-ann@example.com", false),
        ("ann@example.com", "o'ann@example.com", false),
        ("ann@example.com", "ann@example.com.au", false),
        ("ann@example.com", "ann@example.community", false),
        ("+4420794600", "+4420794600", true),
        ("+4420794600", "+44207946001", false),
        ("https://a.example/hook", "https://a.example/hook", true),
        ("https://a.example/hook", "https://a.example/hook/", true),
        ("https://a.example/hook", "https://a.example/hooks", false),
        ("https://a.example/hook", "https://a.example/hook/2", false),
        ("https://a.example/hook", "https://a.example/hook?to=2", false),
    ] {
        assert_eq!(concerns(&[about.to_owned()], &[text.to_lowercase()]), is_concerned, "{about} in {text}");
    }
}
