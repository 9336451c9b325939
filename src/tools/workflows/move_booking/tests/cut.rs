//! A move that is cut at any request, before or after it is carried out, and called again.

use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, NOW, Replied, Setup};
use crate::tools::tests::cases;

/// How long a call may take in the campaign.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What happens to a move on its way.
#[derive(Clone, Debug)]
enum Trouble {
    /// The request with this number meets this, and all after it if it is for good.
    Cut { at: usize, effect: Effect, for_good: bool },
    /// OnceHub takes some time over each request, and the caller leaves this long after the call began.
    Leaves(Duration),
}

/// How many requests a move takes once names are known, and one more.
const REQUESTS: usize = 7;

/// The kinds of trouble, and the requests that they meet, are as many as have no common divisor: each meets each.
fn trouble(round: usize) -> Trouble {
    let ms = Duration::from_millis;
    let effects = [
        // Before it is carried out, while, and after.
        Effect::DropBefore,
        Effect::DropAfter,
        Effect::ErrorAfter,
        Effect::DropDuring(ms(30)),
        Effect::DropDuring(ms(1500)),
        Effect::GatewayTimeout(ms(30)),
        Effect::DropInBody,
        Effect::Error(503, json!({"type": "api_error", "message": "Too busy."})),
        Effect::Delay(ms(1500)),
        Effect::Error(422, json!({"type": "invalid_request_error", "message": "Not today."})),
    ];
    let kinds = effects.len() + 2;
    match effects.get(round % kinds) {
        Some(effect) => {
            let for_good = (round / REQUESTS).is_multiple_of(2);
            Trouble::Cut { at: round % REQUESTS, effect: effect.clone(), for_good }
        }
        None => Trouble::Leaves(ms([0, 20, 35, 50, 65, 80, 95, 110, 125, 140, 170, 200][round / 6 % 12])),
    }
}

#[derive(Debug, Default)]
struct Tally {
    moved: usize,
    not_done: usize,
    unknown: usize,
    both: usize,
    left: usize,
}

/// Rounds of one worker, with an account of its own.
async fn work(worker: usize, workers: usize, rounds: usize) -> Tally {
    let bench = Bench::start().await;
    let mut setup = Setup::default();
    setup.settings.timeout = TIMEOUT;
    setup.settings.looks = [5, 20, 50].map(Duration::from_millis).to_vec();
    let (minutes, now) = (Arc::new(AtomicI64::new(0)), NOW.parse::<Timestamp>().unwrap());
    let passed = Arc::clone(&minutes);
    setup.clock = Some(Arc::new(move || now + SignedDuration::from_mins(passed.load(Ordering::SeqCst))));
    let hurried = Bench::on(Arc::clone(&bench.sandbox), setup).await;
    let slots = json!({"calendar_id": "Intro call", "start_time": "2026-11-30", "end_time": "+30d", "limit": 500});
    let slots = bench.call("get_booking_time_slots", slots).await.structure()["items"].as_array().unwrap().clone();
    let mut starts: Vec<String> = slots.iter().map(|slot| slot["start_time"].as_str().unwrap().to_owned()).collect();
    let mut tally = Tally::default();
    for n in (worker..rounds).step_by(workers) {
        let trouble = trouble(n);
        let email = format!("guest{n}@campaign.example");
        let guest = json!({
            "calendar_id": "Intro call", "start_time": starts.remove(0), "guest_time_zone": "UTC", "guest_name": "A Guest",
            "guest_email": email
        });
        let old = bench.call("schedule_meeting", guest).await.structure()["booking_id"].as_str().unwrap().to_owned();
        let target = starts.remove(0);
        let mut asked = json!({"booking_id": old, "start_time": target});
        let is_window = n % 3 == 2;
        if is_window {
            asked = json!({"booking_id": old, "first_free": {"after": target, "before": "+90d"}});
        }
        let label = format!("round {n}, {asked}, {trouble:?}");
        let writes = |bench: &Bench| bench.sandbox.requests().iter().filter(|seen| seen.method != "GET").count();
        let (before, answered) = (writes(&bench), hurried.answered.load(Ordering::SeqCst));
        let replied = match &trouble {
            Trouble::Cut { at, effect, for_good } => {
                let times = if *for_good { usize::MAX } else { 1 };
                bench.sandbox.fail(Fault::new(effect.clone()).after(*at).times(times));
                Some(hurried.call("move_booking", asked.clone()).await)
            }
            Trouble::Leaves(after) => {
                bench.sandbox.fail(Fault::new(Effect::Delay(Duration::from_millis(20))));
                hurried.call_until(tokio::time::sleep(*after), "move_booking", asked.clone()).await
            }
        };
        // Only then is it known what has happened: OnceHub may still have been at it.
        hurried.settled().await;
        bench.sandbox.heal();
        let is_heard = replied.is_some() || hurried.answered.load(Ordering::SeqCst) > answered;
        let has_written = writes(&bench) > before;
        let live = bench.sandbox.with(|world| world.live_of(&email));
        let is_old_live = live.iter().any(|(id, _)| *id == old);
        let new = live.len() - usize::from(is_old_live);
        assert!(new <= 1 && !live.is_empty(), "{label}: {live:?}");
        let said = replied.as_ref().map(claim);
        let is_true = match said.as_deref() {
            Some("moved") => !is_old_live && new == 1,
            Some("both_exist") => is_old_live && new == 1,
            Some("not_done") => is_old_live && new == 0,
            // Of the first step, or of the second.
            Some("unknown") => {
                replied.as_ref().is_some_and(|replied| if replied.is_failure() { is_old_live } else { new == 1 })
            }
            _ => true,
        };
        assert!(is_true, "{label}: said {said:?}, but {live:?}: {}", replied.as_ref().unwrap().any_text());
        let count = match said.as_deref() {
            Some("moved") => &mut tally.moved,
            Some("not_done") => &mut tally.not_done,
            Some("unknown") => &mut tally.unknown,
            Some(_) => &mut tally.both,
            None => &mut tally.left,
        };
        count.add_assign(1);
        // Called again at once it sends nothing twice; after a minute it goes on, at the latest when there is time enough, and
        // then there is the new one alone.
        let mut again = hurried.call("move_booking", asked.clone()).await;
        let told = again.any_text();
        for _ in 0..4 {
            hurried.settled().await;
            if claim(&again) == "moved" {
                break;
            }
            minutes.fetch_add(2, Ordering::SeqCst);
            again = hurried.call("move_booking", asked.clone()).await;
        }
        let live = bench.sandbox.with(|world| world.live_of(&email));
        assert_eq!(claim(&again), "moved", "{label}: {}", again.any_text());
        assert_eq!(live.len(), 1, "{label}: {live:?}: {}", again.any_text());
        assert_ne!(live[0].0, old, "{label}: {}", again.any_text());
        assert!(is_window || live[0].1 == target.parse::<Timestamp>().unwrap(), "{label}: {live:?}");
        // What a caller who left has not heard is told.
        let note = "an earlier call to move_booking was cancelled by its client after its request had been sent";
        assert!(is_heard || !has_written || told.contains(note), "{label}: {told}");
        starts.retain(|start| live[0].1 != start.parse::<Timestamp>().unwrap());
    }
    assert_eq!(bench.sandbox.with(|world| world.double_bookings()), 0);
    tally
}

/// What a reply says has become of the move.
fn claim(replied: &Replied) -> String {
    let said = if replied.is_failure() { &replied.error()["outcome"] } else { &replied.structure()["outcome"] };
    said.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_move_that_is_cut_anywhere_is_told_truly_and_goes_on_when_called_again() {
    const WORKERS: usize = 8;
    let rounds = cases(42, 500);
    let tallies = join_all((0..WORKERS).map(|worker| work(worker, WORKERS, rounds))).await;
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    for (end, count) in [
        ("moved", sum(|tally| tally.moved)),
        ("not done", sum(|tally| tally.not_done)),
        ("unknown", sum(|tally| tally.unknown)),
        ("both exist", sum(|tally| tally.both)),
        ("left", sum(|tally| tally.left)),
    ] {
        assert!(count > 0, "{end}: {tallies:?}");
    }
    eprintln!("{rounds} rounds: {tallies:?}");
}
