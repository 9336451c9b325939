use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::*;
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, NOW, Setup};
use crate::tools::tests::cases;

const DANA: &str = "USR-XXGJ98LRZMAU";

/// A clock that a test moves, in seconds.
#[derive(Clone)]
struct Ticking(Arc<AtomicI64>);

impl Ticking {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW.parse::<Timestamp>().unwrap().as_second())))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn bench(&self, history: usize) -> Bench {
        let clock = self.clone();
        Bench::with(Setup { history, clock: Some(Arc::new(move || clock.now())), ..Setup::default() }).await
    }
}

/// What calls have told: of each booking every state, in order.
#[derive(Default)]
struct Heard {
    states: BTreeMap<String, Vec<String>>,
    cursor: String,
    calls: usize,
}

/// What a change may alter of a booking, as a reply tells it.
fn state(item: &Value) -> String {
    format!("{} {} {}", item["status"], item["starting_time"], item["owner"])
}

impl Heard {
    async fn call(&mut self, bench: &Bench, mut arguments: Value) -> bool {
        if !self.cursor.is_empty() {
            arguments["cursor"] = self.cursor.clone().into();
            arguments.as_object_mut().unwrap().remove("since");
        }
        let replied = bench.call("list_changes", arguments).await;
        let structure = replied.structure();
        self.cursor = structure["next_cursor"].as_str().unwrap().to_owned();
        assert!(self.cursor.len() <= 400, "{}", self.cursor.len());
        assert!(replied.text().contains(&format!("call again with cursor {}", self.cursor)));
        for item in structure["items"].as_array().unwrap() {
            let states = self.states.entry(item["id"].as_str().unwrap().to_owned()).or_default();
            let now = format!("{} {}", item["at"], state(item));
            assert_ne!(states.last(), Some(&now), "told again, though it did not change");
            states.push(now);
        }
        self.calls += 1;
        structure["has_more"] == true
    }
}

/// An hour in which bookings change every few seconds, some of them several times, and others are made.
async fn storm(runner: &mut TestRunner) {
    let clock = Ticking::new();
    let bench = clock.bench(120).await;
    let mut draw = |of: usize| any::<Index>().new_tree(runner).unwrap().current().index(of);
    // Some of the account's bookings were updated when it was opened.
    clock.pass(1);
    let since = clock.now().to_string();
    let all = bench.sandbox.with(|world| world.all_bookings());
    // One does not say when it changed: that it changed again, into what it was, is seen by nobody. And what ends meanwhile
    // is completed although nobody updates it.
    let ends_meanwhile = |booking: &Value| {
        let starts: Timestamp = booking["starting_time"].as_str().unwrap().parse().unwrap();
        (-10_000..10_000).contains(&(starts.as_second() - clock.now().as_second()))
    };
    let dated = all.iter().filter(|(booking, _)| booking["last_updated_time"].is_string() && !ends_meanwhile(booking));
    let mut ids: Vec<String> = dated.map(|(booking, _)| booking["id"].as_str().unwrap().to_owned()).collect();
    let (mut changed, mut told) = (BTreeSet::new(), Heard::default());
    let limits = [1, 3, 7, 25, 500];
    let end = clock.now().as_second() + 3600;
    while clock.now().as_second() < end {
        // Several may change in the same second, and one twice.
        for _ in 0..draw(4) {
            let id = ids[draw(ids.len())].clone();
            match draw(5) {
                0 => {
                    let starts =
                        Timestamp::from_second(clock.now().as_second() + 3600 * i64::try_from(3 + draw(500)).unwrap())
                            .unwrap();
                    let made = bench.sandbox.with(|world| world.book_like(&id, starts)).unwrap();
                    ids.push(made.clone());
                    changed.insert(made);
                }
                kind => {
                    let status = ["canceled", "no_show", "rescheduled", "completed"][kind - 1];
                    bench.sandbox.with(|world| world.set_status(&id, status));
                    changed.insert(id);
                }
            }
        }
        if draw(3) == 0 {
            let limit = limits[draw(limits.len())];
            told.call(&bench, json!({"since": since, "limit": limit})).await;
        }
        clock.pass(i64::try_from(draw(40)).unwrap());
    }
    // Once it is quiet, a few calls tell the rest.
    clock.pass(600);
    while told.call(&bench, json!({"since": since, "limit": 100})).await {}
    told.call(&bench, json!({"since": since, "limit": 100})).await;
    assert!(changed.len() > 60 && told.calls > 20, "{} changed, {} calls", changed.len(), told.calls);
    let heard: BTreeSet<String> = told.states.keys().cloned().collect();
    assert_eq!((heard.difference(&changed).collect(), changed.difference(&heard).collect()), (Vec::new(), Vec::new()));
    for (id, states) in &told.states {
        let now = bench.sandbox.with(|world| world.as_sent(id)).unwrap();
        assert!(states.last().unwrap().ends_with(&state(&now)), "{id}: {states:?}, but is {now}");
    }
}

#[tokio::test]
async fn a_storm_of_changes_is_told_whole_to_a_caller_who_calls_now_and_then() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..cases(2, 40) {
        storm(&mut runner).await;
    }
}

#[tokio::test]
async fn a_change_while_pages_are_read_is_told_by_this_call_or_the_next() {
    let clock = Ticking::new();
    let bench = clock.bench(300).await;
    let since = clock.now().to_string();
    clock.pass(1);
    let all = bench.sandbox.with(|world| world.all_bookings());
    let ids: Vec<&str> = all.iter().map(|(booking, _)| booking["id"].as_str().unwrap()).collect();
    ids.iter().for_each(|id| bench.sandbox.with(|world| world.set_status(id, "no_show")));
    clock.pass(600);
    let mut told = Heard::default();
    let clock = clock.clone();
    let mut setup = Setup { clock: Some(Arc::new(move || clock.now())), ..Setup::default() };
    setup.settings.max_reply = 5_000_000;
    let bench = Bench::on(Arc::clone(&bench.sandbox), setup).await;
    // While the second page is held up, one of the first page changes, and one that is yet to be read.
    bench.sandbox.fail(Fault::new(Effect::Hold).on("GET", "/v2/bookings").after(1).times(1));
    let sandbox = Arc::clone(&bench.sandbox);
    let change = async {
        while sandbox.held() == 0 {
            tokio::task::yield_now().await;
        }
        for id in [ids[ids.len() - 1], ids[0]] {
            sandbox.with(|world| world.set_status(id, "canceled"));
        }
        sandbox.release();
    };
    let (has_more, ()) = futures::future::join(told.call(&bench, json!({"since": since, "limit": 500})), change).await;
    assert!(!has_more);
    told.call(&bench, json!({})).await;
    assert_eq!(told.states.len(), ids.len());
    for id in [ids[ids.len() - 1], ids[0]] {
        assert!(told.states[id].last().unwrap().contains("\"canceled\""), "{:?}", told.states[id]);
    }
    assert_eq!(
        told.states.values().map(Vec::len).sum::<usize>(),
        ids.len() + 1,
        "the first one was told before it changed"
    );
}

#[tokio::test]
async fn what_changes_again_in_the_same_second_is_told_again_and_what_does_not_is_not() {
    let clock = Ticking::new();
    let bench = clock.bench(0).await;
    let id = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow", "status": "scheduled"})).await;
    clock.pass(1);
    let since = clock.now().to_string();
    let mut told = Heard::default();
    bench.sandbox.with(|world| world.set_status(&id, "rescheduled"));
    for _ in 0..3 {
        told.call(&bench, json!({"since": since})).await;
    }
    assert_eq!(told.states[&id].len(), 1);
    bench.sandbox.with(|world| world.set_status(&id, "canceled"));
    for seconds in [0, 0, 100, 30, 500] {
        clock.pass(seconds);
        told.call(&bench, json!({})).await;
    }
    assert_eq!((told.states.len(), told.states[&id].len()), (1, 2), "{:?}", told.states);
    assert_eq!(told.cursor.split(',').nth(3), Some(""), "nothing is left to remember");
}

#[tokio::test]
async fn each_kind_of_change_is_told_with_when_it_was() {
    let clock = Ticking::new();
    let bench = clock.bench(0).await;
    let listed = bench.call("list_bookings", json!({"starts_after": "tomorrow", "calendar": "Intro call"})).await;
    let ids: Vec<String> = listed.structure()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    clock.pass(60);
    for (id, status) in ids.iter().zip(["canceled", "rescheduled", "scheduled", "no_show"]) {
        bench.sandbox.with(|world| world.set_status(id, status));
    }
    let starts = Timestamp::from_second(clock.now().as_second() + 86_400).unwrap();
    let made = bench.sandbox.with(|world| world.book_like(&ids[0], starts)).unwrap();
    bench.sandbox.forget_requests();
    let replied =
        bench.call("list_changes", json!({"since": NOW, "host": "Dana Reyes", "calendar": "Intro call"})).await;
    let requests = bench.sandbox.forget_requests().iter().filter(|seen| seen.path == "/v2/bookings").count();
    assert_eq!(requests, 1);
    let items = replied.structure()["items"].as_array().unwrap();
    let kind = |id: &str| items.iter().find(|item| item["id"] == id).unwrap()["kind"].clone();
    assert_eq!(
        [&ids[0], &ids[1], &ids[2], &ids[3], &made].map(|id| kind(id)),
        ["canceled", "rescheduled", "changed", "no_show", "new"].map(Value::from)
    );
    assert_eq!(items[0]["at"], "2026-11-23T14:21:00Z");
    insta::assert_snapshot!(replied.text());
}

#[tokio::test]
async fn what_no_cursor_has_room_for_is_told_once_it_is_settled() {
    let clock = Ticking::new();
    let bench = clock.bench(100).await;
    clock.pass(1);
    let since = clock.now().to_string();
    let all = bench.sandbox.with(|world| world.all_bookings());
    let ids: Vec<&str> = all.iter().map(|(booking, _)| booking["id"].as_str().unwrap()).take(90).collect();
    ids.iter().for_each(|id| bench.sandbox.with(|world| world.set_status(id, "canceled")));
    let replied = bench.call("list_changes", json!({"since": since, "limit": 500})).await;
    assert_eq!(replied.structure()["items"].as_array().unwrap().len(), REMEMBERED);
    assert!(replied.text().contains("58 more have changed within the last two minutes"), "{}", replied.text());
    let mut told = Heard::default();
    told.call(&bench, json!({"since": since, "limit": 500})).await;
    clock.pass(121);
    told.call(&bench, json!({"limit": 500})).await;
    assert_eq!(told.states.len(), 90);
}

#[tokio::test]
async fn a_host_with_classic_pages_is_followed_over_both_lists_and_a_small_reply_loses_nothing() {
    let clock = Ticking::new();
    let bench = clock.bench(300).await;
    let lee = "USR-XSAJLWDAS78B";
    let all = bench.sandbox.with(|world| world.all_bookings());
    let theirs: BTreeSet<String> = all
        .iter()
        .filter(|(_, holders)| holders.contains(&lee.to_owned()))
        .map(|(booking, _)| booking["id"].as_str().unwrap().to_owned())
        .collect();
    let since = clock.now().to_string();
    all.iter().for_each(|(booking, _)| {
        bench.sandbox.with(|world| world.set_status(booking["id"].as_str().unwrap(), "canceled"));
    });
    clock.pass(300);
    let mut setup = Setup { clock: None, now: "2026-11-23T14:25:00Z", ..Setup::default() };
    setup.settings.max_reply = 8_000;
    let small = Bench::on(Arc::clone(&bench.sandbox), setup).await;
    let mut told = Heard::default();
    while told.call(&small, json!({"since": since, "host": lee, "limit": 40})).await {}
    assert_eq!(told.states.keys().cloned().collect::<BTreeSet<_>>(), theirs);
    assert!(told.calls > theirs.len() / 20, "{} calls for {}", told.calls, theirs.len());
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_and_so_is_no_beginning() {
    let bench = Bench::start().await;
    for (arguments, problem) in [
        (json!({}), "since: or a cursor is required"),
        (json!({"since": "tomorrow"}), "is yet to come"),
        (json!({"cursor": "BKNG-1"}), "cursor: it is not a cursor of list_changes"),
        (json!({"cursor": "5,4,,,,"}), "cursor: it is not a cursor of list_changes"),
        (json!({"cursor": "4,5,,"}), "cursor: it is not a cursor of list_changes"),
        (json!({"cursor": "99999999999,99999999999,,,,"}), "cursor: it is not a cursor of list_changes"),
        (json!({"cursor": "4,5,,AAA,,"}), "cursor: it is not a cursor of list_changes"),
        (json!({"cursor": "4,5,a b,,,"}), "cursor: 'a b' is not an id"),
        (json!({"cursor": "4,5,A~B,,,"}), "goes on in a list of bookings by host, which this is not"),
        (json!({"cursor": format!("4,5,,{},,", "A".repeat(800))}), "cursor: it is not a cursor of list_changes"),
    ] {
        let failed = bench.call("list_changes", arguments.clone()).await;
        assert!(failed.failure().contains(problem), "{arguments}: {}", failed.failure());
    }
}

#[test]
fn a_mark_is_read_as_it_is_written_and_never_longer_than_a_cursor_may_be() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let told: Vec<String> = (0..REMEMBERED).map(|n| format!("{n:0PRINT$}")).collect();
    let id = "BKNG-22RN37EED5WS";
    let filters = Filters { host: "abcd".into(), calendar: "efgh".into() };
    let after = Some(format!("{id}~{id}"));
    let mark = Mark { from: at(1_700_000_000), settled: at(1_700_000_100), after, told, filters };
    assert_eq!(Mark::parse(&mark.to_string()), Some(mark.clone()));
    let long = "X".repeat(100);
    let mark = Mark { after: Some(format!("{long}~{long}")), ..mark };
    let text = mark.to_string();
    assert!(text.len() <= LONGEST, "{}", text.len());
    assert_eq!(Mark::parse(&text).unwrap().after, mark.after);
}

#[tokio::test]
async fn a_day_of_the_week_is_the_last_one() {
    // It is a Monday.
    let bench = Ticking::new().bench(0).await;
    for (since, from) in [("friday", "Fri 2026-11-20 00:00"), ("friday 2pm", "Fri 2026-11-20 14:00")] {
        let replied = bench.call("list_changes", json!({"since": since})).await;
        assert!(replied.text().contains(&format!("changed from {from}")), "{since}: {}", replied.text());
    }
}

#[tokio::test]
async fn a_booking_is_new_once() {
    let clock = Ticking::new();
    let bench = clock.bench(0).await;
    let like = bench.booking(json!({"calendar": "Intro call", "status": "scheduled"})).await;
    clock.pass(1);
    let since = clock.now();
    let book = |days: i64| {
        let starts = Timestamp::from_second(since.as_second() + 86_400 * days).unwrap();
        bench.sandbox.with(|world| world.book_like(&like, starts)).unwrap()
    };
    let mut asked = json!({"since": since.to_string()});
    let mut kinds = async || {
        let replied = bench.call("list_changes", asked.clone()).await;
        asked = json!({"cursor": replied.structure()["next_cursor"]});
        let items = replied.structure()["items"].as_array().unwrap().iter();
        items.map(|item| [&item["id"], &item["kind"]].map(|text| text.as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let told = |id: &str, kind: &str| [id.to_owned(), kind.to_owned()];
    let first = book(2);
    assert_eq!(kinds().await, [told(&first, "new")]);
    // It changes while it is fresh, and another one is made; then again, when it is not.
    clock.pass(2);
    bench.sandbox.with(|world| world.set_status(&first, "scheduled"));
    let second = book(3);
    assert_eq!(kinds().await, [told(&second, "new"), told(&first, "changed")]);
    clock.pass(300);
    assert_eq!(kinds().await, Vec::<[String; 2]>::new());
    bench.sandbox.with(|world| world.set_status(&second, "scheduled"));
    assert_eq!(kinds().await, [told(&second, "changed")]);
}

#[tokio::test]
async fn no_change_is_lost_to_a_clock_of_oncehub_that_is_behind() {
    let clock = Ticking::new();
    let behind = clock.bench(0).await;
    let ids: Vec<String> = behind.sandbox.with(|world| world.all_bookings())[..3]
        .iter()
        .map(|(booking, _)| booking["id"].as_str().unwrap().to_owned())
        .collect();
    let ours = clock.clone();
    let ahead = Arc::new(move || ours.now() + SignedDuration::from_mins(5));
    let bench = Bench::on(Arc::clone(&behind.sandbox), Setup { clock: Some(ahead), ..Setup::default() }).await;
    clock.pass(1);
    let (since, mut told) = (clock.now().to_string(), Heard::default());
    told.call(&bench, json!({"since": since})).await;
    for id in &ids {
        clock.pass(60);
        bench.sandbox.with(|world| world.set_status(id, "canceled"));
        clock.pass(30);
        told.call(&bench, json!({})).await;
        assert_eq!(told.states[id].len(), 1);
    }
    clock.pass(600);
    told.call(&bench, json!({})).await;
    assert_eq!((told.states.len(), told.cursor.split(',').nth(3)), (3, Some("")));
}

#[tokio::test]
async fn a_cursor_goes_on_with_the_filters_that_it_began_with_and_without_since() {
    let bench = Ticking::new().bench(30).await;
    let since = "2026-01-01";
    let cursor = async |mut filters: Value| {
        filters["since"] = since.into();
        filters["limit"] = 1.into();
        bench.call("list_changes", filters).await.structure()["next_cursor"].clone()
    };
    let (plain, hosts) = (cursor(json!({})).await, cursor(json!({"host": DANA, "calendar": "Intro call"})).await);
    for (arguments, argument, began) in [
        (json!({"cursor": plain, "host": DANA}), "host", "without one"),
        (json!({"cursor": plain, "calendar": "Intro call"}), "calendar", "without one"),
        (json!({"cursor": hosts}), "host", "with one"),
        (json!({"cursor": hosts, "host": "Lee Whitford", "calendar": "Intro call"}), "host", "with another one"),
        (json!({"cursor": hosts, "host": DANA}), "calendar", "with one"),
        (json!({"cursor": hosts, "host": DANA, "calendar": "Strategy session"}), "calendar", "with another one"),
    ] {
        let refused = bench.call("list_changes", arguments.clone()).await;
        assert_eq!(refused.error()["param"], argument, "{}", refused.failure());
        assert!(refused.failure().contains(&format!("was begun {began}")), "{arguments}: {}", refused.failure());
    }
    let same = json!({"cursor": hosts, "host": "Dana Reyes", "calendar": "Intro call"});
    assert!(!bench.call("list_changes", same).await.text().contains("since was not used"));
    let both = bench.call("list_changes", json!({"cursor": plain, "since": since})).await;
    assert!(both.text().contains("note: since was not used: the cursor says where to go on."), "{}", both.text());
}

#[tokio::test]
async fn where_the_booking_of_a_cursor_is_gone_the_hint_says_how_to_begin_again() {
    let bench = Ticking::new().bench(30).await;
    let begun = bench.call("list_changes", json!({"since": "2026-01-01", "limit": 1})).await;
    let mut parts: Vec<&str> = begun.structure()["next_cursor"].as_str().unwrap().split(',').collect();
    assert_eq!(parts[2], begun.structure()["items"][0]["id"]);
    parts[2] = "BKNG-GONE01";
    let failed = bench.call("list_changes", json!({"cursor": parts.join(",")})).await;
    let hint = failed.error()["hint"].as_str().unwrap().to_owned();
    let (_, since) = hint.split_once("since ").unwrap();
    let since = since.split(',').next().unwrap();
    assert_eq!(since, "2026-01-01T05:00:00Z", "{hint}");
    let again = bench.call("list_changes", json!({"since": since, "limit": 1})).await;
    assert_eq!(again.structure()["items"], begun.structure()["items"]);
}
