//! A plan that is cut at every request, before and after OnceHub has carried it out, and resumed to the end.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Clock, LEE, book, counts, planned};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Replied, Setup};
use crate::tools::tests::cases;

/// How many bookings the plan has.
const COUNT: usize = 40;

/// How many calls are cut: all of them, and two more, take less time than a plan is kept.
const CALLS: usize = 12;

/// What happens to a request, or to who called.
#[derive(Debug)]
enum Cut {
    Upstream(Effect),
    Leaves,
}

fn cuts() -> Vec<Cut> {
    let ms = Duration::from_millis;
    let refused = json!({"type": "authentication_error", "message": "Invalid API key."});
    let busy = json!({"type": "api_error", "message": "Too busy."});
    let effects = [
        Effect::DropBefore,
        Effect::DropAfter,
        Effect::ErrorAfter,
        Effect::Truncated,
        Effect::DropDuring(ms(5)),
        // Carried out long after it was looked at for the last time.
        Effect::GatewayTimeout(ms(250)),
        Effect::Error(503, busy),
        Effect::Error(401, refused),
    ];
    let leaves = (0..3).map(|_| Cut::Leaves);
    effects.into_iter().map(Cut::Upstream).chain(leaves).collect()
}

/// Calls, while what is said happens to a request; nothing comes back to a caller who left.
async fn call(bench: &Bench, arguments: Value, cut: &Cut, at: usize) -> Option<Replied> {
    bench.sandbox.heal();
    let before = bench.sandbox.requests().len();
    match cut {
        Cut::Upstream(effect) => {
            bench.sandbox.fail(Fault::new(effect.clone()).after(at).times(1));
            Some(bench.call("carry_out_plan", arguments).await)
        }
        Cut::Leaves => {
            bench.sandbox.fail(Fault::new(Effect::Delay(Duration::from_millis(4))).after(at).times(1));
            let left = async {
                while bench.sandbox.requests().len() - before < at {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let replied = bench.call_until(left, "carry_out_plan", arguments).await;
            bench.settled().await;
            replied
        }
    }
}

async fn round(round: usize, random: &mut fastrand::Rng) -> usize {
    let mut setup = Setup::default();
    let clock = Clock::of(&mut setup);
    setup.settings.looks = [1, 8].map(Duration::from_millis).to_vec();
    let bench = Bench::with(setup).await;
    let ids = book(&bench, COUNT);
    let change = ["cancel", "request_reschedule", "reassign"][round % 3];
    let mut asked = json!({"change": change, "booking_ids": ids});
    if change == "reassign" {
        asked["new_host"] = LEE.into();
    }
    let plan = bench.call("plan_changes", asked).await;
    assert_eq!(plan.structure()["count"], COUNT, "{}", plan.text());
    let cuts = cuts();
    let mut calls = 0;
    loop {
        // At each request in turn, and then anywhere; in the end nowhere.
        let at = if calls == 0 { round % (COUNT + 6) } else { random.usize(0..COUNT) };
        let cut = &cuts[if calls == 0 { (round / 3) % cuts.len() } else { random.usize(..cuts.len()) }];
        let at = if calls < CALLS { at } else { usize::MAX };
        let replied = call(&bench, planned(&plan), cut, at).await;
        calls += 1;
        assert!(calls <= CALLS + 2, "round {round} never ends");
        let label = format!("round {round}, call {calls}, {cut:?} at {at}");
        if let Some(structure) = replied.as_ref().filter(|replied| !replied.is_failure()).map(Replied::structure) {
            let is_made = |id: &str| {
                bench.sandbox.with(|world| match change {
                    "reassign" => world.is_host("lee@northlight.example", id),
                    _ => world.status_of(id) == Some("canceled"),
                })
            };
            for item in structure["items"].as_array().unwrap() {
                let (id, made) = (item["id"].as_str().unwrap(), is_made(item["id"].as_str().unwrap()));
                match item["outcome"].as_str().unwrap() {
                    "done" => assert!(made, "{label}: {id} is not done"),
                    "unknown" => {}
                    // What was sent may still be carried out.
                    "left" => assert!(!made || calls % 2 == 0, "{label}: {id} is done"),
                    other => panic!("{label}: {id} is {other}: {item}"),
                }
            }
            if counts(structure)[0] == COUNT as u64 {
                break;
            }
        }
        // Longer than a change may be under way; and sometimes one is even longer.
        clock.pass(61);
        if calls % 2 == 0 {
            bench.settled().await;
        }
    }
    bench.settled().await;
    for id in &ids {
        assert_eq!(bench.sandbox.with(|world| world.mails_about(id)), 1, "round {round}: {id}");
    }
    calls
}

#[tokio::test]
async fn a_plan_that_is_cut_anywhere_is_resumed_to_the_end_and_each_guest_is_written_to_once() {
    let rounds = cases(16, 500);
    let mut random = fastrand::Rng::with_seed(16);
    let mut calls = 0;
    // Spread over all of them when there are few.
    for n in 0..rounds {
        calls += round(n * 500 / rounds + n % 3, &mut random).await;
    }
    assert!(calls >= rounds + rounds / 2, "{calls} calls in {rounds} rounds: hardly anything was cut");
    eprintln!("{rounds} rounds, {calls} calls");
}

#[tokio::test]
async fn a_call_that_is_cancelled_starts_no_more_and_the_next_one_says_how_it_ended() {
    let bench = Bench::start().await;
    let ids = book(&bench, 6);
    let plan = bench.call("plan_changes", json!({"change": "cancel", "booking_ids": ids})).await;
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/cancel").after(2));
    let held = async {
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(bench.call_until(held, "carry_out_plan", planned(&plan)).await.is_none());
    bench.sandbox.release();
    bench.sandbox.heal();
    bench.settled().await;
    let canceled = bench.sandbox.with(|world| ids.iter().filter(|id| world.status_of(id) == Some("canceled")).count());
    assert_eq!(
        (canceled, bench.requests("POST", "/cancel")),
        (3, 3),
        "the one on the wire is finished, and no more is sent"
    );
    let next = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!(counts(next.structure()), [6, 0, 0, 0, 0]);
    let text = next.text();
    assert!(
        text.contains("an earlier call to carry_out_plan was cancelled by its client") && text.contains("3 of 6 done"),
        "{text}"
    );
    assert_eq!(bench.requests("POST", "/cancel"), 6);
}
